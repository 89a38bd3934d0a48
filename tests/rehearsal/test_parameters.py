"""How the values of options are read."""

import contextlib

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.parameters import duration_s, examples, protocol_name


@pytest.mark.parametrize(
    ("text", "seconds"), [("500ms", 0.5), ("30s", 30.0), ("2m", 120.0), ("1.5h", 5400.0), (" 7s ", 7.0)]
)
def test_durations(text: str, seconds: float) -> None:
    assert duration_s(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "30", "s", "-1s", "0s", "1e3s", "25h", "1d", "1s2", "١s2", "nans"])
def test_what_is_no_duration_is_told_how_to_be_one(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="write it like 500ms, 30s or 2m"):
        duration_s(text)


@given(st.text())
def test_a_duration_is_positive_or_refused(text: str) -> None:
    with contextlib.suppress(typer.BadParameter):
        assert duration_s(text) > 0


def test_an_unknown_protocol_is_told_the_nearest() -> None:
    assert protocol_name("space") == "space"
    with pytest.raises(typer.BadParameter, match=r"there is no protocol 'spcae'; did you mean space\?"):
        protocol_name("spcae")
    with pytest.raises(typer.BadParameter, match="there is no protocol 'x'; there is space"):
        protocol_name("x")


def test_examples_keep_their_lines() -> None:
    assert examples("rehearsal demo", "rehearsal serve") == "\b\nExamples:\n  rehearsal demo\n  rehearsal serve"
