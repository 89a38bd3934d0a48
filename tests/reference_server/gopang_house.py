"""A running server of gopang, and users who connect to it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from protocols import gopang
from protocols.contract import Json
from reference_server.gate import DEVELOPMENT_SECRET, Gate
from simulators.endpoint import Endpoint
from simulators.engine import Engine, SyncConnection

from .house import WITHIN_S, House, Reply, http, open_house


def token(name: str, secret: str = DEVELOPMENT_SECRET, lifetime_s: int = 3600) -> str:
    """Return a token as the users' own service would give it."""
    claims = {"userId": f"user-{name}", "email": f"{name}@example.org", "userType": "member"}
    return Gate(gopang.PROTOCOL, secret).mint(claims, lifetime_s)


class GopangHouse:
    """One server, and everybody who is connected to it."""

    def __init__(self, house: House) -> None:
        self.url = house.url
        self.lines = house.lines
        self._house = house

    def open(self, name: str, auth: Mapping[str, Json] | None) -> SyncConnection:
        """Connect with whatever credentials; raises ConnectRefused."""
        connection = SyncConnection.open(self._house.engine, Endpoint(url=self.url, auth=auth), gopang.PROTOCOL, name)
        self._house.guests.append(connection)
        return connection

    def connect(self, name: str, *conversations: str) -> SyncConnection:
        """Connect a user, and have it join conversations."""
        connection = self.open(name, {"token": token(name)})
        connection.expect(gopang.Connected, within_s=WITHIN_S)
        for conversation in conversations:
            connection.emit(gopang.ConversationJoin(value=conversation))
        connection.fence(within_s=WITHIN_S)
        return connection

    def ask(self, name: str, body: object, *, bearer: str | None = None) -> Reply:
        """Ask for a consent."""
        return http(f"{self.url}/consents", "POST", body, headers=_bearer(bearer or token(name)))

    def balance(self, name: str) -> int:
        reply = http(f"{self.url}/accounts/me", headers=_bearer(token(name)))
        assert reply.status == 200
        assert reply.json()["userId"] == f"user-{name}"
        return int(reply.json()["balance"])


def _bearer(given: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {given}"}


@contextmanager
def open_gopang(engine: Engine, **options: Any) -> Iterator[GopangHouse]:
    with open_house(engine, **{"protocols": ("gopang",), **options}) as house:
        yield GopangHouse(house)
