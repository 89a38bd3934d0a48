"""All that is tried of the wire, by address."""

from collections.abc import Sequence
from typing import Final

from conformance.wire.case import WireCase
from conformance.wire.malformed import attachments, frames, http, packets, polling, relays, resources, upgrades
from conformance.wire.scenes import closes, events, handshakes, heartbeats, namespaces, polls
from conformance.wire.scenes import upgrades as upgrading
from protocols.errors import UsageError

WITHHELD: Final = (
    "an event with more arguments than a stack holds: it kills a released server, whose makers are to hear first",
    "JSON of great depth that is passed on or echoed: likewise",
)
"""Inputs that are known, and not tried, with the reason."""

CASES: Final[tuple[WireCase, ...]] = (
    *handshakes.CASES,
    *polls.WIRES.cases,
    *upgrading.WIRES.cases,
    *closes.WIRES.cases,
    *namespaces.WIRES.cases,
    *events.CASES,
    *packets.CASES,
    *attachments.CASES,
    *frames.CASES,
    *upgrades.CASES,
    *polling.CASES,
    *http.CASES,
    *relays.CASES,
    *resources.CASES,
    *heartbeats.WIRES.cases,
)
"""In the order in which they are played; those that only wait begin first."""


def select(addresses: Sequence[str]) -> list[WireCase]:
    """Return the cases under these addresses, or all; raises UsageError for an address that selects nothing."""
    for address in addresses:
        if not any(case.is_under(address) for case in CASES):
            raise UsageError(
                f"no case and no requirement is called {address!r}; `rehearsal check --wire --list` shows them all"
            )
    return [case for case in CASES if not addresses or any(map(case.is_under, addresses))]
