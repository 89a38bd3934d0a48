"""Laws of the rules of dongne: whatever valid is said, in whatever order, what goes out is valid and free of markup."""

import re
from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.strategies import valid
from protocols import dongne
from protocols.contract import Action, Event, Json

from .dongne_stage import Stage

SIDS = ("mina", "mina-2", "jun", "sora", "admin")
ELEMENT = re.compile(r"<[a-zA-Z!/?]")
SILENT = {"typing_start", "typing_stop", "leave_question", "message_read"}
"""What nobody may hear anything of: there are no others in the room, or its author is gone."""

_KNOWN = st.integers(0, 5)


@st.composite
def _said(draw: st.DrawFn) -> tuple[str, str, Json, int]:
    """Who says what with which payload; the number chooses among the ids that exist by then."""
    operation = draw(st.sampled_from(sorted(dongne.PROTOCOL.inbound.values(), key=lambda operation: operation.name)))
    assert operation.schema is not None
    return draw(st.sampled_from(SIDS)), operation.name, draw(valid(dongne.PROTOCOL, operation.schema)), draw(_KNOWN)


def texts(value: Json) -> Iterator[str]:
    """Yield every text in a payload."""
    match value:
        case str():
            yield value
        case dict():
            for item in value.values():
                yield from texts(item)
        case list():
            for item in value:
                yield from texts(item)


@settings(max_examples=60)
@given(st.lists(st.one_of(_said(), st.integers(1, 40_000), st.sampled_from(SIDS)), max_size=20))
def test_whatever_is_said_goes_out_valid_and_without_markup(
    steps: list[tuple[str, str, Json, int] | int | str],
) -> None:
    stage = Stage(*SIDS)
    ids: dict[str, list[str]] = {"questionId": [], "answerId": []}
    for step in steps:
        match step:
            case int():
                stage.wait(step)
            case str():
                stage.go(step)
                stage.connect(step)
            case (sid, name, payload, number):
                assert isinstance(payload, dict)
                known = {key: ids[key][number % len(ids[key])] for key in payload.keys() & ids.keys() if ids[key]}
                stage.say(sid, dongne.PROTOCOL.parse(Action.RECEIVE, name, [{**payload, **known}]))
                told = [event for heard_by in SIDS for event in stage.heard(heard_by)]
                assert told or name in SILENT, f"nobody hears anything of {name}"
                _learn(ids, told)
                assert not any(ELEMENT.search(text) for event in told for text in texts(event.to_json()))


def _learn(ids: dict[str, list[str]], told: list[Event]) -> None:
    for event in told:
        match event:
            case dongne.QuestionCreated():
                ids["questionId"].append(event.question.id)
            case dongne.AnswerCreated():
                ids["answerId"].append(event.answer.id)
            case _:
                pass
