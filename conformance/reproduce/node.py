"""Scripts for Node, with the client that is called socket.io-client there."""

import json
from collections.abc import Sequence
from typing import Final

from conformance.reproduce.language import Language, Needs
from conformance.reproduce.trace import Step
from conformance.symptom import ACK, ADMITTED, CLOSED, EACH, GONE_S, HANDSHAKE, HTTP, REFUSED, STRAY_ACK, Symptom

CONNECT: Final = """\
const connect = (who, how = {}) => new Promise((done, fail) => {
  const own = { transports: ["websocket"], reconnection: false, forceNew: true, OPTIONS...how };
  const socket = HERE[who] = io(URL + NS, own);
  socket.onAny((name, ...values) => HEARD.push([who, name, values[0] ?? null]));
"""
OF_CLOSED: Final = f"""\
  socket.on("disconnect", (why) => HEARD.push([who, "{CLOSED}", why]));
"""
OF_STRAY: Final = f"""\
  const seen = new Set(), isStray = (id) => seen.has(id) || !(id < socket.ids) || !seen.add(id);
  const acked = (data) => /^3(?:\\/[^,]*,)?(\\d+)\\[/.exec(data)?.[1];
  socket.io.engine.on("message", (data) => {{
    if (acked(data) && isStray(acked(data))) HEARD.push([who, "{STRAY_ACK}", null]); }});
"""
OF_HANDSHAKES: Final = f"""\
  socket.io.engine.on("handshake", (told) => HEARD.push([who, "{HANDSHAKE}", told]));
"""
ELSEWHERE: Final = """\
const [b, c, d] = require("node:crypto").randomBytes(3), ADDRESS = [127, 64 + (b % 128), c, 1 + (d % 254)].join(".");
"""
OPENED: Final = """\
  socket.on("connect", done).on("connect_error", fail);
});
"""
ATTEMPTED: Final = f"""\
  socket.on("connect", () => done(HEARD.push([who, "{ADMITTED}", null])));
  socket.on("connect_error", (no) => done(HEARD.push([who, "{REFUSED}", no.message]))).io.on("close", done);
}});
"""
KNOCK: Final = """\
const knock = (who, how, come = connect(who, how)) => {
  HERE[who].destroy = HERE[who].onconnect; return come;
};
"""
"""When it is refused, the client destroys what it takes for closed, and would end the connection below it."""
HEAR: Final = """\
async function hear(who, name, { times = 1, test = () => true, within = 10 } = {}) {
  for (const end = Date.now() + within * 1000; Date.now() < end; await new Promise((done) => setTimeout(done, 20))) {
    const came = HEARD.filter(([one, what, v]) => one === who && what === name && test(v));
    if (came.length >= times) return came[times - 1][2] ?? true;
  }
}
"""
HAS: Final = """\
const has = (v, one) => v?.some?.((item) => same(item, one)) ?? v?.includes?.(one) ?? Object.hasOwn(v ?? {}, one);
"""
GATHER: Final = """\
const gather = async (who, names, pick, times, skip, within) => {
  const came = () => HEARD.filter(([one, name]) => one === who && names.includes(name)).slice(skip);
  const pause = () => new Promise((done) => setTimeout(done, 20));
  for (let left = within * 50; left > 0 && came().length < times; left--) await pause();
  return came().map(([, name, v]) => pick(name, v) ?? null);
};
"""
SHA: Final = """\
const sorted = (v) => (Array.isArray(v) ? v.map(sorted) : v === null || typeof v !== "object" ? v
  : Object.fromEntries(Object.keys(v).sort().map((key) => [key, sorted(v[key])])));
const sha = (v) => require("node:crypto").createHash("sha256").update(JSON.stringify(sorted(v))).digest("hex");
"""
ORDERED: Final = """\
const ordered = async (who, ...both) => {
  const place = ([name, test]) => HEARD.findIndex(([one, what, v]) => one === who && what === name && test(v));
  for (const [name, test] of both) await hear(who, name, { test, within: 2 });
  return place(both[0]) >= 0 && place(both[0]) < place(both[1]);
};
"""
GONE_CALL: Final = """\
const gone = async (url = "PATH?EIO=4&transport=polling") => {
  for (let left = 5; left > 0; left--, await new Promise((done) => setTimeout(done, 400))) {
    if (!(await fetch(URL + url, { signal: AbortSignal.timeout(WITHIN) }).catch(() => null))) return true;
  }
};
"""
SAY: Final = f"""\
const say = async (who, name, values, {{ ack, until, times = 1 }} = {{}}) => {{
  const onAck = (...acked) => HEARD.push([who, "{ACK}", acked[0] ?? null]);
  if (HERE[who].connected) HERE[who].emit(name, ...values, ...(ack ? [onAck] : []));
  return until && ((await hear(who, until, {{ times }})) ?? process.exit(2));
}};
"""
SETTLE: Final = """\
const fence = (socket) => new Promise((done) => socket.once("disconnect", done) && socket.io.socket("/nowhere")
  .once("connect_error", done).once("connect", done).connect());
const settle = async () => { for (const one of Object.values({ ...HERE })) if (one.connected) await fence(one); };
"""
HTTP_CALL: Final = """\
const http = (method, path, body, headers) => fetch(URL + path, { method, body: JSON.stringify(body),
  headers: { ...(body !== undefined && { "Content-Type": "application/json" }), ...headers } })
  .then((answer) => (answer.ok ? answer.json().catch(() => null) : process.exit(2)));
"""
ASK: Final = f"""\
async function ask(method, path, body, headers) {{
  const kind = body === undefined ? {{}} : {{ "Content-Type": "application/json" }};
  const answer = await fetch(URL + path, {{ method, body: JSON.stringify(body), headers: {{ ...kind, ...headers }} }});
  let text = await answer.text();
  try {{ text = JSON.parse(text); }} catch {{}}
  const told = {{ status: answer.status, body: text, headers: Object.fromEntries(answer.headers) }};
  HEARD.push(["{HTTP}", "{HTTP}", told]);
  return text;
}}
"""
SIGN: Final = """\
const part = (data) => Buffer.from(JSON.stringify(data)).toString("base64url"), now = Math.floor(Date.now() / 1000);
const hmac = (text, alg) => crypto.createHmac("sha" + alg.slice(2), SECRET).update(text).digest("base64url");
const sign = (text, alg) => text + "." + hmac(text, alg), life = (s) => s && { iat: now, exp: now + s };
const token = (claims, s, alg = "HS256") => sign(part({ alg }) + "." + part({ ...life(s), ...claims }), alg);
"""
END: Final = """\
main().then((shows) => process.exit(shows ? 1 : 0), (error) => {
  console.log("nobody can tell:", String(error)); process.exit(2); });
"""


