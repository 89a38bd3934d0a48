import pytest

from benchmarks.endless import LIVES, State, measure, table


@pytest.mark.parametrize("protocol", LIVES)
def test_rules_live_through_as_many_messages_as_are_asked_for(protocol: str) -> None:
    states = list(measure(protocol, (20, 60)))
    assert [state.messages for state in states] == [20, 60]
    assert all(0 < state.us_each < 100_000 for state in states)


def test_each_protocol_has_a_line() -> None:
    shown = table(
        [State("space", 10, 5.4, 0.0), State("space", 100, 5.6, 1.25), State("hub", 10, 7, 2), State("hub", 100, 7, 2)]
    )
    assert list(shown.columns[0].cells) == ["space", "hub"]
