"""A running server of hub, and users who connect to it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from protocols import hub
from protocols.contract import Json
from reference_server.gate import DEVELOPMENT_SECRET, Gate
from reference_server.settings import DEVELOPMENT_SERVICE_TOKEN
from simulators.endpoint import Endpoint
from simulators.engine import Engine, SyncConnection

from .house import WITHIN_S, House, Reply, http, open_house

SERVICE = {"Authorization": f"Bearer {DEVELOPMENT_SERVICE_TOKEN}"}


def token(name: str, secret: str = DEVELOPMENT_SECRET, lifetime_s: int = 3600) -> str:
    """Return a token as the users' own service would give it."""
    claims = {"id": f"user-{name}", "email": f"{name}@example.org", "nickname": name.title()}
    return Gate(hub.PROTOCOL, secret).mint(claims, lifetime_s)


class HubHouse:
    """One server, and everybody who is connected to it."""

    def __init__(self, house: House) -> None:
        self.url = house.url
        self.lines = house.lines
        self._house = house

    def open(self, name: str, auth: Mapping[str, Json] | None) -> SyncConnection:
        """Connect with whatever credentials; raises ConnectRefused."""
        connection = SyncConnection.open(self._house.engine, Endpoint(url=self.url, auth=auth), hub.PROTOCOL, name)
        self._house.guests.append(connection)
        return connection

    def connect(self, name: str, *rooms: str) -> SyncConnection:
        """Connect a user, and have the socket join rooms."""
        connection = self.open(name, {"token": token(name)})
        for room in rooms:
            connection.emit(hub.JoinRoom(roomId=room))
        connection.fence(within_s=WITHIN_S)
        return connection

    def notify(self, body: object, headers: Mapping[str, str] = SERVICE) -> Reply:
        return http(f"{self.url}/internal/notifications", "POST", body, headers=headers)


@contextmanager
def open_hub(engine: Engine, **options: Any) -> Iterator[HubHouse]:
    with open_house(engine, **{"protocols": ("hub",), **options}) as house:
        yield HubHouse(house)
