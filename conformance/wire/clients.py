"""A WebSocket and a polling session that write down what is said on them, and can say anything."""

import asyncio
import contextlib
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from conformance.reproduce.tape import ENDED, Heard, Said, Way
from conformance.wire import raw
from conformance.wire.raw import Address, Answer, Text
from protocols.errors import WireError

SHOWN: Final = 160
"""Characters of a message that a conversation shows."""
PAUSE_S: Final = 0.01
"""Between the TCP segments of one request."""
DIRECT: Final = "EIO=4&transport=websocket"
"""The query of a session that begins with a WebSocket."""
FENCE: Final = "/rehearsal-fence-"
"""How namespaces are called that no server has."""
_numbers = itertools.count(1)


def fence_namespace() -> str:
    """Return a namespace that no server has: whoever asks for it gets an answer, and nothing is changed."""
    return f"{FENCE}{next(_numbers)}"


def shown(data: Text) -> str:
    """Return a message as a conversation shows it."""
    text = data if isinstance(data, str) else f"binary {data[:40].hex(' ')}"
    size = len(data)
    return text if len(text) <= SHOWN and (isinstance(data, str) or size <= 40) else f"{text[:SHOWN]}… ({size} long)"


@dataclass
class Log:
    """A conversation as it is shown."""

    lines: list[str] = field(default_factory=list)
    secrets: set[str] = field(default_factory=set)
    """Credentials, which are not shown."""
    watch: Callable[[str], None] | None = None
    """Hears of every line."""
    tape: list[Said | Heard] = field(default_factory=list)
    """The same as whoever wants to do it again needs it."""
    said_at: float = 0.0
    """When something was said last."""
    hears_pings: bool = False
    """Whether they are kept like all else that is heard."""
    silent: set[str] = field(default_factory=set)
    """Who does not answer them."""
    slack_s: float = 1.0
    """How much longer whoever does it again may wait for something."""
    is_too_much: bool = False
    """Whether it is wrong that so much is heard, so that more of it changes nothing."""
    unshown: str = ""
    """Why nobody can do it again, where they cannot."""

    def say(self, who: str, way: Way, *parts: Text) -> None:
        """Keep what somebody says, so that others can say it too."""
        self.tape.append(Said(who, way, parts))
        self.said_at = raw.now()

    def hear(self, who: str, what: Text) -> None:
        """Keep what somebody hears."""
        after_s = raw.now() - self.said_at
        self.tape.append(Heard(who, what if isinstance(what, str) else what.hex(), after_s))

    def keep_pings(self, number: int) -> None:
        """Forget pings beyond so many, which are too many: more of them change nothing."""
        pings = [line for line in self.tape if isinstance(line, Heard) and line.what[:1] == "2"]
        beyond = {id(line) for line in pings[number:]}
        self.tape[:] = [line for line in self.tape if id(line) not in beyond]
        self.is_too_much = True

    def note(self, who: str, sign: str, data: Text) -> None:
        """Add what somebody sent (`>`), heard (`<`), or what became of them (`=`)."""
        if isinstance(data, str):
            for secret in self.secrets:
                data = data.replace(secret, "{…}")
        self.lines.append(f"{who} {sign} {shown(data)}")
        if self.watch is not None:
            self.watch(self.lines[-1])


