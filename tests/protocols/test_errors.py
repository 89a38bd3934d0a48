"""The tree of errors is as its module draws it, and texts of others are quoted so that they do no harm."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols import errors
from protocols.errors import (
    ConnectRefused,
    Fault,
    InvalidPayload,
    PayloadError,
    RehearsalError,
    UnknownEvent,
    shorten,
)

CLASSES = {
    name: value
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, Exception) and value.__module__ == errors.__name__
}


def test_the_tree_is_as_drawn() -> None:
    assert errors.__doc__
    drawn = re.findall(r"^(│?\s*)[├└]── (\w+)  ", errors.__doc__, re.MULTILINE)
    assert {name for _, name in drawn} == CLASSES.keys() - {"RehearsalError"}
    for indent, name in drawn:
        assert CLASSES[name].__base__ is (PayloadError if indent else RehearsalError)


def test_nothing_of_ours_is_imported_there() -> None:
    ours = ("protocols", "simulators", "reference_server", "conformance", "rehearsal")
    modules = {getattr(value, "__module__", "") for value in vars(errors).values()} - {errors.__name__}
    assert not [module for module in modules if str(module).startswith(ours)]


def test_an_invalid_payload_names_event_and_its_first_three_faults() -> None:
    faults = [Fault(f"/{place}", "type", "wrong") for place in "abcd"]
    error = InvalidPayload("player:move", faults)
    assert str(error) == "invalid player:move: /a: wrong; /b: wrong; /c: wrong"
    assert error.faults == tuple(faults)
    assert str(Fault("", "type", "no object")) == "payload: no object"


def test_names_and_messages_of_others_are_quoted() -> None:
    assert str(UnknownEvent("a\x1b[31mb")) == "unknown event 'a\\x1b[31mb'"
    refused = ConnectRefused("no\nentry", {"code": 1})
    assert str(refused) == "connection refused: 'no\\nentry'"
    assert (refused.message, refused.data) == ("no\nentry", {"code": 1})


@pytest.mark.parametrize("length", [0, 59, 60, 61, 10_000])
def test_only_what_is_long_is_cut(length: int) -> None:
    text = shorten("x" * length)
    assert (f"({length} characters)" in text) is (length > 60)
    assert len(text) <= 60 + len(f"…' ({length} characters)")


@given(st.text(), st.integers(1, 100))
def test_whatever_it_is_it_is_printable_and_short(text: str, limit: int) -> None:
    quoted = shorten(text, limit)
    assert quoted.isprintable()
    if len(text) <= limit:
        assert quoted == repr(text)
    else:
        assert len(quoted) <= limit + len(f"…' ({len(text)} characters)")
