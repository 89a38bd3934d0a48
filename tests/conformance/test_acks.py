"""An ack is promised once to who asks, with what the contract says of it; everything else is found and named."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from conformance.expectation import Heard
from conformance.verdict import Broken

from .desk import Answer, Ask, Asked, DeskModel, Error, Greet, Tick
from .liars import PATIENCE, Liar, stage_of

Deed = Callable[[Liar], Awaitable[None]]


def ask(deed: Deed, *, asks: bool | None = None, shut: bool = False, invalid: bool = False) -> Heard:
    """Let ana ask at the desk, ben beside her, on a server that does this."""

    async def answer(liar: Liar, name: str, arguments: list[Any]) -> None:
        await deed(liar)

    async def play() -> Heard:
        async with stage_of(DeskModel, answer, "ana", "ben") as (stage, _, [ana, _ben]):
            assert isinstance(stage.model, DeskModel)
            stage.model.is_shut = shut
            if invalid:
                return await stage.say_invalid(ana, "ask", [7])
            return await stage.say(ana, Ask(text="why?"), asks=asks)

    return asyncio.run(play())


def broken(deed: Deed, **how: bool) -> Broken:
    with pytest.raises(Broken) as caught:
        ask(deed, **how)
    return caught.value


def doing(*values: Any, times: int = 1, tells: bool = True, after_s: float = 0.0) -> Deed:
    """Return what an answering server does: it tells ben, and acknowledges with these values."""

    async def deed(liar: Liar) -> None:
        if tells:
            liar.tell(Asked(text="why?"), 1)
        await asyncio.sleep(after_s)
        if times:
            liar.acknowledge(*values, times=times)

    return deed


YES = {"success": True, "text": "why?"}
NO = {"success": False}


def test_the_ack_is_there_for_models_and_promises() -> None:
    heard = ask(doing(YES))
    assert isinstance(heard.ack, Answer)
    assert (heard.ack.success, heard.ack.text) == (True, "why?")


@pytest.mark.parametrize("ack_first", [True, False])
def test_events_and_acks_stand_in_the_order_of_their_arrival(ack_first: bool) -> None:
    async def answer(liar: Liar, name: str, arguments: list[Any]) -> None:
        if ack_first:
            liar.acknowledge(YES)
        liar.tell(Tick(), 0)
        liar.tell(Asked(text="why?"), 1)
        if not ack_first:
            liar.acknowledge(YES)

    async def play() -> list[str]:
        async with stage_of(DeskModel, answer, "ana", "ben") as (stage, _, [ana, _ben]):
            heard = await stage.say(ana, Ask(text="why?"))
            return [arrival.name for arrival in heard.arrivals[ana]]

    assert asyncio.run(play()) == (["ask", "tick"] if ack_first else ["tick", "ask"])


def test_whoever_wants_no_ack_gets_none_and_is_served() -> None:
    assert ask(doing(times=0), asks=False).ack is None


@pytest.mark.parametrize(
    ("deed", "requirement", "came"),
    [
        (doing(times=0), "desk/ask/1", "ana heard nothing"),
        (doing(YES, times=2), "desk/ask/1", "ana got it again: an ack"),
        (doing({"success": True, "text": "what?"}), "desk/ask/1", "an ack with text='what?'"),
        (doing(NO), "desk/ask/1", "an ack with success=False, text=None"),
        (doing({"success": "yes"}), "desk/all/3", "ack of ask"),
        (doing(), "desk/all/3", "1 argument expected, 0 came"),
        (doing(YES, YES), "desk/all/3", "1 argument expected, 2 came"),
        (doing(YES, after_s=1.3 * PATIENCE), "desk/ask/1", "it came after 1"),
        (doing(YES, tells=False), "desk/ask/2", "ben heard nothing"),
    ],
)
def test_what_is_wrong_with_an_ack(deed: Deed, requirement: str, came: str) -> None:
    found = broken(deed)
    assert found.requirement == requirement
    assert came in found.came


def test_a_refusal_is_told_by_the_failing_ack_and_by_nothing_else() -> None:
    assert ask(doing(NO, tells=False), shut=True).ack == Answer(success=False)
    assert broken(doing(YES, tells=False), shut=True).requirement == "desk/ask/3"
    told = broken(doing(NO), shut=True)
    assert (told.requirement, told.also) == ("desk/ask/3", ("desk/all/5",))
    assert ask(doing(times=0, tells=False), shut=True, asks=False).ack is None


def erring(number: int) -> Deed:
    """Return what a server does that tells somebody of an error, and acknowledges the failure to who asked."""

    async def deed(liar: Liar) -> None:
        liar.tell(Error(), number)
        if liar.asked:
            liar.acknowledge(NO)

    return deed


def test_who_asked_for_no_ack_may_be_told_by_the_error_event_instead() -> None:
    assert ask(erring(0), shut=True, asks=False).ack is None
    for deed, asks in ((erring(1), False), (erring(0), True)):
        assert broken(deed, shut=True, asks=asks).requirement == "desk/ask/3"


def test_what_could_be_read_of_an_invalid_payload_is_repeated() -> None:
    ask(doing({"success": False, "text": ""}, tells=False), invalid=True)
    found = broken(doing({"success": False, "text": "7"}, tells=False), invalid=True)
    assert (found.requirement, found.came) == ("desk/all/1", "an ack with text='7'")


def test_an_event_without_an_ack_is_never_acknowledged() -> None:
    async def answer(liar: Liar, name: str, arguments: list[Any]) -> None:
        assert (name, arguments) == ("greet", ["hello"])
        if liar.asked:
            liar.acknowledge()

    async def play() -> None:
        async with stage_of(DeskModel, answer, "ana") as (stage, _, [ana]):
            await stage.say(ana, Greet(value="hello"))
            with pytest.raises(Broken, match="desk/all/3: expected greet is not acknowledged to ana"):
                await stage.say(ana, Greet(value="hello"), asks=True)

    asyncio.run(play())
