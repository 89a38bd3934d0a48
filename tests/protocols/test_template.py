"""Templates are text with fields in it, and anything else in braces is an error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.errors import SpecError
from protocols.template import Field, Source, fields, parse


def test_text_and_fields_in_order() -> None:
    assert parse("zone:{sender.spaceId}/{payload.partyId}") == (
        "zone:",
        Field(Source.SENDER, "spaceId"),
        "/",
        Field(Source.PAYLOAD, "partyId"),
    )
    assert parse("{payload.content|trim}") == (Field(Source.PAYLOAD, "content", trimmed=True),)
    assert parse("plain") == ("plain",)
    assert parse("") == ()
    assert fields("{session.id}-{sender.id}") == [Field(Source.SESSION, "id"), Field(Source.SENDER, "id")]


@pytest.mark.parametrize(
    "text",
    ["{", "}", "{}", "{payload}", "{payload.}", "{payload.a.b}", "{{payload.a}}", "{client.a}", "{payload.a|upper}"],
)
def test_what_is_no_template(text: str) -> None:
    with pytest.raises(SpecError):
        parse(text)


@given(st.lists(st.text(st.characters(exclude_characters="{}")) | st.sampled_from(["{sender.id}", "{payload.x|trim}"])))
def test_nothing_gets_lost(parts: list[str]) -> None:
    parsed = parse("".join(parts))
    spelled = (
        part if isinstance(part, str) else f"{{{part.source}.{part.name}{'|trim' * part.trimmed}}}" for part in parsed
    )
    assert "".join(spelled) == "".join(parts)
