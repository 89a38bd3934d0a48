"""One server of all five protocols, and in each of them a witness: who must be served, and disturbed by nobody."""

import contextlib
import json
import socket
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from protocols import dongne, gateway, gopang, hub, space
from protocols.contract import Event, Json, Protocol
from reference_server.gate import DEVELOPMENT_SECRET, Gate
from reference_server.served import SERVED
from reference_server.settings import DEVELOPMENT_SERVICE_TOKEN
from reference_server.world import World
from simulators.connection import Connection
from simulators.endpoint import Endpoint
from simulators.engine import Engine, SyncConnection
from simulators.received import Answer

from .house import WITHIN_S, House, joining, open_house

WORLD: Final = World.built_in()
LOBBY: Final = "00000000-0000-4000-9000-000000000001"
CURTAIN: Final = "00000000-0000-4000-9000-000000000009"
"""Of the first two people of gateway alone."""

WITNESS: Final = 0
HOSTILE: Final = 2
ACCOMPLICE: Final = 3
"""Numbers of people. In dongne the first two are admins, who hear how the server does whatever anybody does."""


@dataclass(frozen=True)
class Part:
    """How one protocol is played here."""

    protocol: Protocol
    private: tuple[Event, ...]
    """What the witness says to be somewhere by itself."""
    public: Callable[[str], tuple[Event, ...]]
    """What others say, given their tokens, to be somewhere together."""
    says: Event
    """What the witness says now and then, and `hears` or is acknowledged."""
    hears: type[Event] | None
    ids: Mapping[str, str] = field(default_factory=dict)
    """Of payloads of the others: so that they are about something that there is."""
    witness: int = WITNESS

    @property
    def name(self) -> str:
        return self.protocol.name

    def token(self, person: int, **claims: Json) -> str:
        """Return what opens the protocol for somebody of the world."""
        known = list(SERVED[self.name].claims(WORLD))
        if not known:
            return WORLD.users[person].token
        return Gate(self.protocol, DEVELOPMENT_SECRET).mint({**known[person], **claims})


PARTS: Final = {
    part.name: part
    for part in (
        Part(
            space.PROTOCOL,
            (joining("mina"),),
            lambda token: (joining("somebody", "studio", token),),
            space.ChatMessageRequest(content="still here"),
            space.ChatMessageEvent,
            {"spaceId": "studio", "sessionToken": WORLD.users[HOSTILE].token},
        ),
        Part(
            gateway.PROTOCOL,
            (gateway.JoinRoom(roomId=CURTAIN),),
            lambda _token: (gateway.JoinRoom(roomId=LOBBY),),
            gateway.Heartbeat(),
            None,
            {"roomId": LOBBY},
        ),
        Part(
            dongne.PROTOCOL,
            (),
            lambda _token: (),
            dongne.SyncUnreadMessages(lastSyncTimestamp=0),
            dongne.UnreadMessages,
            witness=ACCOMPLICE + 1,
        ),
        Part(
            gopang.PROTOCOL,
            (gopang.ConversationJoin(value="mina-and-jun"),),
            lambda _token: (gopang.ConversationJoin(value="help-desk"),),
            gopang.Ping(),
            None,
            {
                "conversationId": "help-desk",
                "receiverId": "user-hana",
                "vaultId": "vault-user-sora",
                "drawerId": "admin",
            },
        ),
        Part(
            hub.PROTOCOL,
            (hub.JoinRoom(roomId="witness"),),
            lambda _token: (hub.JoinRoom(roomId="everybody"),),
            hub.SendMessage(roomId="witness", content="still here"),
            hub.Message,
            {"roomId": "everybody"},
        ),
    )
}

SECRETS: Final = (DEVELOPMENT_SECRET, DEVELOPMENT_SERVICE_TOKEN, "mina-rehearsal", "hunter2", "eyJ", "auth-mina-test")
"""What may stand in no log and in no answer: keys, passwords, and how every token begins."""


class FiveHouse:
    """The server, and everybody who is connected to it."""

    def __init__(self, house: House) -> None:
        self.url, self.engine, self._house = house.url, house.engine, house

    def connect(
        self,
        part: Part,
        person: int,
        *says: Event,
        auth: Mapping[str, Json] | None = None,
        answers: list[Answer] | None = None,
    ) -> SyncConnection:
        """Connect somebody, and wait until all that they say is heard; `answers` takes the acks that come."""
        given = {"token": part.token(person)} if auth is None else auth
        endpoint = Endpoint(url=self.url, namespace=part.protocol.namespace, auth=given)
        hear = None if answers is None else answers.append
        opening = Connection.open(endpoint, part.protocol, f"person {person}", on_answer=hear)
        connection = SyncConnection(self.engine, self.engine.submit(opening))
        self._house.guests.append(connection)
        for event in says:
            connection.emit(event)
        connection.fence(within_s=WITHIN_S)
        return connection

    def enter(self, part: Part, person: int = HOSTILE, answers: list[Answer] | None = None) -> SyncConnection:
        """Connect somebody, and put them where others of their kind are."""
        return self.connect(part, person, *part.public(part.token(person)), answers=answers)

    def send(self, raw: bytes) -> bytes:
        """Send anything over TCP, and return what comes until the server hangs up."""
        address = urllib.parse.urlsplit(self.url)
        with socket.create_connection((str(address.hostname), int(address.port or 0)), WITHIN_S) as connection:
            connection.sendall(raw)
            return b"".join(iter(lambda: connection.recv(65_536), b""))

    def wait_for(self, text: str) -> None:
        """Wait until the log has a line with this text."""
        ends = time.monotonic() + WITHIN_S
        while text not in self._house.log.getvalue():
            assert time.monotonic() < ends, f"{text} never stood in the log"
            time.sleep(0.005)

    @contextlib.contextmanager
    def witnessed(self, part: Part) -> Iterator["Witness"]:
        """Have somebody in the same protocol, who is served in the end, and no secret and no fault in the log."""
        witness = Witness(self.connect(part, part.witness, *part.private, answers=None), part)
        witness.is_served()
        yield witness
        witness.is_served()
        witness.connection.close()
        self.is_well()

    def is_well(self) -> None:
        """Fail where the log tells of a fault, or a secret."""
        for line in self._house.lines():
            told = json.dumps(line, ensure_ascii=False)
            assert line["level"] != "error", told
            assert "Traceback" not in told
            assert not line.get("code", "").startswith("E35"), told
            assert not [secret for secret in SECRETS if secret in told], told


@dataclass
class Witness:
    """Somebody whom nobody disturbs."""

    connection: SyncConnection
    part: Part

    def is_served(self) -> None:
        """Say something, and hear the answer."""
        if self.part.hears is None:
            assert self.connection.call(self.part.says, within_s=WITHIN_S).violation is None
        else:
            self.connection.emit(self.part.says)
            self.connection.expect(self.part.hears, within_s=WITHIN_S)
        self.connection.fence(within_s=WITHIN_S)
        self.connection.drain()

    def hears_nothing(self) -> None:
        """Fail if anything was heard since the last word."""
        self.connection.fence(within_s=WITHIN_S)
        assert [str(heard)[:200] for heard in self.connection.heard()] == []


@contextlib.contextmanager
def open_five(engine: Engine, **options: Any) -> Iterator[FiveHouse]:
    """Run a server of all five on a free port; it keeps a journal only where a test says so."""
    with open_house(engine, **{"protocols": (), **options}) as house:
        yield FiveHouse(house)
