"""The target that a command line names: by URL, by file, or by a file and what is said beside it."""

from dataclasses import dataclass
from pathlib import Path

from protocols.errors import UsageError
from simulators.endpoint import TransportName
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

    def words(self) -> list[str]:
        """Return the words of a command line that say the same, without the URL."""
        said = {
            "--target": self.file,
            "--protocol": self.protocol,
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
