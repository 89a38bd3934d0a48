"""The connection over real sockets: to a stock server, over every transport."""

import contextlib
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from protocols.errors import (
    ConnectionLost,
    ConnectRefused,
    InvalidPayload,
    NotHeard,
    UnknownEvent,
    UsageError,
    WireError,
)
from simulators.connection import Connection, Received
from simulators.endpoint import Endpoint, TransportName
from simulators.engine import Engine, SyncConnection
from simulators.history import History

SOON = 5.0  # seconds, far more than anything here needs


@pytest.fixture(params=["websocket", "polling", "upgrade"])
def transport(request: pytest.FixtureRequest) -> TransportName:
    name: TransportName = request.param
    return name


@contextlib.contextmanager
def opened(
    engine: Engine, endpoint: Endpoint, toy: SimpleNamespace, history: History | None = None
) -> Iterator[SyncConnection]:
    connection = SyncConnection.open(engine, endpoint, toy.PROTOCOL, "alice", history)
    try:
        yield connection
    finally:
        connection.close()


@pytest.fixture
def history() -> History:
    return History()


@pytest.fixture
def alice(
    engine: Engine, stock_url: str, transport: TransportName, toy: SimpleNamespace, history: History
) -> Iterator[SyncConnection]:
    with opened(engine, Endpoint(url=stock_url, transport=transport), toy, history) as connection:
        yield connection


def test_what_is_said_comes_back_typed_and_in_order(
    alice: SyncConnection, toy: SimpleNamespace, history: History
) -> None:
    for number in range(50):
        alice.emit(toy.Say(text=str(number)))
    alice.fence(within_s=SOON)
    assert [received.event for received in alice.drain()] == [toy.Said(text=str(number)) for number in range(50)]
    lines = history.conversation()
    assert lines[0] == "alice = connected"
    assert lines.count('alice > say {"text":"7"}') == 1
    assert lines.count('alice < said {"text":"7"}') == 1


def test_a_backlog_goes_out_in_payloads_that_every_server_takes(
    engine: Engine, toy: SimpleNamespace, stock_url: str, transport: TransportName
) -> None:
    heard: list[Received] = []

    async def talk() -> None:
        endpoint = Endpoint(url=stock_url, transport=transport)
        connection = await Connection.open(endpoint, toy.PROTOCOL, "alice", on_event=heard.append)
        for number in range(100):
            connection.emit(toy.Say(text=str(number)))
        await connection.fence(within_s=SOON)
        await connection.close()

    engine.submit(talk())
    assert [received.event for received in heard] == [toy.Said(text=str(number)) for number in range(100)]


def test_an_ack_is_typed(alice: SyncConnection, toy: SimpleNamespace, history: History) -> None:
    answers = [alice.call(toy.Ask(text=text), within_s=SOON) for text in ("one", "two")]
    assert [answer.ack for answer in answers] == [toy.Answered(text="one"), toy.Answered(text="two")]
    assert all(answer.sent_ns < answer.at_ns for answer in answers)
    assert history.conversation()[-2:] == ['alice > ask #1 {"text":"two"}', 'alice < ack of ask #1 {"text":"two"}']


def test_an_ack_that_breaks_the_contract_is_told_not_raised(alice: SyncConnection, history: History) -> None:
    answer = alice.call_raw("ask", {"wrong": 1}, within_s=SOON)
    assert (answer.ack, answer.arguments) == (None, [{"wrong": 1}])
    assert isinstance(answer.violation, InvalidPayload)
    assert history.conversation()[-1].startswith("alice ! invalid ack of ask")


def test_bytes_travel_both_ways_at_any_depth(alice: SyncConnection) -> None:
    value = {"list": [b"\x00\xff", {"deep": b""}], "text": "é광"}
    assert alice.call_raw("ask", value, within_s=SOON).arguments == [value]


def test_a_large_message_travels(alice: SyncConnection) -> None:
    # More than one read of it could be cut by the stock server, which reads a polling body only once.
    value = {"text": "x" * 60_000}
    assert alice.call_raw("ask", value, within_s=SOON).arguments == [value]


