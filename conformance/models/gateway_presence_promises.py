"""What `gateway` promises of presence, as others read it: in the Redis that the target file names."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, cast

from conformance.case import Skipped
from conformance.checks import Check
from conformance.models.gateway_cast import GatewayCast
from conformance.person import Person
from conformance.reproduce.unshown import IN_REDIS
from conformance.scene import Scenes, attributed, require, unseen
from protocols import gateway
from protocols.errors import UsageError
from simulators import strict_json

if TYPE_CHECKING:
    from redis.asyncio import Redis

SCENES: Final[Scenes[GatewayCast]] = Scenes("gateway")
shows = SCENES.shows

LASTING_S: Final = 60
"""How long a user stays online without a heartbeat, in the target's seconds."""
HEARTBEAT_S: Final = 20
WRITTEN_MS: Final = 1000
"""By when others can read what a connection, a heartbeat or a departure has changed; times the target's patience."""
TICK_S: Final = 0.1
"""What the end of a key may be off by: Redis counts milliseconds, and two clocks are read one after the other."""
LOOK_S: Final = 0.01
"""Between two looks at what is not yet so."""
PAUSE_S: Final = 0.5
"""The target's seconds between two ends of a key that must differ."""

Fields = Mapping[str, str]
"""Of one presence key: a socket's id -> JSON."""


class Presence:
    """The presence keys of a target."""

    def __init__(self, cast: GatewayCast, client: "Redis") -> None:
        self._cast = cast
        self._client = client

    async def of(self, who: Person) -> Fields:
        """Return the fields of somebody's key; none where there is no key."""
        fields = cast("Awaitable[dict[bytes, bytes]]", self._client.hgetall(self._key(who)))
        return {name.decode(): value.decode("utf-8", "replace") for name, value in (await fields).items()}

    async def ends_at(self, who: Person) -> float:
        """Return the moment of `time.monotonic()` at which somebody's key ends: infinity for never, 0.0 for no key."""
        left_ms: int = await self._client.pttl(self._key(who))
        match left_ms:
            case -2:
                return 0.0
            case -1:
                return float("inf")
        return time.monotonic() + left_ms / 1000

    async def become(self, holds: Callable[[], Awaitable[bool]]) -> bool:
        """Wait until something holds, for as long as the target may take to write; say whether it does."""
        deadline = time.monotonic() + self._cast.stage.target.deadline_s(WRITTEN_MS)
        while not await holds():
            if time.monotonic() >= deadline:
                return False
            await asyncio.sleep(LOOK_S)
        return True

    async def expect(self, who: Person, requirement: str, *here: Person) -> Fields:
        """Wait until a user's key has the fields of exactly these of its sockets; raises Broken."""
        wanted = {_sid(socket) for socket in here}

        async def is_right() -> bool:
            return (await self.of(who)).keys() == wanted

        names = ", ".join(f"{socket} ({_sid(socket)})" for socket in here)
        expected = f"{self._key(who)} has a field for {names}" if here else f"there is no {self._key(who)}"
        is_so = await self.become(is_right)
        fields = await self.of(who)
        require(
            is_so, requirement, expected, f"the fields {', '.join(fields) or 'none'}", check=Check.PRESENCE_CONVERGES
        )
        return fields

    def _key(self, who: Person) -> str:
        return f"presence:user:{self._cast.identity(who).id}"


@asynccontextmanager
async def _reading(cast: GatewayCast) -> AsyncIterator[Presence]:
    """Open the target's Redis; raises Skipped where nobody knows it, UsageError where it does not answer."""
    url = cast.stage.target.redis_url
    if not url:
        raise Skipped("the target's Redis is not known; name it in the target file: redis_url = …")
    # Here, since the client takes more than a tenth of a second to import, and most targets need none.
    from redis.asyncio import Redis
    from redis.exceptions import RedisError

    client = Redis.from_url(url)
    try:
        with unseen(IN_REDIS):
            yield Presence(cast, client)
    except RedisError as error:
        raise UsageError(f"the target's Redis did not answer: {error}; is redis_url right?") from error
    finally:
        await client.aclose()


def _sid(who: Person) -> str:
    assert who.connection is not None
    return who.connection.sid


