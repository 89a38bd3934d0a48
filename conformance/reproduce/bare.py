"""Scripts that say recorded bytes over bare connections, in Python and for Node: stock clients say nothing wrong."""

import json
import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import ClassVar, Final, TypeAlias

from conformance.reproduce import node as in_node
from conformance.reproduce import python as in_python
from conformance.reproduce.language import LONG, MAX_LINES, Language, packed
from conformance.reproduce.node import Node
from conformance.reproduce.python import Python
from conformance.reproduce.tape import CREDENTIALS, Heard, Said, Tape
from conformance.reproduce.trace import Token

_SID: Final = re.compile(r'"sid":"([^"]+)"')
_NEW: Final = (
    r'"sid":"[^"]+"|"[A-Za-z0-9_-]{20,}"|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+|\b[12][0-9]{9}(?:[0-9]{3}){0,2}\b'
)
"""What is another each time, in Python and in JavaScript: ids and moments."""
_FLOOD: Final = 20
"""From so many messages on, each with the next number, they are told by counting."""
_SHOWN: Final = 200
"""Characters of each thing that are compared."""
_ENV: Final = "REHEARSAL_CREDENTIALS"
"""What holds the credentials that let somebody into a namespace."""
_USUAL_S: Final = 10.0
"""How long is waited for what came at once."""
_Piece: TypeAlias = bytes | tuple[str, int] | Token | None
"""Bytes, the number of a session id of somebody's, a token to sign, or what stands for credentials."""
_RUN: Final = re.compile(rb"(?s)(.)\1{%d,}" % (LONG - 1))
_KEY: Final = "\0signs\0"
"""Stands in what signs for what it is signed with."""
_PYTHON_HEAD: Final = r"""import contextlib, http.client, os, re, socket, sys, threading, time, urllib.parse
AT = urllib.parse.urlsplit((sys.argv[1:] or [URL])[0])
HERE, HEARD, ASKED, GONE = {}, [], {}, contextlib.suppress(OSError)
sys.excepthook = lambda *why: print("nobody can tell:", *why, flush=True) or os._exit(2)"""
_PYTHON: Final[Mapping[str, str]] = {
    "tcp": r"""tcp = lambda: socket.create_connection((AT.hostname, AT.port or 80), 20)""",
    "sid": r"""told = lambda who: "".join(what for one, what in HEARD if one == who)
sid = lambda who, n: re.findall('"sid":"([^"]+)"', told(who))[n].encode()""",
    "websocket": r"""def websocket(who, request):
    HERE[who] = tcp()
    HERE[who].sendall(request)
    answer = http.client.HTTPResponse(HERE[who])
    answer.begin()
    told = f"{answer.status} " + (answer.read().decode("utf-8", "replace") if answer.status != 101 else "")
    if answer.status != 101: return HEARD.append((who, told))
    threading.Thread(target=listen, args=(who, answer), daemon=True).start()""",
    "listen": r"""def listen(who, answer):
    stream = answer.fp  # which would end with the answer
    try:
        while len(two := stream.read(2)) == 2 and two[0] & 15 != 8:
            size = two[1] & 127
            data = stream.read(size if size < 126 else int.from_bytes(stream.read(2 if size == 126 else 8), "big"))
            if two[0] & 15 == 1 and data[:1] == b"2": message(who, 1, b"3" + data[1:])
            else: HEARD.append((who, data.decode("utf-8", "replace") if two[0] & 15 == 1 else data.hex()))
    finally: HEARD.append((who, "(closed)"))""",
    "message": r"""def message(who, kind, data):
    size = len(data).to_bytes(8, "big")
    size = b"\xfe" + size[6:] if len(data) < 65536 else b"\xff" + size
    size = bytes([128 | len(data)]) if len(data) < 126 else size
    send(who, bytes([128 | kind]) + size + bytes(4) + data)""",
    "send": r"""def send(who, data):
    with GONE: HERE[who].sendall(data)""",
    "request": r"""def request(who, *segments):
    half(who, *segments)
    threading.Thread(target=answered, args=(who, http.client.HTTPResponse(ASKED[who][-1])), daemon=True).start()""",
    "half": r"""def half(who, *segments):
    ASKED.setdefault(who, []).append(one := tcp())
    with GONE: [one.sendall(segment) or time.sleep(0.01) for segment in segments]""",
    "answered": r"""def answered(who, answer):
    try: told = answer.begin() or f"{answer.status} {answer.read().decode('utf-8', 'replace')}"
    except (OSError, http.client.HTTPException): told = "0 "
    HEARD.append((who, told))""",
    "hangup": r"""hangup = lambda who: [shut(one) for one in ASKED.pop(who, [])]""",
    "cut": r"""cut = lambda who: shut(HERE[who])""",
    "shut": r"""def shut(one):
    with GONE: one.shutdown(2)""",
    "until": r"""def until(number, seconds=10):
    end = time.monotonic() + seconds
    while len(HEARD) < number and time.monotonic() < end: time.sleep(0.02)
    return len(HEARD) >= number""",
    "over": r"""tell = lambda shows: print(*HEARD[:99], f"the fault shows: {shows}", sep="\n", flush=True)
over = lambda shows=False: tell(shows) or os._exit(shows)""",
    "gone": r"""def gone(path):
    one = http.client.HTTPConnection(AT.hostname, AT.port or 80, timeout=15)
    try: one.request("GET", path) or one.getresponse()
    except OSError: return True
    return False""",
    "token": f"import base64, hmac, json\nSECRET = {_KEY}\n{in_python.SIGN}",
}
_PYTHON_TLS: Final[Mapping[str, str]] = {
    "tcp": r"""import ssl
def tcp():
    one = socket.create_connection((AT.hostname, AT.port or 443), 20)
    return ssl.create_default_context().wrap_socket(one, server_hostname=AT.hostname)""",
    "gone": _PYTHON["gone"].replace("HTTPConnection", "HTTPSConnection").replace("or 80", "or 443"),
}
"""What is otherwise where the server speaks TLS."""
_PYTHON_PINGS: Final[Mapping[str, str]] = {
    ' == b"2": message': ' == b"2" and who not in SILENT: message',
    "else: HEARD.append((who, data": "HEARD.append((who, data",
}
_NODE_HEAD: Final = (
    r"""const AT = new (require("node:url").URL)(process.argv[2] ?? URL), HERE = {}, HEARD = [], ASKED = {};"""
)
_NODE: Final[Mapping[str, str]] = {
    "tcp": r"""const tcp = () => require("node:net").connect(AT.port || 80, AT.hostname).on("error", () => {});""",
    "told": r"""const told = (who) => HEARD.filter(([one]) => one === who).map(([, what]) => what).join("");""",
    "sid": r"""const sid = (who, n) => Buffer.from([...told(who).matchAll(/"sid":"([^"]+)"/g)][n][1]);""",
    "pause": r"""const pause = (ms) => new Promise((done) => setTimeout(done, ms));""",
    "until": r"""const until = async (number, s = 10, end = Date.now() + s * 1000) => {
  while (HEARD.length < number && Date.now() < end) await pause(20);
  return HEARD.length >= number;
};""",
    "over": r"""const tell = (last) => HEARD.slice(0, 99).map((one) => one.join(" ")).concat(last).join("\n");
const over = (shows = false) => process.exit(console.log(tell(`the fault shows: ${shows}`)) ?? +shows);""",
    "answer": r"""function answer(data) {
  const head = data.indexOf("\r\n\r\n"), text = data.subarray(0, Math.max(head, 0)).toString("latin1");
  const size = Number(/^content-length: *(\d+)/im.exec(text)?.[1] ?? 0), body = data.subarray(head + 4);
  if (head >= 0 && body.length >= size) return { status: Number(text.split(" ")[1]), body };
}""",
    "websocket": r"""function websocket(who, request) {
  let data = Buffer.alloc(0), open = false;
  HERE[who] = tcp().on("close", () => open && HEARD.push([who, "(closed)"])).on("data", (more) => {
    data = Buffer.concat([data, more]);
    if (!open && answer(data)?.status === 101) { open = true; data = answer(data).body; }
    if (!open && answer(data)) HEARD.push([who, `${answer(data).status} ${answer(data).body}`]);
    while (open && data.length >= 2) {
      const n = data[1] & 127, from = n < 126 ? 2 : n === 126 ? 4 : 10;
      const size = n < 126 ? n : n === 126 ? data.readUInt16BE(2) : Number(data.readBigUInt64BE(2));
      const kind = data[0] & 15;
      if (data.length < from + size) return;
      const body = data.subarray(from, from + size); data = data.subarray(from + size);
      if (kind === 1 && body[0] === 50) message(who, 1, Buffer.from("3" + body.subarray(1)));
      else if (kind < 3) HEARD.push([who, body.toString(kind === 1 ? "utf8" : "hex")]);
      else if (kind === 8) HERE[who].destroy();
    }
  });
  HERE[who].write(request);
}""",
    "message": r"""function message(who, kind, data) {
  const size = Buffer.alloc(8); size.writeBigUInt64BE(BigInt(data.length));
  const long = data.length < 65536 ? [254, ...size.subarray(6)] : [255, ...size];
  const head = data.length < 126 ? [128 | data.length] : long;
  send(who, Buffer.concat([Buffer.from([128 | kind, ...head, 0, 0, 0, 0]), data]));
}""",
    "send": r"""const send = (who, data) => HERE[who].writable && HERE[who].write(data);""",
    "request": r"""async function request(who, ...segments) {
  let data = Buffer.alloc(0), got; const one = half(who, segments.shift()).on("data", (more) => {
    data = Buffer.concat([data, more]); got ??= answer(data); if (got) one.destroy(); });
  one.on("close", () => HEARD.push([who, got ? `${got.status} ${got.body}` : "0 "]));
  for (const segment of segments) await pause(10).then(() => one.write(segment)); }""",
    "half": r"""const half = (who, data, one = tcp()) => [one.write(data), (ASKED[who] ??= []).push(one), one][2];""",
    "hangup": r"""const hangup = (who) => ASKED[who].forEach((one) => one.destroy());""",
    "cut": r"""const cut = (who) => HERE[who].destroy();""",
    "gone": r"""const within = { signal: AbortSignal.timeout(25000) };
const gone = (path) => fetch(new (require("node:url").URL)(path, AT), within).then(() => false, () => true);""",
    "token": f'const crypto = require("node:crypto"), SECRET = {_KEY};\n{in_node.SIGN}',
}
_NODE_TLS: Final[Mapping[str, str]] = {
    "tcp": r"""const to = { host: AT.hostname, port: AT.port || 443, servername: AT.hostname };
const tcp = () => require("node:tls").connect(to).on("error", () => {});""",
}
_NODE_PINGS: Final[Mapping[str, str]] = {
    "body[0] === 50) message": "body[0] === 50 && !SILENT.includes(who)) message",
    "else if (kind < 3) HEARD": "if (kind < 3) HEARD",
    "else if (kind === 8)": "if (kind === 8)",
}
_NODE_END: Final = """main().catch((error) => console.log("nobody can tell:", String(error)) ?? process.exit(2));"""


