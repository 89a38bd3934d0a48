"""The words that all reports share, fit for any terminal and any file."""

import re
from typing import Final

from conformance.defects import Defect
from conformance.tally import Mended, Standing, Tally
from protocols.contract import Requirement

SIGNS: Final = {
    Standing.FAILED: "✗",
    Standing.UNKNOWN: "?",
    Standing.WARNED: "!",
    Standing.PASSED: "✓",
    Standing.SKIPPED: "–",
    Standing.UNTESTED: "–",
}

STYLES: Final = {
    Standing.FAILED: "bold red",
    Standing.UNKNOWN: "bold magenta",
    Standing.WARNED: "yellow",
    Standing.PASSED: "green",
    Standing.SKIPPED: "dim",
    Standing.UNTESTED: "dim",
}
_SIGN_STYLES: Final = {">": "cyan", "<": "blue", "=": "dim", "!": "bold red"}
_SIGN: Final = re.compile(r"(?:\S+ )?([><=!]) ")

# Control characters (but line feed and tab), lone surrogates, noncharacters, and what changes the direction of a line.
_INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


def visible(text: str) -> str:
    """Return somebody else's text with what a terminal would obey, or a file cannot hold, written out as escapes."""
    return _INVISIBLE.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def style_of(line: str) -> str:
    """Return how a line of a conversation looks, by its sign."""
    found = _SIGN.match(line)
    return _SIGN_STYLES[found[1]] if found else ""


def promised(requirement: Requirement) -> str:
    """Return a requirement in the contract's words: `space/join/2 MUST ...`."""
    return f"{requirement.address} {requirement.level} {requirement.text}"


def also_broken(tally: Tally, defect: Defect) -> list[str]:
    """Return what else a defect breaks, in the contract's words."""
    return [promised(tally.requirement(address)) for address in defect.verdict.also]


def no_longer(mended: Mended) -> str:
    """Return what was known to fail and did not, in the contract's words."""
    known = f"{mended.check} was known to fail, and did not" if mended.check else "known to fail, and passed"
    return f"{promised(mended.requirement)} ({known} here)"


def times(number: int, thing: str) -> str:
    """Return a number of things: `1 case`, `2 cases`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
