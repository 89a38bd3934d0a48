"""Where and how one connection is made."""

import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from protocols.contract import Json
from protocols.errors import UsageError
from simulators.pace import Pace

TransportName: TypeAlias = Literal["websocket", "polling", "upgrade"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Everything that one connection is made from; raises UsageError for a URL that cannot be one."""

    url: str
    """Scheme, host and port of the target, such as `http://127.0.0.1:3001`."""
    path: str = "/socket.io/"
    namespace: str = "/"
    transport: TransportName = "websocket"
    """`upgrade` begins with polling and goes over to a WebSocket, as the stock client does."""
    auth: Mapping[str, Json] | None = None
    """Data of the CONNECT packet."""
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    local_addr: str | None = None
    """Address of this machine to come from; None lets the system choose."""
    pace: Pace | None = field(default=None, compare=False)
    """Whose turns are waited for before one connects."""

    def __post_init__(self) -> None:
        try:
            parts = urllib.parse.urlsplit(self.url)
            usable = parts.scheme in {"http", "https", "ws", "wss"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise UsageError(f"{self.url!r} is no URL of a Socket.IO server; write it like http://127.0.0.1:3001")
        if parts.path not in {"", "/"} or parts.query or parts.fragment:
            raise UsageError(
                f"{self.url!r} says more than scheme, host and port; a namespace goes into --namespace, where "
                "Socket.IO is served into `path` of a target.toml"
            )

    def address(self, transport: Literal["websocket", "polling"], **query: str) -> str:
        """Return the URL of an Engine.IO request over this transport."""
        parts = urllib.parse.urlsplit(self.url)
        plain, secure = ("ws", "wss") if transport == "websocket" else ("http", "https")
        scheme = secure if parts.scheme in {"https", "wss"} else plain
        parameters = urllib.parse.urlencode({**self.query, "EIO": "4", "transport": transport, **query})
        return urllib.parse.urlunsplit((scheme, parts.netloc, self.path, parameters, ""))
