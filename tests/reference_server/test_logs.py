"""Lines that say what happened, without secrets."""

import io
import json
import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_server.flood import FloodGate
from reference_server.logs import Line, Log, library_logger


def written(log: Log, stream: io.StringIO, line: Line) -> dict[str, Any]:
    stream.truncate(0)
    stream.seek(0)
    log.write(line)
    (text,) = stream.getvalue().splitlines()
    value: dict[str, Any] = json.loads(text)
    return value


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def log(stream: io.StringIO) -> Log:
    return Log(stream, json=True, debug=False)


def test_a_line_has_the_form_of_the_contract(log: Log, stream: io.StringIO) -> None:
    context = {"socketId": "s", "spaceId": "plaza", "playerId": "user-mina"}
    line = written(log, stream, Line("warn", "Authentication failed", "E1001", context))
    assert list(line) == ["timestamp", "level", "code", "message", "context"]
    assert line["level"] == "warn"
    assert line["context"] == context
    assert len(line["timestamp"]) == len("2026-01-10T00:00:00.000Z")
    assert line["timestamp"].endswith("Z")


def test_plain_information_has_no_code(log: Log, stream: io.StringIO) -> None:
    assert "code" not in written(log, stream, Line("info", "Mina joined"))


def test_debug_appears_in_development_only(log: Log, stream: io.StringIO) -> None:
    log.write(Line("debug", "connected"))
    assert stream.getvalue() == ""
    Log(stream, json=True, debug=True).write(Line("debug", "connected"))
    assert json.loads(stream.getvalue())["level"] == "debug"


@pytest.mark.parametrize(
    "context",
    [
        {"sessionToken": "auth-mina-secret"},
        {"payload": {"deep": [{"session_token": "opaque-secret"}]}},
        {"Authorization": "Bearer auth-mina-secret"},
        {"reason": 'payload: {"sessionToken":"opaque-secret","x":1} is not of type "string"'},
        {"reason": "JoinSpace(spaceId='plaza', sessionToken='opaque-secret')"},
        {"reason": "the token guest-0123secret is not valid"},
        {"reason": "refused eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJzZWNyZXQifQ.secret"},
    ],
)
def test_no_token_is_written(log: Log, stream: io.StringIO, context: dict[str, Any]) -> None:
    line = written(log, stream, Line("info", str(context.get("reason", "")), "E3001", context))
    assert "secret" not in json.dumps(line)


def test_ids_that_look_like_tokens_are_ids(log: Log, stream: io.StringIO) -> None:
    assert written(log, stream, Line("info", "", "", {"spaceId": "guest-house"}))["context"]["spaceId"] == "guest-house"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.text(st.characters()), st.dictionaries(st.text(), json_values, max_size=3))
def test_whatever_is_written_is_one_line_of_json(message: str, context: dict[str, Any]) -> None:
    stream = io.StringIO()
    Log(stream, json=True, debug=False).write(Line("info", message, "E3001", context))
    text = stream.getvalue()
    assert len(text.splitlines()) == 1
    assert json.loads(text)["level"] == "info"


def test_an_end_of_line_that_is_none_to_json_is_written_out(log: Log, stream: io.StringIO) -> None:
    """Else a client could write lines of its own into the log of whoever splits there."""
    line = written(log, stream, Line("info", "a\u2028b\u2029c\x85d\x7f"))
    assert line["message"] == "a\u2028b\u2029c\x85d\x7f"


def test_too_many_lines_are_counted_instead(stream: io.StringIO) -> None:
    now = [0.0]
    log = Log(stream, json=True, debug=False, gate=FloodGate(per_socket=2, now_s=lambda: now[0]))
    for _ in range(1000):
        log.write(Line("info", "refused", "E3001", {"socketId": "a"}))
    assert len(stream.getvalue().splitlines()) == 2
    now[0] = 100.0
    log.write(Line("info", "later"))
    assert "998 more lines" in stream.getvalue()


def test_listeners_hear_of_unwritten_lines_too(stream: io.StringIO) -> None:
    log = Log(stream, json=True, debug=False, gate=FloodGate(per_socket=1))
    heard: list[bool] = []
    log.listen(lambda _line, written: heard.append(written))
    for _ in range(3):
        log.write(Line("warn", "no", "E1001", {"socketId": "a"}))
    assert heard == [True, False, False]


def test_for_the_eye_there_is_a_readable_line(stream: io.StringIO) -> None:
    Log(stream, json=False, debug=False).write(Line("warn", "Authentication failed", "E1001", {"socketId": "abc"}))
    text = stream.getvalue()
    assert "warn" in text
    assert "Authentication failed" in text
    assert "E1001" in text
    assert "abc" in text
    assert text.count("\n") == 1


def test_a_client_cannot_forge_a_line_or_move_the_cursor(stream: io.StringIO) -> None:
    Log(stream, json=False, debug=False).write(
        Line("info", "refused a\n2026 error\x1b[2J", "E3001", {"socketId": "a\rb"})
    )
    text = stream.getvalue()
    assert text.count("\n") == 1
    assert "\x1b[2J" not in text
    assert "\r" not in text


def test_a_reader_that_is_gone_costs_nothing() -> None:
    stream = io.StringIO()
    log = Log(stream, json=True, debug=False)
    stream.close()
    log.write(Line("error", "nobody reads this", "E3500"))


def test_a_crash_comes_with_its_traceback(log: Log, stream: io.StringIO) -> None:
    try:
        raise ZeroDivisionError("by nothing")
    except ZeroDivisionError as error:
        log.crash("the rules failed", "E3500", error, {"socketId": "s"})
    line = json.loads(stream.getvalue())
    assert (line["level"], line["code"], line["context"]["socketId"]) == ("error", "E3500", "s")
    assert "ZeroDivisionError: by nothing" in line["context"]["trace"]


def test_libraries_write_into_the_same_log(log: Log, stream: io.StringIO) -> None:
    logger = library_logger(log, "library", "E2002")
    logger.warning("%s closed", "somebody")
    logger.info("for nobody")
    try:
        raise KeyError("ours")
    except KeyError:
        logger.exception("went wrong")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(line["level"], line["message"]) for line in lines] == [
        ("warn", "somebody closed"),
        ("error", "went wrong"),
    ]
    assert logger is not logging.getLogger("library")
