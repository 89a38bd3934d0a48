"""Who is served by a namespace, and what the wire tells about a visitor."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from aiohttp import web

from reference_server.strict.json import Json

Guest = TypeVar("Guest")


@dataclass(frozen=True, slots=True)
class Visit:
    """What the handshake request said, and the payload of the CONNECT packet where there was one."""

    address: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    auth: Mapping[str, Json] = field(default_factory=dict)

    @classmethod
    def of(cls, request: web.Request) -> "Visit":
        """Keep of a handshake request what outlives it. The address is that of the TCP peer."""
        return cls(request.remote or "", request.headers, request.query)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a CONNECT is refused, as the client's `connect_error` will show it: `err.message` and `err.data`."""

    message: str
    data: Json = None

    def payload(self) -> dict[str, Json]:
        """Shape it as the CONNECT_ERROR packet carries it: `{"message": ...}`, with `data` where there is some."""
        payload: dict[str, Json] = {"message": self.message}
        if self.data is not None:
            payload["data"] = self.data
        return payload


class Handler(Protocol[Guest]):
    """The application behind one namespace.

    Calls for one client do not overlap and `disconnect` is the last of them. The exception is a client that the
    application sends away itself, by `StrictServer.drop` or `disconnect`: that takes effect at once, whatever is in
    hand.

    An exception from a handler is a fault of the application: it is logged with its traceback and the client stays.
    """

    async def admit(self, visit: Visit) -> Guest | Refusal:
        """Say who this is before the CONNECT is answered, or why not: nothing reaches a client that was refused."""

    async def connect(self, sid: str, guest: Guest) -> None:
        """Greet a client that was admitted; its CONNECT packet is already on the way."""

    async def event(self, sid: str, name: str, args: tuple[Json, ...], ack: int | None) -> None:
        """Handle one event.

        `ack` is what `StrictServer.acknowledge` answers, now or later; None where the client asked for no answer.
        """

    async def disconnect(self, sid: str, reason: str) -> None:
        """Clean up after a client that is gone, however it went."""
