"""Draws a conversation as a sequence diagram: lifelines for those who speak, the server at the right, time downwards.

Here lines become places on a plane, in pixels; `page/diagram.svg.j2` puts ink there.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

# A line of `simulators.history`: `ana > talk {"to":"ben"}`, `ana = connects`, `= ana, ben in plaza`, `! silence`.
_LINE: Final = re.compile(r"(?:(?P<actor>\S+) )?(?P<sign>[><=!]) (?P<text>.*)", re.DOTALL)
_ACK: Final = "ack of "

_EDGE: Final = 70  # from a lifeline to the edge
_BETWEEN: Final = 130  # from one person to the next
_NARROWEST: Final = 660
_HEAD: Final = 46  # what the names take at the top
_ROW: Final = 15  # one line of text
_GAP: Final = 16  # between two things that happen
_CELL: Final = 6.65  # the width of a letter in the face of 11 pixels that the page uses
_MOST_LINES: Final = 3
_MOST_WRONG_LINES: Final = 5
_MOST_ROWS: Final = 60
_LAST_ROWS: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing of a conversation, as far as its line tells."""

    actor: str
    sign: str
    """`>` sent, `<` received, `=` how things are, `!` what is wrong, `…` something left out."""
    name: str
    rest: str = ""
    is_ack: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifeline:
    """Somebody, from top to bottom."""

    name: str
    x: float
    is_server: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One thing that happened, and where it is drawn."""

    kind: str
    """`sent`, `received`, `state`, `wrong` or `gap`."""
    title: str
    lines: tuple[str, ...]
    whole: str
    """The line of the conversation."""
    y: float
    """Its upper edge."""
    height: float
    x: float
    """The middle of its words."""
    width: float
    """Of its words."""
    start: float = 0.0
    end: float = 0.0
    """From where to where an arrow goes, at the lower edge."""
    is_ack: bool = False
    is_wrong: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagram:
    """A conversation on a plane."""

    width: float
    height: float
    lifelines: tuple[Lifeline, ...]
    rows: tuple[Row, ...]


@dataclass(slots=True)
class _Pen:
    """Where the next thing is drawn."""

    width: float
    places: dict[str, float]
    server: float
    y: float = _HEAD
    last: tuple[str, str] = field(default=("", ""))
    """What was said last: heard by several, it is written once."""


def parse(line: str) -> Item:
    """Read one line of a conversation; whatever is none is left out."""
    found = _LINE.fullmatch(line)
    if found is None or (found["sign"] in "><" and not found["actor"]):
        return Item(actor="", sign="…", name=line.removeprefix("… "))
    actor, sign, text = found["actor"] or "", found["sign"], found["text"]
    if sign in "=!":
        return Item(actor=actor, sign=sign, name=text)
    is_ack = text.startswith(_ACK)
    name, _, rest = text.removeprefix(_ACK).partition(" ")
    return Item(actor=actor, sign=sign, name=name, rest=rest, is_ack=is_ack)


def draw(conversation: Sequence[str]) -> Diagram:
    """Return where everything of a conversation stands; of a very long one how it began and how it ended."""
    if len(conversation) > _MOST_ROWS:
        first = _MOST_ROWS - _LAST_ROWS
        left_out = f"… {len(conversation) - _MOST_ROWS} more lines"
        conversation = [*conversation[:first], left_out, *conversation[-_LAST_ROWS:]]
    items = [parse(line) for line in conversation]
    people = list(dict.fromkeys(item.actor for item in items if item.actor))
    width = max(_NARROWEST, 2 * _EDGE + _BETWEEN * (len(people) + 0.6))
    pen = _Pen(
        width=width,
        places={name: _EDGE + _BETWEEN * index for index, name in enumerate(people)},
        server=width - _EDGE,
    )
    wrong = _culprit(items)
    rows = tuple(
        _row(pen, item, line, is_wrong=index == wrong)
        for index, (item, line) in enumerate(zip(items, conversation, strict=True))
    )
    lifelines = [Lifeline(name=name, x=x) for name, x in pen.places.items()]
    return Diagram(
        width=width,
        height=pen.y + _GAP,
        lifelines=(*lifelines, Lifeline(name="server", x=pen.server, is_server=True)),
        rows=rows,
    )


def _culprit(items: Sequence[Item]) -> int | None:
    """Return the place of what should not have come, where what is wrong quotes it: `ana heard talk {}`."""
    said = next((item.name for item in reversed(items) if item.sign == "!"), "")
    for index in reversed(range(len(items))):
        item = items[index]
        if (
            item.sign == "<"
            and said.startswith(f"{item.actor} ")
            and said.endswith(f"{item.name} {item.rest}".rstrip())
        ):
            return index
    return None


def _row(pen: _Pen, item: Item, line: str, *, is_wrong: bool) -> Row:
    match item.sign:
        case ">" | "<":
            return _arrow(pen, item, line, is_wrong=is_wrong)
        case "=":
            return _words(pen, item, "state", line, pen.places.get(item.actor))
        case "!":
            return _words(pen, item, "wrong", line, None)
    return _words(pen, item, "gap", line, None)


def _arrow(pen: _Pen, item: Item, line: str, *, is_wrong: bool) -> Row:
    """Draw what somebody sent or received: its words, and an arrow below them."""
    here = pen.places[item.actor]
    said = item.name, item.rest
    lines = ("the same",) if item.rest and said == pen.last else _wrapped(item.rest, pen.width - 24, _MOST_LINES)
    pen.last = said
    (title,) = _wrapped(f"ack of {item.name}" if item.is_ack else item.name, pen.width - 40, 1) or ("",)
    width = max(map(_wide, (title, *lines))) + 12
    height = _ROW * (1 + len(lines)) + 6
    row = Row(
        kind="sent" if item.sign == ">" else "received",
        title=title,
        lines=lines,
        whole=line,
        y=pen.y,
        height=height,
        x=_kept((here + pen.server) / 2, width, pen.width),
        width=width,
        start=here if item.sign == ">" else pen.server,
        end=pen.server if item.sign == ">" else here,
        is_ack=item.is_ack,
        is_wrong=is_wrong,
    )
    pen.y += height + _GAP
    return row


def _words(pen: _Pen, item: Item, kind: str, line: str, x: float | None) -> Row:
    """Draw a box of words, on somebody's lifeline or across all."""
    most = _MOST_WRONG_LINES if kind == "wrong" else _MOST_LINES
    lines = _wrapped(item.name, pen.width - 60, most)
    width = pen.width - 8 if x is None else max(map(_wide, lines), default=0.0) + 16
    height = _ROW * len(lines) + 10
    middle = pen.width / 2 if x is None else _kept(x, width, pen.width)
    row = Row(kind=kind, title="", lines=lines, whole=line, y=pen.y, height=height, x=middle, width=width)
    pen.y += height + _GAP
    pen.last = "", ""
    return row


def _kept(middle: float, width: float, whole: float) -> float:
    """Return the middle of something so that all of it is in the picture."""
    return min(max(middle, width / 2 + 4), whole - width / 2 - 4)


def _wrapped(text: str, room: float, most: int) -> tuple[str, ...]:
    """Break a text into lines that fit, after a comma or a space if there is one; the last says if there is more."""
    cells = int(room / _CELL)
    rest = " ".join(text.split())
    lines: list[str] = []
    while rest:
        cut = _fitting(rest, cells)
        if cut < len(rest) and len(lines) == most - 1:
            return (*lines, f"{rest[: cut - 2]} …")
        if cut < len(rest):
            cut = max(rest.rfind(sign, cut // 2, cut) for sign in ", ") + 1 or cut
        lines.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return tuple(lines)


def _fitting(text: str, cells: int) -> int:
    """Return how many letters fit into so many cells."""
    for index, letter in enumerate(text):
        cells -= _cells(letter)
        if cells < 0:
            return index
    return len(text)


def _wide(text: str) -> float:
    """Return about how wide a text is."""
    return _CELL * sum(map(_cells, text))


def _cells(letter: str) -> int:
    """Return how many cells a letter takes: those of East Asia take two."""
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
