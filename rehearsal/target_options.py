"""The target that a command line names: by URL, by file, or by a file and what is said beside it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from protocols import PROTOCOLS
from protocols.errors import UsageError
from simulators.endpoint import TransportName
from simulators.engine import Engine
from simulators.target import Overrides, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetOptions:
    """What was said of the target; None where nothing was."""

    url: str | None = None
    file: Path | None = None
    """A target.toml; what is said beside it outweighs what stands in it."""
    protocol: str | None = None
    namespace: str | None = None
    transport: TransportName | None = None

    def target(self) -> Target:
        """Return the target; raises UsageError."""
        if self.file is not None:
            beside = self._overrides()
            if self.url is not None:
                beside["url"] = self.url
            return Target.load(self.file, **beside)
        if self.url is None:
            raise UsageError("which server? Give its URL, like http://127.0.0.1:3001, or --target FILE")
        return Target.at(self.url, **self._overrides())

    def named(self, addresses: Sequence[str]) -> tuple[str, ...]:
        """Return the protocols that the command line names, by an option, a file or the addresses of cases."""
        if self.protocol is not None:
            return (self.protocol,)
        if self.file is not None:
            return (Target.load(self.file, **self._overrides()).protocol,)
        return tuple(dict.fromkeys(address.split("/")[0] for address in addresses))

    def protocols(self, addresses: Sequence[str]) -> tuple[str, ...]:
        """Return what is to be judged: what is named, else what the target serves, each in a namespace of its own.

        Raises UsageError, and TargetUnreachable.
        """
        if named := self.named(addresses):
            return named
        served = self._served()
        if not served:
            raise UsageError(
                f"{self.url} has none of the namespaces {', '.join(p.namespace for p in PROTOCOLS.values())}; "
                "say what it speaks at /: --protocol NAME"
            )
        return served

    def played(self, preferred: Sequence[str]) -> Target:
        """Return the target to play at: what it is named to speak, else the first it serves, of those preferred if any.

        One that has no namespace of ours is taken to speak space at `/`. Raises UsageError, and TargetUnreachable.
        """
        target = self.target()
        if self.named(()):
            return target
        served = self._served()
        fitting = [name for name in served if name in preferred]
        return replace(target, protocol=next(iter([*fitting, *served]), target.protocol))

    def _served(self) -> tuple[str, ...]:
        target = self.target()
        if target.namespace is not None:
            raise UsageError(f"say which protocol it speaks at {target.namespace}: --protocol NAME")
        with Engine() as engine:
            return tuple(
                name for name in PROTOCOLS if engine.submit(replace(target, protocol=name).has_own_namespace())
            )

    def words(self) -> list[str]:
        """Return the words of a command line that say the same, without the URL."""
        said = {
            "--target": self.file,
            "--protocol": self.protocol if self.file else None,  # else the address of what is played names it
            "--namespace": self.namespace,
            "--transport": self.transport,
        }
        return [word for option, value in said.items() if value is not None for word in (option, str(value))]

    def _overrides(self) -> Overrides:
        overrides = Overrides()
        if self.protocol is not None:
            overrides["protocol"] = self.protocol
        if self.namespace is not None:
            overrides["namespace"] = self.namespace
        if self.transport is not None:
            overrides["transport"] = self.transport
        return overrides
