"""Ids of examples: characters that no shell quotes and that pytest's `-k` reads, the same from run to run."""

import re
from collections.abc import Iterable

_OTHERS = re.compile(r"[^A-Za-z0-9_.:+-]+")
_BRANCH = re.compile(r"\(([^)]*)\)")


def word(text: str) -> str:
    """Return what can be typed of a text: `by one` is `by-one`, `-1` is `minus-1`; `other` where nothing can."""
    return _OTHERS.sub("-", re.sub(r"^-(?=[\d.])", "minus-", text)).strip("-") or "other"


def path(pointer: str) -> list[str]:
    """Return the words of a JSON pointer, the branch taken behind a dot: `/shape(Circle)/0` is `shape.Circle`, `0`."""
    dotted = _BRANCH.sub(r".\1", pointer)
    root, *members = dotted.split("/")
    return [*([word(root)] if root else []), *(word(member) if member else "unnamed" for member in members)]


def distinct(slugs: Iterable[str]) -> list[str]:
    """Return them with a number for those that are there already: the second `x` becomes `x-2`."""
    seen: dict[str, int] = {}
    numbered: list[str] = []
    for slug in slugs:
        seen[slug] = seen.get(slug, 0) + 1
        numbered.append(slug if seen[slug] == 1 else f"{slug}-{seen[slug]}")
    return numbered
