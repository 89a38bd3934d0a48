"""One thing to try on the target: its address, what it is about, and how it is played."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from conformance.playground import Playground

Play: TypeAlias = Callable[["Playground"], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An addressed case. It ends, or raises Broken; anything else it raises means that nobody can tell."""

    address: str
    """Such as `space/player:move/invalid`; selected by any beginning of it that ends at a slash."""
    subject: str
    """What it is about: an event's name, or a topic such as `party`."""
    kind: str
    """How it tries it: a column of the report."""
    cites: tuple[str, ...]
    """Addresses of the requirements that hold when it passes."""
    play: Play
    means: tuple[str, ...] = ()
    """Those of `cites` that are broken in any case when this one fails."""
    is_random: bool = False
    """Whether it is drawn from the seed and may use its share of the budget."""
    weight: float = 1.0
    """How large its share of the budget is, beside those of the other random cases."""
    is_slow: bool = False
    """Whether it takes so long that it is played only when asked for."""
    examples: tuple[str, ...] = ()
    """Ids of what it tries one after another, such as `maximum/x/by-one`; none where it is of one piece."""

    def is_under(self, address: str) -> bool:
        """Say whether an address selects this case, by its own address or by a requirement that it cites."""
        return any(_begins(own, address.rstrip("/")) for own in (self.address, *self.cites))

    def address_of(self, example: str) -> str:
        """Return the whole address of one of its examples; its own without one."""
        return f"{self.address}/{example}" if example else self.address

    def part(self, addresses: Sequence[str]) -> "Case | None":
        """Return what these addresses select of this case: the whole, some of its examples, or nothing."""
        if any(map(self.is_under, addresses)):
            return self
        chosen = {example for address in addresses for example in self._under(address.rstrip("/"))}
        return replace(self, examples=tuple(filter(chosen.__contains__, self.examples))) if chosen else None

    def _under(self, address: str) -> list[str]:
        """Return the examples that an address selects: the one that is called so, or else all below it."""
        exact = [example for example in self.examples if self.address_of(example) == address]
        return exact or [example for example in self.examples if _begins(self.address_of(example), address)]


class Skipped(Exception):
    """A case cannot be tried on this target; the text says why and what would make it possible."""


def _begins(own: str, address: str) -> bool:
    return own == address or own.startswith(address + "/")
