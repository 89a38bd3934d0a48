"""Makes a trace of the evidence: the deeds in their order, what was heard after each, and what shows the fault."""

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, cast

from conformance.reproduce.binding import Binder
from conformance.reproduce.evidence import Aside, Evidence, Exchange, Pause
from conformance.reproduce.trace import Bound, Deed, Picked, Shown, Source, Step, Template, Token, Trace, Turn, sources
from conformance.reproduce.unshown import ELSEWHERE, IN_ACKS, IN_PINGS, IN_TIME, NOTHING
from conformance.symptom import ACK, ADMITTED, CLOSED, GONE, HTTP, REFUSED, STRAY_ACK, Symptom, Test
from protocols.contract import Json
from simulators import strict_json
from simulators.connection import NOT_LET_IN
from simulators.history import Direction, Record
from simulators.people import Asked

_HTTP_LINE: Final = re.compile(r"[A-Z]+ /|HTTP \d")  # how requests and their answers are told in a conversation
_SAID_GOODBYE: Final = "closed: io client disconnect"
_WAS_CUT: Final = "closed: transport aborted"
SURE_S: Final = 2.0
"""What comes too early by less than whole seconds may be early for whoever is a little slow."""
NOTICED_S: Final = 0.3
"""How long it takes, at least, until something is taken to have come by itself."""
SLOWER: Final = 2.0
"""How much longer what comes by itself may take the next time."""
MAX_AGAIN: Final = 4
"""How many wrong values of one event must come again."""


def record(evidence: Evidence, symptoms: Sequence[Symptom], *, expected: str = "", came: str = "") -> Trace:
    """Return the trace of a failure.

    Where nobody has said what shows it, that is what came in the end and is told as wrong: a value that stands in
    `came` and not in `expected`.
    """
    return _Recorder(evidence, expected, came).trace(symptoms)


def unrecorded(evidence: Evidence, why: str) -> Trace:
    """Return a trace that nobody can play."""
    target = evidence.target
    return Trace(
        protocol=target.protocol,
        url=target.url,
        path=target.path,
        namespace=target.namespace or "/",
        steps=(),
        window=0,
        symptoms=(),
        unshown=why,
    )


