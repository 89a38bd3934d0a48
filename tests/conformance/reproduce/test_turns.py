"""What is done again and again becomes a loop, which does exactly the same."""

import pytest

from conformance.reproduce.node import Node
from conformance.reproduce.python import Python
from conformance.reproduce.turns import in_turns


def in_python(lines: list[str]) -> list[str]:
    """Lines of Python as loops; they do what the lines did."""
    told = in_turns(lines, Python({}))
    assert _said("\n".join(told)) == _said("\n".join(lines))
    return told


def _said(code: str) -> list[object]:
    said: list[object] = []
    exec(code, {"say": lambda *values, **more: said.append((values, more))})
    return said


def test_numbers_grow_from_turn_to_turn() -> None:
    lines = [f'say("ben", "message {n + 1}", {n}, times={9 - 2 * n}, to="{n}")' for n in range(5)]

    assert in_python(lines) == [
        "for turn in range(5):",
        '    say("ben", "message " + str(turn + 1), turn, times=9 - 2 * turn, to=str(turn))',
    ]


def test_several_lines_and_loops_are_a_turn() -> None:
    turns = [["for who in (1, 2):", f"    say(who, {n})", f'say(3, "{n} of all")'] for n in range(4)]
    lines = ["say(0)", *(line for turn in turns for line in turn), "for who in (1, 2):", "    say(who, 4)"]

    assert in_python(lines) == [
        "say(0)",
        "for turn in range(4):",
        "    for who in (1, 2):",
        "        say(who, turn)",
        '    say(3, str(turn) + " of all")',
        "for who in (1, 2):",
        "    say(who, 4)",
    ]


def test_what_is_the_same_each_time_stays_as_it_is() -> None:
    lines = ['say("b2", "\\u0031", b"1")'] * 3

    assert in_python(lines) == ["for turn in range(3):", f"    {lines[0]}"]


@pytest.mark.parametrize(
    "lines",
    [
        ["say(1)", "say(2)", "say(4)"],
        ["say(1.1)", "say(1.2)", "say(1.3)"],
        ['say("07")', 'say("08")', 'say("09")'],
        ['say(b"1")', 'say(b"2")', 'say(b"3")'],
        ['say("\\u0031")', 'say("\\u0032")', 'say("\\u0033")'],
        ["said1 = 7", "said2 = 7", "said3 = 7"],
        ['say("a" * 41)', 'say("a" * 42)', 'say("a" * 43)'],
        ["say(1)", "say(1)"],
        ["for turn in range(2):", "    say(turn)"] * 3,
    ],
)
def test_what_is_no_loop_stays_as_it_is(lines: list[str]) -> None:
    assert in_python(lines) == lines


def test_node_has_a_loop_where_it_is_shorter() -> None:
    lines = [f'await say("ben", [{{to: {n}, text: "{n + 1}!"}}])' for n in range(4)]

    assert in_turns(lines[:3], Node({})) == lines[:3]
    assert in_turns(lines, Node({})) == [
        "for (let turn = 0; turn < 4; turn++) {",
        '  await say("ben", [{to: turn, text: String(turn + 1) + "!"}])',
        "}",
    ]
