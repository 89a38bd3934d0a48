"""The cases that the contract alone gives: every event with every border, fault, wrong state and forged identity."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Final

from hypothesis import given, seed
from hypothesis import strategies as st

from conformance.arguments import argument_ids, arguments
from conformance.case import Case
from conformance.cast import Cast
from conformance.examples import Example, example_ids, example_of
from conformance.machine import converse
from conformance.names import name_cases
from conformance.person import Person
from conformance.playground import Playground
from conformance.scene import attributed
from conformance.search import SETTINGS, Search
from conformance.states import STATES, too_early, wrong_states
from conformance.strategies import invalid
from conformance.trial import try_each
from conformance.verdict import Broken
from protocols.contract import Action, Event, Json, Level, Operation, Protocol

FORGED: Final = "somebody-else"
PLAIN: Final = "plain"
"""The example that has nothing special."""
NULL: Final = "null"
ALL: Final = "all-at-once"


def contract_cases(protocol: Protocol) -> Iterator[Case]:
    """Yield every case that follows from a protocol's operations, in a fixed order with fixed addresses."""
    for operation in protocol.inbound.values():
        yield from _operation_cases(protocol, operation)
    yield from name_cases(protocol)
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
    case, schema = partial(_case, protocol, operation), operation.schema
    own = _shown(operation) or operation.requirements
    general = tuple(_all(protocol, number) for number in (3, 5, 7))
    borders = () if schema is None else example_ids(protocol, schema, valid=True)
    yield case("valid", _valid, (*own, *general), (PLAIN, *borders))
    if schema is not None:
        faulty = (_all(protocol, 1), _all(protocol, 3))
        yield case("invalid", _invalid, faulty, example_ids(protocol, schema, valid=False))
    yield case("arguments", _arguments, (_all(protocol, 1),), argument_ids(protocol, operation.id))
    if refused := wrong_states(operation):
        yield case("state", too_early, refused[:1], STATES)
    if operation.ack is None:
        yield case("asked", _asked, (_all(protocol, 3),), (PLAIN, NULL))
    elif not operation.ack_required:
        yield case("unasked", _unasked, (*own, _all(protocol, 3)), (PLAIN, NULL))
    if fields := operation.server_derived:
        cites = (_all(protocol, 4), *operation.requirements[:1])
        yield case("forged", _forged, cites, (*fields, ALL) if len(fields) > 1 else fields)
    if schema is not None:
        yield case("random", _random, general, is_random=True)


def _shown(operation: Operation) -> tuple[str, ...]:
    """Return the requirements of what an accepted event always causes, its ack too; scenes show what more it takes."""
    always = [t for t in operation.triggers if t.requirement and all(condition.negated for condition in t.when)]
    ack = (operation.ack_requirement,) if operation.ack_requirement else ()
    return (*ack, *(trigger.requirement for trigger in always if trigger.level is not Level.MAY))


def _case(
    protocol: Protocol,
    operation: Operation,
    kind: str,
    play: Callable[[Operation, Playground], None],
    cites: Iterable[str],
    examples: tuple[str, ...] = (),
    *,
    is_random: bool = False,
) -> Case:
    return Case(
        address=f"{protocol.name}/{operation.name}/{kind}",
        subject=operation.name,
        kind=kind,
        cites=tuple(dict.fromkeys(cites)),
        play=partial(play, operation),
        is_random=is_random,
        examples=examples,
    )


def _all(protocol: Protocol, number: int) -> str:
    return f"{protocol.name}/all/{number}"


# ---- how each is played ------------------------------------------------------------------------------------------


def _valid(operation: Operation, ground: Playground) -> None:
    """Emit the plain payload, or one at a border; everybody hears what the contract promises."""

    async def attempt(cast: Cast, name: str) -> None:
        who = await cast.ready(operation)
        event = cast.event(operation, who)
        if name != PLAIN:
            event = _event(cast.model.protocol, operation, _varied(cast, operation, who, name, valid=True))
        await cast.stage.say(who, event)

    try_each(ground, attempt)


def _invalid(operation: Operation, ground: Playground) -> None:
    """Emit a payload with one fault; it is refused, nobody else hears of it, and nothing has changed."""

    async def attempt(cast: Cast, name: str) -> None:
        who = await cast.still_ready(operation)
        payload = _varied(cast, operation, who, name, valid=False)
        await cast.stage.say_invalid(who, operation.name, [payload])

    try_each(ground, attempt, _unchanged)


def _varied(cast: Cast, operation: Operation, who: Person, name: str, *, valid: bool) -> Json:
    assert operation.schema is not None  # without one there is nothing to vary
    return example_of(cast.model.protocol, operation.schema, cast.base(operation, who), name, valid=valid).payload


def _arguments(operation: Operation, ground: Playground) -> None:
    """Emit the event with the wrong number or kind of arguments: none, two, null, bytes, something deep or long."""

    async def attempt(cast: Cast, name: str) -> None:
        who = await cast.still_ready(operation)
        base = None if operation.schema is None else cast.base(operation, who)
        [wrong] = [one for one in arguments(cast.model.protocol, operation, base) if one.id == name]
        await cast.stage.say_invalid(who, operation.name, wrong.values)

    try_each(ground, attempt, _unchanged)


async def _unchanged(cast: Cast) -> None:
    """Check that what was refused as invalid has changed nothing."""
    with attributed(cast.address("all/1")):
        await cast.settle()


def _forged(operation: Operation, ground: Playground) -> None:
    """Claim to be somebody else, in one field or in all; others hear the verified identity."""

    async def attempt(cast: Cast, name: str) -> None:
        who = await cast.ready(operation)
        base = cast.base(operation, who)
        assert isinstance(base, Mapping)  # only of an object can fields be derived
        fields = operation.server_derived if name == ALL else (name,)
        await cast.stage.say(who, _event(cast.model.protocol, operation, {**base, **dict.fromkeys(fields, FORGED)}))

    try_each(ground, attempt, Cast.settle)


def _unasked(operation: Operation, ground: Playground) -> None:
    """Emit the event without asking for its ack, valid and not: none comes, and all else is the same."""
    try_each(ground, partial(_say_once, operation, asks=False), Cast.settle)


def _asked(operation: Operation, ground: Playground) -> None:
    """Ask for an ack where the contract has none: none comes, and all else is the same."""
    try_each(ground, partial(_say_once, operation, asks=True), Cast.settle)


async def _say_once(operation: Operation, cast: Cast, name: str, *, asks: bool) -> None:
    who = await cast.ready(operation)
    if name == PLAIN:
        await cast.stage.say(who, cast.event(operation, who), asks=asks)
    else:
        await cast.stage.say_invalid(who, operation.name, [None], asks=asks)


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
            is_valid = data.draw(st.booleans()) or bool(ground.deaths.reason(operation.name))
            strategy = cast.model.payloads(operation, who) if is_valid else invalid(protocol, schema).map(_payload)
            payload = data.draw(strategy)
            if is_valid:
                ground.run(cast.stage.say(who, _event(protocol, operation, payload)))
            else:
                ground.run(cast.stage.say_invalid(who, operation.name, [payload]))

    found.run(lambda number: seed(number)(SETTINGS(given(st.data())(emit)))())


def _payload(example: Example) -> Json:
    return example.payload


def _event(protocol: Protocol, operation: Operation, payload: Json) -> Event:
    return protocol.parse(Action.RECEIVE, operation.name, [] if operation.schema is None else [payload])
