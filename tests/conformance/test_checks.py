"""Each kind of check has a slug of its own and a sentence."""

import re
from pathlib import Path

from conformance.checks import Check

PAGE = Path(__file__).parents[2] / "docs" / "conformance.md"


def test_there_are_many_and_each_says_what_holds() -> None:
    assert len(Check) >= 24
    for check in Check:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", check.value)
        assert check.holds.endswith(".")
    assert len({check.holds for check in Check}) == len(Check)


def test_the_page_has_them_all_in_order() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (.+\.) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert [row for row in rows if row[0] in {check.value for check in Check}] == [
        (check.value, check.holds) for check in Check
    ]