def python(tape: Tape, head: Sequence[str]) -> str:
    """Return a script in Python; `head` is what it says about itself."""
    own = Python({})
    body = list(_body(tape, _Python(own)))
    begin = [*(f"# {line}" for line in head), *_PYTHON_HEAD.splitlines()]
    begin[len(head) + 1] = begin[len(head) + 1].replace("URL", json.dumps(tape.url))
    helpers = {**_PYTHON, **_PYTHON_TLS} if _is_tls(tape) else _PYTHON
    for name in _used(body, helpers):
        begin += _with_pings(helpers[name], tape, _PYTHON_PINGS).replace(_KEY, own.secret).splitlines()
    main = packed(body, MAX_LINES - len(begin), "; ")
    return "\n".join([*own.squeezed(begin, MAX_LINES - len(main), "; "), *main]) + "\n"


def node(tape: Tape, head: Sequence[str]) -> str:
    """Return a script for Node; `head` is what it says about itself."""
    own = Node({})
    body = list(_body(tape, _Node(own)))
    begin = [*(f"// {line}" for line in head), *_NODE_HEAD.replace("?? URL", f"?? {json.dumps(tape.url)}").splitlines()]
    helpers = {**_NODE, **_NODE_TLS} if _is_tls(tape) else _NODE
    for name in _used(body, helpers):
        begin += _with_pings(helpers[name], tape, _NODE_PINGS).replace(_KEY, own.secret).splitlines()
    main = packed([f"  {line};" for line in body], MAX_LINES - len(begin) - 2, " ")
    whole = ["async function main() {", *main, "}", _NODE_END]
    return "\n".join([*own.squeezed(begin, MAX_LINES - len(whole), " "), *whole]) + "\n"


