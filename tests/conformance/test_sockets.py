"""Several sockets of one user, coming and going, and arguments that are no object: on the hub of our own server."""

from collections.abc import Iterator

import pytest

from conformance.playground import Playground
from conformance.runner import Finished, run
from conformance.verdict import Broken, Outcome
from protocols import hub
from protocols.errors import UsageError
from simulators.people import Identity

from .small_hub import SmallHub, SmallHubCast
from .test_handshakes import CASES, hub_ground


@pytest.fixture(scope="module")
def ground() -> Iterator[Playground]:
    with pytest.MonkeyPatch.context() as patch, hub_ground(patch) as playground:
        yield playground


def test_a_second_socket_is_the_same_user_and_is_told_of_by_neither_coming_nor_going(ground: Playground) -> None:
    async def play() -> None:
        async with ground.cast() as cast:
            assert isinstance(cast, SmallHubCast)
            await cast.assemble()
            ana, ben = cast.person("ana"), cast.person("ben")
            twin = await cast.come("ana-again", like=ana)
            assert cast.model.sockets(cast.model.user_id(ana)) == [ana, twin]
            assert [item.receiver for item in cast.model.foresee_end(twin).expectations] == []
            await cast.enter(twin, 0)
            away = await cast.stage.say(twin, hub.UpdatePresence(value="away"))
            assert [received.name for received in away.by[ben]] == ["presence_update"]
            assert away.by[ana] == []
            await cast.stage.leave(ana, politely=False)
            gone = cast.model.foresee_end(twin)
            assert {item.operation.name for item in gone.expectations} == {"user_left", "presence_update"}
            await cast.stage.leave(twin)
            back = await cast.stage.connect("ana")
            assert (back is ana, ana.identity) == (True, twin.identity)

    ground.run(play())


def test_a_departure_is_told_in_each_room_that_was_left(ground: Playground) -> None:
    async def play() -> None:
        async with ground.cast() as cast:
            await cast.assemble()
            ana, ben, dee = (cast.person(name) for name in ("ana", "ben", "dee"))
            for who in (ana, ben):
                await cast.enter(who, 1)
            told = [item.receiver for item in cast.model.foresee_end(ana).expectations if "user_left" in str(item)]
            assert (told.count(ben), told.count(dee), told.count(ana)) == (2, 1, 0)
            await cast.stage.leave(ana)

    ground.run(play())


def test_coming_is_heard_by_those_whom_the_contract_names_and_by_nobody_else(ground: Playground) -> None:
    class Deaf(SmallHub):
        """Thinks that nobody hears of anybody's coming."""

        def holds(self, condition: str, who: object, event: object) -> bool:
            return condition == "other-socket"

    async def play() -> None:
        async with ground.cast() as cast:
            await cast.come("ana")
            cast.stage.model = Deaf(ground.target)
            cast.stage.model.present[:] = cast.stage.people
            with pytest.raises(Broken) as caught:
                await cast.come("ben")
        assert (caught.value.requirement, caught.value.also) == ("hub/presence/2", ("hub/all/5",))
        assert caught.value.came.startswith("ana heard presence_update")

    ground.run(play())


def test_a_session_that_the_target_refuses_is_the_fault_of_whoever_wrote_it_down(ground: Playground) -> None:
    async def play() -> None:
        async with ground.cast() as cast:
            with pytest.raises(UsageError, match="the target refused user-3's session: Invalid token"):
                await cast.stage.connect("ana", Identity(token="nonsense", id="user-3", nickname="Ana"))

    ground.run(play())


@pytest.mark.parametrize(
    "address",
    [
        "hub/update_presence/valid",
        "hub/update_presence/invalid",
        "hub/update_presence/arguments",
        "hub/update_presence/asked",
        "hub/send_message/state",
        "hub/conversation/random",
    ],
)
def test_cases_of_the_contract_carry_it(ground: Playground, address: str) -> None:
    ground.options = type(ground.options)(seed=3, budget_s=1.0)
    verdicts = [v for event in run(ground, [CASES[address]]) if isinstance(event, Finished) for v in event.verdicts]
    assert {(verdict.outcome, verdict.reason) for verdict in verdicts} == {(Outcome.PASS, "")}


def test_what_everybody_may_do_is_never_too_early(ground: Playground) -> None:
    [finished] = [e for e in run(ground, [CASES["hub/join_room/state"]]) if isinstance(e, Finished)]
    assert [verdict.outcome for verdict in finished.verdicts] == [Outcome.SKIP]