class _Recorder:
    def __init__(self, evidence: Evidence, expected: str, told: str) -> None:
        self.evidence = evidence
        self.expected = expected
        self.told = told
        self.steps: list[Step] = []
        self.unshown = ""
        self.window: int | None = None
        self.log: list[tuple[int, str, str, Json]] = []  # of which step, who heard what, its first value
        self.came: list[tuple[str, str, Json]] = []  # in the window: who, name, first value
        self.binder = Binder(evidence, self._ask)
        self._counts: Counter[tuple[str, str]] = Counter()  # since the last group of steps began
        self._group = 0  # where it began
        self._begun = sorted(set(evidence.begun))
        self._at = 0  # after how many records
        self._last_ns = 0  # when somebody did something last
        self._waited_s = 0.0  # from then on until something came in a step in which nobody does anything
        self._took_s: dict[tuple[str, str], float] = {}  # from then on until somebody heard a name last

    def trace(self, symptoms: Sequence[Symptom]) -> Trace:
        for one in self.evidence.records:
            if one.endpoint is not None and one.endpoint.auth is not None:
                self.binder.call(str(one.endpoint.auth.get("token")), one.actor)
        asides = sorted(self.evidence.asides, key=lambda aside: aside[0])
        for at, one in enumerate(self.evidence.records):
            self._at = at
            while asides and asides[0][0] <= self._at:
                self._take_aside(asides.pop(0)[1])
            self._take(one)
        self._at = len(self.evidence.records)
        for _, aside in asides:
            self._take_aside(aside)
        while self.steps and self.steps[-1].deed == "wait" and any(symptom.until_ns for symptom in symptoms):
            self.steps.pop()
        if any(symptom.is_belated for symptom in symptoms):
            self.window = max((n for n, step in enumerate(self.steps) if step.deed != "wait"), default=0)
        shown = symptoms or tuple(self._again())
        while self.steps and self._is_farewell(self.steps[-1], shown):
            self.steps.pop()
        self._count(shown)
        return Trace(
            protocol=self.evidence.target.protocol,
            url=self.evidence.target.url,
            path=self.evidence.target.path,
            namespace=self.evidence.target.namespace or "/",
            steps=tuple(self.steps),
            window=len(self.steps) if self.window is None else min(self.window, len(self.steps)),
            symptoms=tuple(map(self._shown, shown)),
            unshown=self.unshown or ("" if shown else NOTHING),
            makers=frozenset(who for symptom in shown for who in self._makers(symptom)),
        )

    def _makers(self, symptom: Symptom) -> Iterator[str]:
        if symptom.is_missing or symptom.tests:
            return
        for arrival in self.came:
            for source in sources(self.binder.say(arrival[2])) if _is_of(symptom, *arrival) else ():
                if isinstance(source, Picked) and self.steps[source.step].deed == "emit":
                    yield self.steps[source.step].who

    def _is_farewell(self, step: Step, symptoms: Sequence[Symptom]) -> bool:
        """Say whether the judge let somebody go because all was known."""
        is_over = any(GONE in symptom.names for symptom in symptoms) and len(self.steps) - 1 != self.window
        return step.deed in {"leave", "cut"} and (is_over or any(step.who == symptom.who for symptom in symptoms))

    # ---- deeds -------------------------------------------------------------------------------------------------

    def _add(self, step: Step) -> None:
        """Add a step; it is of one group with the last where the judge waited for nothing between them."""
        is_new = any(begun <= self._at for begun in self._begun)
        self._begun = [begun for begun in self._begun if begun > self._at]
        is_like = bool(self.steps) and {self.steps[-1].deed, step.deed} <= {"emit", "raw"}
        if is_like and not is_new:
            self.steps[-1] = replace(self.steps[-1], is_followed=True)
        else:
            self._group = len(self.steps)
            self._counts.clear()
        if self.window is None and self._at >= self.evidence.window:
            self.window = self._group
            self.came.clear()
        began = max((begun for begun in self.evidence.begun if begun <= self._at), default=0)
        self.steps.append(replace(step, is_refused=began in self.evidence.refused))

    def _wait(self) -> None:
        """Let as much time pass as the judge did, who waited for what came by itself."""
        if self._waited_s > NOTICED_S and self.steps and self.steps[-1].deed != "wait":
            self.steps.append(Step(deed="wait", who="", wait_s=round(self._waited_s + NOTICED_S, 1)))
        self._waited_s = 0.0

    def _take(self, one: Record) -> None:
        if _HTTP_LINE.match(one.name):
            return
        if one.direction is Direction.SENT or one.name in {_SAID_GOODBYE, _WAS_CUT} or one.endpoint is not None:
            self._wait()
            self._last_ns = one.at_ns
        match one.direction:
            case Direction.SENT if one.is_ack:
                self.unshown = IN_ACKS
            case Direction.SENT:
                deed: Deed = "raw" if one.name == "raw" and one.ack_id is None else "emit"
                arguments = tuple(map(self.binder.say, one.arguments))
                asks = one.ack_id is not None
                self._add(Step(deed=deed, who=one.actor, name=one.name, arguments=arguments, asks=asks))
            case Direction.RECEIVED:
                name = (ACK if one.name else STRAY_ACK) if one.is_ack else one.name
                self._took_s[one.actor, name] = took_s = (one.at_ns - self._last_ns) / 1e9
                if any(begun <= self._at for begun in self._begun):
                    self._waited_s = took_s
                self._hear(one.actor, name, one.arguments[0] if one.arguments else None)
            case Direction.STATE:
                self._state(one)
            case Direction.WRONG if one.name.startswith("an ack #"):
                self._hear(one.actor, STRAY_ACK, None)

    def _state(self, one: Record) -> None:
        match one.name:
            case _ if one.endpoint is not None:
                self._connect(one)
            case "answers no more pings":
                self.unshown = IN_PINGS
            case name if name == _SAID_GOODBYE:
                self._add(Step(deed="leave", who=one.actor))
            case name if name == _WAS_CUT:
                self._add(Step(deed="cut", who=one.actor))
            case name if name.startswith("closed: "):
                self._hear(one.actor, CLOSED, name.removeprefix("closed: "))

    def _connect(self, one: Record) -> None:
        endpoint = one.endpoint
        assert endpoint is not None
        if endpoint.path != self.evidence.target.path or endpoint.namespace != self.evidence.target.namespace:
            self.unshown = ELSEWHERE
        last = self.steps[-1] if self.steps else None
        is_new = any(begun <= self._at for begun in self._begun)
        if last is not None and (last.deed, last.who) == ("connect", one.actor) and not is_new:
            auth = last.auth if last.times > 1 else _in_turn(last.auth, one.actor)
            self.steps[-1] = replace(last, times=last.times + 1, auth=auth)  # one of many
            self._answered(one)
            return
        step = Step(
            deed="connect",
            who=one.actor,
            auth=None if endpoint.auth is None else self.binder.say(endpoint.auth),
            headers={name: self.binder.say(value) for name, value in endpoint.headers.items()},
            query=endpoint.query,
            transport=endpoint.transport,
            is_elsewhere=endpoint.local_addr is not None,
        )
        self._add(step)
        self._answered(one)

    def _answered(self, one: Record) -> None:
        """Take in how the server answered somebody's knock."""
        if one.name.startswith("refused: "):
            self._hear(one.actor, REFUSED, one.name.removeprefix("refused: "))
        elif one.name != NOT_LET_IN:
            self._hear(one.actor, ADMITTED, None)

    def _take_aside(self, aside: Aside) -> None:
        match aside:
            case Pause(seconds):
                self._add(Step(deed="wait", who="", wait_s=seconds))
            case Exchange() as exchange:
                self._request(
                    exchange.method,
                    self.binder.say(exchange.path),
                    {name: self.binder.say(value) for name, value in exchange.headers.items()},
                    None if exchange.json is None else self.binder.say(exchange.json),
                )
                if exchange.status:
                    headers = {name.lower(): value for name, value in exchange.answered.items()}
                    answer: dict[str, Json] = {
                        "status": exchange.status,
                        "body": _body(exchange.text),
                        "headers": headers,
                    }
                    self._hear(HTTP, HTTP, answer)

    def _request(
        self,
        method: str,
        url: Template,
        headers: Mapping[str, Template],
        body: Template,
        *,
        is_session: bool = False,
    ) -> None:
        arguments = () if body is None else (body,)
        step = Step(deed="http", who=HTTP, name=method, url=url, headers=headers, arguments=arguments)
        self._add(replace(step, is_session=is_session))

    def _ask(self, token: str, asked: Asked) -> Picked:
        """Make the call that got a token a step of the trace, and return where in its answer the token stands."""
        url = asked.url.removeprefix(self.evidence.target.url)
        self._request(
            asked.method,
            self.binder.say(url),
            {name: self.binder.say(value) for name, value in asked.headers.items()},
            None if asked.body is None else self.binder.say(asked.body),
            is_session=True,
        )
        at = Picked(self._group, HTTP, HTTP, 0, ("body",))
        self.binder.hear(asked.answer, at)
        return replace(at, path=("body", *_steps(asked.pointer)))

    # ---- what was heard ----------------------------------------------------------------------------------------

    def _hear(self, who: str, name: str, value: object) -> None:
        number = self._counts[who, name]
        self._counts[who, name] += 1
        if self.steps:
            last = self.steps[-1]
            # What comes in the window before anybody does anything there comes of no step.
            is_of_last = self.window is not None or self._at < self.evidence.window
            if is_of_last:
                self.steps[-1] = replace(last, heard=(*last.heard, (who, name)))
            self.log.append((len(self.steps) - is_of_last, who, name, cast("Json", value)))
            self.binder.hear(value, Picked(self._group, who, name, number, ()))
        if self._at >= self.evidence.window:
            self.came.append((who, name, cast("Json", value)))

    def _shown(self, symptom: Symptom) -> Shown:
        if symptom.until_ns:
            within_s = max(0.0, (symptom.until_ns - self._last_ns) / 1e9)
            symptom = replace(symptom, until_ns=0, within_s=within_s, is_early=True)
            if within_s < SURE_S:
                self.unshown = IN_TIME
        if not symptom.is_missing:
            if not symptom.times and not self._times(symptom):  # it came before the last step, and is seen only now
                symptom = replace(symptom, is_ever=True, times=sum(_is_of(symptom, *one[1:]) for one in self.log))
            symptom = replace(symptom, times=symptom.times or max(1, self._times(symptom)))
        if not symptom.is_missing and not symptom.is_early:
            symptom = replace(symptom, within_s=max(symptom.within_s, SLOWER * self._by_itself_s(symptom)))
        later = None if symptom.later is None else self._shown(symptom.later)
        return Shown(symptom, tuple(self.binder.say(test.value) for test in symptom.tests), later)

    def _by_itself_s(self, symptom: Symptom) -> float:
        """Return how long after all that is done something came, where it came by itself; negative where it did not."""
        waits = itertools.takewhile(lambda step: step.deed == "wait", reversed(self.steps))
        took_s = max(self._took_s.get((symptom.who, name), 0.0) for name in symptom.names)
        return took_s - sum(step.wait_s for step in waits)

    def _times(self, symptom: Symptom) -> int:
        if symptom.is_belated:
            window = self.window or 0
            return sum(step >= window and _is_of(symptom, who, name, value) for step, who, name, value in self.log)
        return sum(_is_of(symptom, *arrival) for arrival in self.came)

    def _count(self, symptoms: Sequence[Symptom]) -> None:
        """Note of each step how often what shows the fault came of it."""
        counts = Counter(
            (step, place)
            for step, who, name, value in self.log
            for place, symptom in enumerate(symptoms)
            if _is_of(symptom, who, name, value)
        )
        for n, step in enumerate(self.steps):
            self.steps[n] = replace(step, matches=tuple(counts[n, place] for place in range(len(symptoms))))

    def _again(self) -> Iterator[Symptom]:
        """Yield what came in the end and is told as wrong: where it comes again, the fault is still there."""
        for who, name, value in self.came:
            tests = [Test(path, "is", leaf) for path, leaf in _leaves(value) if self._is_told(leaf)]
            if tests and name not in {ADMITTED, CLOSED}:
                yield Symptom.heard(who, name, *tests[:MAX_AGAIN], times=1)
                return

    def _is_told(self, leaf: Json) -> bool:
        """Say whether a value that anybody would get again is told as what came, and not as what was expected."""
        if not isinstance(leaf, str | int | float) or isinstance(leaf, bool) or self.binder.is_of_the_server(leaf):
            return False
        word = re.compile(rf"(?<![\w.]){re.escape(str(leaf))}(?![\w.])")
        return len(str(leaf)) > 1 and bool(word.search(self.told)) and not word.search(self.expected)


