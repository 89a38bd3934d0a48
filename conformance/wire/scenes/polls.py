"""Polling: what a GET brings, what a POST takes, and how many of them there may be at a time."""

import asyncio
from collections.abc import Sequence
from typing import Final

from conformance.case import Skipped
from conformance.wire.bench import Bench
from conformance.wire.case import Wires
from conformance.wire.clients import Session, fence_namespace
from conformance.wire.raw import Answer

WIRES: Final = Wires("polling")
_PROXIES: Final = ("nginx", "cloudflare", "envoy", "openresty", "caddy", "traefik", "haproxy")
MUCH: Final = 20_000_000
"""Bytes that one does not send to see whether they are taken."""


@WIRES.shows("polling/1")
async def get_of_an_unknown_session(bench: Bench) -> None:
    """A GET with a sid that nobody was given."""
    await _refuses_stranger(bench, "GET")


@WIRES.shows("polling/2")
async def post_of_an_unknown_session(bench: Bench) -> None:
    """A POST with a sid that nobody was given."""
    await _refuses_stranger(bench, "POST")


async def _refuses_stranger(bench: Bench, method: str) -> None:
    bench.needs("polling")
    session = bench.stranger()
    answer = await session.http(method, session.query(sid="nobody"), b"40" if method == "POST" else b"")
    bench.require(answer is not None and answer.status == 400, "HTTP 400", answer)


@WIRES.shows("polling/3")
async def a_post_is_answered_ok(bench: Bench) -> None:
    """The answer to a POST."""
    session = await bench.session(join=False)
    answer = await session.post(f"40{fence_namespace()},")
    ok = answer is not None and (answer.status, answer.body) == (200, b"ok")
    bench.require(ok, "HTTP 200 with the body `ok`", answer and f"{answer} with the body {answer.body!r}")


@WIRES.shows("polling/6")
async def a_poll_brings_what_there_is(bench: Bench) -> None:
    """What is waiting comes with the next GET."""
    session = await bench.session(join=False)
    bench.require(await session.fence(bench.within_s), "the answer to a CONNECT packet in a poll", "it did not come")


@WIRES.shows("polling/7")
async def several_packets_in_a_payload(bench: Bench) -> None:
    """Three packets, three answers, in order."""
    await _answers_all(bench, 3)


@WIRES.shows("polling/7")
async def a_hundred_packets_in_a_payload(bench: Bench) -> None:
    """No document knows a limit but `maxPayload`. (python-engineio takes 16, and loses the rest.)"""
    await _answers_all(bench, 100)


async def _answers_all(bench: Bench, count: int) -> None:
    session = await bench.session(join=False)
    names = [fence_namespace() for _ in range(count)]
    posted = await session.post("\x1e".join(f"40{name}," for name in names))
    bench.require(posted is not None and posted.status == 200, f"HTTP 200 for {count} packets", posted)
    came, _ = await session.poll_for(f"44{names[-1]}", bench.within_s)
    answers = [packet.partition(",")[0][2:] for packet in came if packet.startswith("44")]
    bench.require(answers == names, f"{count} answers in order", f"{len(answers)} answers: {answers[:5]} …")


@WIRES.shows("polling/8")
async def binary_is_base64(bench: Bench) -> None:
    """Bytes there and back."""
    name = bench.own_event("echo")
    session = await bench.session()
    await session.post(f'451-{bench.at}["{name}",{{"_placeholder":true,"num":0}}]\x1ebAQIDBA==')
    came, _ = await session.poll_for("b", bench.within_s)
    bench.require("bAQIDBA==" in came, "the attachment as `bAQIDBA==`", came)


@WIRES.shows("polling/9")
async def no_content_type_means_text(bench: Bench) -> None:
    """A POST that does not say what it is."""
    session = await bench.session(join=False)
    name = fence_namespace()
    answer = await session.post(f"40{name},", {"Content-Type": ""})
    bench.require(answer is not None and answer.status == 200, "HTTP 200", answer)
    came, _ = await session.poll_for(f"44{name}", bench.within_s)
    bench.require(any(name in packet for packet in came), "the answer to what was sent", came)


@WIRES.shows("polling/5")
async def two_gets_at_a_time(bench: Bench) -> None:
    """The second is refused, and the session ends."""
    session = await bench.session(join=False)
    answers = await asyncio.gather(bench.meanwhile(session), bench.meanwhile(session))
    statuses = [None if answer is None else answer.status for answer in answers]
    refused = any(status in (400, 500) for status in statuses)
    bench.require(refused and None not in statuses, "one of two GETs is refused, and the other ends", statuses)
    await bench.session_closes(session)


