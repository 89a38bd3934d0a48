"""What cases of the wire are played on: the target, what its handshake said, where it lets us in, and a witness."""

import json
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from conformance.payloads.node import Node
from conformance.payloads.values import simplest
from conformance.playground import Options
from conformance.process import Condition, Keeper, Life
from conformance.reproduce.binding import public_secret
from conformance.reproduce.trace import Token
from conformance.wire import process
from conformance.wire.clients import DIRECT, Log, Session, fence_namespace, open_socket
from conformance.wire.process import Process
from conformance.wire.raw import Address
from conformance.wire.witness import Witness
from protocols import PROTOCOLS
from protocols.contract import Json, Operation, Protocol
from protocols.errors import RehearsalError, TargetUnreachable, UsageError
from simulators.engine import Engine
from simulators.people import People, Signed
from simulators.target import Target

T = TypeVar("T")

_CONTRACTS: Final = {protocol.namespace: protocol.name for protocol in PROTOCOLS.values()}

WITHIN_S: Final = 2.0
"""How long a server may take over an answer; times the target's patience."""
ROUND_TRIPS: Final = 5
"""So many round trips of the witness tell a connection that is dead from a server that is slow."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What the handshake said."""

    ping_interval_s: float
    ping_timeout_s: float
    max_payload: int


