"""The mailbox: each event is consumed once, by whoever waited first."""

import asyncio
import itertools
from types import SimpleNamespace

import pytest

from simulators import wire
from simulators.mailbox import Mailbox
from simulators.received import Received

times = itertools.count()


@pytest.fixture
def said(toy: SimpleNamespace) -> SimpleNamespace:
    def make(text: object) -> Received:
        return Received("said", next(times), wire.Event.of("said", {"text": text}), toy.PROTOCOL)

    return SimpleNamespace(make=make, type=toy.Said)


def test_events_are_taken_once_and_oldest_first(said: SimpleNamespace) -> None:
    mailbox = Mailbox()
    for text in ("a", "b", "a"):
        mailbox.put(said.make(text))
    assert mailbox.take(said.type, {"text": "b"}) == said.type(text="b")
    assert mailbox.take(said.type, {"text": "b"}) is None
    assert mailbox.take(said.type, {"nothing": None}) is None
    assert mailbox.take(said.type, lambda event: event.text == "a") == said.type(text="a")
    assert len(mailbox) == 1
    assert [received.event for received in mailbox.drain()] == [said.type(text="a")]
    assert mailbox.heard() == []


def test_an_event_that_breaks_the_contract_is_nobodys(said: SimpleNamespace) -> None:
    mailbox = Mailbox()
    mailbox.put(said.make(7))
    assert mailbox.take(said.type, None) is None
    assert str(mailbox.heard()[0]).startswith('said {"text":7} (invalid said: ')


def test_the_first_who_waits_gets_it(said: SimpleNamespace) -> None:
    async def play() -> list[str]:
        mailbox = Mailbox()
        waiting = [asyncio.create_task(mailbox.wait(said.type, where)) for where in ({"text": "b"}, None, None)]
        await asyncio.sleep(0)
        for text in ("a", "b", "c", "d"):
            mailbox.put(said.make(text))
        assert [received.event for received in mailbox.drain()] == [said.type(text="d")]
        return [event.text for event in await asyncio.gather(*waiting)]

    assert asyncio.run(play()) == ["b", "a", "c"]


def test_whoever_waits_learns_that_nothing_more_comes(said: SimpleNamespace) -> None:
    async def play() -> None:
        mailbox = Mailbox()
        waiting = asyncio.create_task(mailbox.wait(said.type, None))
        await asyncio.sleep(0)
        mailbox.fail(ValueError("the end"))
        with pytest.raises(ValueError, match="the end"):
            await waiting
        mailbox.put(said.make("later"))
        assert len(mailbox) == 1

    asyncio.run(play())
