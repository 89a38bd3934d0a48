"""Servers that keep to nothing: each becomes one clear error or reason, never a hang, never a traceback."""

import asyncio
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from protocols.errors import ConnectionLost, ConnectRefused, NotHeard, TargetUnreachable, UsageError
from simulators import connection as connection_module
from simulators.endpoint import Endpoint, TransportName
from simulators.engine import Engine, SyncConnection
from simulators.history import History
from tests.free_port import free_port

SOON = 5.0
Hostile = Callable[[Callable[[Any], Any]], Endpoint]


@pytest.fixture(autouse=True)
def nothing_reaches_the_log(caplog: pytest.LogCaptureFixture) -> Any:
    yield
    assert caplog.records == []


def attempt(engine: Engine, toy: SimpleNamespace, endpoint: Endpoint, patience_s: float = 1.0) -> SyncConnection:
    return SyncConnection.open(engine, endpoint, toy.PROTOCOL, "alice", patience_s=patience_s)


def over(transport: TransportName, endpoint: Endpoint) -> Endpoint:
    return Endpoint(url=endpoint.url, transport=transport)


# --- nobody who speaks Socket.IO ---


@pytest.mark.parametrize("transport", ["websocket", "polling", "upgrade"])
def test_nobody_listens(engine: Engine, toy: SimpleNamespace, transport: TransportName) -> None:
    port = free_port()
    with pytest.raises(TargetUnreachable, match=f"http://127.0.0.1:{port} cannot be reached"):
        attempt(engine, toy, Endpoint(url=f"http://127.0.0.1:{port}", transport=transport))


def test_no_such_host(engine: Engine, toy: SimpleNamespace) -> None:
    with pytest.raises(TargetUnreachable):
        attempt(engine, toy, Endpoint(url="http://no-such-host.invalid:80"))


@pytest.mark.parametrize(
    "url", ["", "localhost:3001", "ftp://x", "http://", "http://[::1", "http://h:0", "http://h:99999"]
)
def test_no_url(url: str) -> None:
    with pytest.raises(UsageError, match="write it like"):
        Endpoint(url=url)


@pytest.mark.parametrize("transport", ["websocket", "polling"])
@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x00\xff garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 301 X\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n",
    ],
)
def test_no_handshake(
    engine: Engine, toy: SimpleNamespace, hostile: Hostile, transport: TransportName, answer: bytes
) -> None:
    async def behave(peer: Any) -> None:
        await peer.head()
        peer.send(answer)

    with pytest.raises(TargetUnreachable):
        attempt(engine, toy, over(transport, hostile(behave)))


@pytest.mark.parametrize("transport", ["websocket", "polling", "upgrade"])
def test_no_answer_at_all(engine: Engine, toy: SimpleNamespace, hostile: Hostile, transport: TransportName) -> None:
    async def behave(peer: Any) -> None:
        await peer.reader.read()

    started = time.monotonic()
    with pytest.raises(TargetUnreachable, match="in time"):
        attempt(engine, toy, over(transport, hostile(behave)), patience_s=0.2)
    assert time.monotonic() - started < SOON


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        ("403 Forbidden", b'{"code":4,"message":"Forbidden"}', "Forbidden"),
        ("400 Bad Request", b'"Invalid session"', "Invalid session"),
        ("429 Too Many Requests", b"Rate limit exceeded", "Rate limit exceeded"),
        ("401 Unauthorized", b"", "HTTP 401"),
    ],
)
@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_http_says_no(
    engine: Engine,
    toy: SimpleNamespace,
    hostile: Hostile,
    transport: TransportName,
    status: str,
    body: bytes,
    message: str,
) -> None:
    async def behave(peer: Any) -> None:
        await peer.head()
        peer.respond(status, body)

    with pytest.raises(ConnectRefused) as caught:
        attempt(engine, toy, over(transport, hostile(behave)))
    assert caught.value.message == message


# --- somebody who begins well ---

HANDSHAKE = b'0{"sid":"e","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}'


@pytest.mark.parametrize(
    "first", [b"", b"hello", b"0{}", b"0{", b'0{"sid":"e"}', b"9", b"40", b'40{"sid":"s"}', b"451-[]", b"3", b"2"]
)
def test_the_first_frame_is_no_handshake(engine: Engine, toy: SimpleNamespace, hostile: Hostile, first: bytes) -> None:
    async def behave(peer: Any) -> None:
        await peer.accept()
        peer.frame(first)
        await peer.reader.read()

    with pytest.raises(TargetUnreachable, match=r"gave no Engine\.IO handshake"):
        attempt(engine, toy, hostile(behave), patience_s=1.0)