def test_what_breaks_the_contract_is_told_not_raised(alice: SyncConnection, history: History) -> None:
    alice.emit_raw("lie", {"text": 1}, "two")
    alice.fence(within_s=SOON)
    said, unknown = alice.drain()
    assert (said.event, said.arguments) == (None, [{"text": 1}, "two"])
    assert isinstance(said.violation, InvalidPayload)
    assert isinstance(unknown.violation, UnknownEvent)
    assert history.conversation()[-4:] == [
        'alice < said {"text":1} "two"',
        "alice ! invalid said: payload: 1 argument expected, 2 came",
        "alice < unknown",
        "alice ! unknown event 'unknown'",
    ]


def test_expect_takes_what_came_and_waits_for_what_comes(alice: SyncConnection, toy: SimpleNamespace) -> None:
    for text in ("a", "b", "c"):
        alice.emit(toy.Say(text=text))
    assert alice.expect(toy.Said, {"text": "b"}, within_s=SOON) == toy.Said(text="b")
    assert alice.expect(toy.Said, within_s=SOON) == toy.Said(text="a")
    assert alice.expect(toy.Said, lambda said: said.text > "b", within_s=SOON) == toy.Said(text="c")
    assert alice.drain() == []


def test_expect_lists_what_it_heard_instead(alice: SyncConnection, toy: SimpleNamespace) -> None:
    alice.emit(toy.Say(text="here"))
    alice.fence(within_s=SOON)
    with pytest.raises(NotHeard, match=r'alice did not hear said .*gone.* within 0.05 s, but said {"text":"here"}'):
        alice.expect(toy.Said, {"text": "gone"}, within_s=0.05)
    assert len(alice.heard()) == 1


def test_a_predicate_that_fails_fails_where_it_was_given(alice: SyncConnection, toy: SimpleNamespace) -> None:
    waiting = alice._engine.spawn(alice.connection.expect(toy.Said, lambda said: said.nothing, within_s=SOON))
    alice.emit(toy.Say(text="x"))
    with pytest.raises(AttributeError):
        waiting.result()
    assert alice.closed is None


def test_no_ack_is_not_heard(alice: SyncConnection) -> None:
    with pytest.raises(NotHeard, match="the ack of nobody:knows"):
        alice.call_raw("nobody:knows", within_s=0.05)


def test_an_event_that_wants_an_ack_gets_it(alice: SyncConnection, toy: SimpleNamespace) -> None:
    alice.emit_raw("want_ack")
    alice.fence(within_s=SOON)
    [received] = alice.drain()
    alice.answer(received, 1, b"two")
    assert alice.expect(toy.Said, within_s=SOON) == toy.Said(text="(1, b'two')")
    alice.emit(toy.Say(text="plain"))
    alice.fence(within_s=SOON)
    with pytest.raises(UsageError, match="wants no ack"):
        alice.answer(alice.drain()[0])


def test_the_end_by_the_server_is_an_event(alice: SyncConnection, toy: SimpleNamespace, history: History) -> None:
    alice.emit_raw("kick")
    assert alice.wait_closed(SOON) == "io server disconnect"
    with pytest.raises(ConnectionLost, match="io server disconnect"):
        alice.emit(toy.Say(text="too late"))
    assert history.conversation()[-1] == "alice = closed: io server disconnect"


def test_the_end_by_us_is_an_event_too(alice: SyncConnection, toy: SimpleNamespace) -> None:
    waiting = alice._engine.spawn(alice.connection.expect(toy.Said, within_s=SOON))
    alice.fence(within_s=SOON)
    alice.abort()
    with pytest.raises(ConnectionLost, match="transport aborted"):
        waiting.result()
    assert alice.wait_closed(SOON) == "transport aborted"
    alice.close()


def test_heartbeats_keep_a_connection_and_silence_ends_it(
    engine: Engine, stock_url: str, transport: TransportName, toy: SimpleNamespace
) -> None:
    endpoint = Endpoint(url=stock_url, transport=transport)
    with opened(engine, endpoint, toy) as steady, opened(engine, endpoint, toy) as silent:
        silent.fall_silent()
        reason = silent.wait_closed(10.0)  # the server pings after 1 s, waits 1 s, and looks in its own time
        assert reason.startswith(("transport", "ping timeout"))
        steady.fence(within_s=SOON)


def test_a_refusal_carries_what_the_server_said(
    engine: Engine, stock_url: str, transport: TransportName, toy: SimpleNamespace
) -> None:
    history = History()
    endpoint = Endpoint(url=stock_url, transport=transport, auth={"token": "bad"})
    with pytest.raises(ConnectRefused, match="not you") as caught:
        SyncConnection.open(engine, endpoint, toy.PROTOCOL, "mallory", history)
    assert caught.value.data == {"message": "not you", "data": {"code": "E1001"}}
    assert history.conversation() == ["mallory = refused: not you"]


