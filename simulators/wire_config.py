"""What a target file may say for a judge of the wire: events of the target's own that show what no other event can."""

from collections.abc import Mapping

from pydantic.dataclasses import dataclass

from protocols.contract import Json
from simulators.tables import TABLE


@dataclass(frozen=True, kw_only=True, config=TABLE)
class WireConfig:
    """The table `[wire]`; an empty name says that there is no such event."""

    echo: str = ""
    """An event that comes back to its sender with the same arguments, under whatever name."""
    ack: str = ""
    """An event that is acknowledged, whatever its arguments."""
    broadcast: str = ""
    """An event whose arguments the others of its namespace hear, under whatever name."""
    auth: Mapping[str, Json] | None = None
    """Data of the CONNECT packet, where the namespace wants some."""
