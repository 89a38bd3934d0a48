"""A pattern that is read gives a text that it matches, and a short one."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.payloads.pattern import shortest
from protocols.errors import SpecError


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("", ""),
        (r"\S", "a"),
        (r"^#[^\s#]{1,30}$", "#a"),
        (r"^\+?[0-9]{8,15}$", "00000000"),
        (r"^(?:GET|POST) /[a-z]+(\?q=\d)*$", "GET /a"),
        (r"^[0-9a-f]{3}$", "aaa"),
        (r"^[가-힣]+$", "가"),
        (r"^[\]\-]\u0041\x42\.$", "-AB."),
        (r"^a{2,}?b*c??$", "aa"),
        (r"\bword\b", "word"),
        (r"^\s.\W$", "\t".replace("\t", " ") + "a-"),
    ],
)
def test_shortest(pattern: str, text: str) -> None:
    assert shortest(pattern) == text


@pytest.mark.parametrize(
    "pattern", ["(?=a)b", r"(a)\1", "(a", "a)", "[", "*", "a{x", r"^\p{L}$", "(?i:a)", "^[^\\s\\S]$", "$a"]
)
def test_what_cannot_be_read_is_refused(pattern: str) -> None:
    with pytest.raises(SpecError):
        shortest(pattern)


atoms = st.sampled_from(["a", "0", r"\d", r"\w", r"\S", r"\.", ".", "[a-f]", "[^a-f]", "가", r"[\w-]"])
repeats = st.sampled_from(["", "?", "*", "+", "{2}", "{1,3}", "{2,}", "+?"])
pieces = st.recursive(
    st.builds("{}{}".format, atoms, repeats),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map("".join)
        | st.builds("({}|{}){}".format, inner, inner, repeats)
        | st.builds("(?:{}){}".format, inner, repeats)
    ),
    max_leaves=6,
)


@given(pieces)
def test_a_text_that_is_made_matches_from_end_to_end(pattern: str) -> None:
    assert re.fullmatch(pattern, shortest(f"^{pattern}$"))
