"""Writes a trace as a script in one language: its steps one by one, then the question whether the fault shows."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from conformance.reproduce.language import Language, Needs
from conformance.reproduce.trace import Fresh, Picked, Shown, Step, Token, Trace, sources, spoken
from conformance.reproduce.turns import in_turns
from conformance.symptom import ACK, ADMITTED, ALL, CLOSED, GONE, HTTP, REFUSED

NOT_AWAITED: Final = {ADMITTED, CLOSED, REFUSED, HTTP}
"""What is heard of a step without waiting for it."""


def script(trace: Trace, head: Sequence[str], kind: type[Language]) -> str:
    """Return a script; `head` is what it says about itself."""
    writer = _Writer(trace, kind)
    return "\n".join(writer.lines(head)) + "\n"


class _Writer:
    def __init__(self, trace: Trace, kind: type[Language]) -> None:
        self.trace = trace
        self.picks = _picks(trace)
        self.names: dict[tuple[int, str, str, int], str] = {}
        self.language = kind(self.names)
        self.heard: Counter[tuple[str, str]] = Counter()

    def lines(self, head: Sequence[str]) -> list[str]:
        told = self._folded([(step, list(self._step(n))) for n, step in enumerate(self.trace.steps)])
        body = in_turns(told, self.language)
        shown = [self._shown(n, one) for n, one in enumerate(self.trace.symptoms)]
        body.append(self.language.both(shown))
        numbers = [s.number for step in self.trace.steps for s in spoken(step) if isinstance(s, Fresh)]
        needs = Needs(
            url=self.trace.url,
            path=self.trace.path,
            namespace=self.trace.namespace,
            ids=max(numbers, default=-1) + 1,
            secret=self.language.secret,
            is_elsewhere=any(step.is_elsewhere for step in self.trace.steps),
            text="\n".join(body),
        )
        return self.language.script(head, body, needs)

    def _folded(self, told: Sequence[tuple[Step, list[str]]]) -> list[str]:
        """Return all lines; where several people do the same one after the other, they do it in a loop."""
        blocks: list[tuple[str, list[str]]] = []
        for n, (_, lines) in enumerate(told):
            who = self._user(n)
            if blocks and blocks[-1][0] == who:
                blocks[-1][1].extend(lines)
            else:
                blocks.append((who, list(lines)))
        folded: list[str] = []
        while blocks:
            who, lines = blocks[0]
            alike = [who]
            pattern = _anybody(lines, who)
            while len(alike) < len(blocks) and _anybody(blocks[len(alike)][1], blocks[len(alike)][0]) == pattern:
                alike.append(blocks[len(alike)][0])
            folded += self.language.loop(alike, pattern) if len(alike) > 1 else lines
            del blocks[: len(alike)]
        return folded

    def _user(self, n: int) -> str:
        """Return who does a step, or uses the session that it gets, or the token that it shows."""
        step = self.trace.steps[n]
        if step.who != HTTP:
            return step.who
        tokens = [one for one in spoken(step) if isinstance(one, Token)]
        for later in self.trace.steps if tokens else self.trace.steps[n + 1 :]:
            for one in spoken(later) if later.who != HTTP else ():
                if one in tokens or (step.is_session and isinstance(one, Picked) and one.step == n):
                    return later.who
        return HTTP

    def _tokens(self, n: int) -> Iterator[str]:
        """Yield lines that give a name to each token that is first needed now, and again later."""
        step, rest = self.trace.steps[n], self.trace.steps[n:]
        for token in [one for one in spoken(step) if isinstance(one, Token)]:
            users = [later for later in rest if token in list(spoken(later))]
            owner = next((later.who for later in users if later.deed == "connect"), "somebody")
            place = f"GOT[{self.language.literal(owner)}]"
            names = self.language.tokens
            if len(users) > 1 and repr(token) not in names and place not in names.values():
                yield f"{place} = {self.language.source(token)}"
                self.language.tokens[repr(token)] = place

    def _step(self, n: int) -> Iterator[str]:
        step, language = self.trace.steps[n], self.language
        yield from self._tokens(n)
        own = [name for who, name in step.heard if who == step.who and name not in NOT_AWAITED]
        until: tuple[str, int] | None = None
        if step.deed == "http":
            is_asked = any(HTTP in one.symptom.names for one in self.trace.symptoms)
            until = (HTTP, 1) if is_asked else None
        elif step.deed == "emit" and own and n < self.trace.window and not step.is_followed:
            first = ACK if ACK in own else own[0]
            until = first, self.heard[step.who, first] + 1
        before = self.heard.copy()
        self.heard.update(step.heard)
        line = language.knock(step) if self.trace.stays(step) else language.deed(step, until)
        named = self._named(n, step, until, line)
        yield from [named] if step.times == 1 else language.repeat(step.times, [named])
        yield from self._others(n, step, until, before)

    def _named(self, n: int, step: Step, until: tuple[str, int] | None, line: str) -> str:
        name = HTTP if step.deed == "http" else until[0] if until else None
        if name is None or (n, step.who, name, 0) not in self.picks:
            return line
        place = f"GOT[{self.language.literal(self._user(n))}]"
        # Of somebody's second session the first may still be spoken of.
        if step.is_session and self._user(n) != HTTP and place not in self.names.values():
            self.names[n, step.who, name, 0] = place
            return f"{place} = {line}"
        self.names[n, step.who, name, 0] = variable = self._variable(step, name)
        return f"{self.language.begins}{variable} = {line}"

    def _others(
        self, n: int, step: Step, until: tuple[str, int] | None, before: "Counter[tuple[str, str]]"
    ) -> Iterator[str]:
        """Yield what else must have come before the next step."""
        group = n
        while group and self.trace.steps[group - 1].is_followed:
            group -= 1
        found = False
        for at, who, name, number in sorted(self.picks):
            if at == group and not step.is_followed and (at, who, name, number) not in self.names:
                self.names[at, who, name, number] = variable = self._variable(step, name)
                times = before[who, name] + number + 1
                yield f"{self.language.begins}{variable} = {self.language.must(self.language.hear(who, name, times))}"
                found = True
        is_last = n + 1 >= len(self.trace.steps)
        is_over = n >= self.trace.window and any(GONE in one.symptom.names for one in self.trace.symptoms)
        if found or until or step.is_followed or is_last or is_over or step.deed in {"http", "wait", "connect"}:
            return
        others = [one for one in step.heard if one[1] not in NOT_AWAITED]
        if others and n < self.trace.window:
            who, name = others[-1]
            yield self.language.must(self.language.hear(who, name, self.heard[who, name]))
        else:
            yield self.language.settle()

    def _variable(self, step: Step, name: str) -> str:
        word = name
        if name == HTTP:
            parts = [part for part in re.split(r"[^A-Za-z]+", str(step.url)) if part]
            word = parts[-1] if isinstance(step.url, str) and parts else "answer"
        elif name == ACK:
            word = "ack"
        word = re.sub(r"\W+", "_", word).strip("_").lower()
        taken = set(self.names.values())
        return next(one for one in (word, *(f"{word}{n}" for n in range(2, 1000))) if one not in taken)

    def _shown(self, n: int, one: Shown) -> str:
        symptom = one.symptom
        if GONE in symptom.names:
            return self.language.gone()
        if one.later is not None:
            both = [(each.symptom.names[0], self._tests(each)) for each in (one, one.later)]
            return self.language.ordered(symptom.who, both)
        before = 0 if symptom.is_ever else sum(step.matches[n] for step in self.trace.steps[: self.trace.window])
        if symptom.gathers is not None:
            if symptom.beside:
                lists = [self.language.gathered(who, symptom, 0, ALL) for who in (symptom.who, symptom.beside)]
                return self.language.differ(lists[0], lists[1], symptom.times)
            gathered = self.language.gathered(symptom.who, symptom, before, symptom.times)
            return self.language.of(gathered, self._tests(one))
        times = before + symptom.times
        tests = self._tests(one)
        heard = [self.language.hear(symptom.who, name, times, tests, symptom.waits_s) for name in symptom.names]
        return self.language.shows(symptom, heard)

    def _tests(self, one: Shown) -> list[str]:
        return [self.language.test(test, value) for test, value in zip(one.symptom.tests, one.values, strict=True)]


def _anybody(lines: Sequence[str], who: str) -> list[str]:
    """Return lines in which somebody's name has become `who`."""

    def named(match: re.Match[str]) -> str:
        parts = [f'"{match[1]}"' if match[1] else "", "who", f'"{match[2]}"' if match[2] else ""]
        return " + ".join(filter(None, parts))

    return [re.sub(rf'"((?:[^"\\]*-)?){re.escape(who)}((?:[-@][^"\\]*)?)"', named, line) for line in lines]


def _picks(trace: Trace) -> set[tuple[int, str, str, int]]:
    said = [source for step in trace.steps for source in spoken(step)]
    shown = [source for one in trace.symptoms for value in one.every for source in sources(value)]
    return {(one.step, one.who, one.name, one.number) for one in (*said, *shown) if isinstance(one, Picked)}
