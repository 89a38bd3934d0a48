"""What several people say at once is told apart, and judged in whatever order the target has heard it."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from conformance.at_once import say_at_once
from conformance.checks import Check
from conformance.person import Person
from conformance.verdict import Broken
from protocols import space
from protocols.contract import Event

from .liars import Liar, stage_at

TOLD = ("ana 1", "ben 1", "ana 2")
"""What is said at once, by whom."""


def talk(text: str) -> space.ChatMessageEvent:
    name = text.split()[0]
    return space.ChatMessageEvent(
        id=text, senderId=f"{name}-id", senderNickname=name.title(), content=text, timestamp=1, type="message"
    )


def said(people: Sequence[Person]) -> list[tuple[Person, Event]]:
    by_name = {person.name: person for person in people}
    return [(by_name[text.split()[0]], space.ChatMessageRequest(content=text)) for text in TOLD]


def telling(*told: tuple[str, tuple[int, ...]]) -> Any:
    """Return a server that waits until all has been said, and then tells this, each to some people by their number."""
    heard: list[str] = []

    async def answer(liar: Liar, name: str, arguments: list[Any]) -> None:
        heard.append(arguments[0]["content"])
        if len(heard) == len(TOLD):
            for text, listeners in told:
                liar.tell(talk(text), *listeners)

    return answer


def steps_of(*told: tuple[str, tuple[int, ...]], one_order: str = "") -> list[str]:
    """Let them speak at a server that tells this, and return the lines of what they did; raises Broken."""

    async def play() -> list[str]:
        async with stage_at(telling(*told), "ana", "ben", "cho") as (stage, _, people):
            stage.model.one_order = one_order  # type: ignore[misc]  # a promise that this protocol does not make
            await say_at_once(stage, said(people))
            return stage.steps

    return asyncio.run(play())


def broken_by(*told: tuple[str, tuple[int, ...]], one_order: str = "") -> Broken:
    with pytest.raises(Broken) as caught:
        steps_of(*told, one_order=one_order)
    return caught.value


EVERYBODY = (0, 1, 2)


@pytest.mark.parametrize(
    "order", [("ana 1", "ben 1", "ana 2"), ("ben 1", "ana 1", "ana 2"), ("ana 1", "ana 2", "ben 1")]
)
def test_who_is_heard_first_is_for_the_target_to_decide(order: Sequence[str]) -> None:
    lines = steps_of(*((text, EVERYBODY) for text in order), one_order="space/order/1")
    assert lines[-3:] == [f'{text.split()[0]} > chat:message {{"content":"{text}"}}' for text in TOLD]


OTHERWISE = (("ana 1", (0, 1)), ("ben 1", EVERYBODY), ("ana 1", (2,)), ("ana 2", EVERYBODY))


def test_listeners_may_differ_where_no_common_order_is_promised() -> None:
    assert len(steps_of(*OTHERWISE)) > 3


def test_listeners_may_not_differ_where_it_is() -> None:
    found = broken_by(*OTHERWISE, one_order="space/order/1")
    assert (found.check, found.requirement) == (Check.ORDER_PER_ROOM, "space/order/1")
    assert found.came == "ana heard 'ana 1' before 'ben 1', and cho after it"


def test_nobody_overtakes_themselves() -> None:
    found = broken_by(("ana 2", EVERYBODY), ("ben 1", EVERYBODY), ("ana 1", EVERYBODY))
    assert (found.check, found.requirement) == (Check.ORDER_PER_SENDER, "space/all/6")
    assert found.came == "ana heard 'ana 2' before 'ana 1'"


def test_what_one_does_not_hear_is_missed() -> None:
    found = broken_by(("ana 1", EVERYBODY), ("ben 1", (0, 1)), ("ana 2", EVERYBODY))
    assert (found.check, found.about) == (Check.MISSING_DELIVERY, "chat:message > chat:message")
    assert found.expected.startswith("cho hears chat:message")


def test_what_one_hears_twice_is_once_too_often() -> None:
    found = broken_by(*((text, EVERYBODY) for text in TOLD), ("ben 1", (2,)))
    assert found.check is Check.DUPLICATE_DELIVERY


def test_what_nobody_said_is_found() -> None:
    found = broken_by(*((text, EVERYBODY) for text in TOLD), ("ben 7", (2,)))
    assert found.check is Check.ROOM_ISOLATION


@pytest.mark.parametrize("hears", [True, False])
def test_who_is_cut_off_meanwhile_may_hear_it_or_not(hears: bool) -> None:
    left = {"id": "x", "senderId": "system", "senderNickname": "System", "content": "Cho left", "timestamp": 1}

    async def answer(liar: Liar, name: str, arguments: list[Any]) -> None:
        liar.tell(talk(arguments[0]["content"]), *(EVERYBODY if hears else (0, 1)))
        if arguments[0]["content"] == TOLD[-1]:
            liar.tell(space.PlayerLeft(id="cho-id"), 0, 1)
            liar.tell(space.ChatSystem.model_validate({**left, "type": "system"}), 0, 1)

    async def play() -> list[Person]:
        async with stage_at(answer, "ana", "ben", "cho") as (stage, _, people):
            await say_at_once(stage, said(people), people[2])
            return stage.model.present

    assert [person.name for person in asyncio.run(play())] == ["ana", "ben"]
