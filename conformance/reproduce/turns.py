"""Makes a loop of what is done again and again, the same but for numbers that grow steadily from turn to turn."""

import re
from collections.abc import Sequence
from operator import itemgetter
from typing import Final

from conformance.reproduce.language import Language

LEAST: Final = 3
"""Turns of a loop: what is done twice is easier to read as it is."""
LONGEST: Final = 12
"""Statements of a turn, at most."""
_OPAQUE: Final = re.compile(r"\\|\bb['\"]")
"""Escapes and bytes, in which a number may be no number."""


def in_turns(lines: Sequence[str], language: Language) -> list[str]:
    """Return lines that do the same, with loops where that is shorter."""
    statements, told = _statements(lines), list[str]()
    while statements:
        loops = [_loop(statements, length, language) for length in range(1, LONGEST + 1)]
        covered, loop = max(loops, key=itemgetter(0))
        if len(loop) < sum(map(len, statements[:covered])):
            told += loop
            del statements[:covered]
        else:
            told += statements.pop(0)
    return told


def _statements(lines: Sequence[str]) -> list[list[str]]:
    """Return what belongs together: a line, or a loop with all of its lines."""
    statements: list[list[str]] = []
    for line in lines:
        if line.startswith((" ", "}")):
            statements[-1].append(line)
        else:
            statements.append([line])
    return statements


def _loop(statements: Sequence[Sequence[str]], length: int, language: Language) -> tuple[int, list[str]]:
    """Return a loop whose turn is the first so many statements, after how many it stands for; 0 where there is none."""
    first = [line for statement in statements[:length] for line in statement]
    if any("turn" in statement[0] for statement in statements[:length] if len(statement) > 1):
        return 0, []  # its turns would be taken for ours
    turns, body = [first], first
    for place in range(length, len(statements) - length + 1, length):
        turn = [line for statement in statements[place : place + length] for line in statement]
        if len(turn) != len(first):
            break
        grown = [_line(each, language) for each in zip(*turns, turn, strict=True)]
        if None in grown:
            break
        turns.append(turn)
        body = [line for line in grown if line is not None]
    return (len(turns) * length, language.repeat(len(turns), body)) if len(turns) >= LEAST else (0, [])


def _line(each: Sequence[str], language: Language) -> str | None:
    """Return the line that is each of these in its turn; None where no line is."""
    apart = [re.split(r"(\d+)", line) for line in each]
    if len({tuple(pieces[::2]) for pieces in apart}) > 1:
        return None
    texts, told, before = apart[0][::2], apart[0][0], apart[0][0]
    for numbers, after in zip(zip(*(pieces[1::2] for pieces in apart), strict=True), texts[1:], strict=True):
        first, grows = int(numbers[0]), int(numbers[1]) - int(numbers[0])
        if len(set(numbers)) == 1:
            told += numbers[0] + after
        elif _OPAQUE.search(each[0]) or numbers != tuple(str(first + grows * turn) for turn in range(len(each))):
            return None
        elif before.count('"') % 2:
            said = language.as_text(_number(first, grows))
            told = told[:-1] + said if told.endswith('"') else f'{told}" + {said}'
            told += after[1:] if after.startswith('"') else f' + "{after}'
        elif re.search(r"[(\[,=:] ?$", before) and re.match(r" ?[)\],}]", after):
            told += _number(first, grows) + after
        else:
            return None
        before += numbers[0] + after
    return told


def _number(first: int, grows: int) -> str:
    """Return the number of a turn as an expression."""
    step = "turn" if abs(grows) == 1 else f"{abs(grows)} * turn"
    return f"{first} - {step}" if grows < 0 else f"{step} + {first}" if first else step
