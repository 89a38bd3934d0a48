"""The cases that the contract alone gives: every event with every border, fault, wrong state and forged identity."""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Final

from hypothesis import given, seed
from hypothesis import strategies as st

from conformance.arguments import arguments
from conformance.case import Case, Skipped
from conformance.cast import Cast
from conformance.examples import Example, boundaries, mutations
from conformance.machine import converse
from conformance.model import INVALID
from conformance.playground import Playground
from conformance.scene import attributed
from conformance.search import SETTINGS, Search
from conformance.strategies import invalid
from conformance.verdict import Broken
from protocols.contract import Action, Event, Json, Level, Operation, Protocol, Refusal

FORGED: Final = "somebody-else"


def contract_cases(protocol: Protocol) -> Iterator[Case]:
    """Yield every case that follows from a protocol's operations, in a fixed order with fixed addresses."""
    for operation in protocol.inbound.values():
        yield from _operation_cases(protocol, operation)
    yield Case(
        address=f"{protocol.name}/conversation/random",
        subject="conversation",
        kind="random",
        cites=tuple(_all(protocol, number) for number in (1, 3, 4, 5, 6, 7, 8)),
        play=converse,
        is_random=True,
        weight=float(len(protocol.inbound)),
    )


def _operation_cases(protocol: Protocol, operation: Operation) -> Iterator[Case]:
    own = _shown(operation) or operation.requirements
    general = tuple(_all(protocol, number) for number in (3, 5, 7))
    yield _case(protocol, operation, "valid", partial(_valid, operation), (*own, *general))
    if operation.schema is not None:
        faulty = (_all(protocol, 1), _all(protocol, 3))
        yield _case(protocol, operation, "invalid", partial(_invalid, operation), faulty)
    yield _case(protocol, operation, "arguments", partial(_arguments, operation), (_all(protocol, 1),))
    states = [refusal.requirement for refusal in operation.refusals if refusal.requirement and not _of_invalid(refusal)]
    if states:
        yield _case(protocol, operation, "state", partial(_too_early, operation), states[:1])
    if operation.ack is None:
        yield _case(protocol, operation, "asked", partial(_asked, operation), (_all(protocol, 3),))
    elif not operation.ack_required:
        yield _case(protocol, operation, "unasked", partial(_unasked, operation), (*own, _all(protocol, 3)))
    if operation.server_derived:
        yield _case(
            protocol, operation, "forged", partial(_forged, operation), (_all(protocol, 4), *operation.requirements[:1])
        )
    if operation.schema is not None:
        yield _case(protocol, operation, "random", partial(_random, operation), general, is_random=True)


def _shown(operation: Operation) -> tuple[str, ...]:
    """Return the requirements of what an accepted event always causes, its ack too; scenes show what more it takes."""
    always = [t for t in operation.triggers if t.requirement and all(condition.negated for condition in t.when)]
    ack = (operation.ack_requirement,) if operation.ack_requirement else ()
    return (*ack, *(trigger.requirement for trigger in always if trigger.level is not Level.MAY))


def _case(
    protocol: Protocol,
    operation: Operation,
    kind: str,
    play: "partial[None]",
    cites: Iterable[str],
    *,
    is_random: bool = False,
) -> Case:
    return Case(
        address=f"{protocol.name}/{operation.name}/{kind}",
        subject=operation.name,
        kind=kind,
        cites=tuple(dict.fromkeys(cites)),
        play=play,
        is_random=is_random,
    )


def _all(protocol: Protocol, number: int) -> str:
    return f"{protocol.name}/all/{number}"


# ---- how each is played ------------------------------------------------------------------------------------------


def _valid(operation: Operation, ground: Playground) -> None:
    """Emit the plain payload and then each one at a border; everybody hears what the contract promises."""

    async def play() -> None:
        async with ground.cast() as cast:
            who = await cast.ready(operation)
            if operation.schema is None:
                await cast.stage.say(who, operation.event())
                return
            base = cast.base(operation, who)
            await cast.stage.say(who, _event(cast.model.protocol, operation, base))
            for index in range(len(boundaries(cast.model.protocol, operation.schema, base))):
                who = await cast.ready(operation)
                base = cast.base(operation, who)
                example = boundaries(cast.model.protocol, operation.schema, base)[index]
                await cast.stage.say(who, _event(cast.model.protocol, operation, example.payload))

    ground.run(play())


