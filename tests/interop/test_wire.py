"""What the judge of the wire says of JavaScript's stock server: what docs/wire.md says, no more and no less."""

from pathlib import Path

from conformance.verdict import Outcome
from conformance.wire.suite import CASES
from tests.conformance.wire.servers import judged

from .conftest import HERE
from .served import served

BROKEN = {"close/1", "upgrade/5", "event/1", "packet/2", "binary/3", "polling/14"}


def test_the_stock_server_breaks_what_the_page_says(node: str) -> None:
    addresses = [case.address for case in CASES if not case.is_beside]
    with served(node, HERE / "wire_server.js") as url:
        verdicts = judged(url, *addresses)
    assert [one for one in verdicts if one.outcome is Outcome.UNKNOWN] == []
    broken = {one.requirement.removeprefix("wire/") for one in verdicts if one.outcome is Outcome.FAIL}
    assert broken == BROKEN, [one for one in verdicts if one.outcome is Outcome.FAIL]
    page = (Path(__file__).parents[2] / "docs" / "wire.md").read_text("utf-8")
    row = next(line for line in page.splitlines() if line.startswith("| `socket.io`"))
    assert all(f"`wire/{requirement}`" in row for requirement in BROKEN)