def _with_pings(helper: str, tape: Tape, instead: Mapping[str, str]) -> str:
    """Return a helper that keeps pings, too, where they are heard."""
    for usual, other in instead.items() if tape.hears_pings else ():
        helper = helper.replace(usual, other.replace("SILENT", json.dumps(sorted(tape.silent))))
    return helper


def needs(tape: Tape) -> str:
    """Return what whoever runs a script must have."""
    return (
        f"Needs {_ENV} in the environment, what a CONNECT packet ends with"
        if _takes_credentials(tape)
        else "Needs nothing else"
    )


def _is_tls(tape: Tape) -> bool:
    return tape.url.startswith(("https:", "wss:"))


def _takes_credentials(tape: Tape) -> bool:
    said = [_bytes(part) for line in tape.lines if isinstance(line, Said) for part in line.parts]
    return any(CREDENTIALS.encode() in part for part in said)


def _used(body: Sequence[str], helpers: Mapping[str, str]) -> list[str]:
    """Return the names of the helpers that are called, in their order."""
    text, used = "\n".join(body), set[str]()
    while more := {name for name in helpers if name not in used and _calls(name, text)}:
        used |= more
        text = "\n".join(helpers[name] for name in more)
    return [name for name in helpers if name in used]


def _calls(name: str, text: str) -> bool:
    return re.search(rf"(?<!\w){name}\(|target={name}\b", text) is not None


