"""How sessions are verified, seen from inside: by settings of every kind, and by somebody else."""

import asyncio
import itertools
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from conformance.case import Case
from conformance.models.space_cast import SpaceCast
from conformance.scene import attributed, require
from conformance.suite import suite_of
from conformance.verdict import Broken
from protocols import space
from protocols.contract import Event, Json
from protocols.errors import ConnectionLost, NotHeard
from reference_server.mode import Mode
from reference_server.settings import Settings
from rehearsal.inside.outside import Outside, Reply
from rehearsal.inside.scene import Inside, require_at_once, shows
from simulators.connection import Connection
from simulators.people import Identity

VERIFY_LIMIT_S: Final = 3.0
SLOW_S: Final = 2.0
"""How long a verifier takes that is slow and yet in time."""

_WORLD: Final = """
users: [{id: user-ann, nickname: Ann, token: auth-ann-of-our-own}]
spaces: [{id: office, name: The office, owner: user-ann}]
"""


@shows("session/2")
def session__development(inside: Inside) -> None:
    """The target may run in production; this server runs in development."""
    with inside.server(Settings(mode=Mode.DEVELOPMENT)) as server, attributed("space/session/2"):
        suite_case("space/session/development").play(server.ground)


def suite_case(address: str) -> Case:
    """Return a case that anybody may be judged by."""
    return next(case for case in suite_of("space").cases() if case.address == address)


# ---- settings ----------------------------------------------------------------------------------------------------


@shows("session/3")
def session__no_setting_weakens_it(inside: Inside) -> None:
    """In production who has no session is refused, whatever else is set, and whatever a verifier says of dev-*."""
    refused = suite_case("space/session/refused")
    with Outside(_says_yes_to_dev).open() as verifier, _world_file() as world:
        for options in _combinations(verifier.url, world):
            with inside.server(Settings(**options)) as server:
                try:
                    refused.play(server.ground)
                except Broken as broken:
                    came = f"{broken.came}; with {', '.join(sorted(options)) or 'nothing else'} set"
                    also = (broken.requirement, *broken.also)
                    raise Broken("space/session/3", broken.expected, came, also) from broken


def _combinations(verify_url: str, world: Path) -> Iterator[Mapping[str, Any]]:
    """Yield every subset of what could matter; that which should be far from it is set all together or not at all."""
    switches: tuple[Mapping[str, object], ...] = (
        {"test_credentials": True},
        {"world": world},
        {"seed": 7},
        {"verify_url": verify_url},
        {
            "time_scale": 60.0,
            "origins": ("http://evil.example",),
            "protocols": ("space",),
            "attempts_per_minute": 1000,
            "ping_interval_s": 5.0,
        },
    )
    for chosen in itertools.product((False, True), repeat=len(switches)):
        yield {name: value for switch in itertools.compress(switches, chosen) for name, value in switch.items()}


@contextmanager
def _world_file() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "world.yaml")
        path.write_text(_WORLD)
        yield path


def _says_yes_to_dev(number: int, asked: Json) -> Reply | None:
    """Vouch for tokens that nobody may vouch for, and answer garbage about the others."""
    assert isinstance(asked, Mapping)
    if str(asked.get("sessionToken")).startswith("dev-"):
        return Reply.json({"valid": True, "participantId": "eve-says", "nickname": "eve", "role": "OWNER"})
    return tuple(_GARBAGE.values())[number % len(_GARBAGE)]


_GARBAGE: Final[Mapping[str, Reply | None]] = {
    "no JSON": Reply(body=b"<html>yes</html>"),
    "nothing at all": Reply(),
    "no object": Reply.json(True),
    "valid is no boolean": Reply.json({"valid": "yes", "participantId": "eve", "nickname": "eve"}),
    "nobody in particular": Reply.json({"valid": True}),
    "a name that cannot be": Reply.json({"valid": True, "participantId": "eve", "nickname": ""}),
    "an error that says yes": Reply.json({"valid": True, "participantId": "eve", "nickname": "eve"}, status=500),
    "elsewhere": Reply(302, headers={"Location": "/"}),
    "hung up": None,
}


# ---- somebody else verifies --------------------------------------------------------------------------------------


