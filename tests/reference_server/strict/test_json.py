import json as stdlib
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_server.strict import json
from reference_server.strict.errors import ProtocolError

SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
)
VALUES = st.recursive(
    SCALARS | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


@given(VALUES)
def test_what_is_written_reads_back(value: Any) -> None:
    assert json.loads(json.dumps(value).decode(), 64) == value


@given(st.text(alphabet=st.characters() | st.characters(categories=["Cs"])))
def test_any_string_can_be_read_and_written(text: str) -> None:
    # ensure_ascii writes lone surrogates as the escapes a client would send
    read = json.loads(stdlib.dumps(text), 64)
    assert read == text
    assert json.dumps({text: [text]}).decode().count("\ufffd") >= 2 * sum(0xD800 <= ord(char) < 0xE000 for char in text)


@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        "Infinity",
        "-Infinity",
        "1e999",
        "[-1e999]",
        "9" * 400,
        "",
        "01",
        "1.",
        "[1,]",
        "\ufeff[]",
        "'a'",
        '"\t"',
        "[",
        "tru",
    ],
)
def test_what_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(ProtocolError):
        json.loads(text, 64)
    with pytest.raises(ProtocolError):  # and not let in by the second reading, for surrogates
        json.loads(f'["\\ud800",{text}]', 64)


def test_integers_beyond_64_bits_become_floats_on_both_paths() -> None:
    assert json.loads("18446744073709551616", 64) == 2.0**64
    read = json.loads('["\\ud800",18446744073709551616,18446744073709551615]', 64)
    assert isinstance(read, list)
    assert [type(item) for item in read] == [str, float, int]


def test_of_equal_keys_the_last_counts() -> None:
    assert json.loads('{"a":1,"a":2}', 64) == {"a": 2}


def test_depth_is_bounded() -> None:
    assert json.loads("[" * 64 + "]" * 64, 64)
    for deep in (65, 1_000, 1_025, 100_000):
        with pytest.raises(ProtocolError):
            json.loads("[" * deep + "]" * deep, 64)
        with pytest.raises(ProtocolError):
            json.loads('["\\ud800",' * deep + "1" + "]" * deep, 64)
    assert json.loads('"' + "[" * 1_000 + '"', 64)  # brackets in a string are no depth


def test_a_megabyte_of_brackets_is_read_or_refused() -> None:
    assert json.loads("[" + "[]," * 333_000 + "[]]", 64) == [[] for _ in range(333_001)]
    for deep in ("[" * 500_000 + "]" * 500_000, '{"a":' * 200_000):
        with pytest.raises(ProtocolError):
            json.loads(deep, 64)


def test_no_number_leaves_that_json_does_not_have() -> None:
    assert json.dumps([math.nan, math.inf, -math.inf]) == b"[null,null,null]"


def test_lone_surrogates_leave_as_replacement_characters() -> None:
    assert json.dumps({"\udc00": ["a\ud800", "\U0001f600"]}).decode() == '{"\ufffd":["a\ufffd","\U0001f600"]}'


def test_what_has_no_json_form_is_our_fault() -> None:
    with pytest.raises(TypeError):
        json.dumps(object())