class Socket:
    """A WebSocket of an Engine.IO session; answers the server's pings unless told otherwise."""

    def __init__(
        self, who: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, log: Log, *, answers_pings: bool
    ) -> None:
        self.who = who
        self.log = log
        self.writer = writer
        self.answers_pings = answers_pings
        self.began = raw.now()
        self.inbox: list[Text] = []
        self.pings: list[float] = []
        """When the server's pings came."""
        self.closed = ""
        """How it ended; empty while it has not."""
        self.closed_at = 0.0
        self._changed = asyncio.Event()
        self._frames = raw.FrameReader(reader)
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        end = "the TCP connection ended"
        try:
            while True:
                opcode, payload = await self._frames.next()
                if opcode == 8:
                    self._write(raw.frame(8, payload[:2]))
                    end = f"closed with {int.from_bytes(payload[:2], 'big') if payload else 'no code'}"
                    break
                if opcode == 9:
                    self._write(raw.frame(10, payload))
                elif opcode in (1, 2):
                    self._take(payload.decode("utf-8", "replace") if opcode == 1 else payload)
        except (asyncio.IncompleteReadError, OSError):
            pass
        except WireError as error:
            end = f"no WebSocket any more: {error}"
        finally:
            self._end(end)
            self._changed.set()
            self.writer.transport.abort()

    def _take(self, message: Text) -> None:
        if isinstance(message, str) and message[:1] == "2":
            self.pings.append(raw.now())
            if self.log.hears_pings:
                self.log.hear(self.who, message)
            if self.answers_pings:
                self._write(raw.message("3" + message[1:]))
        else:
            self.log.note(self.who, "<", message)
            self.log.hear(self.who, message)
            self.inbox.append(message)
            if message == "1":  # Engine.IO's own goodbye
                self._end("closed by a close packet")
        self._changed.set()

    def _end(self, how: str) -> None:
        if not self.closed:
            self.closed, self.closed_at = how, raw.now()
            self.log.note(self.who, "=", how)
            self.log.hear(self.who, ENDED)

    def write(self, data: bytes) -> None:
        """Write bytes as they are, unless the connection has ended."""
        self.log.say(self.who, "bytes", data)
        self._write(data)

    def _write(self, data: bytes) -> None:
        if not self.writer.transport.is_closing():
            self.writer.write(data)

    def pour(self, message: str) -> None:
        """Send one of very many messages, which are not all shown."""
        self.log.say(self.who, "message", message)
        self._write(raw.message(message))

    def send(self, *messages: Text) -> None:
        """Send messages."""
        for message in messages:
            self.log.note(self.who, ">", message)
            self.log.say(self.who, "message", message)
            self._write(raw.message(message))

    async def until(self, holds: Callable[[], bool], within_s: float) -> bool:
        """Wait until something holds or the connection ends; say whether it holds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while not holds() and not self.closed:
                    self._changed.clear()
                    await self._changed.wait()
        return holds()

    def heard(self, *starts: str) -> bool:
        """Say whether a text that begins with one of these has come."""
        return any(isinstance(message, str) and message.startswith(starts) for message in self.inbox)

    def ask(self) -> Callable[[], bool]:
        """Ask to join a namespace that does not exist; what is returned says whether an answer has come."""
        name = fence_namespace()
        self.send(f"40{name},")
        return self.awaiting(f"44{name}", f"40{name}")

    def awaiting(self, *starts: str) -> Callable[[], bool]:
        """Return what says whether a text that begins with one of these has come by now; looks at each message once."""
        position, found = len(self.inbox), False

        def has_come() -> bool:
            nonlocal position, found
            while not found and position < len(self.inbox):
                message = self.inbox[position]
                found = isinstance(message, str) and message.startswith(starts)
                position += 1
            return found

        return has_come

    async def fence(self, within_s: float) -> bool:
        """Make a round trip; say whether the answer came."""
        return await self.until(self.ask(), within_s)

    def stop_reading(self) -> None:
        """Take nothing more from the connection."""
        self.writer.transport.pause_reading()  # type: ignore[attr-defined]  # all transports of sockets have it

    def resume_reading(self) -> None:
        """Take everything again."""
        self.writer.transport.resume_reading()  # type: ignore[attr-defined]

    async def leave(self) -> None:
        """Cut the connection."""
        if not self.closed:
            self.log.say(self.who, "cut")
        self.writer.transport.abort()
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self._end("cut by us")  # which a reader that had not begun yet has not seen


async def open_socket(
    address: Address,
    query: str,
    who: str,
    log: Log,
    headers: Mapping[str, str] | None = None,
    *,
    answers_pings: bool = True,
) -> tuple[Answer, Socket | None]:
    """Ask for a WebSocket; return the answer, and the socket where there is one. Raises TargetUnreachable."""
    reader, writer = await address.connect()
    log.note(who, ">", f"GET ?{query} (WebSocket)")
    request = address.request("GET", query, b"", {**raw.upgrade_headers(), **(headers or {})})
    log.say(who, "websocket", request)
    writer.write(request)
    answer = await raw.read_answer(reader)
    if answer.status != 101:
        log.note(who, "<", f"{answer.status} {answer.body.decode('utf-8', 'replace')}")
        log.hear(who, f"{answer.status} {answer.body.decode('utf-8', 'replace')}")
        writer.transport.abort()
        return answer, None
    if not answers_pings:
        log.silent.add(who)
    return answer, Socket(who, reader, writer, log, answers_pings=answers_pings)


@dataclass
class Session:
    """A polling session; every request has a connection of its own."""

    who: str
    address: Address
    log: Log
    writers: list[asyncio.StreamWriter]
    within_s: float
    sid: str = ""
    began: float = field(default_factory=raw.now)
    cookies: dict[str, str] = field(default_factory=dict)

    def query(self, transport: str = "polling", sid: str | None = None) -> str:
        """Return the query of a request of this session, or of another."""
        chosen = self.sid if sid is None else sid
        return f"EIO=4&transport={transport}" + (f"&sid={chosen}" if chosen else "")

    def headers(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the headers of a request, with the cookies that keep it at one node of a cluster."""
        cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        return {**(cookie if self.cookies else {}), **(more or {})}

    async def exchange(
        self, label: str, *segments: bytes, within_s: float | None = None, sent: asyncio.Event | None = None
    ) -> Answer | None:
        """Send a request in these TCP segments; None says that no answer came in time. `sent` is set in between."""
        self.log.note(self.who, ">", label)
        self.log.say(self.who, "request", *segments)
        try:
            async with asyncio.timeout(self.within_s if within_s is None else within_s):
                answer = await raw.exchange(self.address, segments, PAUSE_S, self.writers, sent)
        except TimeoutError:
            self.log.note(self.who, "=", "no answer")
            return None
        self.log.note(self.who, "<", f"{answer.status} {answer.body.decode('utf-8', 'replace')}")
        self.log.hear(self.who, f"{answer.status} {answer.body.decode('utf-8', 'replace')}")
        return answer

    async def http(
        self,
        method: str,
        query: str,
        body: Text = b"",
        headers: Mapping[str, str] | None = None,
        within_s: float | None = None,
        sent: asyncio.Event | None = None,
    ) -> Answer | None:
        """Make a request to the endpoint."""
        data = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
        label = f"{method} ?{query} {data.decode('utf-8', 'replace')}"
        request = self.address.request(method, query, data, self.headers(headers))
        return await self.exchange(label, request, within_s=within_s, sent=sent)

    async def get(self, within_s: float | None = None, sent: asyncio.Event | None = None) -> Answer | None:
        """Poll."""
        return await self.http("GET", self.query(), within_s=within_s, sent=sent)

    async def post(
        self, body: Text, headers: Mapping[str, str] | None = None, within_s: float | None = None
    ) -> Answer | None:
        """Send a payload."""
        return await self.http("POST", self.query(), body, headers, within_s)

    async def poll_for(self, start: str, within_s: float) -> tuple[list[str], Answer | None]:
        """Poll until a packet comes that begins so, answering pings; return all that came, and how the last poll went.

        An answer other than 200, and a close packet, end it too.
        """
        came: list[str] = []
        deadline = raw.now() + within_s
        while (left := deadline - raw.now()) > 0:
            answer = await self.get(left)
            if answer is None or answer.status != 200:
                return came, answer
            packets = answer.body.decode("utf-8", "replace").split("\x1e")
            came += packets
            if any(packet.startswith(start) for packet in packets) or "1" in packets:
                return came, answer
            if "2" in packets:
                await self.post("3")
        return came, None

    async def fence(self, within_s: float) -> bool:
        """Make a round trip; say whether the answer came."""
        name = fence_namespace()
        posted = await self.post(f"40{name},", within_s=within_s)
        if posted is None or posted.status != 200:
            return False
        came, _ = await self.poll_for(f"44{name}", within_s)
        return any(packet.startswith((f"44{name}", f"40{name}")) for packet in came)