@pytest.mark.parametrize(
    "second", [b"", b"40", b"40[]", b'40{"sid":1}', b"44", b"47", b'42["connect"]', HANDSHAKE, b"\xff\xff", b"1", b"41"]
)
def test_the_answer_to_connect_is_none(engine: Engine, toy: SimpleNamespace, hostile: Hostile, second: bytes) -> None:
    async def behave(peer: Any) -> None:
        await peer.accept()
        peer.frame(HANDSHAKE)
        assert await peer.read_frame() == b"40"
        peer.frame(second)
        await peer.reader.read()

    with pytest.raises(ConnectionLost, match="did not answer CONNECT"):
        attempt(engine, toy, hostile(behave))


def test_connect_is_never_answered(engine: Engine, toy: SimpleNamespace, hostile: Hostile) -> None:
    async def behave(peer: Any) -> None:
        await peer.accept()
        peer.frame(HANDSHAKE)
        await peer.reader.read()

    with pytest.raises(TargetUnreachable, match=r"did not answer CONNECT within 1 s"):
        attempt(engine, toy, hostile(behave), patience_s=1.0)


@pytest.mark.parametrize(
    ("send", "reason"),
    [
        (lambda peer: peer.frame(b"garbage"), "parse error: no Engine.IO packet"),
        (lambda peer: peer.frame(b"42"), "parse error: no JSON array"),
        (lambda peer: peer.frame(b'42["disconnect"]'), "parse error: the reserved event name"),
        (lambda peer: peer.frame(b"451-[]") or peer.frame(b'42["x"]'), "parse error: text where"),
        (lambda peer: peer.frame(b"stray", opcode=2), "parse error: a binary message that no packet"),
        (lambda peer: peer.frame(b"4" + b"[" * 5000), "parse error"),
        (lambda peer: peer.frame(b'42["x",' + b"[" * 5000), "parse error"),
        (lambda peer: peer.frame(b"x", opcode=0), "parse error: WebSocket fragments out of order"),
        (lambda peer: peer.frame(b"4", fin=False) or peer.frame(b"2"), "parse error: WebSocket fragments out of order"),
        (lambda peer: peer.frame(b"x", opcode=3), "parse error: Received frame with invalid opcode"),
        (lambda peer: peer.frame(b"x" * 126, opcode=9), "parse error: Received control frame"),
        (lambda peer: peer.send(b"\x81\x7f" + b"\x00" * 4 + b"\x7f\xff\xff\xff"), "parse error: Received frame with"),
        (lambda peer: peer.frame(b"1"), "transport close: the server sent CLOSE"),
        (lambda peer: peer.frame(b"\x03\xe9bye", opcode=8), "transport close: WebSocket closed with 1001 bye"),
        (lambda peer: peer.frame(b"41"), "io server disconnect"),
        (lambda peer: peer.writer.close(), "transport close: the TCP connection ended"),
        (lambda peer: peer.writer.transport.abort(), "transport close: the TCP connection ended"),
    ],
)  # fmt: skip
def test_the_end_of_a_connection_has_a_reason(
    engine: Engine, toy: SimpleNamespace, hostile: Hostile, send: Callable[[Any], Any], reason: str
) -> None:
    async def behave(peer: Any) -> None:
        await peer.connect()
        assert await peer.read_frame() == b"40/rehearsal-fence-0,"
        send(peer)
        await peer.reader.read()

    alice = attempt(engine, toy, hostile(behave))
    with pytest.raises(ConnectionLost) as caught:
        alice.fence(within_s=SOON)
    assert f"alice lost the connection: {reason}" in str(caught.value)
    assert str(alice.closed).startswith(reason)
    alice.abort()


@pytest.mark.parametrize("body", [b"{broken", b"NaN", b"1e999", b'"\xff"', b'{"_placeholder":true'])
def test_an_event_that_is_no_json_is_told_and_the_next_is_heard(
    engine: Engine, toy: SimpleNamespace, hostile: Hostile, body: bytes
) -> None:
    async def behave(peer: Any) -> None:
        await peer.connect()
        peer.frame(b'42["said",' + body + b"]")
        peer.frame(b'42["said",{"text":"still here"}]')
        peer.frame(b"430[NaN]")
        await peer.reader.read()

    history = History()
    alice = SyncConnection.open(engine, hostile(behave), toy.PROTOCOL, "alice", history)
    assert alice.expect(toy.Said, within_s=SOON) == toy.Said(text="still here")
    [broken] = alice.drain()
    assert broken.event is None
    assert "no JSON" in str(broken.violation)
    assert history.conversation()[1] == "alice < said"
    assert history.conversation()[2].startswith("alice ! no JSON")


