"""How a language says what scripts are made of; the values here, the phrases in a module for each."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from conformance.reproduce.trace import Bound, Env, Fresh, Picked, Run, Source, Step, Template, Token, Turn
from conformance.symptom import HTTP, Like, Symptom, Test

LONG: Final = 40
"""From so many equal characters on a text is told by its repetition."""

MAX_LINES: Final = 40
WIDTHS: Final = (120, 160, 240, 400, 800, 1600, 3200)
"""How wide the lines that do something become, one after the other, until a script is short enough."""
HELPERS_WIDTHS: Final = (120, 160, 240, 400)
"""How wide those become that only help, where that is not enough."""


class Language(ABC):
    """Says values and phrases."""

    suffix: ClassVar[str]
    comment: ClassVar[str]
    words: ClassVar[Mapping[object, str]]
    """For None, True and False."""
    conjunction: ClassVar[str]
    turn: ClassVar[str]
    """The number of the time that something is done now, as text."""
    begins: ClassVar[str]
    """How an assignment to a new name begins."""
    comparing: ClassVar[Mapping[Like, str]]
    """Templates of `{at}` and `{value}`."""

    def __init__(self, names: Mapping[tuple[int, str, str, int], str]) -> None:
        self.names = names
        """What came of a step -> the name that the script has for it."""
        self.tokens: dict[str, str] = {}
        """Tokens, as they are written -> the names that the script has for them."""
        self.secret = ""
        """What tokens are signed with, as an expression, once one has been said."""

    def say(self, template: Template) -> str:
        """Return a template as an expression."""
        match template:
            case None | bool():
                return self.words[template]
            case int():
                return repr(template)
            case float():
                # JSON knows one kind of numbers; a whole one is read, and counted, without its point.
                is_whole = template.is_integer() and abs(template) < 2**53 and repr(template) != "-0.0"
                return repr(int(template) if is_whole else template)
            case str():
                return self.text(template)
            case bytes():
                return self.bytes(template)
            case Bound(parts=parts):
                return " + ".join(self.text(part) if isinstance(part, str) else self.source(part) for part in parts)
            case Mapping():
                return f"{{{', '.join(f'{self.key(key)}: {self.say(value)}' for key, value in template.items())}}}"
            case Sequence():
                return f"[{', '.join(map(self.say, template))}]"

    def source(self, source: Source) -> str:
        """Return what a source is now, as an expression."""
        match source:
            case Run():
                return "RUN"
            case Turn():
                return self.turn
            case Fresh(number=number):
                return f"IDS[{number}]"
            case Env(name=name):
                return self.env(name)
            case Picked(path=path, name=name):
                path = path[1:] if name == HTTP and path[:1] == ("body",) else path
                value = self.names[source.step, source.who, source.name, source.number]
                value += "".join(f"[{self.text(step) if isinstance(step, str) else step}]" for step in path)
                return f"{value} + {source.plus}" if source.plus else value
            case Token():
                return self.tokens.get(repr(source)) or self._token(source)

    def _token(self, token: Token) -> str:
        self.secret = self.text(token.secret) if token.secret else self.env(token.secret_env)
        told = [self.say(dict(token.claims)), self.words[None] if token.expires_s is None else str(token.expires_s)]
        told += [] if token.algorithm == "HS256" else [self.text(token.algorithm)]
        call = f"token({', '.join(told)})"
        return f"{self.text(token.prefix)} + {call}" if token.prefix else call

    def text(self, text: str) -> str:
        """Return a text as a literal, one that repeats itself by its repetition."""
        count = len(text) - len(text.lstrip(text[:1])) if len(text) >= LONG else 0
        if count < LONG:
            return self.literal(text)
        rest = f" + {self.text(text[count:])}" if text[count:] else ""
        return self.repeated(self.literal(text[0]), count) + rest

    def test(self, test: Test, value: Template) -> str:
        """Return an expression that says whether a test holds for `v`, with a template in place of its value."""
        return self.comparing[test.like].format(at=self.at(test.path), value=self.say(value))

    @abstractmethod
    def literal(self, text: str) -> str:
        """Return a text in quotes."""

    @abstractmethod
    def repeated(self, letter: str, count: int) -> str:
        """Return a letter so many times."""

    @abstractmethod
    def as_text(self, number: str) -> str:
        """Return a number, which is an expression, as text."""

    @abstractmethod
    def bytes(self, data: bytes) -> str:
        """Return bytes."""

    @abstractmethod
    def key(self, key: str) -> str:
        """Return the key of an object."""

    @abstractmethod
    def env(self, name: str) -> str:
        """Return what an environment variable holds."""

    @abstractmethod
    def at(self, path: Sequence[str | int]) -> str:
        """Return what stands at a path in `v`, or nothing."""

    @abstractmethod
    def deed(self, step: Step, until: tuple[str, int] | None) -> str:
        """Return a step as an expression, which waits until its actor has heard a name so often, and gives the last."""

    def knock(self, step: Step) -> str:
        """Return an expression by which somebody connects who stays where they are refused."""
        return self.deed(step, None).replace("connect(", "knock(", 1)

    @abstractmethod
    def hear(self, who: str, name: str, times: int, tests: Sequence[str] = (), within_s: float | None = None) -> str:
        """Return an expression that waits until somebody has heard something so often, and gives the last."""

    @abstractmethod
    def ordered(self, who: str, heard: Sequence[tuple[str, Sequence[str]]]) -> str:
        """Return an expression that says whether somebody hears one thing before another: names, and their tests."""

    @abstractmethod
    def gathered(self, who: str, symptom: Symptom, skipped: int, times: int) -> str:
        """Return an expression of the list that somebody gathers of what they hear, but for so many of the first.

        It waits until they have heard so much.
        """

    @abstractmethod
    def differ(self, one: str, other: str, number: int) -> str:
        """Return an expression that says whether the last so many items of two lists differ."""

    @abstractmethod
    def of(self, value: str, tests: Sequence[str]) -> str:
        """Return an expression that says whether all tests hold for a value, which is `v` in them."""

    @abstractmethod
    def gone(self) -> str:
        """Return an expression that says whether the server comes to answer nobody any more."""

    @abstractmethod
    def shows(self, symptom: Symptom, heard: Sequence[str]) -> str:
        """Return an expression that says whether a symptom shows: all or none of these have been heard."""

    def both(self, shows: Sequence[str]) -> str:
        """Return an expression that says whether all of these show."""
        return self.conjunction.join(shows)

    @abstractmethod
    def repeat(self, times: int, lines: Sequence[str]) -> list[str]:
        """Return lines that do something so often; `turn` counts from 0 in them."""

    @abstractmethod
    def must(self, heard: str) -> str:
        """Return an expression that ends the script, unable to tell, where something has not been heard."""

    @abstractmethod
    def loop(self, over: Sequence[str], lines: Sequence[str]) -> list[str]:
        """Return lines that do the same for several people, whose name is `who` in them."""

    @abstractmethod
    def joins(self, first: str, second: str) -> bool:
        """Say whether a line that helps may stand on the line before it."""

    def squeezed(self, helpers: Sequence[str], room: int, glue: str) -> list[str]:
        """Return so many lines at most, or as few as there can be."""
        told = list(helpers)
        for width in HELPERS_WIDTHS:
            place = 1
            while len(told) > room and place < len(told):
                first, second = told[place - 1], told[place]
                is_fit = len(first) + len(second) <= width and _indent(first) == _indent(second)
                if is_fit and self.joins(first, second):
                    told[place - 1 : place + 1] = [first + glue + second.strip()]
                else:
                    place += 1
        return told

    @abstractmethod
    def settle(self) -> str:
        """Return an expression that waits until everybody has heard what was sent to them."""

    def fitted(self, helpers: Sequence[str], does: Sequence[str], end: Sequence[str], glue: str) -> list[str]:
        """Return a script that is short enough if it can be; what only helps is squeezed first, then what is done."""
        least = len(self.squeezed(helpers, 0, glue)) + len(end)
        body = packed(does, MAX_LINES - least, glue)
        return [*self.squeezed(helpers, MAX_LINES - len(body) - len(end), glue), *body, *end]

    @abstractmethod
    def script(self, head: Sequence[str], body: Sequence[str], needs: "Needs") -> list[str]:
        """Return the lines of a whole script; those of the body are what it does."""


class Needs:
    """What a script needs besides its steps."""

    def __init__(
        self, *, url: str, path: str, namespace: str, ids: int, secret: str, is_elsewhere: bool, text: str
    ) -> None:
        self.url = url
        self.path = path
        self.namespace = namespace
        self.ids = ids
        self.secret = secret
        self.is_elsewhere = is_elsewhere
        """Whether people come from an address of this machine that nobody else comes from."""
        self._text = text

    @property
    def anybody(self) -> bool:
        """Whether anybody connects."""
        return "connect(" in self or "knock(" in self

    def __contains__(self, word: str) -> bool:
        """Say whether its steps speak of this."""
        return word in self._text


def packed(lines: Sequence[str], room: int, glue: str) -> list[str]:
    """Return so many lines at most, or as few as there can be: what fits stands side by side with what comes before.

    A loop begins and ends a line; the whole of it is one where it does what fits there.
    """
    told = list(lines)
    for width in WIDTHS:
        place = 1
        while len(told) > room and place < len(told):
            first, second = told[place - 1], told[place]
            loop = told[place - 1 : place - 1 + _short_loop(told[place - 1 : place + 2])]
            if loop and (whole := " ".join([first, *map(str.strip, loop[1:])])) and len(whole) <= width:
                told[place - 1 : place - 1 + len(loop)] = [whole]
            elif _indent(first) == _indent(second) and len(first) + len(second) <= width and _are_plain(first, second):
                told[place - 1 : place + 1] = [first + glue + second.strip()]
            else:
                place += 1
    return told


def _short_loop(lines: Sequence[str]) -> int:
    """Return how many lines a loop has that begins here and does what stands on one line; 0 where there is none."""
    head, body, after = [*lines, "", ""][:3]
    if _indent(body) <= _indent(head) or not _are_plain(body):
        return 0
    if head.endswith("{"):
        return 3 if after.strip() == "}" else 0
    return 2 if head.endswith(":") and _indent(after) <= _indent(head) else 0


def _are_plain(*lines: str) -> bool:
    """Say whether these neither begin nor end a loop, nor are one."""
    return not any(line.lstrip().startswith(("for ", "}")) or line.endswith(("{", "}", ":")) for line in lines)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
