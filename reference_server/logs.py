"""One line per thing worth knowing, as JSON or for the eye; without secrets, and never more than somebody can read."""

import contextlib
import logging
import re
import traceback
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TextIO

import orjson
import structlog
from aiohttp.http_exceptions import HttpProcessingError

from protocols.contract import Json
from reference_server.flood import FloodGate

LEVELS = ("debug", "info", "warn", "error")

# Values under these keys never reach a log; compared in lower case, without `-` and `_`.
_SECRET_KEYS = frozenset({"sessiontoken", "token", "authorization", "bearer", "password", "secret", "auth", "cookie"})
# These may look like a token, and are none.
_IDENTITY_KEYS = frozenset({"socketid", "spaceid", "playerid"})
# Session tokens, and JSON Web Tokens, as they stand in running text, quoted from a payload or a traceback.
_SECRET_TEXT = re.compile(
    r"""\b(guest|auth|dev)-[\w.~+/=-]{4,}|\b(eyJ)[\w-]+\.[\w-]+\.[\w-]*|(?<=sessionToken['"=:])(['"=: ]+)[^'",}\s]+"""
)
_MAX_TEXT = 4_000
# Where a traceback stands in the context.
TRACE = "trace"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the log."""

    level: str
    message: str
    code: str = ""
    """`E1xxx` authentication, `E2xxx` connection, `E3xxx` event, `E4xxx` external; empty for plain information."""
    context: Mapping[str, Json] = field(default_factory=dict)
    """`socketId`, and `spaceId` and `playerId` where there are such."""


Listener = Callable[[Line, bool], None]
"""Hears of every line, and whether it was written or only counted because there were too many like it."""


class Log:
    """The log of one server. Writing never fails, and a client cannot make it write without end."""

    def __init__(self, stream: TextIO, *, json: bool, debug: bool, gate: FloodGate | None = None) -> None:
        self._debug = debug
        self._gate = gate or FloodGate()
        self._listeners: list[Listener] = []
        renderer: structlog.typing.Processor = (
            structlog.processors.JSONRenderer(serializer=_dumps)
            if json
            else structlog.dev.ConsoleRenderer(colors=stream.isatty(), event_key="message", pad_event_to=0)
        )
        self._logger: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(
            structlog.PrintLogger(stream),
            processors=[_shape if json else _shape_for_the_eye, renderer],
            wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        )

    def listen(self, listener: Listener) -> None:
        """Let somebody hear of every line from now on."""
        self._listeners.append(listener)

    def write(self, line: Line) -> None:
        """Write a line, unless there were too many like it."""
        if line.level == "debug" and not self._debug:
            return
        line = _redact(line)
        for level, code, count in self._gate.missed():
            self._print(Line(level, f"{count} more lines like these were not written", code))
        written = self._gate.passes(str(line.context.get("socketId", "")), line.level, line.code)
        if written:
            self._print(line)
        for listener in self._listeners:
            listener(line, written)

    def crash(self, message: str, code: str, error: BaseException, context: Mapping[str, Json] | None = None) -> None:
        """Write of a fault of ours, with its traceback."""
        trace = "".join(traceback.format_exception(error))
        self.write(Line("error", message, code, {**(context or {}), TRACE: trace}))

    def _print(self, line: Line) -> None:
        with contextlib.suppress(OSError, ValueError):  # whoever read the log is gone (a closed pipe): we are not
            self._logger.info(line.message, line=line)


class LibraryHandler(logging.Handler):
    """Brings what the libraries under the server report through `logging` into the log."""

    def __init__(self, log: Log, code: str) -> None:
        super().__init__()
        self._log = log
        self._code = code

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record. A client's broken HTTP, or connection, is no fault of ours and gets no traceback."""
        error = record.exc_info[1] if record.exc_info else None
        message = record.getMessage()
        if isinstance(error, HttpProcessingError | ConnectionError):
            # What its message says besides is quoted from the request, and may be the line with the token.
            self._log.write(Line("info", f"{message}: {type(error).__name__}", self._code))
        elif error is not None:
            self._log.crash(message, self._code, error)
        else:
            level = "error" if record.levelno >= logging.ERROR else "warn"
            self._log.write(Line(level if record.levelno >= logging.WARNING else "debug", message, self._code))


def library_logger(log: Log, name: str, code: str) -> logging.Logger:
    """Return a logger of this server's own, to be handed to a library: two servers in one process do not mix."""
    logger = logging.Logger(name, logging.DEBUG)  # noqa: LOG001  # `getLogger` would share it with other servers
    logger.addHandler(LibraryHandler(log, code))
    return logger


def redacted(value: Json) -> Json:
    """Return the value without what could open a session, and without what no log can hold."""
    match value:
        case str():
            return _SECRET_TEXT.sub(_hide, _unicode(value[:_MAX_TEXT]))
        case bool():
            return value
        case int():
            return value if -(2**63) <= value < 2**64 else str(value)  # orjson writes no others
        case Mapping():
            return {_unicode(key): _redacted_item(key, item) for key, item in value.items()}
        case list() | tuple():
            return [redacted(item) for item in value]
        case _:
            return value


def _redacted_item(key: str, item: Json) -> Json:
    plain = key.lower().replace("-", "").replace("_", "")
    if plain in _SECRET_KEYS:
        return "…"
    if plain in _IDENTITY_KEYS and isinstance(item, str):
        return _unicode(item)
    return redacted(item)


def _unicode(text: str) -> str:
    """Replace lone surrogates, which a client may send and no encoding can write."""
    return text if text.isascii() else text.encode(errors="replace").decode()


def _hide(match: re.Match[str]) -> str:
    return f"{match[1]}-…" if match[1] else f"{match[2] or match[3]}…"


def _redact(line: Line) -> Line:
    context = {_unicode(key): _redacted_item(key, item) for key, item in line.context.items()}
    return Line(line.level, str(redacted(line.message)), line.code, context)


def _shape(_logger: object, _method: str, event: MutableMapping[str, Any]) -> dict[str, Json]:
    """Give a line the form that the contract promises: `{timestamp, level, code?, message, context}`."""
    line: Line = event["line"]
    moment = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    code = {"code": line.code} if line.code else {}
    return {"timestamp": moment, "level": line.level, **code, "message": line.message, "context": line.context}


def _shape_for_the_eye(logger: object, method: str, event: MutableMapping[str, Any]) -> dict[str, Json]:
    """Give it the form that reads best in a terminal, with the context spread out."""
    line: Line = event["line"]
    shaped = _shape(logger, method, event)
    del shaped["context"]
    shaped["level"] = _COLOURED.get(line.level, line.level)
    shaped["message"] = _printable(line.message)
    return {**shaped, **{key: item if key == TRACE else _printable(item) for key, item in line.context.items()}}


def _printable(value: Json) -> Json:
    """Escape what would move a terminal's cursor or begin a line of its own: clients choose some of these texts."""
    return _CONTROL.sub(lambda match: repr(match[0])[1:-1], value) if isinstance(value, str) else value


_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# structlog's own words for the levels, which it has colours for.
_COLOURED = {"warn": "warning"}


def _dumps(value: object, **_options: object) -> str:
    # Beside line feeds there are other ends of lines, which JSON allows within a string, and some readers split at.
    return _CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", orjson.dumps(value, default=str).decode())