def test_acks_and_packets_that_nobody_asked_for_are_told(
    engine: Engine, toy: SimpleNamespace, hostile: Hostile
) -> None:
    async def behave(peer: Any) -> None:
        await peer.connect()
        peer.frame(b"437[]")
        peer.frame(b'42/elsewhere,["said",{"text":"x"}]')
        peer.frame(b'42["said",{"text":"end"}]')
        await peer.reader.read()

    history = History()
    alice = SyncConnection.open(engine, hostile(behave), toy.PROTOCOL, "alice", history)
    alice.expect(toy.Said, within_s=SOON)
    assert history.conversation()[1:3] == [
        "alice ! an ack #7 of nothing that waits for one",
        "alice ! a packet for /elsewhere, where nobody is",
    ]


def test_whoever_listens_for_acks_is_told_of_each_also_of_a_second_one(
    engine: Engine, toy: SimpleNamespace, hostile: Hostile
) -> None:
    async def behave(peer: Any) -> None:
        await peer.connect()
        assert (await peer.read_frame()).startswith(b'420["ask"')
        for text in (b"one", b"two"):
            peer.frame(b'430[{"text":"%b"}]' % text)
        peer.frame(b'42["said",{"text":"over"}]')
        await peer.reader.read()

    async def ask(endpoint: Endpoint) -> list[str]:
        told: list[str] = []
        over = asyncio.Event()
        connection = await connection_module.Connection.open(
            endpoint,
            toy.PROTOCOL,
            "alice",
            on_event=lambda received: over.set(),
            on_answer=lambda answer: told.append(f"{answer}"),
        )
        ack_id, sent_ns = connection.ask_raw("ask", {"text": "?"})
        assert (ack_id, sent_ns > 0) == (0, True)
        async with asyncio.timeout(SOON):
            await over.wait()
        connection.abort()
        return told

    assert engine.submit(ask(hostile(behave))) == ['ack of ask {"text":"one"}', 'an ack {"text":"two"}']


def test_a_message_in_fragments_is_put_together(engine: Engine, toy: SimpleNamespace, hostile: Hostile) -> None:
    async def behave(peer: Any) -> None:
        await peer.connect()
        packet = b'42["said",{"text":"in parts"}]'
        peer.frame(packet[:1], fin=False)
        for index in range(1, len(packet)):
            peer.frame(packet[index : index + 1], opcode=0, fin=False)
            peer.frame(b"?", opcode=9)
        peer.frame(b"", opcode=0)
        await peer.reader.read()

    alice = attempt(engine, toy, hostile(behave))
    assert alice.expect(toy.Said, within_s=SOON) == toy.Said(text="in parts")
    alice.abort()


def test_a_server_without_heartbeats_times_out(engine: Engine, toy: SimpleNamespace, hostile: Hostile) -> None:
    async def behave(peer: Any) -> None:
        await peer.connect(interval_ms=100, timeout_ms=50)
        await asyncio.sleep(0.1)
        peer.frame(b"2")  # one beat, and no more
        await peer.reader.read()

    alice = attempt(engine, toy, hostile(behave))
    started = time.monotonic()
    assert alice.wait_closed(SOON) == "ping timeout"
    assert time.monotonic() - started > 0.15


def test_a_server_may_name_any_heartbeat(engine: Engine, toy: SimpleNamespace, hostile: Hostile) -> None:
    async def behave(peer: Any) -> None:
        await peer.connect(interval_ms=2**62, timeout_ms=2**63)
        await peer.reader.read()

    alice = attempt(engine, toy, hostile(behave))
    assert alice.closed is None
    alice.abort()


def test_a_fence_that_is_let_in_goes_out_again(engine: Engine, toy: SimpleNamespace, hostile: Hostile) -> None:
    async def behave(peer: Any) -> None:
        await peer.connect()
        assert await peer.read_frame() == b"40/rehearsal-fence-0,"
        peer.frame(b'40/rehearsal-fence-0,{"sid":"x"}')
        assert await peer.read_frame() == b"41/rehearsal-fence-0,"
        peer.frame(b'42["said",{"text":"bye"}]')
        await peer.reader.read()

    alice = attempt(engine, toy, hostile(behave))
    alice.fence(within_s=SOON)
    assert alice.expect(toy.Said, within_s=SOON) == toy.Said(text="bye")
    alice.abort()


