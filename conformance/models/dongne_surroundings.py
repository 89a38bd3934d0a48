"""What `dongne` promises around its events: who may come in, and what others read in the Redis of the target file."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from conformance.case import Skipped
from conformance.checks import Check
from conformance.models.dongne_cast import DongneCast
from conformance.models.dongne_places import TOWNS
from conformance.reproduce.unshown import IN_REDIS
from conformance.scene import Scenes, require, unseen
from conformance.symptom import ADMITTED, Symptom
from conformance.verdict import Broken
from protocols.errors import ConnectRefused, UsageError
from simulators.connection import Connection

SCENES: Final[Scenes[DongneCast]] = Scenes("dongne")
shows = SCENES.shows

SHOWN: Final[Mapping[str, Sequence[str]]] = {
    f"handshake/{way}": ["handshake/1"] for way in ("missing", "malformed", "foreign", "expired", "claims")
}
"""What the cases of the contract show besides."""

UNTESTED: Final[Mapping[str, str]] = {
    "dongne/handshake/3": "who is on a server's blacklist is its own configuration",
    "dongne/stage/8": "how many notifications a server sends out at a time is not heard by those who get them",
    "dongne/time/3": "a server's webhook is its own configuration",
    "dongne/load/1": "a thousand people at a time are a load test's work, not a check's",
}

REFUSED: Final = "Authentication failed"
WRITTEN_MS: Final = 1000
"""By when others can read what has happened; times the target's patience."""
FRESH: Final = 0.9
"""What is left at least of the life of a key that has just been written."""
LOOK_S: Final = 0.01


@shows("handshake/2", "all/9")
async def handshake__nobody(cast: DongneCast) -> None:
    """A good token in the name of nobody who exists is refused, and nobody hears of it."""
    await cast.assemble()
    identity = await cast.stranger("eve")
    target, requirement = cast.stage.target, "dongne/handshake/2"
    for user_id in (f"nobody-{secrets.token_hex(8)}", "' OR '1'='1", "__proto__"):
        nobody = cast.signed(identity, {**cast.claims(identity), "userId": user_id})
        cast.stage.begin(f"nobody = knocks as {user_id}")
        try:
            stranger = await Connection.open(
                target.door(nobody),
                target.contract,
                "nobody",
                cast.stage.history,
                patience_s=target.connect_s,
            )
        except ConnectRefused as refused:
            require(
                refused.message == REFUSED, requirement, repr(REFUSED), repr(refused.message), check=Check.AUTH_REQUIRED
            )
            continue
        if "disconnect" in target.refusal.handshake:
            await stranger.wait_closed(target.deadline_s(1000))
            continue
        stranger.abort()
        broken = Broken(
            requirement, f"{user_id}, who does not exist, is refused", "a connection", check=Check.AUTH_REQUIRED
        )
        raise broken.shown(Symptom.heard("nobody", ADMITTED, times=1))
    await cast.stage.listen()


# ---- what others read --------------------------------------------------------------------------------------------


@asynccontextmanager
async def _redis(cast: DongneCast) -> "AsyncIterator[Redis]":
    """Open the target's Redis; raises Skipped where nobody knows it, UsageError where it does not answer."""
    url = cast.stage.target.redis_url
    if not url:
        raise Skipped("the target's Redis is not known; name it in the target file: redis_url = …")
    client = Redis.from_url(url)
    try:
        with unseen(IN_REDIS):
            yield client
    except RedisError as error:
        raise UsageError(f"the target's Redis did not answer: {error}; is redis_url right?") from error
    finally:
        await client.aclose()


async def _lives(cast: DongneCast, client: Redis, pattern: str, seconds: int, requirement: str) -> None:
    """Check that a key like this is there soon, and lives so many of the target's seconds from when it was written."""
    target = cast.stage.target
    longest_s = seconds / target.time_scale
    deadline = time.monotonic() + target.deadline_s(WRITTEN_MS)
    while True:
        keys = [key async for key in client.scan_iter(match=pattern, count=1000)]
        left_s = [await client.pttl(key) / 1000 for key in keys]
        if any(FRESH * longest_s <= left <= longest_s for left in left_s):
            return
        if time.monotonic() >= deadline:
            break
        await asyncio.sleep(LOOK_S)
    came = ", ".join(f"{left:g} s left" for left in left_s) or "no such key"
    raise Broken(requirement, f"a key {pattern} that lives {longest_s:g} s", came)


@shows("cache/1")
async def cache__session(cast: DongneCast) -> None:
    """Whoever is online has a session that others can read."""
    async with _redis(cast) as client:
        ana = await cast.come("ana")
        await _lives(cast, client, f"session:{cast.model.user_id(ana)}", 3600, "dongne/cache/1")


@shows("cache/2", "cache/3", "cache/4")
async def cache__question(cast: DongneCast) -> None:
    """A question can be read by others, and what it means for its region and for what is asked about most."""
    async with _redis(cast) as client:
        ana = await cast.come("ana")
        tag = f"tag-{secrets.token_hex(4)}"
        question = await cast.ask(ana, at=TOWNS[4], more={"hashtags": [tag]})
        await _lives(cast, client, f"question:{question.id}", 1800, "dongne/cache/2")
        region = question.told.get("regionCode")
        require(region is not None, "dongne/cache/3", "a question about the island has a region", question.told)
        await _lives(cast, client, f"stats:{region}", 900, "dongne/cache/3")
        await _lives(cast, client, "trending:*", 900, "dongne/cache/4")
