"""A stage waits for what must come, asks everybody, and names what is wrong: at liars and at an honest server."""

import asyncio
import io
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.checks import Check
from conformance.expectation import Heard
from conformance.models.space import Seat, SpaceModel
from conformance.models.space_cast import SpaceCast
from conformance.person import Person
from conformance.playground import Options, Playground
from conformance.reproduce.evidence import Pause
from conformance.stage import Stage
from conformance.suite import ground
from conformance.telling import LONGEST_CONVERSATION
from conformance.verdict import Broken
from protocols import space
from reference_server.mode import Mode
from reference_server.serve import running
from reference_server.settings import Settings
from reference_server.world import World
from simulators.history import Direction, History
from simulators.target import Target
from tests.faults.space import RefusedMayStay, WhisperToAll

from .liars import PATIENCE, Answer, Liar, stage_at

JUMP = space.PlayerJump(x=1, y=2)
JUMPED = space.PlayerJumped(id="ana-id", x=1, y=2)
SETTING = space.ProximityChanged(spaceId="plaza", enabled=False)
SOON = 10.0


def jump(answer: Answer, *, hurried: bool = False) -> Heard:
    """Let ana jump before ben and cho on a server that answers so."""

    async def play() -> Heard:
        async with stage_at(answer, "ana", "ben", "cho") as (stage, _, [ana, *_others]):
            stage.hurried = hurried
            return await stage.say(ana, JUMP)

    return asyncio.run(play())


def broken(answer: Answer) -> Broken:
    with pytest.raises(Broken) as caught:
        jump(answer)
    return caught.value


# ---- servers that lie --------------------------------------------------------------------------------------------


def test_a_server_that_does_as_promised() -> None:
    async def answer(liar: Liar, name: str, arguments: list[Any]) -> None:
        assert (name, arguments) == ("player:jump", [{"x": 1.0, "y": 2.0}])
        liar.tell(JUMPED, 1, 2)

    heard = jump(answer)
    assert {who.name: [e.name for e in events] for who, events in heard.by.items()} == {
        "ana": [],
        "ben": ["player:jumped"],
        "cho": ["player:jumped"],
    }


def test_silence() -> None:
    async def answer(liar: Liar, name: str, arguments: list[Any]) -> None:
        liar.tell(JUMPED, 1)

    began = time.monotonic()
    found = broken(answer)
    assert (found.requirement, found.came) == ("space/jump/1", "cho heard nothing")
    assert time.monotonic() - began >= PATIENCE


def test_time_that_passes_is_part_of_what_was_done() -> None:
    async def answer(liar: Liar, name: str, arguments: list[Any]) -> None:
        return

    async def play() -> None:
        async with stage_at(answer, "ana") as (stage, _, _):
            await stage.rest(0.01)
            await stage.listen(20)
            broken = Broken("space/all/5", "silence", "talk")
            stage.witness(broken)
            assert broken.evidence is not None
            assert [aside for _, aside in broken.evidence.asides] == [Pause(0.01), Pause(0.02)]

    asyncio.run(play())


def test_what_is_missing_says_more_than_what_is_too_much() -> None:
    async def answer(liar: Liar, name: str, arguments: list[Any]) -> None:
        liar.tell(SETTING, 0, 1, 2)
        liar.tell(JUMPED, 1)

    assert (broken(answer).requirement, broken(answer).came) == ("space/jump/1", "cho heard proximity:changed")


def test_late() -> None:
    async def answer(liar: Liar, name: str, arguments: list[Any]) -> None:
        await asyncio.sleep(1.3 * PATIENCE)
        liar.tell(JUMPED, 1, 2)

    found = broken(answer)
    assert found.requirement == "space/jump/1"
    assert found.came.startswith("it came after 1")