class _Says(ABC):
    """Says things in a language."""

    waits: ClassVar[str] = ""
    pause: ClassVar[str] = "time.sleep(0.5)"
    otherwise: ClassVar[str] = "{} or over()"

    def __init__(self, language: Language) -> None:
        self._language = language

    @abstractmethod
    def data(self, pieces: Sequence[_Piece]) -> str:
        """Return bytes."""

    def until(self, number: int, within_s: float, *, must: bool = False) -> str:
        """Return what waits until so much has been heard; where it must be and is not, the fault does not show."""
        seconds = "" if within_s == _USUAL_S else f", {within_s:.2f}"
        call = f"{self.waits}until({number}{seconds})"
        return self.otherwise.format(call) if must else call

    @abstractmethod
    def counting(self, who: str, before: str, after: str, numbers: range) -> str:
        """Return what sends the same text with one number after the other in it."""

    @abstractmethod
    def times(self, data: str, times: int) -> str:
        """Return bytes so many times."""

    @abstractmethod
    def end(self, expected: Sequence[str], *, is_all: bool) -> Iterator[str]:
        """Yield lines that compare what has come, or the first of it, with what came when the fault was found."""

    @abstractmethod
    def end_gone(self, path: str) -> Iterator[str]:
        """Yield lines that say whether the server answers nobody any more."""


