"""One typed Socket.IO connection: what an actor says goes out checked by nobody, what it hears comes in checked."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self, TypeVar, cast

from protocols.contract import Event, Protocol
from protocols.errors import (
    ConnectionLost,
    ConnectRefused,
    NotHeard,
    RehearsalError,
    TargetUnreachable,
    UsageError,
    WireError,
)
from simulators import wire
from simulators.endpoint import Endpoint
from simulators.heartbeat import Heartbeat
from simulators.history import Direction, History
from simulators.mailbox import Mailbox
from simulators.polling import Polling
from simulators.received import Answer, E, Received, Where
from simulators.strict_json import Value
from simulators.transport import LIMITS, Transport
from simulators.upgrade import open_upgraded
from simulators.websocket import WebSocket
from simulators.wire import EnginePacket, Message, Packet, PacketDecoder

__all__ = ["Answer", "Connection", "Endpoint", "Received", "Where"]

MAX_UNHEARD: Final = 10_000
"""Events that may wait for somebody to expect them; with one more the connection is given up."""
NOT_LET_IN: Final = "not let in"
"""What a history says of who got no answer to their knock, neither yes nor no."""
MAX_UNANSWERED: Final = 10_000
"""Calls whose acks are still known by their ids when they come late."""

T = TypeVar("T")


class Connection:
    """A connection to one namespace; made by `open`, belongs to the loop it was opened in.

    With `on_event` each event goes to that function as it arrives and none is kept, which is how one thread drives
    thousands; without it events wait until `expect` or `drain` takes them. `on_answer` is told of every ack, also of
    one that nothing waits for, such as a second one. `is_known` is shown each text frame unread, where no history is
    kept; with True it has seen to it, since it knows the event from somebody else. What `history` is given stands
    there: every event and ack both ways, states, and whatever breaks the contract.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        protocol: Protocol,
        actor: str,
        history: History | None,
        on_event: Callable[[Received], None] | None,
        on_answer: Callable[[Answer], None] | None = None,
        is_known: Callable[[bytes, int], bool] | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.protocol = protocol
        self.actor = actor
        self.sid = ""
        """The id that the server gave to this connection in its namespace."""
        self._can_recover = False
        """Whether the server keeps what is missed, for whoever comes back with the private id that it gave."""
        self.closed: str | None = None
        """Why the connection ended, beginning with the stock client's words; None while it lives."""
        self._history = history
        self._on_event = on_event
        self._on_answer = on_answer
        self._is_known = is_known if history is None else None
        self._loop = asyncio.get_running_loop()
        self._decoder = PacketDecoder(LIMITS)
        self._transport: Transport | None = None
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._joined: asyncio.Future[None] | None = None  # from our CONNECT on
        self._ended: asyncio.Future[str] = self._loop.create_future()
        self._mailbox = Mailbox()
        self._calls: dict[int, _Call] = {}  # ack id -> who waits for it
        self._next_ack_id = 0
        self._fences: dict[str, asyncio.Future[None]] = {}  # namespace that does not exist -> who waits for that answer
        self._next_fence = 0
        self._heartbeat: Heartbeat | None = None  # from the handshake on
        self._silent = False
        self._goodbye: asyncio.Task[None] | None = None

    # --- opening and ending ---

    @classmethod
    async def open(
        cls,
        endpoint: Endpoint,
        protocol: Protocol,
        actor: str,
        history: History | None = None,
        *,
        patience_s: float = 5.0,
        on_event: Callable[[Received], None] | None = None,
        on_answer: Callable[[Answer], None] | None = None,
        is_known: Callable[[bytes, int], bool] | None = None,
    ) -> Self:
        """Connect to the endpoint's namespace; TCP, handshake and CONNECT may take `patience_s` each.

        Raises ConnectRefused when the target says no, ConnectionLost when it hangs up instead of answering CONNECT,
        TargetUnreachable when nobody there speaks Socket.IO.
        """
        connection = cls(endpoint, protocol, actor, history, on_event, on_answer, is_known)
        try:
            await connection._connect(patience_s)
        except BaseException as error:
            connection._fail_to_open(error)
            raise
        return connection

    @classmethod
    async def knock(
        cls,
        endpoint: Endpoint,
        protocol: Protocol,
        actor: str,
        history: History | None = None,
        *,
        patience_s: float = 5.0,
        on_event: Callable[[Received], None] | None = None,
        on_answer: Callable[[Answer], None] | None = None,
    ) -> tuple[Self, ConnectRefused | None]:
        """Do as `open` does, but stay where the namespace refuses, and return how; what is said there is heard still.

        Raises ConnectRefused when HTTP refuses already, and whatever else `open` does.
        """
        connection = cls(endpoint, protocol, actor, history, on_event, on_answer)
        try:
            await connection._connect(patience_s)
        except ConnectRefused as refused:
            if refused.data is None:
                connection._fail_to_open(refused)
                raise
            connection._came(f"refused: {refused.message}")
            return connection, refused
        except BaseException as error:
            connection._fail_to_open(error)
            raise
        return connection, None

    def _fail_to_open(self, error: BaseException) -> None:
        if isinstance(error, RehearsalError):
            self._came(f"refused: {error.message}" if isinstance(error, ConnectRefused) else NOT_LET_IN)
        self._end("not connected")
        self.abort()

    async def _connect(self, patience_s: float) -> None:
        if self.endpoint.pace is not None:
            await self.endpoint.pace.turn()
        match self.endpoint.transport:
            case "websocket":
                await WebSocket.open(self.endpoint, self, patience_s=patience_s)
            case "polling":
                await Polling.open(self.endpoint, self, patience_s=patience_s)
            case "upgrade":
                await open_upgraded(self.endpoint, self, patience_s=patience_s)
        await self._take(self._opened, patience_s, "gave no Engine.IO handshake")
        if self.closed is not None:
            raise self._failure(self.closed)
        self._joined = self._loop.create_future()
        self._send(wire.Connect(self.endpoint.namespace, self.endpoint.auth))
        await self._take(self._joined, patience_s, "did not answer CONNECT")

    async def _take(self, step: asyncio.Future[None], patience_s: float, otherwise: str) -> None:
        try:
            async with asyncio.timeout(patience_s):
                await step
        except TimeoutError as error:
            raise TargetUnreachable(f"{self.endpoint.url} {otherwise} within {patience_s:g} s") from error

    async def close(self) -> None:
        """Leave the namespace and end the connection politely."""
        if self.closed is None:
            self._send(wire.Disconnect(self.endpoint.namespace))
            self._hang_up("io client disconnect")
        if self._goodbye is not None:
            await asyncio.shield(self._goodbye)

    def abort(self) -> None:
        """Cut the TCP connection without a word."""
        if self._transport is not None:
            self._transport.abort("transport aborted")

    @property
    def heartbeat(self) -> Mapping[str, int]:
        """What the handshake says of it, `pingInterval` and `pingTimeout` in ms; nothing before that."""
        beat = self._heartbeat
        return {} if beat is None else {"pingInterval": beat.interval_ms, "pingTimeout": beat.timeout_ms}

    @property
    def missed_after_ms(self) -> int:
        """When the server takes for gone whoever answers no more pings, by its handshake; 0 before that."""
        return 0 if self._heartbeat is None else self._heartbeat.patience_ms

    def fall_silent(self) -> None:
        """Answer no more pings, as a machine does that has lost its network."""
        self._silent = True

    async def wait_closed(self, within_s: float) -> str:
        """Return why the connection ended; raises NotHeard if it lives on."""
        try:
            async with asyncio.timeout(within_s):
                return await asyncio.shield(self._ended)
        except TimeoutError as error:
            raise NotHeard(f"{self.actor} is still connected after {within_s:g} s") from error

    def when_closed(self, told: Callable[[str], None]) -> None:
        """Have somebody told why the connection ended, in a later turn of the loop, also where it has ended already."""
        self._ended.add_done_callback(lambda ended: told(ended.result()))

    # --- saying ---

    def emit(self, event: Event) -> int:
        """Send an event and return when, in `time.monotonic_ns()`; raises ConnectionLost."""
        return self._emit(event.event_name, event.to_args())

    def emit_raw(self, name: str, *arguments: object) -> int:
        """Send any name with any JSON values and bytes; raises ConnectionLost, WireError for what JSON cannot say."""
        return self._emit(name, arguments)

    def send_raw(self, data: str | bytes) -> None:
        """Send a text or binary WebSocket message, or the body of a POST, as it is; raises ConnectionLost."""
        self._must_live()
        self._record(Direction.SENT, "raw", [data])
        self._carrier.send_raw(data)

    def answer(self, received: Received, *arguments: object) -> None:
        """Acknowledge an event that came with an id; raises UsageError for one without, ConnectionLost."""
        self._must_live()
        if received.packet.ack_id is None:
            raise UsageError(f"{received.name} wants no ack")
        packet = wire.Ack.of(received.packet.ack_id, *arguments, namespace=self.endpoint.namespace)
        self._record(
            Direction.SENT, received.name, cast("Sequence[Value]", arguments), ack_id=packet.ack_id, is_ack=True
        )
        self._send(packet)

    def _emit(self, name: str, arguments: Sequence[object], ack_id: int | None = None) -> int:
        self._must_live()
        packet = wire.Event.of(name, *arguments, namespace=self.endpoint.namespace, ack_id=ack_id)
        at_ns = time.monotonic_ns()
        if self._history is not None:
            self._record(Direction.SENT, name, cast("Sequence[Value]", arguments), ack_id=ack_id, at_ns=at_ns)
        self._send(packet)
        return at_ns

    def _send(self, packet: Packet) -> None:
        carrier = self._carrier
        for message in wire.encode_packet(packet):
            carrier.send(message)

    @property
    def _carrier(self) -> Transport:
        assert self._transport is not None  # there is one before anything is sent or received
        return self._transport

    def _must_live(self) -> None:
        if self.closed is not None:
            raise ConnectionLost(f"{self.actor} is not connected: {self.closed}")

    # --- asking and hearing ---

    async def call(self, event: Event, *, within_s: float) -> Answer:
        """Send an event and return its ack; raises NotHeard, ConnectionLost."""
        return await self.call_raw(event.event_name, *event.to_args(), within_s=within_s)

    async def call_raw(self, name: str, *arguments: object, within_s: float) -> Answer:
        """Send any event and return its ack; raises NotHeard, ConnectionLost, WireError for what JSON cannot say."""
        future: asyncio.Future[Answer] = self._loop.create_future()
        self._ask(name, arguments, future)
        return await self._within(future, within_s, f"the ack of {name}")

    def ask_raw(self, name: str, *arguments: object) -> tuple[int, int]:
        """Send any event that wants an ack, and wait for nothing; return the ack's id and when it was sent.

        `on_answer` is told when the ack comes. Raises ConnectionLost, WireError for what JSON cannot say.
        """
        return self._ask(name, arguments, None)

    def _ask(self, name: str, arguments: Sequence[object], future: asyncio.Future[Answer] | None) -> tuple[int, int]:
        ack_id = self._next_ack_id
        sent_ns = self._emit(name, arguments, ack_id)
        self._next_ack_id += 1
        self._calls[ack_id] = _Call(name, sent_ns, future)
        if len(self._calls) > MAX_UNANSWERED:
            del self._calls[next(iter(self._calls))]
        return ack_id, sent_ns

    async def expect(self, event_type: type[E], where: Where[E] = None, *, within_s: float) -> E:
        """Return the first event of this type that is meant, also one that has already come, and consume it.

        Raises NotHeard, which lists what was heard instead, or ConnectionLost.
        """
        if (event := self._mailbox.take(event_type, where)) is not None:
            return event
        self._must_live()
        what = event_type.event_name if where is None or callable(where) else f"{event_type.event_name} {where}"
        return await self._within(self._mailbox.wait(event_type, where), within_s, what)

    def heard(self) -> list[Received]:
        """Return the events that came and were not consumed, oldest first."""
        return self._mailbox.heard()

    def drain(self) -> list[Received]:
        """Consume and return them."""
        return self._mailbox.drain()

    async def fence(self, *, within_s: float) -> None:
        """Wait until everything that the target had sent before it read this has been heard.

        It asks to join a namespace that does not exist: any server answers that with a connect error, in order with
        all else on this connection, and nothing comes of it. Raises NotHeard, ConnectionLost.
        """
        self._must_live()
        namespace = f"/rehearsal-fence-{self._next_fence}"
        self._next_fence += 1
        passed: asyncio.Future[None] = self._loop.create_future()
        self._fences[namespace] = passed
        self._send(wire.Connect(namespace))
        await self._within(passed, within_s, "the answer to a fence")

    async def _within(self, coming: Awaitable[T], within_s: float, what: str) -> T:
        try:
            async with asyncio.timeout(within_s):
                return await coming
        except TimeoutError as error:
            others = ", ".join(str(received) for received in self.heard()[-10:]) or "nothing"
            raise NotHeard(f"{self.actor} did not hear {what} within {within_s:g} s, but {others}") from error

    # --- what the transport reports ---

    def on_transport(self, transport: Transport) -> None:
        """Learn what to send with."""
        self._transport = transport

    def on_text(self, frame: bytes, at_ns: int) -> None:
        """Take a whole text frame; raises WireError."""
        known = self._is_known
        if known is None or self._decoder.is_waiting or not known(frame, at_ns):
            self.on_packet(wire.decode_frame(frame, False, LIMITS), at_ns)

    def on_packet(self, packet: EnginePacket, at_ns: int) -> None:
        """Take what the transport received; raises WireError."""
        match packet:
            case _ if self.closed is not None:
                pass
            case Message():
                if (whole := self._decoder.receive(packet)) is not None:
                    self._on_socket_packet(whole, at_ns)
            case wire.Ping(data):
                self._on_ping(data)
            case wire.Open():
                self._on_open(packet)
            case wire.Close():
                self._hang_up("transport close: the server sent CLOSE")
            case wire.Noop():
                pass
            case wire.Pong() | wire.Upgrade():
                raise WireError(f"a server never sends {packet}")

    def on_lost(self, reason: str) -> None:
        """Learn that the transport has ended."""
        self._end(reason)

    def _on_open(self, packet: wire.Open) -> None:
        if self._heartbeat is not None:
            raise WireError("a second handshake")
        self._heartbeat = Heartbeat(
            packet.ping_interval_ms, packet.ping_timeout_ms, lambda: self._carrier.abort("ping timeout")
        )
        if not self._opened.done():
            self._opened.set_result(None)

    def _on_ping(self, data: bytes) -> None:
        if self._heartbeat is not None:
            self._heartbeat.beat()
        if not self._silent:
            self._carrier.send(wire.Pong(data))

    def _on_socket_packet(self, packet: Packet, at_ns: int) -> None:
        if packet.namespace != self.endpoint.namespace:
            self._on_foreign_packet(packet, at_ns)
            return
        match packet:
            case wire.Event():
                self._on_event_packet(packet, at_ns)
            case wire.Ack():
                self._on_ack(packet, at_ns)
            case wire.Connect(data=data):
                self._on_connect(data, at_ns)
            case wire.ConnectError():
                self._fail_to_connect(ConnectRefused(packet.message, packet.data))
            case wire.Disconnect():
                self._hang_up("io server disconnect")

    def _on_connect(self, data: Mapping[str, Value] | None, at_ns: int) -> None:
        match data:
            case {"sid": str(sid), **rest} if sid and self._joined is not None and not self._joined.done():
                self.sid = sid
                self._can_recover = "pid" in rest
                if self._can_recover:
                    self._is_known = None  # what the same event ends in is for each connection another
                self._joined.set_result(None)
                self._came("connected", at_ns=at_ns)
            case _:
                raise WireError(f"an unexpected CONNECT {data}")

    def _on_event_packet(self, packet: wire.Event, at_ns: int) -> None:
        received = Received(packet.name, at_ns, packet, self.protocol, self._can_recover)
        if self._history is not None:
            self._record_received(received)
        if self._on_event is not None:
            self._on_event(received)
        else:
            self._mailbox.put(received)
            if len(self._mailbox) > MAX_UNHEARD:
                self._carrier.abort(f"our own limit: {MAX_UNHEARD} events that nobody expected")

    def _on_ack(self, packet: wire.Ack, at_ns: int) -> None:
        call = self._calls.pop(packet.ack_id, None)
        if call is None:
            self._record(Direction.WRONG, f"an ack #{packet.ack_id} of nothing that waits for one", at_ns=at_ns)
            if self._on_answer is not None:
                self._on_answer(Answer("", at_ns, at_ns, packet, self.protocol, None))
            return
        answer = Answer(call.name, call.sent_ns, at_ns, packet, self.protocol, self.protocol.inbound.get(call.name))
        if self._history is not None:
            self._record_answer(answer)
        if self._on_answer is not None:
            self._on_answer(answer)
        if call.future is not None and not call.future.done():
            call.future.set_result(answer)

    def _on_foreign_packet(self, packet: Packet, at_ns: int) -> None:
        passed = self._fences.pop(packet.namespace, None)
        if passed is None:
            self._record(Direction.WRONG, f"a packet for {packet.namespace}, where nobody is", at_ns=at_ns)
            return
        if isinstance(packet, wire.Connect):  # some servers admit to any namespace: go out again
            self._send(wire.Disconnect(packet.namespace))
        if not passed.done():
            passed.set_result(None)

    def _fail_to_connect(self, error: RehearsalError) -> None:
        step = self._joined or self._opened
        if not step.done():
            step.set_exception(error)
            step.exception()  # counts as seen: `open` may have failed already for a reason of its own

    def _hang_up(self, reason: str) -> None:
        self._end(reason)
        self._goodbye = self._loop.create_task(self._carrier.close())

    def _end(self, reason: str) -> None:
        """Note, once, that the connection is over, and tell everybody who waits for something on it."""
        if self.closed is not None:
            return
        self.closed, self._is_known = reason, None
        if self._heartbeat is not None:
            self._heartbeat.stop()
        if self.sid:
            self._record(Direction.STATE, f"closed: {reason}")
        self._fail_to_connect(self._failure(reason))
        lost = ConnectionLost(f"{self.actor} lost the connection: {reason}")
        self._mailbox.fail(lost)
        for call in self._calls.values():
            if call.future is not None:
                _fail(call.future, lost)
        for passed in self._fences.values():
            _fail(passed, lost)
        self._ended.set_result(reason)

    def _failure(self, reason: str) -> RehearsalError:
        """Return what it means that the connection ended before it was one."""
        if self._heartbeat is None:
            return TargetUnreachable(f"{self.endpoint.url} gave no Engine.IO handshake: {reason}")
        return ConnectionLost(f"{self.endpoint.url} did not answer CONNECT: {reason}")

    # --- history ---

    def _record(
        self,
        direction: Direction,
        name: str,
        arguments: Sequence[Value] = (),
        *,
        ack_id: int | None = None,
        is_ack: bool = False,
        at_ns: int | None = None,
    ) -> None:
        if self._history is not None:
            self._history.append(self.actor, direction, name, arguments, ack_id=ack_id, is_ack=is_ack, at_ns=at_ns)

    def _came(self, state: str, *, at_ns: int | None = None) -> None:
        if self._history is not None:
            self._history.append(self.actor, Direction.STATE, state, at_ns=at_ns, endpoint=self.endpoint)

    def _record_received(self, received: Received) -> None:
        violation = received.violation
        arguments = () if isinstance(violation, WireError) else received.arguments
        self._record(Direction.RECEIVED, received.name, arguments, ack_id=received.packet.ack_id, at_ns=received.at_ns)
        if violation is not None:
            self._record(Direction.WRONG, str(violation), at_ns=received.at_ns)

    def _record_answer(self, answer: Answer) -> None:
        violation = answer.violation
        arguments = () if isinstance(violation, WireError) else answer.arguments
        self._record(
            Direction.RECEIVED, answer.name, arguments, ack_id=answer.packet.ack_id, is_ack=True, at_ns=answer.at_ns
        )
        if violation is not None:
            self._record(Direction.WRONG, str(violation), at_ns=answer.at_ns)


def _fail(future: asyncio.Future[T], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
        future.exception()  # counts as seen: not everybody who asked waits for the answer


@dataclass(frozen=True, slots=True)
class _Call:
    """An event whose ack is awaited."""

    name: str
    sent_ns: int
    future: asyncio.Future[Answer] | None
    """What waits for it; None where `on_answer` alone is told."""
