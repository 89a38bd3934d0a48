"""Errors that say too much: a secret, a stack trace, what is inside the server, or what only somebody else may know.

What the speaker has said or heard themselves is no leak: a refusal may quote what it refuses.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from conformance.checks import Check
from conformance.expectation import Heard
from conformance.judge import Step, errors, is_failing
from conformance.person import Person
from conformance.symptom import ACK, Symptom, Test
from conformance.verdict import Broken
from protocols.contract import Protocol
from protocols.errors import WireError
from simulators.history import Direction, History
from simulators.received import Answer, Received

REQUIREMENT: Final = "all/12"
SHORTEST: Final = 8
"""Characters of the shortest id of somebody else that is told from a word."""
TOKEN: Final = "token"  # noqa: S105  # what it is called
_INSIDE: Final = {
    "a stack trace": r"Traceback \(most recent call last\)|^\s+at \S.*[:(]\d+|\bat [\w.$<>]+ \(\S+:\d+(?::\d+)?\)"
    r'|File "[^"]+", line \d+',
    "a place in the code": r"[\w-]+\.(?:[cm]?[jt]sx?|py|go|rb|php|java|rs):\d+|node_modules/|site-packages/"
    r"|node:internal",
    "a path of the server": r"(?:^|[\s\"'(=])/(?:app|home|opt|root|srv|usr|var|Users)/[\w./-]*\w"
    r"|\b[A-Z]:\\{1,2}[\w.-]+\\",
    "SQL": r"\bSELECT\b.{1,200}\bFROM\b|\bINSERT INTO\b|\bDELETE FROM\b|\bUPDATE \S+ SET\b|SQLSTATE|\bER_[A-Z_]{4,}"
    r"|syntax error at or near|violates (?:unique|foreign key|not-null|check) constraint|\bE11000\b|SQLITE_[A-Z]+",
    "an exception of the code": r"\b(?:Type|Reference|Range|Key|Value|Index|Attribute|Recursion|Assertion)Error\b"
    r"|\b(?:NullPointer|IllegalArgument|IllegalState|ClassCast|IndexOutOfBounds)Exception\b|Cannot read propert|"
    r"is not a function\b|is not iterable\b|'NoneType' object|Maximum call stack|\bnil pointer\b"
    r"|\b(?:Prisma|Sequelize|Mongo|QueryFailed|Cast)\w*Error\b",
    "an address inside": r"\bE(?:CONNREFUSED|NOTFOUND|TIMEDOUT|HOSTUNREACH)\b",
    "a token": r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}",
}
_PATTERNS: Final = {what: re.compile(pattern, re.MULTILINE) for what, pattern in _INSIDE.items()}


def inside(text: str, said: str = "") -> tuple[str, str] | None:
    """Return what an error shows that is nobody's business, and the text; None where nothing, or what was said."""
    for what, pattern in _PATTERNS.items():
        for match in pattern.finditer(text):
            if match.group().strip() not in said:
                return what, match.group().strip()
    return None


class Leaks:
    """Looks through the errors that the people of one stage are told."""

    def __init__(self, protocol: Protocol, people: Sequence[Person], history: History) -> None:
        self.protocol = protocol
        self.people = people
        self.history = history
        self.requirement = f"{protocol.name}/{REQUIREMENT}"

    def findings(self, step: Step, heard: Heard, began: int) -> Iterator[Broken]:
        """Yield what is wrong with the errors of a step that began after so many records."""
        if self.requirement not in self.protocol.requirements:
            return
        for person, arrivals in heard.arrivals.items():
            for arrival in arrivals:
                if (text := self._error(step, arrival)) and (found := self._shown(person, text, began)) is not None:
                    check, came, value = found
                    expected = f"an error of {step.event_name} says nothing but what is wrong"
                    broken = Broken(self.requirement, expected, came, check=check, about=step.cause)
                    yield broken.shown(_symptom(person, arrival, value))

    def _error(self, step: Step, arrival: Received | Answer) -> str:
        """Return the words of an error; empty where this is none."""
        if isinstance(arrival, Received):
            is_error = arrival.name in errors(self.protocol)
        else:
            is_error = step.outlook.is_refusal or is_failing(arrival)
        try:
            return text_of(arrival.arguments) if is_error else ""
        except WireError:  # no JSON, which is a finding of its own
            return ""

    def _shown(self, who: Person, text: str, began: int) -> tuple[Check, str, str] | None:
        """Return which check an error fails, how, and the text that shows it."""
        if (shown := inside(text)) is not None and (shown := inside(text, self._known(who, began))) is not None:
            what, value = shown
            return Check.NO_SECRETS_IN_ERRORS, f"it shows {what}: {_covered(what, value)}", value
        own = {value for _, value in _private(who)}
        for other in self.people:
            for what, value in _private(other):
                if value not in own and _names(text, value) and not _names(self._known(who, began), value):
                    came = f"it shows the {what} of {other}"
                    if what == TOKEN:
                        return Check.NO_SECRETS_IN_ERRORS, came, value
                    return Check.NO_OTHERS_DATA_IN_ERRORS, f"{came}: {value}", value
        return None

    def _known(self, who: Person, began: int) -> str:
        """Return all that somebody has said, and has heard but for the errors in question."""
        told = errors(self.protocol)
        return "\n".join(
            text_of((record.name, *record.arguments))
            for record in self.history.of(who.name)
            if record.direction is Direction.SENT
            or not (record.order >= began and (record.is_ack or record.name in told))
        )


def _symptom(who: Person, arrival: Received | Answer, value: str) -> Symptom:
    name = arrival.name if isinstance(arrival, Received) else ACK
    path = next((path for path, text in _texts(arrival.arguments[:1]) if value in text), ())
    return Symptom.heard(who, name, Test(path[1:], "has", value), times=1)


def _texts(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    match value:
        case str():
            yield path, value
        case dict():
            for key, item in value.items():
                yield from _texts(item, (*path, key))
        case list() | tuple():
            for index, item in enumerate(value):
                yield from _texts(item, (*path, index))


def text_of(value: object) -> str:
    """Return all texts in a value, keys too, one a line."""
    match value:
        case str():
            return value
        case dict():
            return "\n".join((*map(str, value), *map(text_of, value.values())))
        case list() | tuple():
            return "\n".join(map(text_of, value))
        case _:
            return ""


def _private(who: Person) -> Iterator[tuple[str, str]]:
    """Yield what belongs to somebody, and what it is called."""
    for identity in (*who.identities.values(), *([] if who.identity is None else [who.identity])):
        if len(identity.token) >= SHORTEST:
            yield TOKEN, identity.token
        if len(identity.id) >= SHORTEST and any(map(str.isdigit, identity.id)):
            yield "id", identity.id
        if "@" in (email := identity.details.get("email", "")):
            yield "email address", email


def _names(text: str, value: str) -> bool:
    """Say whether a text has a value in it that is no part of a longer word."""
    return value in text and re.search(rf"(?<![\w-]){re.escape(value)}(?![\w-])", text) is not None


def _covered(what: str, value: str) -> str:
    return f"{value[:6]}…" if what == "a token" else value[:120]
