"""Handshakes that a protocol with credentials may not admit: a case for each way in which a token can be worthless."""

import secrets
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import jwt

from conformance.case import Case
from conformance.cast import Cast
from conformance.checks import Check
from conformance.examples import mutations
from conformance.expectation import Outlook
from conformance.models.common_promises import spoken
from conformance.playground import Playground
from conformance.stage import CONNECT
from conformance.symptom import CLOSED, REFUSED, Symptom, Test
from conformance.verdict import Broken
from protocols.contract import Event, Handshake, Json, Operation, Protocol
from protocols.errors import ConnectionLost, ConnectRefused, NotHeard, UsageError
from simulators.connection import Connection
from simulators.people import Identity
from simulators.received import Received
from simulators.target import EndpointChanges

INTRUDER: Final = "mal"
"""Whose tokens are worthless."""
MAX_CLAIMS: Final = 24
"""How many wrong sets of claims are tried at most: a target may refuse whoever tries a hundred times a minute."""
LONG: Final = 10_000
"""Characters of a token that is longer than any, and still within what a handshake may carry."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One handshake, and what the connect error may say of it."""

    label: str
    texts: Collection[str]
    changes: EndpointChanges
    """What is shown, and where."""


Attempts = Callable[[Cast, Handshake], Awaitable[Sequence[Attempt]]]


def handshake_cases(protocol: Protocol, *, may_hang_up: bool) -> Iterator[Case]:
    """Yield a case for each way to be refused; none where the handshake wants no credentials.

    With `may_hang_up` a connect that a disconnect follows at once is a refusal too, and no words are promised.
    """
    handshake = protocol.handshake
    if handshake is None:
        return
    ways: dict[str, Attempts] = {
        "missing": _missing,
        "malformed": _malformed,
        "foreign": _foreign,
        "expired": _expired,
        "claims": _claims,
    }
    for name, attempts in ways.items():
        yield _case(protocol, name, partial(_refused, handshake, attempts, may_hang_up))
    if handshake.header:
        yield _case(protocol, "header", partial(_by_header, handshake, may_hang_up))


def _case(protocol: Protocol, name: str, play: Callable[[Playground], None]) -> Case:
    return Case(
        address=f"{protocol.name}/handshake/{name}",
        subject="handshake",
        kind="handshake",
        cites=(f"{protocol.name}/all/9",),
        play=play,
    )


# ---- worthless tokens --------------------------------------------------------------------------------------------


async def _missing(cast: Cast, handshake: Handshake) -> list[Attempt]:
    none = [
        Attempt("no auth at all", [handshake.missing], {"auth": None}),
        Attempt("an empty auth", [handshake.missing], {"auth": {}}),
    ]
    without: dict[str, Json] = {f"the token {token!r}": token for token in ("", None)}
    return [*none, *_shown(cast, await cast.stranger("eve"), without, [handshake.missing, handshake.invalid])]


