"""Each kind of check has a slug of its own and a sentence."""

import re

from conformance.checks import Check


def test_there_are_many_and_each_says_what_holds() -> None:
    assert len(Check) >= 24
    for check in Check:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", check.value)
        assert check.holds.endswith(".")
    assert len({check.holds for check in Check}) == len(Check)
