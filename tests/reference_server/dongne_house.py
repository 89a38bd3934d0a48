"""A running server of dongne, and neighbours who connect to it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from protocols import dongne
from protocols.contract import Json
from reference_server.gate import DEVELOPMENT_SECRET, Gate
from simulators.endpoint import Endpoint
from simulators.engine import Engine, SyncConnection

from .house import WITHIN_S, House, Reply, http, open_house

AEWOL = dongne.Location(lat=33.4628, lng=126.3094)


def token(user_id: str, secret: str = DEVELOPMENT_SECRET, lifetime_s: int = 3600) -> str:
    """Return a token as the users' own service would give it."""
    return Gate(dongne.PROTOCOL, secret).mint({"userId": user_id}, lifetime_s)


class DongneHouse:
    """One server, and everybody who is connected to it."""

    def __init__(self, house: House) -> None:
        self.url = house.url
        self._house = house

    def open(self, auth: Mapping[str, Json] | None) -> SyncConnection:
        """Connect with whatever credentials; raises ConnectRefused."""
        endpoint = Endpoint(url=self.url, auth=auth)
        connection = SyncConnection.open(self._house.engine, endpoint, dongne.PROTOCOL, "somebody")
        self._house.guests.append(connection)
        return connection

    def connect(self, *user_ids: str) -> list[SyncConnection]:
        """Connect users of the built-in world, and forget that they came."""
        connections = [self.open({"token": token(user_id)}) for user_id in user_ids]
        for connection in connections:
            connection.fence(within_s=WITHIN_S)
            connection.drain()
        return connections

    def ask(self, asker: SyncConnection, title: str = "주차할 곳 있나요?", **fields: Any) -> dongne.Question:
        """Have somebody ask about Aewol, and return what is kept of it."""
        asker.emit(dongne.CreateQuestion(title=title, location=AEWOL, **fields))
        return asker.expect(dongne.QuestionCreated, within_s=WITHIN_S).question

    def http(self, path: str, user_id: str, method: str = "GET", body: object = None) -> Reply:
        """Ask over HTTP in the name of a user."""
        return http(self.url + path, method, body, headers={"Authorization": f"Bearer {token(user_id)}"})


@contextmanager
def open_dongne(engine: Engine, **options: Any) -> Iterator[DongneHouse]:
    with open_house(engine, **{"protocols": ("dongne",), **options}) as house:
        yield DongneHouse(house)
