"""What a target is known to break, and does not fail for: requirements, at all or in some kinds of check only.

A target.toml names requirements, a baseline requirements and kinds of check; both come to the same here.
"""

import difflib
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from conformance.checks import Check
from conformance.verdict import Verdict
from protocols.contract import Protocol
from protocols.errors import UsageError

ANY: Final = frozenset(Check)
_CHECKS: Final = {check.value: check for check in Check}
_HEAD: Final = """\
# What is known to be broken: requirements, and the kinds of check that fail there.
# A run with --baseline does not fail for these. Written by --write-baseline; lines may go as things are mended.

"""


@dataclass(frozen=True, slots=True)
class Known:
    """Address of a requirement -> the kinds of check that are known to fail there; `ANY` for all of them."""

    failures: Mapping[str, frozenset[Check]] = field(default_factory=dict)

    @classmethod
    def wholly(cls, requirements: Iterable[str]) -> Self:
        """Take requirements to be broken in every way."""
        return cls(dict.fromkeys(requirements, ANY))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a baseline; raises UsageError with its name, and what is wrong in it."""
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {error.strerror}") from None
        except ValueError as error:
            raise UsageError(f"{path}: {error}") from None
        return cls({address: frozenset(_checks(path, address, names)) for address, names in content.items()})

    def to_toml(self) -> str:
        """Return it as a file to read, in the order of addresses: one line for each requirement."""
        lines = (
            f"{_quoted(address)} = [{', '.join(map(_quoted, sorted(checks)))}]\n"
            for address, checks in sorted(self.failures.items())
        )
        return _HEAD + "".join(lines)

    def of(self, protocol: Protocol) -> "Known":
        """Return what is known of one protocol; raises UsageError for what it does not promise."""
        mine = {address: checks for address, checks in self.failures.items() if address.split("/")[0] == protocol.name}
        for address in mine:
            if address not in protocol.requirements:
                raise UsageError(
                    f"known failures: {protocol.name} has no requirement {address!r}; "
                    "`rehearsal check --list` shows them all"
                )
        return Known(mine)

    def and_also(self, other: "Known") -> "Known":
        """Return what one or the other knows."""
        addresses = [*self.failures, *other.failures]
        return Known({address: self._at(address) | other._at(address) for address in addresses})

    def covers(self, verdict: Verdict) -> bool:
        """Say whether a failure is known, at the requirement that is blamed or at the one of the step that failed."""
        checks = self._at(verdict.requirement) | self._at(verdict.origin)
        return verdict.check in checks if verdict.check is not None else bool(checks)

    def covers_wholly(self, requirement: str) -> bool:
        """Say whether a requirement is known to be broken, in whatever way."""
        return self._at(requirement) == ANY

    def _at(self, requirement: str) -> frozenset[Check]:
        return self.failures.get(requirement, frozenset())


def _checks(path: Path, address: str, names: object) -> Iterable[Check]:
    if not isinstance(names, list):
        raise UsageError(f'{path}: {address} is a list of kinds of check, such as ["{Check.MISSING_DELIVERY}"]')
    for name in names:
        if name not in _CHECKS:
            near = difflib.get_close_matches(str(name), _CHECKS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there is {', '.join(sorted(_CHECKS))}"
            raise UsageError(f"{path}: {address}: there is no kind of check {name!r}; {hint}")
        yield _CHECKS[name]


def _quoted(text: str) -> str:
    """Return a string of TOML, whose escapes are those of JSON, except that it wants DEL escaped, too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