def test_a_fence_that_is_not_answered_is_not_heard(engine: Engine, toy: SimpleNamespace, hostile: Hostile) -> None:
    async def behave(peer: Any) -> None:
        await peer.connect()
        await peer.reader.read()

    alice = attempt(engine, toy, hostile(behave))
    with pytest.raises(NotHeard, match="fence"):
        alice.fence(within_s=0.05)
    with pytest.raises(NotHeard, match="still connected"):
        alice.wait_closed(0.05)
    alice.abort()


def test_what_nobody_expects_does_not_pile_up(
    engine: Engine, toy: SimpleNamespace, hostile: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "MAX_UNHEARD", 100)

    async def behave(peer: Any) -> None:
        await peer.connect()
        for _ in range(101):
            peer.frame(b'42["said",{"text":"more"}]')
        await peer.reader.read()

    alice = attempt(engine, toy, hostile(behave))
    assert alice.wait_closed(SOON).startswith("our own limit: 100 events")
    assert len(alice.heard()) == 101


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_a_target_that_does_not_read_is_given_up(
    engine: Engine, toy: SimpleNamespace, hostile: Hostile, transport: TransportName
) -> None:
    async def behave(peer: Any) -> None:
        if transport == "websocket":
            await peer.connect()
            await asyncio.sleep(60)
        elif (head := await peer.head()).startswith(b"POST"):
            await asyncio.sleep(60) if b"Content-Length: 2\r\n" not in head else peer.respond("200 OK", b"ok")
        elif b"sid=" not in head:
            peer.respond("200 OK", HANDSHAKE)
        elif not connected:
            connected.append(True)
            peer.respond("200 OK", b'40{"sid":"s"}')
        else:
            await asyncio.sleep(60)

    connected: list[bool] = []
    alice = attempt(engine, toy, over(transport, hostile(behave)))

    def flood() -> None:
        for _ in range(40):
            alice.emit_raw("say", "x" * 1_000_000)

    with pytest.raises(ConnectionLost, match="the target does not read"):
        flood()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b'HTTP/1.1 400 No\r\nContent-Length: 17\r\n\r\n{"message":"why"}', "transport error: connection refused"),
        (b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", "transport error"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\ngarbage", "parse error: no Engine.IO packet"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "parse error: no Engine.IO packet"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 700\r\n\r\n42[", "transport error"),
        (b"", "transport error"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1", "transport close: the server sent CLOSE"),
    ],
)  # fmt: skip
def test_polling_that_ends_has_a_reason(
    engine: Engine, toy: SimpleNamespace, hostile: Hostile, answer: bytes, reason: str
) -> None:
    async def behave(peer: Any) -> None:
        head = await peer.head()
        if head.startswith(b"POST"):
            peer.respond("200 OK", b"ok")
        elif b"sid=" not in head:
            peer.respond("200 OK", HANDSHAKE)
        else:
            peer.send(answer)

    with pytest.raises(ConnectionLost, match="did not answer CONNECT") as caught:
        attempt(engine, toy, over("polling", hostile(behave))).wait_closed(SOON)
    assert reason in str(caught.value)


@pytest.mark.parametrize("probe_answer", [b"3", b"6", b"garbage", b'42["x"]', None])
def test_an_upgrade_that_fails_is_told(
    engine: Engine, toy: SimpleNamespace, hostile: Hostile, probe_answer: bytes | None
) -> None:
    async def behave(peer: Any) -> None:
        if not transports:
            transports.append("polling")
            await peer.head()
            peer.respond("200 OK", HANDSHAKE.replace(b"[]", b'["websocket"]'))
            return
        head = await peer.head()
        if b"transport=polling" in head:
            await peer.reader.read()
            return
        peer.reader.feed_data(b"")
        peer.head = lambda: asyncio.sleep(0, head)
        await peer.accept()
        assert await peer.read_frame() == b"2probe"
        if probe_answer is not None:
            peer.frame(probe_answer)
            await peer.reader.read()

    transports: list[str] = []
    with pytest.raises(TargetUnreachable, match="upgrade"):
        attempt(engine, toy, over("upgrade", hostile(behave)), patience_s=1.5)


def test_no_upgrade_is_offered(engine: Engine, toy: SimpleNamespace, hostile: Hostile) -> None:
    async def behave(peer: Any) -> None:
        head = await peer.head()
        if b"sid=" not in head:
            peer.respond("200 OK", HANDSHAKE)
        await peer.reader.read()

    with pytest.raises(TargetUnreachable, match="offers no upgrade"):
        attempt(engine, toy, over("upgrade", hostile(behave)))
