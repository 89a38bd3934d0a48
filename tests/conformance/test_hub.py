"""hub is judged where strangers come and go as well, and where nobody knows how services show themselves."""

import io
from collections.abc import Iterator

import pytest

from conformance.models.hub_cast import HubCast
from conformance.playground import Options, Playground
from conformance.runner import Finished, run
from conformance.suite import ground, suite_of
from conformance.verdict import Broken, Outcome
from protocols import hub
from reference_server.serve import running
from reference_server.settings import Settings
from simulators.people_config import Jwt, PeopleConfig, Way
from simulators.tables import read_table
from simulators.target import Target

SUITE = suite_of("hub")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running(Settings(port=0, protocols=("hub",)), log_stream=io.StringIO()) as url:
        yield url


@pytest.fixture(scope="module")
def played(url: str) -> Iterator[Playground]:
    with ground(Target.at(url, protocol="hub"), Options(seed=1)) as playground:
        yield playground


def test_strangers_come_step_away_and_go(played: Playground) -> None:
    async def play() -> None:
        async with played.cast() as cast, played.cast() as strangers:
            await cast.assemble()
            stranger = await strangers.come("stranger")
            await cast.stage.say(cast.person("ana"), hub.UpdatePresence(value="away"))
            await strangers.stage.say(stranger, hub.UpdatePresence(value="away"))
            await strangers.stage.leave(stranger)
            await cast.settle()

    played.run(play())


def test_somebody_of_the_cast_is_no_stranger_when_they_have_gone(played: Playground) -> None:
    async def play() -> None:
        async with played.cast() as cast, played.cast() as others:
            await cast.assemble()
            ana = cast.person("ana")
            await cast.stage.leave(ana)
            await others.stage.connect("ana", ana.identity)
            with pytest.raises(Broken, match=r"hub/all/5: .* hears no presence_update"):
                await cast.stage.listen()

    played.run(play())


def test_random_conversations_have_somebody_with_two_sockets(played: Playground) -> None:
    async def play() -> None:
        async with played.cast() as cast:
            assert isinstance(cast, HubCast)
            await cast.prepare(["ana", "ben", "cho", "dee"], 2)
            ana, dee = cast.person("ana"), cast.person("dee")
            assert cast.model.twins(ana) == [dee]
            assert cast.likely(ana).count(cast.model.protocol.operation(hub.JoinRoom)) > 1
            await cast.enter(ana, 0)
            assert cast.model.facts(ana)["soleRooms"] == [f"room:{cast.places[0]}"]
            await cast.enter(dee, 0)
            assert cast.model.facts(ana)["soleRooms"] == []
            assert cast.model.describe() == f"ana, dee in {cast.places[0]}; ana and dee are one user"

    played.run(play())


def test_without_the_service_token_what_services_do_is_skipped(url: str, played: Playground) -> None:
    guests = played.target.sessions
    table = {"url": url, "protocol": "hub", "people": {"guests": _table(guests)}}
    with ground(read_table(Target, table), Options(seed=1)) as unknowing:
        cases = SUITE.select(["hub/notification"])
        verdicts = [v for event in run(unknowing, cases) if isinstance(event, Finished) for v in event.verdicts]
    assert {verdict.outcome for verdict in verdicts} == {Outcome.SKIP}
    assert {verdict.reason for verdict in verdicts} == {
        "the target's service token is not known; add a [service] table with token or token_env"
    }
    assert {v.requirement for v in verdicts} >= {f"hub/notification/{number}" for number in range(1, 7)}


def _table(config: PeopleConfig) -> dict[str, object]:
    """Return how guests come, as a target file would say it."""
    assert isinstance(config.guests, Way)
    assert isinstance(config.guests.jwt, Jwt)
    return {"id": config.guests.id, "jwt": {"claims": config.guests.jwt.claims, "secret": config.guests.jwt.secret}}