@dataclass(kw_only=True)
class WireGround:
    """Everything a case of the wire may use; connections live in the engine's loop."""

    target: Target
    options: Options
    engine: Engine
    address: Address
    opened: Opened
    transports: Mapping[str, str]
    """`polling` and `websocket`, with the reason why there is no such transport; empty where there is."""
    doors: dict[str, str] = field(default_factory=dict)
    """Where we are let in, the first to play in -> the data of the CONNECT packet, empty where none is needed."""
    signed: dict[str, Token] = field(default_factory=dict)
    """Tokens in those data that anybody can sign, since the secret is known to everybody -> how."""
    locked: str = ""
    """Why we are let in nowhere."""
    process: Process | None = None
    keeper: Keeper
    """Brings the target back when it has died."""
    watch: Callable[[str], None] | None = None
    """Hears of everything that cases send and receive, line by line."""
    witness: Witness | None = None
    unserved: Witness | None = None
    """The last that was not served."""
    first_memory: int = 0
    """What the server held when the first malformed input came."""

    @property
    def located(self) -> Target:
        """The target with the namespace that was played in."""
        return replace(self.target, namespace=next(iter(self.doors), self.target.namespace or "/"))

    @property
    def within_s(self) -> float:
        """How long an answer may take."""
        return WITHIN_S * self.target.patience

    @property
    def quiet_s(self) -> float:
        """How long a connection must be silent, at least, before anybody calls it dead."""
        return self.within_s / 5

    @property
    def window_s(self) -> float:
        """How long after an input a close can have no other cause: its pings are answered, but perhaps in vain."""
        return self.opened.ping_timeout_s / 2

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something in the loop of the connections, and return its result."""
        return self.engine.submit(work)

    def prefix(self, namespace: str) -> str:
        """Return how a packet names a namespace."""
        return "" if namespace == "/" else f"{namespace},"

    @property
    def acked(self) -> tuple[str, str, list[Json]] | None:
        """An event that is acknowledged: its namespace, name and arguments; the one named, or one of our contracts."""
        if self.target.wire.ack:
            return next(iter(self.doors), "/"), self.target.wire.ack, [1, "2", {"3": [False]}]
        found = [
            (namespace, operation.name, arguments)
            for namespace in self.doors
            for protocol in PROTOCOLS.values()
            if protocol.namespace == namespace
            for operation in protocol.inbound.values()
            if operation.ack is not None and (arguments := _arguments(protocol, operation)) is not None
        ]
        return min(found, key=lambda one: len(str(one[2])), default=None)

    def session(self, who: str, log: Log) -> Session:
        """Return a polling session that has not begun."""
        return Session(who, self.address, log, [], self.within_s)

    async def leave(self) -> None:
        """Send the witness home."""
        if self.witness is not None:
            await self.witness.leave()

    async def revive(self, reason: str) -> bool:
        """Bring the target back, where its target file says how; say whether it is."""
        try:
            await self.keeper.revive(Condition(Life.DEAD, reason))
        except (UsageError, TargetUnreachable):
            return False
        self.witness, self.first_memory, self.process = None, 0, process.behind(self.target.url)
        return True

    async def why_dead(self) -> str:
        """Return why the target answers no more; empty while it does. A request that it refuses costs it nothing."""
        session = self.session("knock", Log())
        try:
            answer = await session.http("GET", "EIO=4&transport=rehearsal")
        except TargetUnreachable as error:
            return str(error)
        return "" if answer is not None and answer.status else "it answers no request"

    async def witness_is_served(self) -> bool:
        """Say whether somebody who has done nothing gets an answer; brings such a one where there is none."""
        witness, self.unserved = self.witness, None
        if witness is None:
            await self._bring_witness()
            return self.witness is not None and await self.witness.is_served(self.within_s)
        if not witness.closed and await witness.is_served(self.within_s):
            return True
        self.unserved = witness
        if witness.closed:
            await self._bring_witness()
        return False

    async def _bring_witness(self) -> None:
        joins = [f"40{self.prefix(namespace)}{credentials}" for namespace, credentials in self.doors.items()]
        self.witness = await Witness.come(self.address, joins[0] if joins else "", self.within_s)


async def find(target: Target, options: Options, engine: Engine, keeper: Keeper) -> WireGround:
    """Return the ground at a target; raises TargetUnreachable, and UsageError where a namespace does not let us in."""
    address = Address(target.url, target.path)
    opened, transports = await _handshakes(address, target)
    ground = WireGround(
        target=target,
        options=options,
        engine=engine,
        address=address,
        opened=opened,
        transports=transports,
        process=process.behind(target.url),
        keeper=keeper,
    )
    if not transports["websocket"]:
        await _enter(ground)
    return ground


async def _handshakes(address: Address, target: Target) -> tuple[Opened, dict[str, str]]:
    """Try both transports; return what the handshake said, and why which of them is not there."""
    opened: Opened | None = None
    transports = {"polling": "", "websocket": ""}
    log = Log()
    scout = Session("scout", address, log, [], WITHIN_S * target.patience)
    answer = await scout.http("GET", scout.query())
    if answer is None:
        raise TargetUnreachable(f"{address.url} does not answer in time")
    if answer.status == 200:
        opened = read_open(answer.body.decode("utf-8", "replace").split("\x1e")[0])
    if answer.status != 200 or opened is None:
        transports["polling"] = f"it refuses a handshake over polling: {answer}"
    answer, socket = await open_socket(address, DIRECT, "scout", log)
    if socket is None:
        transports["websocket"] = f"it refuses a handshake over WebSocket: {answer}"
    else:
        await socket.until(lambda: bool(socket.inbox), scout.within_s)
        first = socket.inbox[0] if socket.inbox else ""
        opened = opened or read_open(first if isinstance(first, str) else "")
        await socket.leave()
    if opened is None:
        raise TargetUnreachable(f"{address.url}{address.path} does not speak Engine.IO 4: {answer}")
    return opened, transports


def read_open(packet: str) -> Opened | None:
    """Return what stands in an open packet, as far as one can play with it; None where one cannot."""
    try:
        said = json.loads(packet.removeprefix("0"))
        interval_s, timeout_s = float(said["pingInterval"]) / 1000, float(said["pingTimeout"]) / 1000
        return Opened(interval_s, timeout_s, int(said.get("maxPayload", 1_000_000)))
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _arguments(protocol: Protocol, operation: Operation) -> list[Json] | None:
    """Return simple arguments of an operation; None where there are no simple ones."""
    if operation.schema is None:
        return []
    payload = simplest(Node.named(protocol, operation.schema))
    return None if protocol.faults(operation.schema, payload) else [payload]


async def _enter(ground: WireGround) -> None:
    """Find where we are let in: where we are told to go, or at `/` and at the namespaces of our own contracts."""
    target = ground.target
    given = "" if target.wire.auth is None else json.dumps(target.wire.auth, separators=(",", ":"))
    refusals = []
    nowhere = fence_namespace()
    unknown = (await _try(ground, nowhere, given)).replace(nowhere, "")
    ground.doors.pop(nowhere, None)  # a server that has whatever one asks for
    for namespace in [target.namespace] if target.namespace else ["/", *_CONTRACTS]:
        refusal = await _try(ground, namespace, given)
        exists = refusal.replace(namespace, "") != unknown
        if refusal and exists and not given and namespace in _CONTRACTS:
            given_here = await _session_of(replace(target, protocol=_CONTRACTS[namespace]), ground.signed)
            refusal = await _try(ground, namespace, given_here) if given_here else refusal
        if refusal:
            refusals.append(f"{namespace}: {refusal}")
    if not ground.doors:
        ground.locked = f"it lets us in nowhere ({'; '.join(refusals)}): name a namespace, or credentials in [wire]"
    if target.namespace and not ground.doors:
        raise UsageError(f"{target.url} does not let us in at {refusals[0]}; put what it wants into [wire] auth")


async def _try(ground: WireGround, namespace: str, credentials: str) -> str:
    """Try to come in; return why not, or nothing."""
    _, scout = await open_socket(ground.address, DIRECT, "scout", Log())
    if scout is None:
        return "no WebSocket"
    prefix = ground.prefix(namespace)
    scout.send(f"40{prefix}{credentials}")
    await scout.until(lambda: scout.heard(f"40{prefix}", "44"), ground.within_s)
    came = next((str(one) for one in scout.inbox if str(one).startswith("44")), scout.closed or "no answer")
    is_in = scout.heard(f"40{prefix}")
    await scout.leave()
    if is_in:
        ground.doors[namespace] = credentials
    return "" if is_in else came


async def _session_of(target: Target, signed: dict[str, Token]) -> str:
    """Return somebody's session where a contract's handshake wants one; empty where there is none.

    How it is signed is noted where anybody can.
    """
    if target.contract.handshake is None:
        return ""
    async with People(target) as people:
        try:
            token = (await people.somebody("ann")).token
        except RehearsalError:
            return ""
        origin, secret = people.origins.get(token), public_secret(target)
        if isinstance(origin, Signed) and secret:
            claims = tuple(origin.claims.items())
            signed[token] = Token(claims, origin.prefix, origin.algorithm, origin.expires_s, secret, "")
        return json.dumps({"token": token})
