"""Our client plays against JavaScript's stock server, over every transport."""

import contextlib
import subprocess
from collections.abc import Iterator
from typing import ClassVar

import pytest

from protocols.contract import Ack, Action, Event, Operation, Protocol
from protocols.errors import ConnectionLost, ConnectRefused, NotHeard
from simulators.endpoint import Endpoint, TransportName
from simulators.engine import Engine, SyncConnection
from simulators.history import History
from simulators.received import Received

from .conftest import HERE

WITHIN_S = 10.0


class Say(Event):
    event_name: ClassVar[str] = "say"
    text: str


class Said(Event):
    event_name: ClassVar[str] = "said"
    text: str


class Ask(Event):
    event_name: ClassVar[str] = "ask"
    text: str


class Asked(Event):
    event_name: ClassVar[str] = "asked"
    text: str


class Answered(Ack):
    text: str


class Leave(Event):
    event_name: ClassVar[str] = "leave"


TEXT = {
    "type": "object",
    "required": ["text"],
    "properties": {"text": {"type": "string"}},
    "additionalProperties": False,
}
TOY = Protocol(
    name="toy",
    title="Toy",
    namespace="/",
    operations=[
        Operation(id="say", action=Action.RECEIVE, event=Say, schema="Text"),
        Operation(id="said", action=Action.SEND, event=Said, schema="Text"),
        Operation(id="ask", action=Action.RECEIVE, event=Ask, schema="Text", ack=Answered, ack_schema="Text"),
        Operation(id="asked", action=Action.SEND, event=Asked, schema="Text"),
        Operation(id="leave", action=Action.RECEIVE, event=Leave, schema=None),
    ],
    requirements=[],
    conditions={},
    schemas={"Text": TEXT},
)


@pytest.fixture(scope="module")
def server(node: str) -> Iterator[str]:
    """A stock server in a process of its own."""
    with toy_server(node) as url:
        yield url


@contextlib.contextmanager
def toy_server(node: str, *words: str) -> Iterator[str]:
    pipe = subprocess.PIPE
    with subprocess.Popen([node, HERE / "toy_server.js", *words], stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        process.communicate(timeout=WITHIN_S)
    assert process.returncode == 0


@pytest.fixture(params=["websocket", "polling", "upgrade"])
def transport(request: pytest.FixtureRequest) -> TransportName:
    name: TransportName = request.param
    return name


@pytest.fixture
def history() -> History:
    return History()


@pytest.fixture
def ann(engine: Engine, server: str, transport: TransportName, history: History) -> Iterator[SyncConnection]:
    connection = SyncConnection.open(engine, Endpoint(url=server, transport=transport), TOY, "ann", history)
    yield connection
    connection.close()


def spoken(connection: SyncConnection) -> list[Received]:
    """What the server's handlers have made of all that was said to it.

    One fence is not enough: this server refuses a namespace at once, and handles events in the next tick.
    """
    connection.fence(within_s=WITHIN_S)
    connection.fence(within_s=WITHIN_S)
    return connection.drain()


def test_events_go_both_ways_in_order(ann: SyncConnection, engine: Engine, server: str) -> None:
    ben = SyncConnection.open(engine, Endpoint(url=server), TOY, "ben")
    for number in range(100):
        ann.emit(Say(text=f"{number} 안녕 😊"))
    for number in range(100):
        for listener in (ann, ben):
            assert listener.expect(Said, within_s=WITHIN_S).text == f"{number} 안녕 😊"
    ben.close()


def test_acks_come_back(ann: SyncConnection) -> None:
    answer = ann.call(Ask(text="well"), within_s=WITHIN_S)
    assert answer.ack == Answered(text="well!")
    assert answer.at_ns > answer.sent_ns


def test_we_acknowledge_what_the_server_asks(ann: SyncConnection) -> None:
    ann.emit_raw("ask:me", {"text": "how are you?"})
    (asked,) = spoken(ann)
    assert asked.event == Asked(text="how are you?")
    ann.answer(asked, {"text": "fine"})
    assert ann.expect(Said, within_s=WITHIN_S).text == "you answered fine"


def test_binary_is_carried_there_and_back(ann: SyncConnection) -> None:
    arguments: list[object] = [b"\x00\xff", {"deep": [b"", b"x" * 100_000]}, "text", 1.5, None, True]
    ann.emit_raw("carry", *arguments)
    (carried,) = spoken(ann)
    assert carried.name == "carried"
    assert carried.arguments == arguments


def test_namespaces_are_apart_and_see_the_credentials(engine: Engine, server: str, transport: TransportName) -> None:
    endpoint = Endpoint(url=server, namespace="/other", transport=transport, auth={"name": "ann"})
    other = SyncConnection.open(engine, endpoint, TOY, "ann")
    assert other.expect(Said, within_s=WITHIN_S).text == "hello ann"
    other.emit(Say(text="nobody hears this here"))
    assert spoken(other) == []
    other.close()


def test_a_refusal_carries_words_and_data(engine: Engine, server: str, transport: TransportName) -> None:
    closed = Endpoint(url=server, namespace="/closed", transport=transport)
    with pytest.raises(ConnectRefused, match="members only") as refused:
        SyncConnection.open(engine, closed, TOY, "ann")
    assert refused.value.data == {"message": "members only", "data": {"code": 403}}
    nowhere = Endpoint(url=server, namespace="/nowhere", transport=transport)
    with pytest.raises(ConnectRefused, match="Invalid namespace"):
        SyncConnection.open(engine, nowhere, TOY, "ann")


def test_no_ack_is_told_in_time(ann: SyncConnection) -> None:
    with pytest.raises(NotHeard):
        ann.call_raw("mute", within_s=0.2)


@pytest.mark.parametrize(("event", "reason"), [("leave", "io server disconnect"), ("hang:up", "io server disconnect")])
def test_the_server_may_end_it(ann: SyncConnection, history: History, event: str, reason: str) -> None:
    ann.emit_raw(event)
    assert ann.wait_closed(WITHIN_S).startswith(reason)
    with pytest.raises(ConnectionLost):
        ann.emit(Say(text="too late"))
    assert next(record.name for record in history) == "connected"


def test_what_a_server_adds_to_events_so_that_sessions_can_be_recovered_is_not_theirs(
    engine: Engine, node: str, history: History
) -> None:
    """With `connectionStateRecovery` it adds the offset of each event behind its arguments."""
    with toy_server(node, "recovers") as url:
        ann = SyncConnection.open(engine, Endpoint(url=url), TOY, "ann", history)
        ann.emit(Say(text="hello"))
        assert ann.expect(Said, within_s=WITHIN_S).text == "hello"
        ann.emit_raw("carry", "text")
        (carried,) = spoken(ann)
        assert len(carried.arguments) == 2  # as it came: what belongs to an unknown event nobody can tell
        ann.close()


def test_nothing_of_all_this_was_wrong(ann: SyncConnection, history: History) -> None:
    ann.emit(Say(text="hello"))
    ann.expect(Said, {"text": "hello"}, within_s=WITHIN_S)
    assert ann.call(Ask(text="so"), within_s=WITHIN_S).violation is None
    assert not [str(record) for record in history if record.direction.name == "WRONG"]
