"""What a crowd hears: read once for all who hear the same, and checked against the contract as far as is asked for."""

from collections import Counter
from collections.abc import Callable
from enum import StrEnum
from typing import Final

from protocols.contract import Event, Json, Protocol
from simulators import wire
from simulators.delivery import Ledger
from simulators.expectation import Notice
from simulators.received import Received

_THOROUGHLY: Final = 100
"""Of each event so many are checked before any is left out, so that no rare one is."""
_ONE_IN: Final = 11  # a prime, lest it fall upon the same receivers again and again
_REMEMBERED: Final = 1000
"""Messages that are known when somebody else hears them; the others are still on their way to nobody."""


_LONG: Final = 10_000
"""Longer ones are not remembered: a thousand would take all of the memory."""


class Validate(StrEnum):
    """Which events that come back are checked against their schema.

    What somebody does something about is always checked, and so are names, numbers of arguments, JSON and acks.
    """

    ALL = "all"
    SAMPLE = "sample"
    """The first hundred of each event, and then one in eleven."""
    NONE = "none"


class Heard:
    """One message, as everybody hears it; it is read when it is first looked at."""

    __slots__ = ("_is_read", "_notice", "_read", "event_type", "received")

    def __init__(
        self, received: Received, event_type: type[Event] | None, read: Callable[[Received], Notice | None]
    ) -> None:
        self.received = received
        """As the first heard it."""
        self.event_type = event_type
        """What it should be by its name; None for a name that the contract does not know."""
        self._read = read
        self._is_read = False
        self._notice: Notice | None = None

    @property
    def notice(self) -> Notice | None:
        """What the account has to know; None where it is seen to break the contract."""
        if not self._is_read:
            self._is_read, self._notice = True, self._read(self.received)
        return self._notice


class Reader:
    """Reads what comes, and remembers it until nobody else will hear it; for everybody in one namespace."""

    def __init__(self, protocol: Protocol, namespace: str, ledger: Ledger, validate: Validate) -> None:
        self._protocol = protocol
        self._ledger = ledger
        self._validate = validate
        self._seen: Counter[str] = Counter()  # name of an event -> how many messages were read
        self._begin = wire.encode_packet(wire.Event(b"", namespace))[0].data
        self.known: dict[bytes, Heard] = {}
        """Text frame -> what it says."""

    def read(self, received: Received) -> Heard:
        """Return what a message says."""
        operation = self._protocol.outbound.get(received.name)
        heard = Heard(received, None if operation is None else operation.event, self._read)
        packet = received.packet
        if packet.ack_id is None and not packet.attachments and len(packet.body) <= _LONG:
            if len(self.known) >= _REMEMBERED:
                self.known.clear()
            self.known[b"4" + self._begin + packet.body] = heard
        return heard

    def _read(self, received: Received) -> Notice | None:
        operation = self._protocol.outbound.get(received.name)
        if operation is None or not received.has_form:
            return None
        if self._is_chosen(received.name) and not received.keeps_schema:
            return None
        arguments = received.arguments
        argument: Json = arguments[0] if arguments else {}
        payload = argument if isinstance(argument, dict) else {"value": argument}
        return self._ledger.notice(operation, payload, lambda: received.event)

    def _is_chosen(self, name: str) -> bool:
        if self._validate is Validate.SAMPLE:
            seen = self._seen[name]
            self._seen[name] = seen + 1
            return seen < _THOROUGHLY or seen % _ONE_IN == 0
        return self._validate is Validate.ALL
