"""Templates are filled in from payload, sender and session, and what nobody knows stays out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.template import Unknown, render, render_known
from protocols.contract import Json
from protocols.errors import SpecError

SCOPES: dict[str, dict[str, Json]] = {
    "payload": {"content": "  hi \n", "x": 1.5, "enabled": False, "tags": ["a"], "nothing": None},
    "sender": {"id": "ana", "spaceId": "plaza"},
    "session": {"id": "user-1"},
}


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("space:{sender.spaceId}", "space:plaza"),
        ("{sender.spaceId}/{session.id}", "plaza/user-1"),
        ("{payload.x}", 1.5),
        ("{payload.enabled}", False),
        ("{payload.tags}", ["a"]),
        ("{payload.nothing}", None),
        ("{payload.content}", "  hi \n"),
        ("{payload.content|trim}", "hi"),
        ("said: {payload.content|trim}!", "said: hi!"),
        ("{payload.x|trim}", 1.5),
        ("message", "message"),
        ("", ""),
        (7, 7),
        (None, None),
        (["{sender.id}", 1], ["ana", 1]),
        ({"by": {"id": "{sender.id}"}}, {"by": {"id": "ana"}}),
    ],
)
def test_filled_in(template: Json, value: Json) -> None:
    filled = render(template, SCOPES)
    assert filled == value
    assert type(filled) is type(value)


@pytest.mark.parametrize(
    "template", ["{sender.partyId}", "party:{sender.partyId}", ["{payload.y}"], {"a": "{session.x}"}]
)
def test_a_fact_that_nobody_has(template: Json) -> None:
    with pytest.raises(Unknown, match=r"(sender|payload|session)\."):
        render(template, SCOPES)


def test_no_scope_has_no_facts() -> None:
    with pytest.raises(Unknown):
        render("{sender.id}", {})


def test_unknown_fields_are_not_compared() -> None:
    table: dict[str, Json] = {"id": "{sender.id}", "partyName": "{sender.partyName}", "type": "message"}
    assert render_known(table, SCOPES) == {"id": "ana", "type": "message"}


@pytest.mark.parametrize("text", ["{client.id}", "{payload.content|upper}", "{payload}"])
def test_what_the_contract_does_not_know_is_never_filled_in(text: str) -> None:
    with pytest.raises(SpecError):
        render(text, SCOPES)


@given(st.text(st.characters(exclude_characters="{}")), st.text())
def test_a_fact_is_not_read_as_a_template(before: str, fact: str) -> None:
    scopes: dict[str, dict[str, Json]] = {"sender": {"id": fact}}
    assert render(f"{before}{{sender.id}}", scopes) == before + fact
