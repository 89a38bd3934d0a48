"""A broken promise carries where, what was expected and what came; outcomes are in order of weight."""

import pytest

from conformance.checks import Check
from conformance.verdict import Broken, Outcome, Verdict
from protocols.errors import Nonconformance, RehearsalError


def test_failing_outweighs_not_knowing_outweighs_passing_outweighs_skipping() -> None:
    assert sorted(Outcome, reverse=True) == [Outcome.FAIL, Outcome.UNKNOWN, Outcome.PASS, Outcome.SKIP]
    assert max(Outcome.PASS, Outcome.UNKNOWN) is Outcome.UNKNOWN


def test_a_broken_promise_reads_as_one_line_and_is_the_targets_fault() -> None:
    broken = Broken("space/jump/1", "ben hears player:jumped", "ben heard nothing", ("space/all/7",))
    assert str(broken) == "space/jump/1: expected ben hears player:jumped; came ben heard nothing"
    assert (broken.requirement, broken.expected, broken.came) == (
        "space/jump/1",
        "ben hears player:jumped",
        "ben heard nothing",
    )
    assert broken.also == ("space/all/7",)
    assert isinstance(broken, Nonconformance)
    assert isinstance(broken, RehearsalError)


def test_the_same_finding_at_another_requirement_breaks_both_and_keeps_its_kind() -> None:
    broken = Broken("space/jump/1", "a", "b", ("space/all/7",), check=Check.LATE_DELIVERY, about="jump > jumped")
    moved = broken.at("space/all/6").at("space/all/7")
    assert (moved.requirement, moved.also) == ("space/all/7", ("space/all/6", "space/jump/1"))
    assert (moved.check, moved.about, moved.origin) == (Check.LATE_DELIVERY, "jump > jumped", "space/jump/1")


def test_a_verdict_cannot_be_changed() -> None:
    verdict = Verdict(requirement="space/jump/1", outcome=Outcome.PASS, case="space/player:jump/valid")
    with pytest.raises(AttributeError):
        verdict.outcome = Outcome.FAIL  # type: ignore[misc]  # that is what must not work