@shows("session/4")
def session__external_verifier(inside: Inside) -> None:
    """Whom it calls valid comes in as who it says; whom it refuses, and everybody while it fails, does not."""
    answers: dict[str, Reply | None] = {
        **{f"guest-{index}-of-theirs": reply for index, reply in enumerate(_GARBAGE.values())},
        "guest-refused": Reply.json({"valid": False, "error": "who is that?"}),
    }
    valid = Identity(token="guest-vouched-for", id="theirs-7", nickname="Theo")  # noqa: S106  # opens nothing else

    def answer(_number: int, asked: Json) -> Reply | None:
        assert isinstance(asked, Mapping)
        token = str(asked["sessionToken"])
        if token == valid.token:
            return Reply.json({"valid": True, "participantId": valid.id, "nickname": valid.nickname})
        return answers[token]

    async def play(people: SpaceCast) -> None:
        await people.assemble()
        with attributed("space/session/4"):
            await people.stage.say(await people.outsider(), _join(people, valid.token))  # nobody can be asked yet
            verifier.open()
            for token in answers:
                await people.stage.say(await people.outsider(), _join(people, token))
            eve = await people.outsider()
            people.model.identities[valid.token] = valid
            await people.stage.say(eve, _join(people, valid.token))
            await people.stage.say(eve, space.ChatMessageRequest(content="they know me"))
            await people.settle()
        asked: Json = {"sessionToken": valid.token, "spaceId": people.model.scopes[0]}
        require(verifier.bodies[-1] == asked, "space/session/4", f"the verifier is asked {asked}", verifier.bodies[-1])

    with (
        Outside(answer) as verifier,
        inside.server(Settings(verify_url=verifier.url)) as server,
        server.cast() as people,
    ):
        server.ground.run(play(people))


def _join(people: SpaceCast, token: str) -> space.JoinSpace:
    scope = people.model.scopes[0]
    return space.JoinSpace(spaceId=scope, playerId="eve-says", nickname="eve", avatarColor="red", sessionToken=token)


@shows("session/4")
def session__verifier_hangs(inside: Inside) -> None:
    """A verifier that takes two seconds is listened to, one that hangs is not; meanwhile the others are served."""

    def answer(_number: int, asked: Json) -> Reply | None:
        assert isinstance(asked, Mapping)
        if asked["sessionToken"] == "guest-stuck":
            verifier.released.wait()
            return None
        verifier.released.wait(SLOW_S)
        return Reply.json({"valid": True, "participantId": "theirs-8", "nickname": "Slow"})

    async def play(people: SpaceCast) -> None:
        await people.assemble()
        await asyncio.gather(
            _knock(inside, people, "slow", space.RoomJoined, at_least_s=0.0, at_most_s=SLOW_S),
            # A timer may be a little early.
            _knock(inside, people, "stuck", space.Error, at_least_s=VERIFY_LIMIT_S - 0.1, at_most_s=VERIFY_LIMIT_S),
            meanwhile(people),
        )

    async def meanwhile(people: SpaceCast) -> None:
        came = await asyncio.to_thread(verifier.wait, lambda: len(verifier.bodies) == 2, inside.deadline_s(1000))
        require(came, "space/session/4", "the verifier is asked about both", f"asked {len(verifier.bodies)} times")
        talk = partial(people.stage.say, people.person("ana"), space.ChatMessageRequest(content="meanwhile"))
        with attributed("space/session/4"):
            await require_at_once(people, people.person("ben"), space.ChatMessageEvent, [talk] * 3, "space/session/4")

    with (
        Outside(answer).open() as verifier,
        inside.server(Settings(verify_url=verifier.url)) as server,
        server.cast() as people,
    ):
        server.ground.run(play(people))


async def _knock(
    inside: Inside, people: SpaceCast, name: str, answer: type[Event], at_least_s: float, at_most_s: float
) -> None:
    """Join a space of one's own, and require that this is answered in time; who is refused is cut off, too."""
    stage = people.stage
    join = space.JoinSpace(
        spaceId=f"{people.model.scopes[0]}-{name}",
        playerId=name,
        nickname=name,
        avatarColor="red",
        sessionToken=f"guest-{name}",
    )
    connection = await Connection.open(stage.target.endpoint(), space.PROTOCOL, name, stage.history)
    within_s = at_most_s + inside.deadline_s(1000)
    expected = f"{name} hears {answer.event_name} after {at_least_s:g} to {within_s:g} s"
    try:
        began = time.monotonic()
        connection.emit(join)
        await connection.expect(answer, within_s=within_s)
        took_s = time.monotonic() - began
        require(took_s >= at_least_s, "space/session/4", expected, f"after {took_s:.2f} s")
        if answer is space.Error:
            await connection.wait_closed(inside.deadline_s(1000))
    except (NotHeard, ConnectionLost) as silence:
        raise Broken("space/session/4", expected, str(silence)) from silence
    finally:
        await connection.close()


SCENES: Final = (
    session__development,
    session__no_setting_weakens_it,
    session__external_verifier,
    session__verifier_hangs,
)
