"""What verdicts add up to: standings, defects, exit codes."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.known import Known
from conformance.runner import Finished, TargetDied, TargetRevived
from conformance.tally import Standing, Tally, uncited
from conformance.verdict import Outcome, Verdict
from protocols.errors import UsageError

from .stories import case, failed, passed, protocol, skipped, tally, unknown


def standings(found: Tally) -> dict[str, Standing]:
    return {result.requirement.address: result.standing for result in found.results()}


def test_everything_kept_is_exit_0() -> None:
    found = tally(passed(case()), untested={"toy/log/1": "inside"})

    assert found.exit_code == 0
    assert standings(found) == {
        "toy/talk/1": Standing.PASSED,
        "toy/talk/2": Standing.PASSED,
        "toy/log/1": Standing.UNTESTED,
    }


def test_a_broken_must_is_exit_1_and_hides_what_came_after_it() -> None:
    found = tally(failed(case()))

    assert found.exit_code == 1
    assert standings(found) == {"toy/talk/1": Standing.FAILED, "toy/talk/2": Standing.SKIPPED}
    assert found.results()[1].reason == "toy/talk/valid ended before it came to it"


def test_failing_outweighs_not_knowing_outweighs_passing() -> None:
    cites = ("toy/talk/1",)
    first, second, third = (case(name, cites=cites) for name in ("a", "b", "c"))

    assert standings(tally(passed(first), unknown(second)))["toy/talk/1"] is Standing.UNKNOWN
    assert standings(tally(passed(first), unknown(second), failed(third)))["toy/talk/1"] is Standing.FAILED
    assert standings(tally(skipped(first), passed(second)))["toy/talk/1"] is Standing.PASSED


def test_what_a_finding_breaks_in_passing_is_broken_too() -> None:
    found = tally(failed(case(cites=("toy/talk/1",)), also=("toy/talk/2",)))

    assert standings(found) == {"toy/talk/1": Standing.FAILED, "toy/talk/2": Standing.FAILED}
    assert len(found.defects()) == 1


@pytest.mark.parametrize(("strict", "exit_code", "standing"), [(False, 0, Standing.WARNED), (True, 1, Standing.FAILED)])
def test_a_broken_should_counts_only_when_strict(strict: bool, exit_code: int, standing: Standing) -> None:
    found = tally(failed(case(cites=("toy/talk/3",)), "toy/talk/3"), strict=strict)

    assert found.exit_code == exit_code
    assert standings(found) == {"toy/talk/3": standing}


def test_a_known_failure_does_not_count_nor_does_what_it_drags_along() -> None:
    found = tally(failed(case(), also=("toy/talk/2",)), known=["toy/talk/1"])

    assert found.exit_code == 0
    assert set(standings(found).values()) == {Standing.WARNED}
    assert not found.defects()[0].counts


def test_a_known_failure_that_passes_is_named_once_all_that_speaks_of_it_was_played() -> None:
    known = ["toy/talk/1"]

    assert [one.requirement.address for one in tally(passed(case()), known=known).mended()] == known
    assert tally(passed(case()), unplayed=[case("later")], known=known).mended() == []


def test_a_known_failure_that_the_contract_lacks_is_refused() -> None:
    with pytest.raises(UsageError, match="toy has no requirement 'toy/talk/9'"):
        Known.wholly(["toy/talk/9"]).of(protocol())


@pytest.mark.parametrize("endings", [[unknown(case())], [skipped(case())], []])
def test_no_answer_is_exit_2(endings: Sequence[Finished]) -> None:
    assert tally(*endings).exit_code == 2


def test_a_run_cut_short_is_exit_2_and_says_what_it_never_came_to() -> None:
    found = tally(passed(case(cites=("toy/talk/1",))), unplayed=[case("later", cites=("toy/talk/2",))])

    assert found.exit_code == 2
    assert found.results()[1].reason == "the run ended before it"


def test_a_dead_target_is_exit_2_unless_something_failed() -> None:
    fine, broken = tally(passed(case())), tally(failed(case()))
    for found in (fine, broken):
        found.hear(TargetDied(case(), "connection refused"))

    assert (fine.exit_code, broken.exit_code) == (2, 1)


def test_a_target_that_has_died_for_good_before_all_was_tried_is_exit_2_whatever_failed() -> None:
    broken = tally(failed(case()))
    broken.cases = [*broken.cases, case("never")]
    broken.hear(TargetDied(case(), "connection refused"))

    assert broken.exit_code == 2


def test_a_should_that_nobody_can_tell_does_not_count() -> None:
    assert tally(passed(case()), unknown(case("soon", cites=("toy/talk/3",)))).exit_code == 0


def test_a_broken_requirement_is_one_defect_with_its_shortest_conversation() -> None:
    long = ("= ana", "ana > talk {}", "ana > talk {}", "! silence")
    short = ("ana > talk {}", "! silence")
    found = tally(
        failed(case("a"), conversation=long),
        failed(case("b"), conversation=short),
        failed(case("c", subject="shout"), "toy/talk/2", conversation=long),
    )

    first, second = found.defects()
    assert (first.verdict.requirement, first.cases) == ("toy/talk/1", ("toy/talk/a", "toy/talk/b"))
    assert first.verdict.conversation == short
    assert (second.verdict.requirement, second.cases) == ("toy/talk/2", ("toy/shout/c",))


def test_a_target_that_was_brought_back_is_not_dead() -> None:
    found = tally(passed(case()))
    found.hear(TargetDied(case(), "connection refused"))
    found.hear(TargetRevived(case()))

    assert found.exit_code == 0


def test_defects_that_count_come_first() -> None:
    found = tally(failed(case("a", cites=("toy/talk/3",)), "toy/talk/3"), failed(case("b")))

    assert [defect.verdict.requirement for defect in found.defects()] == ["toy/talk/1", "toy/talk/3"]


def test_uncited_requirements_have_a_reason() -> None:
    assert uncited(protocol(), [case()], {"toy/log/1": "inside"}) == {
        "toy/talk/3": "no case cites it",
        "toy/log/1": "inside",
    }


@given(st.lists(st.sampled_from(Outcome), min_size=1, max_size=6))
def test_no_failure_ever_passes(outcomes: list[Outcome]) -> None:
    """Whatever else is found, FAIL is exit 1, else UNKNOWN is exit 2."""
    endings = []
    for number, outcome in enumerate(outcomes):
        one = case(str(number), cites=("toy/talk/1",))
        endings.append(Finished(one, (Verdict(requirement="toy/talk/1", outcome=outcome, case=one.address),), 0.0))
    code = tally(*endings).exit_code

    if Outcome.FAIL in outcomes:
        assert code == 1
    elif Outcome.UNKNOWN in outcomes or Outcome.PASS not in outcomes:
        assert code == 2
    else:
        assert code == 0
