"""Whatever leaves no script has a reason that stands in the documentation, and nothing else does."""

import re
from pathlib import Path

from conformance.reproduce.unshown import UNSHOWN

PAGE = Path(__file__).parents[3] / "docs" / "conformance.md"


def test_every_reason_stands_on_the_page() -> None:
    section = PAGE.read_text("utf-8").partition("### Each failure alone")[2].partition("\n### ")[0]
    reasons = section.partition("These are all the reasons:")[2]

    assert re.findall(r"^\| (it \S.*?|what \S.*?|HTTP \S.*?) \|", reasons, re.MULTILINE) == list(UNSHOWN)
