"""One bug is one defect at the requirement that says most of it, whichever cases met it."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from conformance.checks import Check
from conformance.defects import Defect, defects_of
from conformance.verdict import Outcome, Verdict


def failed(requirement: str, case: str = "toy/talk/valid", **more: Any) -> Verdict:
    plain: dict[str, Any] = {"check": Check.MISSING_DELIVERY, "about": "talk > heard", "conversation": ("! nothing",)}
    return Verdict(requirement=requirement, outcome=Outcome.FAIL, case=case, **(plain | more))


def defects(*verdicts: Verdict) -> list[Defect]:
    return defects_of(verdicts, lambda verdict: verdict.requirement != "toy/soon/1")


def test_what_scenes_met_on_the_way_stands_at_the_requirement_of_the_step_itself() -> None:
    [found] = defects(
        failed("toy/leave/3", "toy/leave/scene", origin="toy/talk/1", also=("toy/talk/1",)),
        failed("toy/talk/1", origin="toy/talk/1", times=4),
        failed("toy/all/8", "toy/all/scene", origin="toy/talk/1", also=("toy/talk/1",)),
    )
    assert found.verdict.requirement == "toy/talk/1"
    assert set(found.verdict.also) == {"toy/leave/3", "toy/all/8"}
    assert found.cases == ("toy/leave/scene", "toy/talk/valid", "toy/all/scene")
    assert found.times == 6


def test_what_scenes_alone_met_stands_at_what_they_name() -> None:
    [found] = defects(failed("toy/leave/3", origin="toy/talk/1", also=("toy/talk/1",)))
    assert (found.verdict.requirement, found.verdict.also) == ("toy/leave/3", ("toy/talk/1",))


def test_what_holds_of_everything_is_blamed_last() -> None:
    [found] = defects(failed("toy/all/5", origin="toy/all/5"), failed("toy/leave/3", origin="toy/all/5"))
    assert (found.verdict.requirement, found.verdict.also) == ("toy/leave/3", ("toy/all/5",))


def test_another_kind_another_event_and_another_promise_are_other_defects() -> None:
    one = failed("toy/talk/1")
    others = [
        failed("toy/talk/1", check=Check.LATE_DELIVERY),
        failed("toy/talk/1", about="shout > heard"),
        failed("toy/talk/2"),
    ]
    assert len(defects(one, *others, one)) == 4


def test_the_shortest_conversation_shows_it() -> None:
    long, short, none = ("= ana", "ana > talk", "! nothing"), ("ana > talk", "! nothing"), ()
    [found] = defects(*(failed("toy/talk/1", conversation=told) for told in (none, long, short)))
    assert found.verdict.conversation == short


@given(st.lists(st.builds(failed, st.sampled_from(["toy/soon/1", "toy/talk/1", "toy/all/5"]), origin=st.just("x"))))
def test_nothing_is_lost(verdicts: list[Verdict]) -> None:
    found = defects(*verdicts)
    assert {v.requirement for v in verdicts} == {
        one for defect in found for one in (defect.verdict.requirement, *defect.verdict.also)
    }
    assert sum(defect.times for defect in found) == len(verdicts)
    assert any(defect.counts for defect in found) is any(v.requirement != "toy/soon/1" for v in verdicts)
