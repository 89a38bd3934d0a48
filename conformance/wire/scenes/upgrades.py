"""Going over from polling to a WebSocket, and what happens when that fails."""

from typing import Final

from conformance.wire import raw
from conformance.wire.bench import Bench
from conformance.wire.case import Wires
from conformance.wire.clients import DIRECT, Session, Socket, fence_namespace
from conformance.wire.scenes.handshakes import read_sid
from conformance.wire.scenes.heartbeats import HORIZON_S

WIRES: Final = Wires("upgrade")
MANY: Final = 50
"""So many empty polls a second are a busy loop."""


async def probed(bench: Bench, session: Session) -> Socket:
    """Open a WebSocket for the session and probe it."""
    socket = await bench.probe(session)
    socket.send("2probe")
    answered = await socket.until(lambda: "3probe" in socket.inbox, bench.within_s)
    bench.require(answered, "`3probe` for `2probe`", socket.closed or "nothing", "wire/upgrade/1")
    return socket


async def _upgraded(bench: Bench) -> tuple[Session, Socket]:
    bench.needs("polling", "websocket")
    session = await bench.session(join=False)
    socket = await probed(bench, session)
    socket.send("5")
    done = await socket.fence(bench.within_s)
    bench.require(done, "an answer over the WebSocket", socket.closed or "nothing", "wire/upgrade/3")
    return session, socket


@WIRES.shows("upgrade/1")
async def a_probe_is_answered(bench: Bench) -> None:
    """The probe comes back."""
    bench.needs("polling", "websocket")
    await probed(bench, await bench.session(join=False))


@WIRES.shows("upgrade/2")
async def a_pending_poll_ends(bench: Bench) -> None:
    """The poll that was under way gets a noop."""
    bench.needs("polling", "websocket")
    session = await bench.session(join=False)
    poll = await bench.pending(session)
    await probed(bench, session)
    answer = await poll
    ended = answer is not None and answer.status == 200 and "6" in answer.body.decode().split("\x1e")
    bench.require(ended, "the pending poll ends with a `6`", answer and f"{answer} {answer.body!r}")


@WIRES.shows("upgrade/3")
async def what_is_said_later_goes_over_the_websocket(bench: Bench) -> None:
    """Answers come there."""
    _, socket = await _upgraded(bench)
    await bench.serves(socket)


@WIRES.shows("upgrade/3")
async def nothing_is_lost_on_the_way(bench: Bench) -> None:
    """What waited for a poll comes over the WebSocket, in order."""
    bench.needs("polling", "websocket")
    session = await bench.session(join=False)
    names = [fence_namespace() for _ in range(3)]
    await session.post("\x1e".join(f"40{name}," for name in names))
    socket = await probed(bench, session)
    socket.send("5")
    await socket.fence(bench.within_s)
    came = [name for name in (str(one).partition(",")[0][2:] for one in socket.inbox) if name in names]
    bench.require(came == names, "three answers that no poll had fetched, in order", f"{came} of {names}")


@WIRES.shows("upgrade/4")
async def http_is_refused_later(bench: Bench) -> None:
    """The session no longer polls."""
    session, socket = await _upgraded(bench)
    answer = await session.get()
    bench.require(answer is not None and answer.status == 400, "HTTP 400 for a GET", answer)
    posted = await session.post(f"40{fence_namespace()},")
    bench.require(posted is not None and posted.status == 400, "HTTP 400 for a POST", posted)
    await bench.serves(socket)


@WIRES.shows("upgrade/5")
async def a_second_websocket_later(bench: Bench) -> None:
    """It is closed, and the first goes on."""
    session, socket = await _upgraded(bench)
    await _second(bench, session.query("websocket"), session.headers())
    await bench.serves(socket, "the first WebSocket goes on")


@WIRES.shows("upgrade/5")
async def a_second_websocket_of_a_session_that_began_with_one(bench: Bench) -> None:
    """Likewise where there was no upgrade. (JavaScript's server leaves it open for some time.)"""
    first = await bench.socket(join=False)
    sid = read_sid(str(first.inbox[0]))
    await _second(bench, f"{DIRECT}&sid={sid}", {})
    await bench.serves(first, "the first WebSocket goes on")


async def _second(bench: Bench, query: str, headers: dict[str, str]) -> None:
    _, second = await bench.ask(query, "ann2", headers)
    if second is None:
        return
    second.send("2probe", "5", f"40{fence_namespace()},")
    closed = await second.until(lambda: bool(second.closed), bench.ground.quiet_s)
    for _ in range(0 if closed else 5):
        await bench.others_are_served()
    bench.require(bool(second.closed), "the second WebSocket is refused or closed", f"open, with {second.inbox}")


@WIRES.shows("upgrade/6")
async def a_websocket_for_an_unknown_session(bench: Bench) -> None:
    """Nobody was given this sid."""
    bench.needs("websocket")
    _, socket = await bench.ask(f"{DIRECT}&sid=nobody")
    if socket is not None:
        await bench.closes(socket, "the server refuses the WebSocket, or closes it")


@WIRES.shows("upgrade/7")
async def one_that_dies_before_its_probe(bench: Bench) -> None:
    """Polling goes on."""
    session, socket = await _begun(bench)
    await socket.leave()
    await _polls_on(bench, session)


@WIRES.shows("upgrade/7")
async def one_that_dies_after_its_probe(bench: Bench) -> None:
    """Polling goes on."""
    session, socket = await _begun(bench)
    await _probe(bench, socket)
    await socket.leave()
    await _polls_on(bench, session)


@WIRES.shows("upgrade/7", beside=True)
async def one_that_stalls_before_its_probe(bench: Bench) -> None:
    """Polling goes on."""
    session, _ = await _begun(bench)
    await _polls_on(bench, session)


@WIRES.shows("upgrade/7", beside=True)
async def one_that_stalls_after_its_probe(bench: Bench) -> None:
    """Polling goes on."""
    session, socket = await _begun(bench)
    await _probe(bench, socket)
    await _polls_on(bench, session)


@WIRES.shows("upgrade/7")
async def one_that_says_something_else(bench: Bench) -> None:
    """Polling goes on."""
    session, socket = await _begun(bench)
    socket.send("4nonsense")
    await _polls_on(bench, session)


async def _begun(bench: Bench) -> tuple[Session, Socket]:
    bench.needs("polling", "websocket")
    session = await bench.session(join=False)
    return session, await bench.probe(session)


async def _probe(bench: Bench, socket: Socket) -> None:
    socket.send("2probe")
    await socket.until(lambda: "3probe" in socket.inbox, bench.within_s)


async def _polls_on(bench: Bench, session: Session) -> None:
    """Break a promise unless the session gets an answer by polling, without a busy loop of empty polls.

    While the upgrade may still come, polls may be ended by a noop, as the documents have it; but not all the time.
    """
    name = fence_namespace()
    posted = await session.post(f"40{name},")
    bench.require(posted is not None and posted.status == 200, "the session goes on over polling", posted)
    began, polls, body = raw.now(), 0, b""
    while (took_s := raw.now() - began) < HORIZON_S:
        answer = await session.get()
        if answer is None or answer.status != 200:
            bench.broken("the session goes on over polling", answer or "a poll without an answer")
        body = answer.body
        if f"44{name}".encode() in body:
            return
        polls += 1
        if polls > MANY and polls / took_s > MANY:
            break
    bench.broken("a poll brings what there is", f"{polls} polls in {took_s:.1f} s brought nothing but {body!r}")