class Node(Language):
    """Says it in JavaScript."""

    suffix, comment, begins, conjunction = ".js", "//", "const ", " && "
    turn = "turn"
    words = {None: "null", True: "true", False: "false"}  # noqa: RUF012 -- a constant, typed by its base
    comparing = {  # noqa: RUF012
        "is": "same({at}, {value})",
        "is not": "!same({at}, {value})",
        "is one of": "{value}.some((one) => same({at}, one))",
        "has": "has({at}, {value})",
        "lacks": "!has({at}, {value})",
        "is long": "{at}?.length === {value}",
        "is under": "{at} < {value}",
        "is over": "{at} > {value}",
        "falls": "!same({at} ?? [], [...({at} ?? [])].sort())",
        "repeats": ("((all, due) => due.some((v) => all.indexOf(v) !== all.lastIndexOf(v)))({at} ?? [], {value})"),
        "strays from": (
            "((all, due) => !same(all.filter((v) => due.includes(v)), due.filter((v) => all.includes(v))))"
            "({at} ?? [], {value})"
        ),
        "is no hash of": "{at} !== sha({value})",
        "is no hash of its": "{at} !== sha(Object.fromEntries({value}.map((key) => [key, v[key]])))",
    }

    def literal(self, text: str) -> str:
        """Return a text in quotes."""
        return json.dumps(text, ensure_ascii=not text.isprintable())

    def repeated(self, letter: str, count: int) -> str:
        """Return a letter so many times."""
        return f"{letter}.repeat({count})"

    def as_text(self, number: str) -> str:
        """Return a number as text."""
        return f"String({number})"

    def bytes(self, data: bytes) -> str:
        """Return bytes."""
        return f'Buffer.from("{data.hex()}", "hex")'

    def key(self, key: str) -> str:
        """Return the key of an object."""
        return key if key.isidentifier() and key.isascii() and key != "__proto__" else f"[{self.text(key)}]"

    def env(self, name: str) -> str:
        """Return what an environment variable holds."""
        return f"process.env.{name}"

    def at(self, path: Sequence[str | int]) -> str:
        """Return what stands at a path in `v`, or nothing."""
        if EACH in path:
            each = path.index(EACH)
            return f"{self.at(path[:each])}?.map?.((v) => {self.at(path[each + 1 :])})"
        return "v" + "".join(f"?.[{self.literal(step) if isinstance(step, str) else step}]" for step in path)

    def deed(self, step: Step, until: tuple[str, int] | None) -> str:
        """Return a step as an expression."""
        who = self.literal(step.who)
        match step.deed:
            case "connect":
                return f"await connect({', '.join([who, *self._how(step)])})"
            case "emit":
                how = ["ack: true"] if step.asks else []
                how += [f"until: {self.literal(until[0])}"] if until else []
                how += [f"times: {until[1]}"] if until and until[1] > 1 else []
                more = f", {{ {', '.join(how)} }}" if how else ""
                return f"await say({who}, {self.literal(step.name)}, {self.say(step.arguments)}{more})"
            case "raw":
                return f"HERE[{who}].io.engine.transport.ws.send({self.say(step.arguments[0])})"
            case "leave":
                return f"HERE[{who}].disconnect()"
            case "cut":
                return f"HERE[{who}].io.engine.transport.ws?.terminate()"
            case "http":
                said = [self.literal(step.name), self.say(step.url), *map(self.say, step.arguments)]
                said += [] if step.arguments or not step.headers else ["undefined"]
                said += [self.say(step.headers)] if step.headers else []
                return f"await {'http' if until is None else 'ask'}({', '.join(said)})"
            case "wait":
                return f"await new Promise((done) => setTimeout(done, {step.wait_s * 1000:.0f}))"

    def _how(self, step: Step) -> list[str]:
        how = [] if step.auth is None else [f"auth: {self.say(step.auth)}"]
        how += [f"extraHeaders: {self.say(step.headers)}"] if step.headers else []
        if step.transport != "websocket":
            how.append(f"transports: {json.dumps(['polling', 'websocket'][: 1 if step.transport == 'polling' else 2])}")
        return [f"{{ {', '.join(how)} }}"] if how else []

    def hear(self, who: str, name: str, times: int, tests: Sequence[str] = (), within_s: float | None = None) -> str:
        """Return an expression that waits for something."""
        how = [f"times: {times}"] if times > 1 else []
        how += [f"test: (v) => {' && '.join(tests)}"] if tests else []
        how += [] if within_s is None else [f"within: {within_s:g}"]
        more = f", {{ {', '.join(how)} }}" if how else ""
        return f"await hear({self.literal(who)}, {self.literal(name)}{more})"

    def ordered(self, who: str, heard: Sequence[tuple[str, Sequence[str]]]) -> str:
        """Return an expression that says whether somebody hears one thing before another."""
        both = [f"[{self.literal(name)}, (v) => {' && '.join(tests) or 'true'}]" for name, tests in heard]
        return f"await ordered({', '.join([self.literal(who), *both])})"

    def gathered(self, who: str, symptom: Symptom, skipped: int, times: int) -> str:
        """Return an expression of the list that somebody gathers of what they hear."""
        pick = f"(name, v) => {self.at(symptom.gathers)}" if symptom.gathers else "(name) => name"
        names = json.dumps(symptom.names)
        said = [self.literal(who), names, pick, str(times), str(skipped), f"{symptom.waits_s:g}"]
        return f"await gather({', '.join(said)})"

    def differ(self, one: str, other: str, number: int) -> str:
        """Return an expression that says whether the ends of two lists differ."""
        return f"!same(({one}).slice(-{number}), ({other}).slice(-{number}))"

    def of(self, value: str, tests: Sequence[str]) -> str:
        """Return an expression that says whether all tests hold for a value."""
        return f"((v) => {' && '.join(tests)})({value})"

    def gone(self) -> str:
        """Return an expression that says whether the server comes to answer nobody any more."""
        return "await gone()"

    def shows(self, symptom: Symptom, heard: Sequence[str]) -> str:
        """Return an expression that says whether a symptom shows."""
        any_of = " || ".join(heard)
        return f"!({any_of})" if symptom.is_missing else any_of

    def repeat(self, times: int, lines: Sequence[str]) -> list[str]:
        """Return lines that do something so often."""
        return [f"for (let turn = 0; turn < {times}; turn++) {{", *(f"  {line}" for line in lines), "}"]

    def must(self, heard: str) -> str:
        """Return an expression that ends the script where something has not been heard."""
        return f"({heard}) ?? process.exit(2)"

    def loop(self, over: Sequence[str], lines: Sequence[str]) -> list[str]:
        """Return lines that do the same for several people."""
        return [f"for (const who of {json.dumps(over)}) {{", *(f"  {line}" for line in lines), "}"]

    def joins(self, first: str, second: str) -> bool:
        """Say whether a line that helps may stand on the line before it: statements, whole on their lines."""
        return first.endswith(";") and second.endswith(";") and not second.lstrip().startswith(("}", ".", "//"))

    def settle(self) -> str:
        """Return an expression that waits until everybody has heard what was sent to them."""
        return "await settle()"

    def script(self, head: Sequence[str], body: Sequence[str], needs: Needs) -> list[str]:
        """Return the lines of a whole script."""
        lines = [f"// {line}" for line in head]
        lines += ['const { io } = require("socket.io-client");'] if needs.anybody else []
        lines += (
            ['const crypto = require("node:crypto");'] if "RUN" in needs or "IDS[" in needs or "token(" in needs else []
        )
        lines += ['const same = require("node:util").isDeepStrictEqual;'] if "same(" in needs or "has(" in needs else []
        new = {"URL": f"process.argv[2] ?? {self.literal(needs.url)}", "NS": self.literal(needs.namespace)}
        new |= {"HERE": "{}", "HEARD": "[]"}
        new |= {"SECRET": needs.secret} if "token(" in needs else {}
        new |= {"RUN": 'crypto.randomBytes(3).toString("hex")'} if "RUN" in needs else {}
        new |= {"IDS": f"Array.from({{ length: {needs.ids} }}, crypto.randomUUID)"} if needs.ids else {}
        new |= {"GOT": "{}"} if "GOT[" in needs else {}
        lines.append(f"const {', '.join(f'{name} = {value}' for name, value in new.items())};")
        for helper in self._helpers(needs):
            lines += helper.splitlines()
        *steps, last = body
        told = [line if line.endswith(("{", "}")) else f"{line};" for line in [*steps, f"const shows = !!({last})"]]
        told.append(
            'console.log([...HEARD.map((one) => JSON.stringify(one)), `the fault shows: ${shows}`].join("\\n"));'
        )
        told.append("return shows;")
        does = [f"  {line}" for line in told]
        return self.fitted([*lines, "async function main() {"], does, ["}", *END.splitlines()], " ")

    def _helpers(self, needs: Needs) -> list[str]:
        helpers: list[str] = []
        if needs.anybody:
            options = "" if needs.path == "/socket.io/" else f"path: {self.literal(needs.path)}, "
            options += "localAddress: ADDRESS, " if needs.is_elsewhere else ""
            helpers += [ELSEWHERE] if needs.is_elsewhere else []
            helpers.append(
                CONNECT.replace("OPTIONS", options)
                + (OF_CLOSED if CLOSED in needs else "")
                + (OF_STRAY if STRAY_ACK in needs else "")
                + (OF_HANDSHAKES if HANDSHAKE in needs else "")
                + (ATTEMPTED if any(one in needs for one in (REFUSED, ADMITTED)) else OPENED)
            )
        calls = {"knock(": KNOCK, "say(": SAY, "settle(": SETTLE, "http(": HTTP_CALL, "ask(": ASK, "token(": SIGN}
        gone = GONE_CALL.replace("WITHIN", str(GONE_S * 1000)).replace("PATH", needs.path)
        calls |= {"has(": HAS, "ordered(": ORDERED, "gather(": GATHER, "sha(": SHA, "gone(": gone}
        return [*helpers, HEAR, *(helper for call, helper in calls.items() if call in needs)]