@WIRES.shows("polling/4")
async def two_posts_at_a_time(bench: Bench) -> None:
    """A POST whose body has not ended, and another."""
    session = await bench.session(join=False)
    name = fence_namespace()
    raw = session.address.request("POST", session.query(), f"40{name},".encode(), session.headers())
    await bench.half(session, "POST, all but its last bytes", raw[:-3])
    second = await session.post(f"40{fence_namespace()},")
    if second is not None and second.status == 200 and _is_proxied(second):
        raise Skipped("a proxy stands before it, which passes on whole bodies alone")
    bench.require(second is not None and second.status == 400, "HTTP 400 for the second POST", second)
    await bench.session_closes(session)


def _is_proxied(answer: Answer) -> bool:
    server = answer.headers.get("server", "").lower()
    return "via" in answer.headers or any(name in server for name in _PROXIES)


@WIRES.shows("polling/10")
async def a_poll_that_is_broken_off(bench: Bench) -> None:
    """Whoever hangs up amid a poll has left."""
    session = await bench.session(join=False)
    poll = await bench.pending(session)
    bench.hang_up(session)
    await poll
    await bench.session_closes(session)


@WIRES.shows("polling/11")
async def a_body_in_segments(bench: Bench) -> None:
    """A body that TCP delivers piece by piece."""
    session = await bench.session(join=False)
    raw = _post(session, name := fence_namespace())
    await _is_read_whole(bench, session, name, [raw[:-20], raw[-20:-10], raw[-10:]])


@WIRES.shows("polling/11")
async def a_head_in_segments(bench: Bench) -> None:
    """A head that is cut in the middle, too."""
    session = await bench.session(join=False)
    raw = _post(session, name := fence_namespace())
    await _is_read_whole(bench, session, name, [raw[:40], raw[40:90], raw[90:]])


@WIRES.shows("polling/11")
async def a_body_in_chunks(bench: Bench) -> None:
    """A body that HTTP cuts in chunks."""
    session = await bench.session(join=False)
    name = fence_namespace()
    body = f"40{name},".encode()
    headers = {"Transfer-Encoding": "chunked", "Content-Type": "text/plain;charset=UTF-8"}
    head = session.address.request("POST", session.query(), b"", session.headers(headers))
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(body[at : at + 5]), body[at : at + 5]) for at in range(0, len(body), 5))
    await _is_read_whole(bench, session, name, [head + chunks + b"0\r\n\r\n"])


@WIRES.shows("polling/11")
async def a_long_body(bench: Bench) -> None:
    """A body that no TCP segment could hold. (python-engineio on aiohttp loses all but the first of it.)"""
    session = await bench.session()
    name = fence_namespace()
    size = min(bench.ground.opened.max_payload, 800_000) - 200
    event = f'42{bench.at}["rehearsal","{"x" * size}"]'
    raw = _post(session, name, f"{event}\x1e")
    await _is_read_whole(bench, session, name, [raw[:100_000], raw[100_000:]])


def _post(session: Session, name: str, before: str = "") -> bytes:
    return session.address.request("POST", session.query(), f"{before}40{name},".encode(), session.headers())


async def _is_read_whole(bench: Bench, session: Session, name: str, segments: Sequence[bytes]) -> None:
    answer = await session.exchange(f"POST 40{name}, in {len(segments)} segments", *segments)
    bench.require(answer is not None and answer.status == 200, "HTTP 200", answer)
    came, _ = await session.poll_for(f"44{name}", bench.within_s)
    bench.require(any(name in packet for packet in came), "the answer to the last packet of the body", came)


@WIRES.shows("polling/12")
async def what_is_no_packet(bench: Bench) -> None:
    """A payload of no packets."""
    session = await bench.session(join=False)
    await session.post("abc")
    await bench.session_closes(session)


@WIRES.shows("polling/14")
async def what_is_no_packet_gets_400(bench: Bench) -> None:
    """It is not said to have succeeded. (JavaScript's server says so, and closes the session.)"""
    session = await bench.session(join=False)
    answer = await session.post("abc")
    bench.require(answer is None or answer.status in (0, 400), "HTTP 400", answer)


@WIRES.shows("polling/13")
async def a_payload_of_the_greatest_length(bench: Bench) -> None:
    """As long as the handshake allows."""
    session = await bench.session()
    answer = await session.post(_event_of(bench, bench.ground.opened.max_payload))
    bench.require(answer is not None and answer.status == 200, "HTTP 200 for a payload of maxPayload", answer)
    await bench.session_serves(session)


@WIRES.shows("polling/13")
async def a_payload_that_is_too_long(bench: Bench) -> None:
    """One byte more."""
    session = await bench.session()
    answer = await session.post(_event_of(bench, bench.ground.opened.max_payload + 1))
    bench.require(answer is not None and answer.status != 200, "a refusal of more than maxPayload", answer)


def _event_of(bench: Bench, size: int) -> str:
    if size > MUCH:
        raise Skipped(f"its maxPayload of {size} bytes is too much to try")
    head, tail = f'42{bench.at}["rehearsal","', '"]'
    return f"{head}{'x' * (size - len(head) - len(tail))}{tail}"