class _Python(_Says):
    def data(self, pieces: Sequence[_Piece]) -> str:
        """Return bytes."""
        return " + ".join(self._piece(piece) for piece in pieces) or 'b""'

    def _piece(self, piece: _Piece) -> str:
        match piece:
            case Token():
                return f"({self._language.source(piece)}).encode()"
            case None:
                return f'os.environ["{_ENV}"].encode()'
            case (str(who), number):
                return f"sid({json.dumps(who)}, {number})"
            case _:
                return " + ".join(f"{one!r} * {times}" if times > 1 else repr(one) for one, times in _runs(piece))

    def counting(self, who: str, before: str, after: str, numbers: range) -> str:
        """Return what sends the same text with one number after the other in it."""
        text = f"{self.data([before.encode()])} + str(n).encode() + {self.data([after.encode()])}"
        return f"[message({json.dumps(who)}, 1, {text}) for n in {numbers!r}]"

    def times(self, data: str, times: int) -> str:
        """Return bytes so many times."""
        return f"({data}) * {times}"

    def end(self, expected: Sequence[str], *, is_all: bool) -> Iterator[str]:
        """Yield lines that compare what has come."""
        yield f"NEW = r'{_NEW}'"
        told = f"[re.sub(NEW, '', f'{{who}} {{what}}')[:{_SHOWN}]"
        yield f"came = {told} for who, what in sorted(HEARD, key=lambda one: one[0])]"
        yield f"shows = came{'' if is_all else f'[:{len(expected)}]'} == {list(expected)!r}"
        yield "over(shows)"

    def end_gone(self, path: str) -> Iterator[str]:
        """Yield lines that say whether the server answers nobody any more."""
        yield "time.sleep(2)"
        yield f'shows = gone("{path}?EIO=4&transport=polling")'
        yield "over(shows)"


class _Node(_Says):
    waits = "await "
    pause = "await pause(500)"
    otherwise = "({}) || over()"

    def data(self, pieces: Sequence[_Piece]) -> str:
        """Return bytes."""
        return f"Buffer.concat([{', '.join(self._piece(piece) for piece in pieces)}])"

    def _piece(self, piece: _Piece) -> str:
        match piece:
            case Token():
                return f"Buffer.from({self._language.source(piece)})"
            case None:
                return f"Buffer.from(process.env.{_ENV})"
            case (str(who), number):
                return f"sid({json.dumps(who)}, {number})"
            case _:
                return ", ".join(self._run(one, times) for one, times in _runs(piece))

    def _run(self, data: bytes, times: int) -> str:
        if times > 1:
            return f"Buffer.alloc({times}, {data[0]})"
        is_text = data.isascii()
        return f"Buffer.from({json.dumps(data.decode())})" if is_text else f'Buffer.from("{data.hex()}", "hex")'

    def counting(self, who: str, before: str, after: str, numbers: range) -> str:
        """Return what sends the same text with one number after the other in it."""
        pieces = [self._piece(before.encode()), "Buffer.from(String(n))", self._piece(after.encode())]
        call = f"message({json.dumps(who)}, 1, Buffer.concat([{', '.join(filter(None, pieces))}]))"
        return f"for (let n = {numbers.start}; n < {numbers.stop}; n++) {call}"

    def times(self, data: str, times: int) -> str:
        """Return bytes so many times."""
        return f"Buffer.concat(Array({times}).fill({data}))"

    def end(self, expected: Sequence[str], *, is_all: bool) -> Iterator[str]:
        """Yield lines that compare what has come."""
        yield "HEARD.sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0))"
        first = "" if is_all else f".slice(0, {len(expected)})"
        yield f"const line = (one) => [...one.join(' ').replace(/{_NEW}/g, '')].slice(0, {_SHOWN}).join('')"
        yield f"const came = HEARD{first}.map(line)"
        yield f"const shows = JSON.stringify(came) === JSON.stringify({json.dumps(expected)})"
        yield "over(shows)"

    def end_gone(self, path: str) -> Iterator[str]:
        """Yield lines that say whether the server answers nobody any more."""
        yield "await pause(2000)"
        yield f'const shows = await gone("{path}?EIO=4&transport=polling")'
        yield "over(shows)"