def _invalid(operation: Operation, ground: Playground) -> None:
    """Emit each payload with one fault; it is refused, nobody else hears of it, and nothing has changed."""

    async def play() -> None:
        async with ground.cast() as cast:
            who = await cast.ready(operation)
            assert operation.schema is not None
            for example in mutations(cast.model.protocol, operation.schema, cast.base(operation, who)):
                await cast.stage.say_invalid(who, operation.name, [example.payload])
            await _unchanged(cast)

    ground.run(play())


def _arguments(operation: Operation, ground: Playground) -> None:
    """Emit the event with the wrong number or kind of arguments: none, two, null, bytes, something deep or long."""

    async def play() -> None:
        async with ground.cast() as cast:
            who = await cast.ready(operation)
            base = None if operation.schema is None else cast.base(operation, who)
            for example in arguments(cast.model.protocol, operation, base):
                await cast.stage.say_invalid(who, operation.name, example.values)
            await _unchanged(cast)

    ground.run(play())


async def _unchanged(cast: Cast) -> None:
    """Check that what was refused as invalid has changed nothing."""
    with attributed(cast.address("all/1")):
        await cast.settle()


def _too_early(operation: Operation, ground: Playground) -> None:
    """Emit the event from somebody who has done nothing yet; it is refused and changes nothing."""

    async def play() -> None:
        async with ground.cast() as cast:
            event = cast.event(operation, await cast.ready(operation))
            stranger = await cast.outsider()
            event = cast.inadmissible(operation) or event
            if cast.model.foresee(stranger, event).refusal is None:
                raise Skipped(f"whoever is connected may emit {operation.name}")
            await cast.stage.say(stranger, event)
            await cast.settle()

    ground.run(play())


def _forged(operation: Operation, ground: Playground) -> None:
    """Claim to be somebody else; others hear the verified identity."""

    async def play() -> None:
        async with ground.cast() as cast:
            who = await cast.ready(operation)
            base = cast.base(operation, who)
            assert isinstance(base, Mapping)  # only of an object can fields be derived
            payload = {**base, **dict.fromkeys(operation.server_derived, FORGED)}
            await cast.stage.say(who, _event(cast.model.protocol, operation, payload))
            await cast.settle()

    ground.run(play())


def _unasked(operation: Operation, ground: Playground) -> None:
    """Emit the event without asking for its ack, valid and not: none comes, and all else is the same."""
    ground.run(_say_once(operation, ground, asks=False))


def _asked(operation: Operation, ground: Playground) -> None:
    """Ask for an ack where the contract has none: none comes, and all else is the same."""
    ground.run(_say_once(operation, ground, asks=True))


async def _say_once(operation: Operation, ground: Playground, *, asks: bool) -> None:
    async with ground.cast() as cast:
        who = await cast.ready(operation)
        await cast.stage.say(who, cast.event(operation, who), asks=asks)
        await cast.stage.say_invalid(who, operation.name, [None], asks=asks)
        await cast.settle()


def _random(operation: Operation, ground: Playground) -> None:
    """Emit random valid and invalid payloads until this case's share of the budget is used up."""
    protocol, schema = ground.target.contract, operation.schema
    assert schema is not None
    found = Search(ground)

    def emit(data: st.DataObject) -> None:
        found.go_on()
        payload: Json = None

        def shown(_: Broken) -> tuple[int, tuple[str, ...]]:
            return len(repr(payload)), ground.conversation

        with found.watching(shown), ground.opened(hurried=found.is_hurried) as cast:
            who = ground.run(cast.ready(operation))
            is_valid = data.draw(st.booleans())
            strategy = cast.model.payloads(operation, who) if is_valid else invalid(protocol, schema).map(_payload)
            payload = data.draw(strategy)
            if is_valid:
                ground.run(cast.stage.say(who, _event(protocol, operation, payload)))
            else:
                ground.run(cast.stage.say_invalid(who, operation.name, [payload]))

    found.run(lambda number: seed(number)(SETTINGS(given(st.data())(emit)))())


def _of_invalid(refusal: Refusal) -> bool:
    return any(condition.name == INVALID for condition in refusal.when)


def _payload(example: Example) -> Json:
    return example.payload


def _event(protocol: Protocol, operation: Operation, payload: Json) -> Event:
    return protocol.parse(Action.RECEIVE, operation.name, [] if operation.schema is None else [payload])