def test_an_unknown_namespace_is_refused(engine: Engine, stock_url: str, toy: SimpleNamespace) -> None:
    with pytest.raises(ConnectRefused):
        SyncConnection.open(engine, Endpoint(url=stock_url, namespace="/none"), toy.PROTOCOL, "alice")


def test_other_namespaces_headers_queries_and_addresses_arrive(
    engine: Engine, stock_url: str, transport: TransportName, toy: SimpleNamespace
) -> None:
    with opened(engine, Endpoint(url=stock_url, namespace="/room", transport=transport), toy) as connection:
        assert connection.call_raw("ask", {"text": "in here"}, within_s=SOON).arguments == [{"text": "in here"}]
        connection.fence(within_s=SOON)
    endpoint = Endpoint(
        url=stock_url, transport=transport, headers={"X-Who": "alice"}, query={"a": "b"}, local_addr="127.0.0.9"
    )
    with opened(engine, endpoint, toy) as connection:
        carried = "polling" if transport == "polling" else "websocket"
        expected = {"from": "127.0.0.9", "header": "alice", "transport": carried}
        assert connection.call_raw("where", within_s=SOON).arguments == [expected]


def test_raw_data_goes_out_as_it_is(alice: SyncConnection, toy: SimpleNamespace, history: History) -> None:
    alice.send_raw('42["say",{"text":"by hand"}]')
    assert alice.expect(toy.Said, within_s=SOON) == toy.Said(text="by hand")
    assert 'alice > raw "42[\\"say\\",{\\"text\\":\\"by hand\\"}]"' in history.conversation()


def test_what_cannot_be_sent_is_refused_and_harms_nothing(alice: SyncConnection) -> None:
    with pytest.raises(WireError):
        alice.emit_raw("say", float("nan"))
    with pytest.raises(WireError):
        alice.call_raw("ask", object(), within_s=SOON)
    assert alice.call_raw("ask", 1, within_s=SOON).arguments == [1]


def test_a_hook_gets_each_event_and_nothing_is_kept(engine: Engine, stock_url: str, toy: SimpleNamespace) -> None:
    names: list[str] = []
    events: list[Received] = []

    def hook(received: Received) -> None:
        names.append(received.name)
        events.append(received)

    async def flood() -> list[Received]:
        connection = await Connection.open(Endpoint(url=stock_url), toy.PROTOCOL, "crowd", on_event=hook)
        connection.emit_raw("flood", 500)
        await connection.call_raw("ask", {"text": ""}, within_s=SOON)
        await connection.fence(within_s=SOON)
        await connection.close()
        return connection.heard()

    assert engine.submit(flood()) == []
    assert names == ["said"] * 500
    assert [received.event for received in events] == [toy.Said(text=str(number)) for number in range(500)]


def test_many_connections_live_in_one_thread(engine: Engine, stock_url: str, toy: SimpleNamespace) -> None:
    heard: list[str] = []

    async def crowd() -> None:
        connections = [
            await Connection.open(
                Endpoint(url=stock_url), toy.PROTOCOL, f"p{number}", on_event=lambda r: heard.append(r.name)
            )
            for number in range(60)
        ]
        for connection in connections:
            connection.emit(toy.Say(text="hello"))
        for connection in connections:
            await connection.fence(within_s=SOON)
            await connection.close()

    engine.submit(crowd())
    assert heard == ["said"] * 60


def test_who_knocks_stays_where_the_namespace_refuses(
    engine: Engine, stock_url: str, toy: SimpleNamespace, history: History
) -> None:
    async def knock(token: str) -> tuple[str | None, bool]:
        endpoint = Endpoint(url=stock_url, auth={"token": token})
        connection, refused = await Connection.knock(endpoint, toy.PROTOCOL, "alice", history)
        await connection.fence(within_s=SOON)
        lives = connection.closed is None
        await connection.close()
        return None if refused is None else refused.message, lives

    assert engine.submit(knock("bad")) == ("not you", True)
    assert "alice = refused: not you" in history.conversation()
    assert engine.submit(knock("good")) == (None, True)
