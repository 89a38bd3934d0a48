"""Templates of a target file: JSON with `{name}` in its texts."""

import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Final

from protocols.contract import Json
from simulators.tables import wrong

_PLACEHOLDER: Final = re.compile(r"\{(\w*)\}")


def fill(template: Json, values: Mapping[str, Json]) -> Json:
    """Return a template with its `{name}` replaced; one that is nothing else becomes the value itself."""
    match template:
        case str():
            if whole := _PLACEHOLDER.fullmatch(template):
                return values[whole[1]]
            return _PLACEHOLDER.sub(lambda match: str(values[match[1]]), template)
        case Mapping():
            return {key: fill(item, values) for key, item in template.items()}
        case list() | tuple():
            return [fill(item, values) for item in template]
        case _:
            return template


def check(place: str, template: Json, known: AbstractSet[str]) -> None:
    """Refuse a template that speaks of anything else, from within a validator; `place` is where it stands."""
    if unknown := set(names(template)) - known:
        wrong(f"{place}: unknown {{{min(unknown)}}}; there is {', '.join(f'{{{name}}}' for name in sorted(known))}")


def names(template: Json) -> Iterator[str]:
    """Yield everything that a template speaks of."""
    match template:
        case str():
            yield from _PLACEHOLDER.findall(template)
        case Mapping():
            for item in template.values():
                yield from names(item)
        case list() | tuple():
            for item in template:
                yield from names(item)
