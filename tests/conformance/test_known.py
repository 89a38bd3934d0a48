"""Known failures: by requirement, by kind of check, from a file and back."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.checks import Check
from conformance.known import ANY, Known
from conformance.report.baseline import BaselineFile
from conformance.tally import Standing, Tally
from protocols.errors import UsageError

from .stories import case, failed, passed, protocol, report, skipped, tally

TALK = Known({"toy/talk/1": frozenset({Check.MISSING_DELIVERY})})


def with_known(known: Known, *endings: object) -> Tally:
    found = tally(*endings)  # type: ignore[arg-type]
    found.known = known
    return found


def test_a_known_kind_of_failure_fails_no_run_and_another_kind_does() -> None:
    known = with_known(TALK, failed(case()))
    new = with_known(TALK, failed(case("a")), failed(case("b"), check=Check.LATE_DELIVERY))

    assert (known.exit_code, new.exit_code) == (0, 1)
    assert [defect.verdict.check for defect in new.defects() if defect.counts] == [Check.LATE_DELIVERY]
    standing = {result.requirement.address: (result.standing, result.is_known) for result in known.results()}
    assert standing["toy/talk/1"] == (Standing.WARNED, True)


def test_what_is_known_is_known_wherever_a_scene_meets_it() -> None:
    (verdict,) = failed(case(), "toy/talk/2").verdicts
    moved = type(verdict)(
        requirement="toy/log/1",
        outcome=verdict.outcome,
        case=verdict.case,
        check=verdict.check,
        origin="toy/talk/1",
    )
    assert not TALK.covers(verdict)
    assert TALK.covers(moved)


def test_a_kind_that_fails_no_longer_is_named() -> None:
    both = Known({"toy/talk/1": frozenset({Check.MISSING_DELIVERY, Check.LATE_DELIVERY})})

    assert [(one.requirement.address, one.check) for one in with_known(both, failed(case())).mended()] == [
        ("toy/talk/1", Check.LATE_DELIVERY)
    ]
    assert [one.check for one in with_known(TALK, passed(case())).mended()] == [Check.MISSING_DELIVERY]
    assert with_known(TALK, skipped(case())).mended() == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("x = [", "known.toml: "),
        ('"toy/talk/1" = "law"', "known.toml: toy/talk/1 is a list of kinds of check"),
        ('"toy/talk/1" = ["room-isolatoin"]', "no kind of check 'room-isolatoin'; did you mean room-isolation"),
        ('"toy/talk/1" = [7]', "no kind of check 7; there is accepted-valid, ack-"),
    ],
)
def test_a_file_that_is_wrong_is_named_with_what_is_wrong(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "known.toml").write_text(text)
    with pytest.raises(UsageError, match=why):
        Known.read(tmp_path / "known.toml")
    with pytest.raises(UsageError, match="cannot be read"):
        Known.read(tmp_path / "missing.toml")


@given(st.dictionaries(st.text(st.characters(codec="utf-8")), st.frozensets(st.sampled_from(Check))))
def test_what_is_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, failures: dict[str, frozenset[Check]]
) -> None:
    path = tmp_path_factory.mktemp("known") / "known.toml"
    path.write_text(Known(failures).to_toml(), encoding="utf-8")

    assert Known.read(path).failures == failures


def test_a_protocol_takes_what_speaks_of_it_and_no_more() -> None:
    known = Known({"toy/talk/1": ANY, "other/talk/1": ANY})

    assert list(known.of(protocol()).failures) == ["toy/talk/1"]
    assert known.of(protocol()).covers_wholly("toy/talk/1")
    assert not TALK.covers_wholly("toy/talk/1")


def test_a_baseline_is_what_is_broken_and_what_was_not_played(tmp_path: Path) -> None:
    path = tmp_path / "known.toml"
    path.write_text('"toy/talk/1" = ["law"]\n"toy/talk/2" = ["law"]\n"other/x/1" = ["ack-once"]\n')
    one, later = case("one", cites=("toy/talk/1",)), case("later", cites=("toy/talk/2",))
    BaselineFile(path).end(report(tally(failed(one), failed(case("two"), "toy/talk/3"), unplayed=[later])))

    assert [line for line in path.read_text("utf-8").splitlines() if line[:1] == '"'] == [
        '"other/x/1" = ["ack-once"]',
        '"toy/talk/1" = ["missing-delivery"]',
        '"toy/talk/2" = ["law"]',
        '"toy/talk/3" = ["missing-delivery"]',
    ]
    assert Known.read(path).of(protocol()).failures["toy/talk/3"] == {Check.MISSING_DELIVERY}
