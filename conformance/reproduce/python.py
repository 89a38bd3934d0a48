"""Scripts in Python, with the asynchronous client of python-socketio."""

import json
import re
from collections.abc import Sequence
from typing import Final

from conformance.reproduce.language import Language, Needs
from conformance.reproduce.trace import Step
from conformance.symptom import ACK, ADMITTED, CLOSED, EACH, GONE_S, HANDSHAKE, HTTP, REFUSED, STRAY_ACK, Symptom

CONNECT: Final = """\
async def connect(who, **how):
    sio = HERE[who] = {client}(reconnection=False, request_timeout=20{more})
    sio.on("*", lambda name, *values: HEARD.append((who, name, (values or [None])[0])), NS)
"""
OF_CLOSED: Final = f"""\
    sio.on("disconnect", lambda *why: HEARD.append((who, "{CLOSED}", why)), NS)
"""
OF_FENCES: Final = """\
    sio.on("connect", lambda *_: sio.fence.set(), "*")
    sio.on("connect_error", lambda *_: sio.fence.set(), "*")
"""
OPEN: Final = """\
    how = {{"transports": ["websocket"], "wait_timeout": 20, **how}}
    await sio.connect(URL, namespaces=[NS], {options}**how)
"""
OF_HANDSHAKES: Final = f"""\
    told = {{"pingInterval": sio.eio.ping_interval * 1000, "pingTimeout": sio.eio.ping_timeout * 1000}}
    HEARD.append((who, "{HANDSHAKE}", told))
"""
KNOCK: Final = """\
async def knock(who, **how):
    await connect(who, wait=False, **how)
    await asyncio.wait_for(HERE[who]._connect_event.wait(), 20)
    HERE[who].connected, HERE[who].namespaces = HERE[who].eio.state == "connected", {NS: None}
"""
"""The client takes for closed what has been refused; the connection below it is there still."""
ELSEWHERE: Final = """\
ADDRESS = ".".join(map(str, (127, 64 + os.urandom(1)[0] % 128, os.urandom(1)[0], 1 + os.urandom(1)[0] % 254)))
def elsewhere(): return aiohttp.ClientSession(connector=aiohttp.TCPConnector(local_addr=(ADDRESS, 0)))
"""
ATTEMPT: Final = f"""\
    words = lambda why="": why.get("message") if type(why) is dict else why
    sio.on("connect_error", lambda *why: HEARD.append((who, "{REFUSED}", words(*why))), NS)
    how = {{{{"transports": ["websocket"], "wait_timeout": 20, **how}}}}
    try: await sio.connect(URL, namespaces=[NS], {{options}}**how)
    except socketio.exceptions.ConnectionError: return
    HEARD.append((who, "{ADMITTED}", None))
"""
STRAY: Final = f"""\
class Client(socketio.AsyncClient):
    async def _handle_ack(self, namespace, id, data):
        if id not in self.callbacks.get(namespace or "/", {{}}):
            HEARD.extend((who, "{STRAY_ACK}", data) for who in HERE if HERE[who] is self)
        await super()._handle_ack(namespace, id, data)
"""
HEAR: Final = """\
async def hear(who, name, times=1, test=lambda v: True, within=10):
    end = time.monotonic() + within
    while time.monotonic() < end:
        came = [value for one, what, value in HEARD if (one, what) == (who, name) and test(value)]
        if len(came) >= times: return came[times - 1] or True
        await asyncio.sleep(0.02)
"""
GATHER: Final = """\
async def gather(who, names, pick, times, skip, within):
    for _ in range(int(within * 50)):
        came = [pick(name, v) for one, name, v in HEARD if one == who and name in names][skip:]
        if len(came) >= times: break
        await asyncio.sleep(0.02)
    return came
"""
SHA: Final = """\
def text(value): return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
def sha(value): return hashlib.sha256(text(value).encode()).hexdigest()
"""
ORDERED: Final = """\
async def ordered(who, *both):
    is_there = [await hear(who, name, test=test, within=2) for name, test in both]
    own = [(name, v) for one, name, v in HEARD if one == who]
    place = lambda what, test: next(n for n, (name, v) in enumerate(own) if name == what and test(v))
    return all(is_there) and place(*both[0]) < place(*both[1])
"""
GONE_CALL: Final = """\
async def gone(url="{path}?EIO=4&transport=polling"):
    for _ in range(5):
        try: await asyncio.sleep(0.4) or await asyncio.to_thread(urllib.request.urlopen, URL + url, None, {within})
        except urllib.error.HTTPError: pass
        except OSError: return True
"""
SAY: Final = f"""\
async def say(who, name, *values, ack=False, until=None, times=1):
    on_ack = lambda *values: HEARD.append((who, "{ACK}", (values or [None])[0]))
    await HERE[who].emit(name, values, NS, on_ack if ack else None) if HERE[who].connected else None
    return until and (await hear(who, until, times) or sys.exit(2))
"""
SETTLE: Final = """\
async def settle():
    for sio in [*HERE.values()] * 2:
        sio.fence = asyncio.Event()
        sio.connected and (await sio.eio.send("0/nowhere,") or await asyncio.wait_for(sio.fence.wait(), 5))
"""
HTTP_CALL: Final = """\
async def http(method, path, body=None, **headers):
    async with aiohttp.request(method, URL + path, json=body, headers=headers, raise_for_status=True) as answer:
        return json.loads(await answer.text() or "null")
"""
ASK: Final = f"""\
async def ask(method, path, body=None, **headers):
    async with aiohttp.request(method, URL + path, json=body, headers=headers) as answer: body = await answer.text()
    body, headers = json.loads(body) if body[:1] in tuple('{{["') else body, answer.headers.items()
    headers = {{name.lower(): value for name, value in headers}}
    HEARD.append(("{HTTP}", "{HTTP}", {{"status": answer.status, "body": body, "headers": headers}}))
    return body
"""
SIGN: Final = """\
def token(claims, lives=None, alg="HS256"):
    claims = {**({"iat": int(time.time()), "exp": int(time.time()) + lives} if lives else {}), **claims}
    text = b".".join(part(json.dumps(one).encode()) for one in ({"alg": alg}, claims))
    return (text + b"." + part(hmac.digest(SECRET.encode(), text, "sha" + alg[2:]))).decode()
def part(data): return base64.urlsafe_b64encode(data).rstrip(b"=")
"""
AT: Final = """\
def at(value, *path):
OF_EACH    try: return at(value[path[0]], *path[1:]) if path else value
    except (LookupError, TypeError): return None
"""
OF_EACH: Final = f"""\
    if path[:1] == ("{EACH}",): return [at(one, *path[1:]) for one in value or ()]
"""
COMPOUND: Final = "async|class|def|elif|else|except|finally|for|if|try|while|with"
"""How statements begin that cannot stand on a line with others."""
END: Final = """\
sys.excepthook = lambda kind, error, trace: print("nobody can tell:", repr(error), flush=True) or os._exit(2)
asyncio.run(main())
"""


