"""Conversations as diagrams: who stands where, what is marked, and that all of it is in the picture."""

from hypothesis import given
from hypothesis import strategies as st

from conformance.report.sequence import draw, parse

LEAK = (
    "= ana, ben in plaza; dee in hall",
    'ana > talk {"to":"ben"}',
    'ben < heard {"text":"hello"}',
    'dee < heard {"text":"hello"}',
    "ana < ack of talk #1 true",
    "… 3 more lines",
    "ben = disconnects",
    '! dee heard heard {"text":"hello"}',
)
LINES = st.one_of(
    st.sampled_from(LEAK),
    st.text(st.characters()),
    st.builds(
        lambda who, sign, text: f"{who} {sign} {text}",
        st.sampled_from(["ana", "ben", "아나", "x" * 90]),
        st.sampled_from("<>=!"),
        st.text(st.characters(), max_size=900),
    ),
)


def test_people_stand_in_the_order_of_their_words_and_the_server_at_the_right() -> None:
    drawn = draw(LEAK)

    assert [life.name for life in drawn.lifelines] == ["ana", "ben", "dee", "server"]
    assert [life.x for life in drawn.lifelines] == sorted(life.x for life in drawn.lifelines)
    assert [life.is_server for life in drawn.lifelines] == [False, False, False, True]


def test_each_line_is_drawn_as_what_it_is() -> None:
    rows = draw(LEAK).rows

    kinds = ["state", "sent", "received", "received", "received", "gap", "state", "wrong"]
    assert [row.kind for row in rows] == kinds
    assert [row.whole for row in rows] == list(LEAK)
    assert [row.title for row in rows[1:5]] == ["talk", "heard", "heard", "ack of talk"]
    assert [row.is_ack for row in rows] == [False] * 4 + [True] + [False] * 3
    assert rows[1].start < rows[1].end
    assert rows[2].start > rows[2].end


def test_what_is_wrong_is_marked_where_it_came() -> None:
    assert [row.whole for row in draw(LEAK).rows if row.is_wrong] == [LEAK[3]]
    assert not any(row.is_wrong for row in draw((*LEAK[:-1], "! nothing came")).rows)


def test_what_several_hear_is_written_once() -> None:
    rows = draw(LEAK).rows

    assert rows[2].lines == ('{"text":"hello"}',)
    assert rows[3].lines == ("the same",)


def test_a_line_of_no_conversation_is_something_left_out() -> None:
    assert parse("… 3 more lines").name == "3 more lines"
    assert parse("> nobody says").sign == "…"
    assert parse("").sign == "…"


def test_of_a_very_long_conversation_the_beginning_and_the_end_are_drawn() -> None:
    drawn = draw([f"ana > talk {number}" for number in range(500)])

    assert [row.lines for row in drawn.rows[19:22]] == [("19",), ("440 more lines",), ("460",)]
    assert drawn.rows[-1].lines == ("499",)


@given(st.lists(LINES, max_size=9))
def test_everything_is_in_the_picture_and_nothing_covers_anything(lines: list[str]) -> None:
    drawn = draw(lines)

    assert len(drawn.rows) == len(lines)
    for row in drawn.rows:
        assert row.x - row.width / 2 >= 0
        assert row.x + row.width / 2 <= drawn.width
        assert len(row.lines) <= 5
        assert sum(map(len, row.lines)) < 2000
    below = [row.y + row.height for row in drawn.rows]
    above = [*(row.y for row in drawn.rows[1:]), drawn.height]
    assert all(bottom < top for bottom, top in zip(below, above, strict=False))
