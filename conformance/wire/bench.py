"""Where one case of the wire is played: it opens clients, and tells a close from a silence and from its causes."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Final, Never

from conformance.case import Skipped
from conformance.checks import Check
from conformance.reproduce.tape import Heard, Said, Tape, without
from conformance.reproduce.unshown import IN_MEMORY
from conformance.verdict import Broken
from conformance.wire import raw
from conformance.wire.case import Untold
from conformance.wire.clients import DIRECT, Log, Session, Socket, fence_namespace, open_socket
from conformance.wire.ground import ROUND_TRIPS, WireGround
from conformance.wire.raw import Answer

ANSWERS: Final = "it answers"
OPEN_AND_DEAD: Final = "wire/robust/1"
OTHERS: Final = "wire/robust/2"
MEMORY: Final = "wire/robust/4"
ROUNDS: Final = 3
"""So many answers, one asked for after the other, show that a server goes on: no close is on its way any more."""
BUSY: Final = 3
"""By what the time for an answer is multiplied where much must be read before the question."""
MAX_GROWTH: Final = 100_000_000
"""Bytes by which one input may let a server grow."""


class Bench:
    """The clients of one case, and what they said."""

    def __init__(self, ground: WireGround, cites: tuple[str, ...]) -> None:
        self.ground = ground
        self.cites = cites
        self.log = Log(watch=ground.watch)
        self._sockets: list[Socket] = []
        self._sessions: list[Session] = []
        self._tasks: list[asyncio.Task[Answer | None]] = []
        if ground.witness is not None:
            ground.witness.forget()

    async def leave(self) -> None:
        """Hang up wherever one has called."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for socket in self._sockets:
            await socket.leave()
        for session in self._sessions:
            for writer in session.writers:
                writer.transport.abort()

    def tape(self, broken: Broken | None) -> Tape:
        """Return all that was said and heard until now, with which others can see what is broken."""
        is_unseen = broken is not None and broken.check is Check.MEMORY_FLAT
        witness = self.ground.unserved if broken is not None and broken.check is Check.STILL_SERVED else None
        # Who had done nothing but come is there from the beginning.
        came, saw = ((), ()) if witness is None else (witness.came, witness.saw)
        return Tape(
            url=self.ground.target.url,
            path=self.ground.target.path,
            lines=tuple(self._covered(line) for line in (*came, *self.log.tape, *saw)),
            signed=self.ground.signed,
            lasted_s=raw.now() - self.log.said_at,
            hears_pings=self.log.hears_pings,
            silent=frozenset(self.log.silent),
            slack_s=self.log.slack_s,
            is_too_much=self.log.is_too_much,
            unshown=IN_MEMORY if is_unseen else self.log.unshown,
        )

    def _covered(self, line: Said | Heard) -> Said | Heard:
        """Return a line without credentials in it, whoever has shown them, but for those that anybody can sign."""
        if isinstance(line, Said):
            for secret in filter(None, self.ground.doors.values()):
                if not any(token in secret for token in self.ground.signed):
                    line = replace(line, parts=tuple(without(part, secret) for part in line.parts))
        return line

    # ---- what is said ----------------------------------------------------------------------------------------------

    def broken(self, expected: str, came: object, requirement: str = "", check: Check = Check.WIRE_PROMISE) -> Never:
        """Say that a promise is broken: the first that the case cites, unless named."""
        raise Broken(requirement or self.cites[0], expected, str(came), check=check)

    def require(self, holds: bool, expected: str, came: object, requirement: str = "") -> None:
        """Break a promise unless something holds."""
        if not holds:
            self.broken(expected, came, requirement)

    @property
    def within_s(self) -> float:
        """How long an answer may take."""
        return self.ground.within_s

    @property
    def namespace(self) -> str:
        """Where to play; raises Skipped where we are let in nowhere."""
        if not self.ground.doors:
            raise Skipped(self.ground.locked or "it has no WebSocket to play over")
        return next(iter(self.ground.doors))

    @property
    def at(self) -> str:
        """How a packet names that namespace: nothing, or `/name,`."""
        return self.ground.prefix(self.namespace)

    def connect(self, namespace: str = "") -> str:
        """Return the CONNECT packet that lets us in there, or where we play."""
        chosen = namespace or self.namespace
        credentials = self.ground.doors[chosen]
        self.log.secrets.update([credentials] if credentials else [])
        return f"40{self.ground.prefix(chosen)}{credentials}"

    def needs(self, *transports: str) -> None:
        """Skip the case where a transport is not there."""
        for transport in transports:
            if reason := self.ground.transports[transport]:
                raise Skipped(reason)

    def own_event(self, key: str) -> str:
        """Return the name of an event that the target file names; raises Skipped."""
        name: str = getattr(self.ground.target.wire, key)
        if not name:
            raise Skipped(f"needs an event of the server's own: name one in the target file, [wire] {key} = ...")
        return name

    # ---- WebSockets ------------------------------------------------------------------------------------------------

    async def ask(
        self, query: str, who: str = "ann", headers: Mapping[str, str] | None = None, *, answers_pings: bool = True
    ) -> tuple[Answer, Socket | None]:
        """Ask for a WebSocket, whatever comes."""
        address, log = self.ground.address, self.log
        answer, socket = await open_socket(address, query, who, log, headers, answers_pings=answers_pings)
        if socket is not None:
            self._sockets.append(socket)
        return answer, socket

    async def socket(
        self,
        who: str = "ann",
        *,
        join: bool = True,
        namespace: str = "",
        headers: Mapping[str, str] | None = None,
        answers_pings: bool = True,
    ) -> Socket:
        """Open a session over a WebSocket, in a namespace unless told otherwise."""
        self.needs("websocket")
        if join:
            namespace = namespace or self.namespace
        answer, socket = await self.ask(DIRECT, who, headers, answers_pings=answers_pings)
        if socket is None or not await socket.until(lambda: socket.heard("0"), self.within_s):
            raise Untold(f"a WebSocket that was to be played over did not open: {answer}")
        if join:
            await self.join(socket, namespace)
        return socket

    async def join(self, socket: Socket, namespace: str = "") -> None:
        """Enter a namespace, which has let us in before."""
        connect = self.connect(namespace)
        socket.send(connect)
        start = f"40{self.ground.prefix(namespace or self.namespace)}"
        if not await socket.until(lambda: socket.heard(start), self.within_s):
            raise Untold(f"the namespace that let us in before does not now: {socket.closed or socket.inbox[-1:]}")

    async def probe(self, session: Session, who: str = "") -> Socket:
        """Open a WebSocket for a polling session."""
        answer, socket = await self.ask(session.query("websocket"), who or session.who, session.headers())
        if socket is None:
            self.broken("a WebSocket for the session", answer)
        return socket

    # ---- polling ---------------------------------------------------------------------------------------------------

    def stranger(self, who: str = "ann") -> Session:
        """Return somebody who makes HTTP requests and has no session."""
        session = self.ground.session(who, self.log)
        self._sessions.append(session)
        return session

    async def session(self, who: str = "ann", *, join: bool = True) -> Session:
        """Open a session over polling, in the namespace unless told otherwise."""
        self.needs("polling")
        at = self.at if join else ""
        session = self.stranger(who)
        answer = await session.http("GET", session.query())
        if answer is None or answer.status != 200:
            raise Untold(f"a session that was to be played in did not open: {answer}")
        try:
            session.sid = str(json.loads(answer.body.decode().split("\x1e")[0][1:])["sid"])
        except (ValueError, KeyError, TypeError) as error:
            raise Untold(f"a session that was to be played in has no open packet: {answer.body!r}") from error
        if cookie := answer.headers.get("set-cookie"):
            name, _, value = cookie.partition(";")[0].partition("=")
            session.cookies[name] = value
        if join:
            posted = await session.post(self.connect())
            came, _ = await session.poll_for(f"40{at}", self.within_s)
            if not any(packet.startswith(f"40{at}") for packet in came):
                raise Untold(f"the namespace that let us in before does not now: {posted}, {came}")
        return session

    def meanwhile(self, session: Session, sent: asyncio.Event | None = None) -> "asyncio.Task[Answer | None]":
        """Begin a poll and go on."""
        task = asyncio.create_task(session.get(sent=sent))
        self._tasks.append(task)
        return task

    async def pending(self, session: Session) -> "asyncio.Task[Answer | None]":
        """Begin a poll, and let others make round trips that come later: it has been heard of by then."""
        sent = asyncio.Event()
        task = self.meanwhile(session, sent)
        await sent.wait()
        await self.passes()
        return task

    async def half(self, session: Session, label: str, data: bytes) -> None:
        """Begin a request whose rest never comes, and let the server take it in."""
        _, writer = await session.address.connect()
        session.writers.append(writer)
        self.log.note(session.who, ">", label)
        self.log.say(session.who, "half", data)
        writer.write(data)
        await writer.drain()
        await self.passes()

    def hang_up(self, session: Session) -> None:
        """Cut all requests that are under way."""
        self.log.say(session.who, "hangup")
        for writer in session.writers:
            writer.transport.abort()

    async def passes(self) -> None:
        """Let the server answer requests of somebody else, unseen: by then it has heard of what was said before."""
        self.log.say("", "pause")
        stranger = self.ground.session("scout", Log())
        for _ in range(2):
            await stranger.http("GET", "EIO=4&transport=rehearsal")

    # ---- a close, a silence, and what each of them means -----------------------------------------------------------

    async def closes(self, socket: Socket, expected: str = "the server closes the connection") -> None:
        """Break a promise unless the server closes the WebSocket because of what has just been said on it."""
        said = raw.now()
        for _ in range(ROUNDS):
            if not await self._answered(socket, said, expected, self.cites[0]):
                self._in_time(socket.closed_at - said, expected)
                return
        self.broken(expected, "it stays open, and answers what is asked after it", check=Check.WIRE_CLOSED)

    async def serves(self, socket: Socket, expected: str = "the connection goes on") -> None:
        """Break a promise unless the WebSocket is open and answers."""
        for _ in range(ROUNDS):
            if not await self._answered(socket, raw.now(), expected, self.cites[0]):
                self.broken(expected, socket.closed, check=Check.CONNECTION_KEPT)

    async def is_not_dead(self, socket: Socket, *, busy: bool = False) -> None:
        """Break a promise unless the WebSocket is closed or answers; one that is busy with a flood may take longer."""
        if busy and await socket.until(socket.ask(), BUSY * self.within_s):
            return
        await self._answered(socket, raw.now(), "the session is closed, or still answers", self.cites[0])

    async def _answered(self, socket: Socket, said: float, expected: str, requirement: str) -> bool:
        """Say whether an answer came before the end of the connection; break a promise where neither comes."""
        answered = socket.ask()
        if await socket.until(answered, self.ground.quiet_s):
            return True
        if not socket.closed:
            await self._outlast(said, expected)  # a slow server is slow for everybody
        if answered() or socket.closed:
            return answered()
        also = (OPEN_AND_DEAD,) if requirement != OPEN_AND_DEAD else ()
        seconds = raw.now() - said
        came = f"it is open and dead: no answer in {seconds:.1f} s, in which another client got {ROUND_TRIPS} of them"
        raise Broken(requirement, expected, came, also, check=Check.OPEN_AND_DEAD)

    async def _outlast(self, said: float, expected: str) -> None:
        """Let the witness make its round trips; where it cannot, or the heartbeat was faster, nobody can tell."""
        for _ in range(ROUND_TRIPS):
            await self.others_are_served()
        self._in_time(raw.now() - said, expected)

    def _in_time(self, took_s: float, expected: str) -> None:
        """Say that nobody can tell where the heartbeat may have been the cause."""
        window, opened = self.ground.window_s, self.ground.opened
        if took_s > window:
            raise Untold(
                f"whether {expected} for this cannot be told: {took_s:.1f} s had passed, and with pingInterval "
                f"{opened.ping_interval_s:g} s and pingTimeout {opened.ping_timeout_s:g} s the heartbeat closes what "
                f"does not answer; only within {window:g} s a close has no other cause (try a longer pingTimeout)"
            )

    async def session_closes(self, session: Session, expected: str = "the session is closed") -> None:
        """Break a promise unless the polling session is gone because of what has just been said in it."""
        said = raw.now()
        is_gone, came = await self._gone(session, said)
        if not is_gone:
            self.broken(expected, came, check=Check.WIRE_CLOSED)
        self._in_time(raw.now() - said, expected)

    async def session_is_not_dead(self, session: Session) -> None:
        """Break a promise unless the polling session is gone or answers."""
        is_gone, came = await self._gone(session, raw.now())
        if not (is_gone or came.startswith(ANSWERS)):
            self.broken("the session is closed, or still answers", came, check=Check.OPEN_AND_DEAD)

    async def session_serves(self, session: Session, expected: str = "the session goes on") -> None:
        """Break a promise unless the polling session answers."""
        for _ in range(2):
            _, came = await self._gone(session, raw.now())
            self.require(came.startswith(ANSWERS), expected, came)

    async def _gone(self, session: Session, said: float) -> tuple[bool, str]:
        """Say whether a session is gone, and what shows it."""
        name = fence_namespace()
        posted = await session.post(f"40{name},")
        if posted is not None and posted.status != 200:
            return True, f"it is gone: {posted}"
        came, last = await session.poll_for(f"44{name}", self.ground.quiet_s)
        if last is None and not any(packet.startswith(f"44{name}") for packet in came):
            await self._outlast(said, "the session is closed")
            more, last = await session.poll_for(f"44{name}", self.ground.quiet_s)
            came += more
        if any(packet.startswith((f"44{name}", f"40{name}")) for packet in came):
            return False, f"{ANSWERS} what is asked after it"
        if "1" in came or (last is not None and last.status != 200):
            return True, f"it is gone: {last}"
        return False, "it is open and dead: a poll brings no answer, while other clients get theirs"

    async def rest(self, seconds: float) -> None:
        """Do nothing, as a client may."""
        await asyncio.sleep(seconds)

    # ---- the others ------------------------------------------------------------------------------------------------

    async def others_are_served(self) -> None:
        """Break a promise unless somebody who has done nothing still gets answers."""
        if not await self.ground.witness_is_served():
            witness = self.ground.unserved
            came = "a client that had done nothing got no answer" + (f": {witness.closed}" if witness else "")
            raise Broken(OTHERS, "other clients are served", came, check=Check.STILL_SERVED)

    def memory(self) -> int:
        """Return how much memory the server holds; 0 where nobody can tell."""
        return 0 if self.ground.process is None else self.ground.process.memory()

    def memory_is_flat(self, before: int) -> None:
        """Break a promise if the server has grown a lot since."""
        grown = self.memory() - before
        if before and grown > MAX_GROWTH:
            expected = f"memory stays as it was, give or take {MAX_GROWTH // 1_000_000} MB"
            raise Broken(MEMORY, expected, f"it grew by {grown // 1_000_000} MB", check=Check.MEMORY_FLAT)