def test_a_hurried_stage_judges_no_differently_what_comes_at_once() -> None:
    async def answer(liar: Liar, name: str, arguments: list[Any]) -> None:
        liar.tell(JUMPED, 1, 2)

    assert len(jump(answer, hurried=True).by) == 3


def test_a_bystander_is_asked_after_the_speaker_was_answered() -> None:
    """A server may be slow with one connection, and quick with another: what it leaks then is heard all the same."""

    async def answer(liar: Liar, name: str, arguments: list[Any]) -> None:
        await asyncio.sleep(0.5 * PATIENCE)
        liar.tell(JUMPED, 1)

    async def play() -> None:
        async with stage_at(answer, "ana", "ben") as (stage, _, [ana, ben]):
            stage.model.leave(ben)  # so that nobody is to hear anything, and there is nothing to wait for
            with pytest.raises(Broken, match="ben heard player:jumped"):
                await stage.say(ana, JUMP)

    asyncio.run(play())


def test_no_answer_to_a_fence() -> None:
    async def answer(liar: Liar, name: str, arguments: list[Any]) -> None:
        liar.answers_fences = False
        liar.tell(JUMPED, 1, 2)

    found = broken(answer)
    assert (found.requirement, found.expected) == ("space/all/1", "ana is still served")
    assert found.check is Check.STILL_SERVED


@pytest.mark.parametrize(("number", "name"), list(enumerate(("ana", "ben", "cho"))))
def test_hanging_up(number: int, name: str) -> None:
    async def answer(liar: Liar, event: str, arguments: list[Any]) -> None:
        liar.tell(JUMPED, 1, 2)
        liar.hang_up(number)

    found = broken(answer)
    assert (found.requirement, found.expected) == ("space/all/1", f"{name} stays connected")
    assert found.came.startswith("disconnected: transport close")


def test_speaking_on_a_connection_that_was_cut_between_two_steps() -> None:
    async def answer(liar: Liar, event: str, arguments: list[Any]) -> None:
        raise AssertionError("nothing can be heard")

    async def play() -> None:
        async with stage_at(answer, "ana") as (stage, liar, [ana]):
            liar.hang_up(0)
            assert ana.connection is not None
            await ana.connection.wait_closed(SOON)
            with pytest.raises(Broken, match="ana stays connected"):
                await stage.say(ana, JUMP)

    asyncio.run(play())


def test_invalid_and_swallowed() -> None:
    async def answer(liar: Liar, event: str, arguments: list[Any]) -> None:
        pass

    async def play() -> None:
        async with stage_at(answer, "ana") as (stage, _, [ana]):
            with pytest.raises(Broken, match=r"^space/all/1: expected ana hears error; came ana heard nothing$"):
                await stage.say_invalid(ana, "player:jump", [None])
            with pytest.raises(Broken, match=r"^space/all/2: "):
                await stage.say_invalid(ana, "no:such", [])

    asyncio.run(play())


def test_a_departure_that_nobody_hears_of() -> None:
    async def answer(liar: Liar, event: str, arguments: list[Any]) -> None:
        pass

    async def play() -> None:
        async with stage_at(answer, "ana", "ben") as (stage, _, [ana, _ben]):
            with pytest.raises(Broken, match="space/leave/1"):
                await stage.leave(ana, politely=False)

    asyncio.run(play())


# ---- what is no MUST ---------------------------------------------------------------------------------------------


def _welcome(liar: Liar) -> None:
    """Answer eve's join as is promised, but for the setting of proximity, which only should be told."""
    looks: dict[str, Any] = {"x": 0, "y": 0, "direction": "down", "isMoving": False}
    ana = space.PlayerPosition(id="ana-id", nickname="Ana", avatarColor="blue", **looks)
    eve = space.PlayerJoined(id="eve-id", nickname="Eve", avatarColor="red", **looks)
    talk: dict[str, Any] = {"senderId": "system", "senderNickname": "System", "timestamp": 1, "type": "system"}
    listed = space.PlayerPosition.model_validate(eve.to_json())
    liar.tell(space.RoomJoined(spaceId="plaza", players=[ana, listed], yourPlayerId="eve-id"), 1)
    liar.tell(eve, 0)
    liar.tell(space.ChatSystem(id="1", content="hi", **talk), 0, 1)