class Python(Language):
    """Says it in Python."""

    suffix, comment, begins, conjunction = ".py", "#", "", " and "
    turn = "str(turn)"
    words = {None: "None", True: "True", False: "False"}  # noqa: RUF012 -- a constant, typed by its base
    comparing = {  # noqa: RUF012
        "is": "{at} == {value}",
        "is not": "{at} != {value}",
        "is one of": "{at} in {value}",
        "has": "{value} in ({at} or ())",
        "lacks": "{value} not in ({at} or ())",
        "is long": "len({at} or ()) == {value}",
        "is under": "(lambda one, least: one is not None and one < least)({at}, {value})",
        "is over": "(lambda one, most: one is not None and one > most)({at}, {value})",
        "falls": "(lambda all: all and all != sorted(all))({at})",
        "repeats": "(lambda all, due: any(all.count(v) > 1 for v in due))({at} or (), {value})",
        "strays from": (
            "(lambda all, due: [v for v in all if v in due] != [v for v in due if v in all])({at} or (), {value})"
        ),
        "is no hash of": "{at} != sha({value})",
        "is no hash of its": "{at} != sha({{key: v[key] for key in {value}}})",
    }

    def literal(self, text: str) -> str:
        """Return a text in quotes."""
        return json.dumps(text, ensure_ascii=not text.isprintable())

    def repeated(self, letter: str, count: int) -> str:
        """Return a letter so many times."""
        return f"{letter} * {count}"

    def as_text(self, number: str) -> str:
        """Return a number as text."""
        return f"str({number})"

    def bytes(self, data: bytes) -> str:
        """Return bytes."""
        return repr(data)

    def key(self, key: str) -> str:
        """Return the key of an object."""
        return self.text(key)

    def env(self, name: str) -> str:
        """Return what an environment variable holds."""
        return f'os.environ["{name}"]'

    def at(self, path: Sequence[str | int]) -> str:
        """Return what stands at a path in `v`, or nothing."""
        if len(path) == 1 and isinstance(path[0], str):
            return f"(v if type(v) is dict else {{}}).get({self.literal(path[0])})"
        return f"at(v, {', '.join(self.literal(s) if isinstance(s, str) else str(s) for s in path)})" if path else "v"

    def deed(self, step: Step, until: tuple[str, int] | None) -> str:
        """Return a step as an expression."""
        who = self.literal(step.who)
        match step.deed:
            case "connect":
                return f"await connect({', '.join([who, *self._how(step)])})"
            case "emit":
                said = [who, self.literal(step.name), *map(self.say, step.arguments)]
                said += ["ack=True"] if step.asks else []
                said += [f"until={self.literal(until[0])}"] if until else []
                said += [f"times={until[1]}"] if until and until[1] > 1 else []
                return f"await say({', '.join(said)})"
            case "raw":
                return f"await HERE[{who}].eio.ws.send_str({self.say(step.arguments[0])})"
            case "leave":
                return f"await HERE.pop({who}).disconnect()"
            case "cut":
                return f"await HERE.pop({who}).eio.ws.close()"
            case "http":
                said = [self.literal(step.name), self.say(step.url), *map(self.say, step.arguments)]
                said += [f"**{self.say(step.headers)}"] if step.headers else []
                return f"await {'http' if until is None else 'ask'}({', '.join(said)})"
            case "wait":
                return f"await asyncio.sleep({step.wait_s:g})"

    def _how(self, step: Step) -> list[str]:
        how = [] if step.auth is None else [f"auth={self.say(step.auth)}"]
        how += [f"headers={self.say(step.headers)}"] if step.headers else []
        if step.transport != "websocket":
            how.append(f"transports={['polling'] if step.transport == 'polling' else ['polling', 'websocket']}")
        return how

    def hear(self, who: str, name: str, times: int, tests: Sequence[str] = (), within_s: float | None = None) -> str:
        """Return an expression that waits for something."""
        said = [self.literal(who), self.literal(name), *([str(times)] if times > 1 or tests else [])]
        said += [f"lambda v: {' and '.join(tests)}"] if tests else []
        said += [] if within_s is None else [f"within={within_s:g}"]
        return f"await hear({', '.join(said)})"

    def ordered(self, who: str, heard: Sequence[tuple[str, Sequence[str]]]) -> str:
        """Return an expression that says whether somebody hears one thing before another."""
        both = [f"({self.literal(name)}, lambda v: {' and '.join(tests) or True})" for name, tests in heard]
        return f"await ordered({', '.join([self.literal(who), *both])})"

    def gathered(self, who: str, symptom: Symptom, skipped: int, times: int) -> str:
        """Return an expression of the list that somebody gathers of what they hear."""
        names = ", ".join(f"{self.literal(name)}" for name in symptom.names)
        pick = f"lambda name, v: {self.at(symptom.gathers or ())}" if symptom.gathers else "lambda name, v: name"
        said = [self.literal(who), f"({names},)", pick, str(times), str(skipped), f"{symptom.waits_s:g}"]
        return f"await gather({', '.join(said)})"

    def differ(self, one: str, other: str, number: int) -> str:
        """Return an expression that says whether the ends of two lists differ."""
        return f"({one})[-{number}:] != ({other})[-{number}:]"

    def of(self, value: str, tests: Sequence[str]) -> str:
        """Return an expression that says whether all tests hold for a value."""
        return f"(lambda v: {' and '.join(tests)})({value})"

    def gone(self) -> str:
        """Return an expression that says whether the server comes to answer nobody any more."""
        return "await gone()"

    def shows(self, symptom: Symptom, heard: Sequence[str]) -> str:
        """Return an expression that says whether a symptom shows."""
        any_of = " or ".join(heard)
        return f"not ({any_of})" if symptom.is_missing else any_of

    def repeat(self, times: int, lines: Sequence[str]) -> list[str]:
        """Return lines that do something so often."""
        return [f"for turn in range({times}):", *(f"    {line}" for line in lines)]

    def must(self, heard: str) -> str:
        """Return an expression that ends the script where something has not been heard."""
        return f"{heard} or sys.exit(2)"

    def loop(self, over: Sequence[str], lines: Sequence[str]) -> list[str]:
        """Return lines that do the same for several people."""
        return [f"for who in ({', '.join(map(self.literal, over))}):", *(f"    {line}" for line in lines)]

    def squeezed(self, helpers: Sequence[str], room: int, glue: str) -> list[str]:
        """Return so many lines at most, or as few as there can be; a body of one line stands behind its head."""
        told = super().squeezed(helpers, room, glue)
        place = 1
        while len(told) > room and place < len(told) - 1:
            depth, body, after = (len(line) - len(line.lstrip()) for line in told[place - 1 : place + 2])
            is_alone = told[place - 1].endswith(":") and after <= depth < body
            if is_alone and not re.match(rf"\s*({COMPOUND})\b", told[place]):
                told[place - 1 : place + 1] = [f"{told[place - 1]} {told[place].strip()}"]
            place += 1
        return told

    def joins(self, first: str, second: str) -> bool:
        """Say whether a line that helps may stand on the line before it: simple statements, whole on their lines."""
        is_simple = not any(re.match(rf"\s*({COMPOUND})\b|\s*#", line) for line in (first, second))
        is_simple = is_simple and not re.match(r"\s*return\b", first)
        return is_simple and not first.endswith((":", ",", "(", "[", "{", "\\")) and not second.endswith(":")

    def settle(self) -> str:
        """Return an expression that waits until everybody has heard what was sent to them."""
        return "await settle()"

    def script(self, head: Sequence[str], body: Sequence[str], needs: Needs) -> list[str]:
        """Return the lines of a whole script."""
        modules = {
            "asyncio": "",
            "os": "",
            "sys": "",
            "time": "",
            "json": "http( ask( token( sha(",
            "hashlib": "sha(",
        }
        modules |= {
            "urllib.request": "gone(",
            "uuid": "RUN IDS[",
            **dict.fromkeys(("base64", "hmac"), "token("),
        }
        used = [name for name, words in modules.items() if not words or any(w in needs for w in words.split())]
        used += ["socketio"] if needs.anybody else []
        used += ["aiohttp"] if needs.is_elsewhere or "http(" in needs or "ask(" in needs else []
        lines = [*(f"# {line}" for line in head), f"import {', '.join(sorted(used))}"]
        new = {"RUN": "uuid.uuid4().hex[:6]"} if "RUN" in needs else {}
        new |= {"IDS": f"[str(uuid.uuid4()) for _ in range({needs.ids})]"} if needs.ids else {}
        new |= {"SECRET": needs.secret} if "token(" in needs else {}
        new |= {"GOT": "{}"} if "GOT[" in needs else {}
        lines.append(f"URL, NS = (sys.argv[1:] or [{self.literal(needs.url)}])[0], {self.literal(needs.namespace)}")
        lines.append(f"{', '.join(['HERE, HEARD', *new])} = {', '.join(['{}, []', *new.values()])}")
        for helper in self._helpers(needs):
            lines += helper.splitlines()
        *steps, last = body
        steps += [f"shows = bool({last})", 'print(*HEARD, f"the fault shows: {shows}", sep="\\n", flush=True)']
        told = [f"    {line}" for line in [*steps, "os._exit(shows)"]]
        return self.fitted([*lines, "async def main():"], told, END.splitlines(), "; ")

    def _helpers(self, needs: Needs) -> list[str]:
        helpers = [*([STRAY] if STRAY_ACK in needs else []), *([ELSEWHERE] if needs.is_elsewhere else [])]
        if needs.anybody:
            options = "" if needs.path == "/socket.io/" else f"socketio_path={self.literal(needs.path)}, "
            client = "Client" if STRAY_ACK in needs else "socketio.AsyncClient"
            more = ", http_session=elsewhere()" if needs.is_elsewhere else ""
            opening = ATTEMPT if any(one in needs for one in (REFUSED, ADMITTED)) else OPEN
            helpers.append(
                CONNECT.format(client=client, more=more)
                + (OF_CLOSED if CLOSED in needs else "")
                + (OF_FENCES if "settle(" in needs else "")
                + opening.format(options=options)
                + (OF_HANDSHAKES if HANDSHAKE in needs else "")
            )
        calls = {
            "knock(": KNOCK,
            "hear(": HEAR,
            "say(": SAY,
            "settle(": SETTLE,
            "http(": HTTP_CALL,
            "ask(": ASK,
            "token(": SIGN,
        }
        calls |= {
            "at(": AT.replace("OF_EACH", OF_EACH if f'"{EACH}"' in needs else ""),
            "ordered(": ORDERED,
            "gather(": GATHER,
            "sha(": SHA,
            "gone(": GONE_CALL.format(path=needs.path, within=GONE_S),
        }
        named = {call: helper for call, helper in calls.items() if call in needs}
        return [*helpers, *({"hear(": HEAR} | named).values()]
