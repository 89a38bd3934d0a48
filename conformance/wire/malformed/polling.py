"""Bodies of POSTs that are no payloads, or payloads of what may not be sent."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from conformance.wire.bench import Bench
from conformance.wire.case import WireCase
from conformance.wire.clients import Session
from conformance.wire.malformed.input import AT, End, malformed
from conformance.wire.raw import Text

_HOLE: Final = '{"_placeholder":true,"num":0}'
_TYPE: Final = "Content-Type"


def _bodies(
    family: str, end: End, cites: str, table: Mapping[str, Text], headers: Mapping[str, str] | None = None
) -> list[WireCase]:
    return [
        malformed(f"polling/{family}/{name}", end, cites, partial(_posts, body, end, headers))
        for name, body in table.items()
    ]


async def _posts(body: Text, end: End, headers: Mapping[str, str] | None, bench: Bench) -> None:
    session = await bench.session()
    await session.post(body.replace(AT, bench.at) if isinstance(body, str) else body, headers)
    await ends(bench, session, end)


async def ends(bench: Bench, session: Session, end: End) -> None:
    """Break a promise unless a session ends, or goes on, as it must."""
    match end:
        case End.CLOSES:
            await bench.session_closes(session)
        case End.SERVES:
            await bench.session_serves(session)
        case End.EITHER:
            await bench.session_is_not_dead(session)


CASES: Final = (
    *_bodies(
        "payload",
        End.CLOSES,
        "polling/12",
        {
            "letters": "abc",
            "type-7": "7",
            "minus": "-1",
            "arabic-digit": "\u0662",
            "separators-only": "\x1e\x1e",
            "separator-before": "\x1e3",
            "separator-after": "3\x1e",
            "second-is-none": "3\x1eabc",
            "base64-of-stars": "b***",
            "base64-cut-off": "bAQ",
            "base64-of-letters-of-others": "b\uff21\uff21==",
            "form-of-version-3": "d=4hello",
            "length-of-version-3": "2:40",
            "json": '[{"type":"message"}]',
            "no-utf8": b"\xff\xfe",
            "html": "<html></html>",
        },
    ),
    *_bodies(
        "packet",
        End.CLOSES,
        "packet/1",
        {
            "empty": "4",
            "letters": "4abc",
            "type-7": "47",
            "true": "4true",
            "second-is-none": '42@["rehearsal"]\x1e4abc',
        },
    ),
    *_bodies(
        "event",
        End.CLOSES,
        "event/1",
        {"without-payload": "42@", "object": "42@{}", "empty-array": "42@[]", "null": "42@null"},
    ),
    *_bodies(
        "event", End.CLOSES, "packet/2", {"id-letters": '42@abc["rehearsal"]', "id-negative": '42@-1["rehearsal"]'}
    ),
    *_bodies(
        "reserved",
        End.CLOSES,
        "event/4",
        {"connect": '42@["connect"]', "disconnect": '42@["disconnect"]', "error": '42@["connect_error"]'},
    ),
    *_bodies(
        "json",
        End.CLOSES,
        "packet/3",
        {
            "unclosed": '42@["rehearsal"',
            "not-a-number": '42@["rehearsal",NaN]',
            "trailing-comma": '42@["rehearsal",]',
            "cut-by-a-separator": '42@["rehearsal","\x1e"]',
        },
    ),
    *_bodies("utf8", End.EITHER, "robust/1", {"in-a-string": b'42["rehearsal","\xc3"]', "overlong": b"4\xc0\xaf"}),
    *_bodies(
        "ack",
        End.CLOSES,
        "packet/2",
        {"id-letters": "43@abc[]", "id-negative": "43@-1[]"},
    ),
    *_bodies(
        "binary",
        End.CLOSES,
        "binary/3",
        {
            "orphan": "bAQIDBA==",
            "text-instead": f'451-@["rehearsal",{_HOLE}]\x1e42@["rehearsal"]',
            "one-too-many": f'451-@["rehearsal",{_HOLE}]\x1ebAQ==\x1ebAQ==',
            "uncounted": f'45@["rehearsal",{_HOLE}]\x1ebAQ==',
            "number-beyond": '451-@["rehearsal",{"_placeholder":true,"num":1}]\x1ebAQ==',
        },
    ),
    *_bodies(
        "engine",
        End.EITHER,
        "engine/2",
        {
            "open": "0",
            "ping": "2",
            "probe": "2probe",
            "upgrade": "5",
            "noop": "6",
            "close-amid-others": "3\x1e1\x1e3",
            "close-with-data": "1x",
        },
    ),
    *_bodies(
        "payload",
        End.EITHER,
        "robust/1",
        {
            "empty": "",
            "of-a-thousand-pongs": "\x1e".join(["3"] * 1000),
            "of-a-thousand-connects": "\x1e".join(["40@"] * 1000),
            "nul": "4\0",
            "long-line": "3" + "x" * 100_000,
        },
    ),
    *_bodies(
        "type",
        End.EITHER,
        "robust/1",
        {"octet-stream-with-bytes": b"\1\2\3"},
        {_TYPE: "application/octet-stream"},
    ),
    *_bodies("type", End.EITHER, "robust/1", {"octet-stream-with-text": "3"}, {_TYPE: "application/octet-stream"}),
    *_bodies("type", End.EITHER, "robust/1", {"json": "3"}, {_TYPE: "application/json"}),
    *_bodies("type", End.EITHER, "robust/1", {"form": "d=3"}, {_TYPE: "application/x-www-form-urlencoded"}),
    *_bodies("type", End.EITHER, "robust/1", {"multipart": "3"}, {_TYPE: "multipart/form-data; boundary=x"}),
    *_bodies("type", End.EITHER, "robust/1", {"unknown-charset": "3"}, {_TYPE: "text/plain; charset=rehearsal"}),
    *_bodies("type", End.EITHER, "robust/1", {"gzip-that-is-none": "3"}, {"Content-Encoding": "gzip"}),
    *_bodies("type", End.EITHER, "robust/1", {"unknown-encoding": "3"}, {"Content-Encoding": "rehearsal"}),
    *_bodies(
        "event",
        End.SERVES,
        "packet/4",
        {"unknown": '42@["rehearsal"]', "lone-surrogate": '42@["rehearsal","\\ud800"]', "ack-unasked": '43@0["x"]'},
    ),
)