@shows("presence/1", "presence/2")
async def presence__comes(cast: GatewayCast) -> None:
    """Who connects has a field that says where and since when, in a key that lasts 60 s from then on."""
    async with _reading(cast) as presence:
        began = time.monotonic()
        ana = await cast.come("ana")
        fields = await presence.expect(ana, "gateway/presence/1", ana)
        ends_at, now = await presence.ends_at(ana), time.monotonic()
        text = fields[_sid(ana)]
        require(_is_place(text), "gateway/presence/1", "the JSON {serverId, connectedAt}", text)
        lasting_s = LASTING_S / cast.stage.target.time_scale
        expected = f"the key ends {lasting_s:g} s after the connection"
        is_right = began + lasting_s - TICK_S <= ends_at <= now + lasting_s + TICK_S
        require(
            is_right,
            "gateway/presence/2",
            expected,
            f"it ends {ends_at - began:.1f} s after it",
            check=Check.TIMER_IN_TIME,
        )


def _is_place(text: str) -> bool:
    try:
        value = strict_json.loads(text.encode())
    except ValueError:
        return False
    return isinstance(value, dict) and isinstance(value.get("serverId"), str) and "connectedAt" in value


@shows("presence/3", "presence/4", "all/8")
async def presence__goes(cast: GatewayCast) -> None:
    """Each socket has a field of its own and takes it along; its user is online until the last has gone."""
    async with _reading(cast) as presence:
        ana, ben = await cast.come("ana"), await cast.come("ben")
        second, third = [await cast.come(name, like=ana) for name in ("ana-again", "ana-thrice")]
        await presence.expect(ana, "gateway/presence/1", ana, second, third)
        await cast.stage.leave(ana)
        await presence.expect(second, "gateway/presence/4", second, third)
        await cast.stage.leave(second, politely=False)
        await presence.expect(third, "gateway/presence/4", third)
        await cast.stage.leave(third)
        await presence.expect(third, "gateway/presence/3")
        await presence.expect(ben, "gateway/presence/4", ben)
        again = await cast.stage.connect("ana")
        await presence.expect(again, "gateway/presence/2", again)


@shows("heartbeat/2")
async def presence__heartbeat(cast: GatewayCast) -> None:
    """A heartbeat moves the end of its user's presence, and nobody else's."""
    async with _reading(cast) as presence:
        ana, ben = await cast.come("ana"), await cast.come("ben")
        for who in (ana, ben):
            await presence.expect(who, "gateway/presence/1", who)
        scale = cast.stage.target.time_scale
        before = {who: await presence.ends_at(who) for who in (ana, ben)}
        await cast.stage.listen(PAUSE_S * 1000)
        beaten_at = time.monotonic()
        await cast.stage.say(ana, gateway.Heartbeat())

        async def is_later() -> bool:
            return await presence.ends_at(ana) >= before[ana] + PAUSE_S / scale / 2

        is_so = await presence.become(is_later)
        ends_at = await presence.ends_at(ana)
        expected = f"ana's presence ends {LASTING_S / scale:g} s after the heartbeat"
        is_so = is_so and ends_at >= beaten_at + LASTING_S / scale - TICK_S
        require(
            is_so,
            "gateway/heartbeat/2",
            expected,
            f"it ends {ends_at - beaten_at:.1f} s after it",
            check=Check.TIMER_IN_TIME,
        )
        moved_s = await presence.ends_at(ben) - before[ben]
        require(
            moved_s < TICK_S,
            "gateway/heartbeat/2",
            "ben's presence ends as before",
            f"{moved_s:.1f} s later",
            check=Check.TIMER_IN_TIME,
        )
        await presence.expect(ana, "gateway/heartbeat/2", ana)


@shows("presence/5", "heartbeat/2", "presence/2", slow=True)
async def presence__ends(cast: GatewayCast) -> None:
    """Who is connected and silent is offline after 60 s, not before; who sends heartbeats stays online."""
    async with _reading(cast) as presence:
        silent, alive = await cast.come("ana"), await cast.come("ben")
        for who in (silent, alive):
            await presence.expect(who, "gateway/presence/1", who)
        began, scale = time.monotonic(), cast.stage.target.time_scale
        for _ in range(LASTING_S // HEARTBEAT_S):
            if (time.monotonic() - began) * scale < LASTING_S - HEARTBEAT_S / 2:  # else we were kept from looking
                await presence.expect(silent, "gateway/presence/2", silent)
            await cast.stage.say(alive, gateway.Heartbeat())
            await cast.stage.listen(HEARTBEAT_S * 1000)
        with attributed("gateway/heartbeat/2"):
            await presence.expect(alive, "gateway/heartbeat/2", alive)
        await presence.expect(silent, "gateway/presence/5")
