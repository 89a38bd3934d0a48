"""Those who may enter our own server, as whoever plays against it knows them, do enter it."""

import io
from collections.abc import Iterator

import pytest

from protocols import PROTOCOLS
from reference_server.gate import DEVELOPMENT_SECRET
from reference_server.serve import running
from reference_server.settings import Settings
from simulators.connection import Connection
from simulators.engine import Engine
from simulators.people import Identity, People
from simulators.target import Target

WITH_CREDENTIALS = [name for name, protocol in PROTOCOLS.items() if protocol.handshake is not None]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running(Settings(port=0), log_stream=io.StringIO()) as url:
        yield url


@pytest.mark.parametrize("protocol", WITH_CREDENTIALS)
def test_somebody_and_one_of_the_users_are_let_in(engine: Engine, url: str, protocol: str) -> None:
    async def enter() -> list[Identity]:
        target = await Target.at(url, protocol=protocol).located()
        async with People(target) as people:
            who = [await people.somebody("Mina")]
            if target.sessions.users and (details := target.sessions.users[-1].details):
                who.append(await people.somebody("Byeol", **details))
        for identity in who:
            endpoint = target.endpoint(auth={"token": identity.token})
            connection = await Connection.open(endpoint, target.contract, identity.id)
            assert connection.sid
            await connection.close()
        return who

    found = engine.submit(enter())
    assert len({identity.id for identity in found}) == len(found) >= 1


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_is_signed_here_is_signed_with_the_secret_for_development(protocol: str) -> None:
    people = Target.at("http://127.0.0.1:1", protocol=protocol).sessions
    signers = {way.jwt.key for way in (people.login, people.guests) if way is not None and way.jwt is not None}
    assert signers <= {DEVELOPMENT_SECRET}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_there_are_places_to_play_in(protocol: str) -> None:
    target = Target.at("http://127.0.0.1:1", protocol=protocol)
    assert len({target.place(n, "run") for n in range(8)}) == 8