def _in_turn(template: Template, who: str) -> Template:
    """Return what somebody shows who comes more than once, each time as somebody else where a name is theirs to say."""
    match template:
        case Bound(parts=parts):
            return Bound(tuple(piece for part in parts for piece in _numbered(part, who)))
        case str() | bytes():
            return template
        case Mapping():
            return {key: _in_turn(value, who) for key, value in template.items()}
        case _:
            return template


def _numbered(part: str | Source, who: str) -> Sequence[str | Source]:
    match part:
        case Token(claims=claims):
            return (replace(part, claims=tuple((key, _in_turn(value, who)) for key, value in claims)),)
        case str() if who in part:
            before, after = part.split(who, 1)
            return tuple(piece for piece in (before + who, Turn(), after) if piece != "")
        case _:
            return (part,)


def _is_of(symptom: Symptom, who: str, name: str, value: Json) -> bool:
    is_one = who == symptom.who and name in symptom.names
    return is_one and (symptom.gathers is not None or all(test.holds(value) for test in symptom.tests))


def _leaves(value: Json, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Json]]:
    if path[:1] == ("headers",):
        return
    match value:
        case Mapping():
            for key, item in value.items():
                yield from _leaves(item, (*path, key))
        case list() | tuple():
            for index, item in enumerate(value):
                yield from _leaves(item, (*path, index))
        case _:
            yield path, value


def _steps(pointer: str) -> Iterator[str | int]:
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        yield int(key) if key.isdecimal() else key


def _body(text: str) -> Json:
    try:
        return strict_json.loads(text.encode())
    except ValueError:
        return text
