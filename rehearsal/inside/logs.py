"""The log of who came and went, seen from inside: who is left out of it, and what it may not hold up."""

import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final

from conformance.models.space_cast import SpaceCast
from conformance.person import Person
from conformance.scene import attributed, require
from protocols import space
from protocols.contract import Json
from protocols.errors import TargetUnreachable
from reference_server.clock import ManualClock
from reference_server.mode import Mode
from reference_server.settings import Settings
from rehearsal.inside.outside import Outside, Reply
from rehearsal.inside.scene import Inside, Server, require_at_once, shows
from rehearsal.inside.sessions import suite_case

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS

_LEAVING: Final = ("ben", "cho", "fay", "gil")
"""Who departs; every other one says so, the rest just go."""


@shows("log/2")
def log__no_dev_sessions(inside: Inside) -> None:
    """The target may run in production, which has no such sessions; this server runs in development."""
    with inside.server(Settings(mode=Mode.DEVELOPMENT)) as server, attributed("space/log/2"):
        suite_case("space/log/no-dev-sessions").play(server.ground)


# ---- a log that fails --------------------------------------------------------------------------------------------


@shows("log/3")
def log__nobody_listens(inside: Inside) -> None:
    """The external log refuses connections while people leave, and hears of it once it is back."""
    with Outside(lambda _number, _body: Reply()) as log:
        _depart(inside, log, recover=log.open)


@shows("log/3")
def log__call_hangs(inside: Inside) -> None:
    """The external log takes the call and says nothing while people leave; then it hangs up, and later works."""

    def answer(number: int, _body: Json) -> Reply | None:
        if number > 0:
            return Reply()
        log.released.wait()
        return None

    with Outside(answer).open() as log:
        _depart(inside, log, recover=log.released.set)


def _depart(inside: Inside, log: Outside, recover: Callable[[], object]) -> None:
    """Let people leave and vanish while the log fails, see that it is told at once, and that the log hears later."""
    with inside.server(Settings(event_log_url=log.url)) as server, server.cast() as people:
        gone = server.ground.run(_leave_one_by_one(people))
        recover()
        expected = f"EXIT of all {len(gone)} reaches the external log once it works"
        log.wait(lambda: _exits(log) >= gone, inside.deadline_s(2000))
        require(_exits(log) == gone, "space/log/3", expected, f"EXIT of {len(_exits(log))} came")


async def _leave_one_by_one(people: SpaceCast) -> set[Json]:
    """Let everybody but ana leave the space; returns who did."""
    await people.assemble()
    ana, stage = people.person("ana"), people.stage
    for name in _LEAVING[2:]:
        await people.join(await stage.connect(name), 0)
    leaving = [people.person(name) for name in _LEAVING]
    gone: set[Json] = {people.model.seats[who].id for who in leaving}
    said: list[Callable[[], Awaitable[object]]] = [partial(stage.say, who, space.LeaveSpace()) for who in leaving[::2]]
    cut: list[Callable[[], Awaitable[object]]] = [partial(stage.leave, who, politely=False) for who in leaving[1::2]]
    with attributed("space/log/3"):
        for acts in (said, cut):
            await require_at_once(people, ana, space.PlayerLeft, acts, "space/log/3")
    return gone


def _exits(log: Outside) -> set[Json]:
    """Return of whom the log knows that they went."""
    bodies = [body for body in log.accepted if isinstance(body, Mapping)]
    return {body.get("participantId") for body in bodies if body.get("eventType") == "EXIT"}


# ---- long stays --------------------------------------------------------------------------------------------------


@shows("log/4")
def log__stays_over_a_day(inside: Inside) -> None:
    """Of stays of an hour, a day, a day and a millisecond, and 25 hours, the statistics know the first two."""
    clock = ManualClock(time.time_ns() // 1_000_000)
    counted, left_out = (HOUR_MS, DAY_MS), (DAY_MS + 1, 25 * HOUR_MS)
    with inside.server(Settings(), clock=clock) as server, server.cast() as people:
        sam = server.ground.run(people.assemble_staffed())
        for number, stay_ms in enumerate((*left_out, *counted)):
            guest = server.ground.run(people.stage.connect(f"guest{number}"))
            server.ground.run(people.join(guest, 0))
            clock.advance(stay_ms)
            server.ground.run(people.stage.say(guest, space.LeaveSpace()))
        told = server.ground.run(_statistics(people, server, sam))
    expected = {"stays": len(counted), "totalMs": sum(counted), "longestMs": max(counted), "leftOut": len(left_out)}
    came = {name: told.get(name) for name in expected}
    require(came == expected, "space/log/4", f"the statistics say {expected}", came)


async def _statistics(people: SpaceCast, server: Server, sam: Person) -> Mapping[str, Json]:
    """Return what STAFF reads of the stays in its space."""
    scope = people.model.scopes[0]
    headers = {"Authorization": f"Bearer {sam.identities[scope].token}"}
    async with server.ground.http.session.get(f"/api/spaces/{scope}/events", headers=headers) as response:
        if response.status != 200:
            raise TargetUnreachable(f"the log of {scope} is answered with HTTP {response.status}")
        answer: Mapping[str, Mapping[str, Json]] = await response.json()
    return answer["statistics"]


SCENES: Final = (log__no_dev_sessions, log__nobody_listens, log__call_hangs, log__stays_over_a_day)