def _told_after(delay_s: float | None, given_up: set[str]) -> tuple[list[str], float]:
    """Let eve join, and ana jump thereafter; return what lapsed, and how long the join took."""

    async def tell_setting(liar: Liar, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        liar.tell(SETTING, 1)

    async def answer(liar: Liar, event: str, arguments: list[Any]) -> None:
        match event:
            case "join:space":
                _welcome(liar)
                if delay_s is not None:
                    liar.later(tell_setting(liar, delay_s))
            case "player:jump":
                await asyncio.sleep(0.5 * PATIENCE)  # so that something belated comes during this step
                liar.tell(JUMPED, 1)

    async def play() -> tuple[list[str], float]:
        async with stage_at(answer, "ana", "eve", standing=["eve"]) as (stage, _, [ana, eve]):
            stage.given_up = given_up
            began = time.monotonic()
            join = space.JoinSpace(spaceId="plaza", playerId="eve-id", nickname="Eve", avatarColor="red")
            await stage.say(eve, join)
            took_s = time.monotonic() - began
            await stage.say(ana, JUMP)
            return [lapse.broken.requirement for lapse in stage.lapses], took_s

    return asyncio.run(play())


def test_a_should_has_its_time_like_a_must() -> None:
    assert _told_after(0.5 * PATIENCE, set())[0] == []


def test_a_should_that_never_comes_is_waited_for_once() -> None:
    given_up: set[str] = set()
    lapses, took_s = _told_after(None, given_up)
    assert lapses == ["space/proximity/3"]
    assert took_s >= PATIENCE
    assert given_up == {"emitProximityChanged"}
    lapses, took_s = _told_after(None, given_up)
    assert lapses == ["space/proximity/3"]
    assert took_s < PATIENCE


def test_what_is_no_must_and_comes_during_the_next_step_is_no_leak() -> None:
    lapses, _ = _told_after(0.25 * PATIENCE, {"emitProximityChanged"})
    assert lapses == ["space/proximity/3"]


# ---- a server that does not lie ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def honest() -> Iterator[Playground]:
    with (
        running(Settings(port=0), log_stream=io.StringIO()) as url,
        ground(Target.at(url), Options(seed=1)) as playground,
    ):
        yield playground


def test_coming_and_going(honest: Playground) -> None:
    async def play() -> None:
        async with honest.cast() as cast:
            assert isinstance(cast, SpaceCast)
            await cast.assemble()
            ana, dee = cast.person("ana"), cast.person("dee")
            await cast.stage.leave(ana)
            assert (ana.is_here, ana.is_connected, ana in cast.model.seats) == (False, False, False)
            assert await cast.stage.connect("ana") is ana
            await cast.join(ana, 1)
            assert list(cast.model.members(f"space:{cast.model.scopes[1]}")) == [dee, ana]
            await cast.settle()
            assert cast.stage.lapses == []

    honest.run(play())


def test_who_is_taken_over_must_be_cut_off(honest: Playground) -> None:
    async def play() -> None:
        async with honest.cast() as cast:
            assert isinstance(cast, SpaceCast)
            await cast.assemble()
            ana, again = cast.person("ana"), await cast.stage.connect("again")
            again.identities = ana.identities
            await cast.join(again, 0)
            assert (ana.is_here, ana.is_connected, ana in cast.model.seats) == (False, False, False)

    honest.run(play())


def test_who_may_stay_although_they_should_go() -> None:
    faulty = RefusedMayStay(World.built_in(), Mode.PRODUCTION)
    with (
        running(Settings(port=0), [faulty], log_stream=io.StringIO()) as url,
        ground(Target.at(url, patience=PATIENCE), Options(seed=1)) as playground,
    ):

        async def play() -> None:
            async with playground.cast() as cast:
                await cast.assemble()
                assert isinstance(cast, SpaceCast)
                await cast.stage.say(await cast.outsider(), cast.forged_join())

        with pytest.raises(Broken, match="expected eve is disconnected after error; came it stays connected"):
            playground.run(play())


# ---- telling -----------------------------------------------------------------------------------------------------


def test_a_conversation_says_who_is_where_what_was_said_what_was_heard_and_what_is_wrong() -> None:
    with (
        running(Settings(port=0), [WhisperToAll(World.built_in(), Mode.PRODUCTION)], log_stream=io.StringIO()) as url,
        ground(Target.at(url), Options(seed=1)) as playground,
    ):

        async def play() -> None:
            async with playground.cast() as cast:
                await cast.assemble()
                who = await cast.ready(space.PROTOCOL.inbound["whisper:send"])
                await cast.stage.say(who, cast.event(space.PROTOCOL.inbound["whisper:send"], who))

        with pytest.raises(Broken):
            playground.run(play())
        first, second, *heard, last = playground.conversation
    assert first.startswith("= ana, ben, cho in rehearsal-")
    assert second.startswith("ana > whisper:send")
    assert {line.split(" ")[0] for line in heard} == {"ana", "ben", "cho"}
    assert all(" < whisper:received " in line for line in heard)
    assert last.startswith("! ana heard whisper:received")


RECORDS = st.lists(
    st.tuples(st.sampled_from(["ana", "ben"]), st.sampled_from(Direction), st.text(max_size=5)), max_size=20
)


@given(RECORDS, st.lists(st.text(max_size=5), max_size=20))
def test_no_conversation_has_more_than_eight_lines(records: list[tuple[str, Direction, str]], steps: list[str]) -> None:
    target = Target.at("http://127.0.0.1:1")
    stage = Stage(target, SpaceModel(target), History())
    stage.begin()
    for actor, direction, name in records:
        stage.history.append(actor, direction, name)
    found = Broken("space/jump/1", "something", "nothing")
    stage.steps[:] = steps
    heard = [f"{actor} < {name}" for actor, direction, name in records if direction is Direction.RECEIVED]
    for lines, whole in (
        (stage.conversation(found), ["= nobody is in a space", *(f"{a} {d} {n}" for a, d, n in records)]),
        (stage.story(found), [*steps, *heard]),
    ):
        assert len(lines) <= LONGEST_CONVERSATION
        assert lines[-1] == "! nothing"
        shown = list(lines[:-1])
        gaps = [int(line.split()[1]) for line in shown if re.fullmatch(r"… \d+ more lines", line)]
        assert len(shown) - len(gaps) + sum(gaps) == len(whole)
        assert [shown[:1], shown[-1:]] == [whole[:1], whole[-1:]]


def test_a_conversation_begins_with_the_last_step_and_a_story_with_the_first() -> None:
    target = Target.at("http://127.0.0.1:1")
    model = SpaceModel(target)
    stage = Stage(target, model, History())
    stage.history.append("ana", Direction.SENT, "earlier")
    model.seats[Person("ana")] = Seat("plaza", "ana-id", "Ana", "blue")
    stage.begin()
    model.seats.clear()  # what a step changes is not where it began
    stage.history.append("ana", Direction.SENT, "player:jump", [{"x": 1}])
    stage.history.append("ben", Direction.RECEIVED, "error")
    found = Broken("space/jump/1", "something", "an error")
    assert stage.conversation(found) == ("= ana in plaza", 'ana > player:jump {"x":1}', "ben < error", "! an error")
    stage.steps[:] = ["ana > join:space", 'ana > player:jump {"x":1}']
    assert stage.story(found) == (*stage.steps, "ben < error", "! an error")
