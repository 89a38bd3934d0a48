"""Events under names that no client may use: unknown ones, those that only the server emits, and reserved ones."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from conformance import slugs
from conformance.case import Case
from conformance.cast import Cast
from conformance.models.common_promises import spoken
from conformance.payloads.node import Node
from conformance.payloads.values import simplest
from conformance.playground import Playground
from conformance.trial import try_each
from protocols.contract import Json, Protocol
from simulators.wire import RESERVED_EVENTS

UNKNOWN: Final = ("no:such:event", "", "__proto__", "message", "가나다")


def name_cases(protocol: Protocol) -> Iterator[Case]:
    """Yield the case of all names, where the protocol says what becomes of those that it does not know."""
    requirement = f"{protocol.name}/all/2"
    if requirement in protocol.requirements:
        yield Case(
            address=f"{protocol.name}/all/unknown-event",
            subject="all",
            kind="names",
            cites=(requirement,),
            play=_names,
            examples=tuple(_names_of(protocol)),
        )


def _names_of(protocol: Protocol) -> Mapping[str, str]:
    """Return every name that is tried, by the id of its example."""
    swapped = next(iter(protocol.inbound)).swapcase()
    groups = {
        "unknown": [name for name in (*UNKNOWN, swapped) if name not in protocol.inbound | protocol.outbound],
        "outbound": [name for name in protocol.outbound if name not in protocol.inbound],
        "reserved": sorted(RESERVED_EVENTS),
    }
    return {f"{group}/{slug}": name for group, names in groups.items() for slug, name in _slugged(names).items()}


def _slugged(names: Sequence[str]) -> Mapping[str, str]:
    typed = slugs.distinct(slugs.word(name) if name else "unnamed" for name in names)
    return dict(zip(typed, names, strict=True))


def _names(ground: Playground) -> None:
    """Emit such an event in several ways; it is refused like an invalid payload, and others hear nothing of it."""
    protocol = ground.target.contract
    names = _names_of(protocol)

    async def attempt(cast: Cast, example: str) -> None:
        operation, name = spoken(cast)[0], names[example]
        who = await cast.still_ready(operation)
        whole = cast.event(operation, who).to_args()  # accepted under its own name
        if name in RESERVED_EVENTS:
            stranger = await cast.outsider()
            await cast.stage.provoke(stranger, name, whole)
            return
        own = _payload(protocol, name) if name in protocol.outbound else []
        tried: tuple[Sequence[object], ...] = ([{}], [], whole, own)
        for arguments in tried:
            await cast.stage.say_invalid(who, name, arguments)

    try_each(ground, attempt, Cast.settle)


def _payload(protocol: Protocol, outbound: str) -> list[Json]:
    schema = protocol.outbound[outbound].schema
    return [] if schema is None else [simplest(Node.named(protocol, schema))]
