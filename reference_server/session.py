"""Who is connected to a namespace."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Session:
    """One socket in a namespace: what the server itself knows of it, none of it from a payload."""

    sid: str
    address: str


class Sessions:
    """The sockets of one namespace. What they are called and where they are is the rules' to know."""

    def __init__(self) -> None:
        self._by_sid: dict[str, Session] = {}

    def __len__(self) -> int:
        return len(self._by_sid)

    def __contains__(self, sid: object) -> bool:
        return sid in self._by_sid

    def add(self, session: Session) -> None:
        """Take note of a socket."""
        self._by_sid[session.sid] = session

    def remove(self, sid: str) -> bool:
        """Forget a socket; False when it was not there."""
        return self._by_sid.pop(sid, None) is not None
