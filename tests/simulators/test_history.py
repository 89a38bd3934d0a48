"""The history: what it keeps, what it shows to people, and what it writes."""

import base64
import json
import threading
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from simulators.history import Direction, History, conversation
from simulators.strict_json import Value


def test_a_conversation_reads_like_one() -> None:
    history = History()
    history.append("alice", Direction.STATE, "connected")
    history.append("alice", Direction.SENT, "player:move", [{"x": 1.5, "y": 2}])
    history.append("bob", Direction.RECEIVED, "player:moved", [{"id": "p1"}])
    history.append("bob", Direction.WRONG, "invalid player:moved: payload: x is missing")
    history.append("bob", Direction.SENT, "ask", [1, None], ack_id=4)
    history.append("bob", Direction.RECEIVED, "ask", ["yes", b"abc"], ack_id=4, is_ack=True)
    assert history.conversation() == [
        "alice = connected",
        'alice > player:move {"x":1.5,"y":2}',
        'bob < player:moved {"id":"p1"}',
        "bob ! invalid player:moved: payload: x is missing",
        "bob > ask #4 1 null",
        'bob < ack of ask #4 "yes" "<3 bytes>"',
    ]
    assert conversation(history.of("alice")) == history.conversation()[:2]


def test_people_see_no_secrets_and_no_walls_of_text() -> None:
    history = History()
    payload: dict[str, Value] = {
        "sessionToken": "guest-0123456789",
        "list": [{"password": "short"}],
        "n": 1,
        "token": 7,
    }
    history.append("alice", Direction.SENT, "join:space", [payload, "x" * 1000])
    [line] = history.conversation()
    assert line.startswith(
        'alice > join:space {"sessionToken":"guest-…","list":[{"password":"…"}],"n":1,"token":7} "xxx'
    )
    assert line.endswith("x… (1002 characters)")
    assert len(line) < 450


def test_it_is_written_as_json_lines_in_order_with_sorted_keys(tmp_path: Path) -> None:
    history = History()
    history.append("alice", Direction.SENT, "e", [{"b": 1, "a": b"\x00", "sessionToken": "guest-0123456789"}], at_ns=5)
    history.append("alice", Direction.RECEIVED, "e", [2**70, "\ud800"], ack_id=0, is_ack=True, at_ns=6)
    history.append("bob", Direction.STATE, "connected", at_ns=7)
    file = tmp_path / "history.jsonl"
    history.write(file)
    assert file.read_bytes() == (
        b'{"actor":"alice","arguments":[{"a":{"base64":"AA=="},"b":1,"sessionToken":"guest-0123456789"}],'
        b'"at_ns":5,"direction":">","name":"e","order":0}\n'
        b'{"ack_id":0,"actor":"alice","arguments":[1180591620717411303424,"\\ud800"],"at_ns":6,"direction":"<",'
        b'"is_ack":true,"name":"e","order":1}\n'
        b'{"actor":"bob","at_ns":7,"direction":"=","name":"connected","order":2}\n'
    )


def test_times_are_monotonic_and_orders_are_places() -> None:
    history = History()
    records = [history.append("a", Direction.STATE, "tick") for _ in range(100)]
    assert [record.order for record in records] == list(range(100))
    assert [record.at_ns for record in records] == sorted(record.at_ns for record in records)
    assert list(history) == records
    assert len(history) == 100


def test_threads_may_append_at_once() -> None:
    history = History()
    start = threading.Barrier(4)

    def append(actor: str) -> None:
        start.wait()
        for number in range(2_000):
            history.append(actor, Direction.SENT, str(number))

    threads = [threading.Thread(target=append, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [record.order for record in history] == list(range(8_000))
    for name in "abcd":
        assert [record.name for record in history.of(name)] == [str(number) for number in range(2_000)]


json_values: st.SearchStrategy[Value] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.binary(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=8,
)


@given(st.lists(json_values, max_size=3))
def test_whatever_can_be_sent_can_be_shown_and_written(arguments: list[Value]) -> None:
    record = History().append("a", Direction.SENT, "e", arguments)
    assert str(record).startswith("a > e")
    written = json.loads(record.to_json())
    assert written.get("arguments", []) == json.loads(json.dumps(arguments, default=in_base64))


def in_base64(leaf: bytes) -> dict[str, str]:
    return {"base64": base64.b64encode(leaf).decode()}