async def _malformed(cast: Cast, handshake: Handshake) -> list[Attempt]:
    eve = await cast.stranger("eve")
    token = eve.token
    wrong: dict[str, Json] = {
        "no JWT": "let-me-in",
        "three parts of nothing": "a.b.c",
        "dots alone": "..",
        "half a token": token[: len(token) // 2],
        "a token with another's signature": token[:-8] + "AAAAAAAA",
        "a token that is very long": "a" * LONG,
        "a number": 7,
        "true": True,
        "an array": [token],
        "an object": {"token": token},
    }
    return _shown(cast, eve, wrong, [handshake.invalid])


def _shown(cast: Cast, whose: Identity, tokens: Mapping[str, Json], texts: Collection[str]) -> list[Attempt]:
    """Return an attempt with each of these tokens, where this target takes tokens from."""
    target = cast.stage.target
    carried = {
        label: token
        for label, token in tokens.items()
        if isinstance(token, str) or target.credentials.handshake.carries_json
    }
    return [Attempt(label, texts, target.showing(whose, token=token)) for label, token in carried.items()]


async def _foreign(cast: Cast, handshake: Handshake) -> list[Attempt]:
    eve = await cast.stranger("eve")
    claims, prefix = cast.claims(eve), cast.people.prefix
    wrong: dict[str, Json] = {
        "signed with another key": prefix + jwt.encode(claims, secrets.token_hex(32), algorithm="HS256"),
        "signed by nobody": prefix + jwt.encode(claims, None, algorithm="none"),
    }
    if cast.people.signs:
        wrong["signed by another method"] = cast.people.sign(claims, otherwise=True)
    tokens = {f"a token {label}": token for label, token in wrong.items()}
    return _shown(cast, eve, tokens, [handshake.invalid])


async def _expired(cast: Cast, handshake: Handshake) -> list[Attempt]:
    now_s = int(time.time())
    eve = await cast.stranger("eve")
    expired = cast.signed(eve, {**cast.claims(eve), "iat": now_s - 7200, "exp": now_s - 3600})
    return _shown(cast, eve, {"an expired token": expired.token}, [handshake.expired])


async def _claims(cast: Cast, handshake: Handshake) -> list[Attempt]:
    eve = await cast.stranger("eve")
    wrong = [
        (example.label, example.payload)
        for example in mutations(cast.model.protocol, handshake.claims, cast.claims(eve))
        if isinstance(example.payload, Mapping)  # a token holds nothing else
    ]
    tokens: dict[str, Json] = {
        f"claims with a wrong {label}": cast.signed(eve, claims).token
        for label, claims in wrong[:: -(-len(wrong) // MAX_CLAIMS)]
    }
    return _shown(cast, eve, tokens, [handshake.invalid])


# ---- how they are tried ------------------------------------------------------------------------------------------


def _refused(handshake: Handshake, attempts: Attempts, may_hang_up: bool, ground: Playground) -> None:
    """Try each handshake beside people who are together; it is refused, and neither hears of the other."""

    async def play() -> None:
        async with ground.cast() as cast:
            await cast.assemble()
            said = spoken(cast)
            for number, attempt in enumerate(await attempts(cast, handshake)):
                # Who was refused first hears all that there is to hear, and each of the others one thing in turn.
                within = said if number == 0 else [said[number % len(said)]]
                await _try(cast, attempt, within, may_hang_up=may_hang_up)

    ground.run(play())


def _by_header(handshake: Handshake, may_hang_up: bool, ground: Playground) -> None:
    """Show the token in the header: it admits, and does not where the one in `auth` is worthless."""

    async def play() -> None:
        async with ground.cast() as cast:
            await cast.assemble()
            identity = await cast.stranger("hedy")
            bearer = {"Authorization": f"Bearer {identity.token}"}
            try:
                hedy = await cast.stage.connect("hedy", identity, auth=None, headers=bearer, query={})
            except UsageError as refused:  # such a token in `auth` was good enough to begin with
                expected = "a good token in the header is admitted"
                came = f"it was refused: {refused.__cause__}"
                refusal = Broken(cast.address("all/9"), expected, came, check=Check.AUTH_REQUIRED)
                raise refusal.shown(Symptom.heard("hedy", REFUSED)) from refused
            await cast.stage.leave(hedy)
            worthless = {"Authorization": "Bearer let-me-in"}
            said = spoken(cast)
            for attempt in (
                Attempt("a bad token in the header", [handshake.invalid], {"headers": worthless}),
                Attempt(
                    "a bad token beside a good header",
                    [handshake.invalid],
                    {"auth": {"token": "let-me-in"}, "headers": bearer},
                ),
            ):
                await _try(cast, attempt, said, may_hang_up=may_hang_up)

    ground.run(play())


async def _try(cast: Cast, attempt: Attempt, within: Sequence[Operation], *, may_hang_up: bool) -> None:
    """Knock, stay as far as that is possible, act within earshot, and check that nothing passes either way."""
    stage, requirement = cast.stage, cast.address("all/9")
    ways = stage.target.refusal
    may_hang_up = may_hang_up or "disconnect" in ways.handshake
    overheard: list[Received] = []

    def overhear(received: Received) -> None:
        if received.name != ways.event or not ways.event:  # else it is how the target says no
            overheard.append(received)

    expected = f"{attempt.label} is refused with a connect error"
    in_words = Test((), "is one of", tuple(dict.fromkeys(attempt.texts)))
    otherwise = Symptom(who=INTRUDER, names=(REFUSED,), tests=(in_words,), is_missing=True)
    stage.begin(f"{INTRUDER} = knocks with {attempt.label}")
    try:
        connection, refused = await Connection.knock(
            stage.target.endpoint(**attempt.changes),
            cast.model.protocol,
            INTRUDER,
            stage.history,
            patience_s=stage.target.connect_s,
            on_event=overhear,
        )
    except ConnectRefused as by_http:
        if "http" in ways.handshake:
            return
        came = f"HTTP refused it: {by_http.message}"
        raise Broken(requirement, expected, came, check=Check.AUTH_REQUIRED).shown(otherwise) from by_http
    except ConnectionLost as lost:
        if not may_hang_up:
            raise Broken(requirement, expected, str(lost), check=Check.AUTH_REQUIRED).shown(otherwise) from lost
        return
    try:
        if refused is None:
            await _must_be_cut_off(cast, connection, expected, requirement, may_hang_up)
        elif refused.message not in attempt.texts and not may_hang_up:
            promised = " or ".join(map(repr, dict.fromkeys(attempt.texts)))
            came = repr(refused.message)
            broken = Broken(requirement, f"{expected} {promised}", came, check=Check.AUTH_REQUIRED)
            raise broken.shown(otherwise)
        # Who speaks out of turn may be hung up on, so listening comes first.
        told = [partial(_tell, cast, operation) for operation in within]
        acts: list[Callable[[], Awaitable[None]]] = [*told, partial(_intrude, cast, connection, within), *told]
        for act in (_nothing, *acts):
            await act()
            await _fence(cast, connection)
            await stage.overhear(CONNECT, Outlook(requirement=requirement, refused_as=Check.NOTHING_BEFORE_AUTH))
            if overheard:
                came = f"{INTRUDER} heard {overheard[0]}"
                promised = f"{attempt.label}: nothing is delivered"
                heard = Broken(requirement, promised, came, check=Check.NOTHING_BEFORE_AUTH)
                raise heard.shown(Symptom.heard(INTRUDER, overheard[0].name))
            if connection.closed is not None:
                return
    finally:
        connection.abort()


async def _must_be_cut_off(
    cast: Cast, connection: Connection, expected: str, requirement: str, may_hang_up: bool
) -> None:
    if not may_hang_up:
        admitted = Broken(requirement, expected, "it was admitted", check=Check.AUTH_REQUIRED)
        raise admitted.shown(Symptom(who=INTRUDER, names=(REFUSED,), is_missing=True))
    try:
        await connection.wait_closed(cast.stage.target.deadline_s(1000))
    except NotHeard as stays:
        or_so, came = f"{expected}, or with a disconnect at once", "it was admitted and stays"
        within_s = cast.stage.target.deadline_s(1000)
        stayed = Broken(requirement, or_so, came, check=Check.AUTH_REQUIRED)
        raise stayed.shown(
            Symptom(who=INTRUDER, names=(REFUSED, CLOSED), is_missing=True, within_s=within_s)
        ) from stays


async def _nothing() -> None:
    """Do nothing: what is delivered with the refusal is there by now."""


async def _tell(cast: Cast, operation: Operation) -> None:
    """Let somebody who was admitted say something that others hear."""
    who = await cast.ready(operation)
    await cast.stage.say(who, cast.event(operation, who))


async def _intrude(cast: Cast, connection: Connection, within: Sequence[Operation]) -> None:
    """Let who was refused try to enter and to say the same."""
    first = cast.model.claimed[0]
    events: list[Event] = []
    for operation in {operation.id: operation for operation in (first, *within)}.values():
        who = await cast.ready(operation)
        events.append(cast.event(operation, who))
    cast.stage.begin(f"{INTRUDER} = speaks all the same")
    for event in events:
        if connection.closed is None:
            connection.emit(event)


async def _fence(cast: Cast, connection: Connection) -> None:
    """Wait until who was refused would have heard what was said, and what they said themselves was handled."""
    try:
        await connection.fence(within_s=cast.stage.target.deadline_s(1000))
    except (ConnectionLost, NotHeard):
        return  # they may be hung up on, and are promised no answer