def _body(tape: Tape, language: _Says) -> Iterator[str]:
    """Yield what is done, one thing a line, and what shows the fault."""
    sids: dict[str, tuple[str, int]] = {}
    counts: Counter[str] = Counter()
    heard, awaited, within_s = 0, 0, _USUAL_S
    for line, times in _folded(tape.lines):
        match line:
            case Said(who, "message", (str(text),)) if times > 1:
                before, number, after = _numbered(text)
                yield language.counting(who, before, after, range(number, number + times))
            case Heard(who, what, after_s):
                heard, within_s = heard + 1, max(within_s, after_s + _USUAL_S / 2)
                for sid in _SID.findall(what):
                    sids.setdefault(sid, (who, counts[who]))
                    counts[who] += 1
            case Said(_, "pause"):
                yield language.pause
            case Said(who, way, parts):
                if heard > awaited:
                    yield language.until(heard, within_s, must=not tape.ends_it)
                    awaited, within_s = heard, _USUAL_S
                elif way == "cut":
                    yield language.pause  # until there is something to cut
                said = [language.data(list(_pieces(_bytes(part), {**sids, **tape.signed}))) for part in parts]
                said = [language.times(part, times) if times > 1 else part for part in said]
                call = {"message": "message", "bytes": "send"}.get(way, way)
                kinds = [str(1 if isinstance(parts[0], str) else 2)] if way == "message" else []
                yield f"{call}({', '.join([json.dumps(who), *kinds, *said])})"
    if tape.ends_it:
        yield from language.end_gone(tape.path)
        return
    came = sorted((line for line in tape.lines if isinstance(line, Heard)), key=lambda line: line.who)
    expected = [re.sub(_NEW, "", f"{line.who} {line.what}")[:_SHOWN] for line in came]
    if not tape.hears_pings:  # which would be as many as expected, if only one waited for them
        yield language.until(heard, within_s, must=True)
    yield language.until(heard + (not tape.is_too_much), tape.lasted_s + tape.slack_s)
    yield from language.end(expected, is_all=not tape.is_too_much)


def _folded(lines: Sequence[Said | Heard]) -> Iterator[tuple[Said | Heard, int]]:
    """Yield lines, and how often each is said at once: floods are told by their repetition, or count."""
    for key, group in groupby(enumerate(lines), lambda at: _flood(*at)):
        alike = [line for _, line in group]
        if key is not None and (alike[0] == alike[-1] or len(alike) >= _FLOOD):
            yield alike[0], len(alike)
        else:
            yield from ((one, 1) for one in alike)


def _flood(place: int, line: Said | Heard) -> object:
    """Return what lines of a flood have in common, and None for any other: equal bytes, or texts that count."""
    match line:
        case Said(_, "bytes"):
            return line
        case Said(who, "message", (str(text),)) if re.search("[0-9]", text):
            before, number, after = _numbered(text)
            return who, before, number - place, after
    return None


def _numbered(text: str) -> tuple[str, int, str]:
    """Return what stands before the last number of a text, that number, and what stands after it."""
    *before, number, after = re.split(r"([1-9][0-9]*|0)(?=[^0-9]*$)", text)
    return "".join(before), int(number), after


def _bytes(part: str | bytes) -> bytes:
    return part.encode("utf-8", "surrogatepass") if isinstance(part, str) else bytes(part)


def _pieces(data: bytes, named: Mapping[str, _Piece]) -> Iterator[_Piece]:
    """Yield bytes with what belongs to one run taken out: what stands here under the text that it was."""
    known = {text.encode(): piece for text, piece in named.items()}
    known[CREDENTIALS.encode()] = None
    for piece in re.split(b"(" + b"|".join(map(re.escape, known)) + b")", data):
        if piece:
            yield known[piece] if piece in known else piece  # noqa: SIM401 -- None stands in it


def _runs(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield bytes, and where one repeats itself that one and how often."""
    end = 0
    for match in _RUN.finditer(data):
        if match.start() > end:
            yield data[end : match.start()], 1
        yield match[1], match.end() - match.start()
        end = match.end()
    if end < len(data):
        yield data[end:], 1
