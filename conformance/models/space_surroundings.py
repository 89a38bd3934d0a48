"""What `space` promises around the socket: who is not in yet, metrics, guests and the log."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from conformance.case import Skipped
from conformance.checks import Check
from conformance.models.space_cast import SpaceCast
from conformance.scene import Scenes, attributed, require
from conformance.symptom import EACH, HTTP, Path, Symptom, Test
from conformance.verdict import Broken
from protocols import space
from protocols.contract import Json
from simulators.people import Identity

SCENES: Final[Scenes[SpaceCast]] = Scenes("space")
shows = SCENES.shows

UNTESTED: Final[Mapping[str, str]] = {
    "space/session/3": "that nothing but the mode weakens verification cannot be seen from outside",
    "space/session/4": "which verify URL a server asks is its own configuration",
    "space/log/3": "making a server's log call fail needs its inside",
    "space/log/4": "a stay of more than 24 hours is longer than a run",
    "space/operations/1": "a server's log lines are not heard by its clients",
    "space/operations/2": "a server's webhook is its own configuration",
}


# ---- who is not in yet -------------------------------------------------------------------------------------------


@shows("all/9")
async def all__uninvited_socket(cast: SpaceCast) -> None:
    """The handshake of space wants no credentials, the join does: until then nothing is delivered, nor when refused."""
    await cast.assemble()
    ana, eve = cast.person("ana"), await cast.outsider()
    assert eve.connection is not None
    with attributed("space/all/9"):
        await cast.stage.say(ana, space.ChatMessageRequest(content="among us"))
        await cast.stage.say(ana, space.PlayerJump(x=1, y=1))
        await cast.stage.say(eve, space.WhisperSend(targetId=cast.model.seats[ana].id, content="let me in"))
        if cast.stage.target.mode == "production":
            await cast.stage.say(eve, cast.forged_join())
        await cast.stage.say(ana, space.ChatMessageRequest(content="still among us"))


# ---- metrics -----------------------------------------------------------------------------------------------------


@shows("metrics/1")
async def metrics__json(cast: SpaceCast) -> None:
    """GET /metrics answers the JSON of the page, and counts who is where."""
    await cast.assemble()
    answer = await cast.http.ask("GET", "/metrics", "space/metrics/1", headers={"Accept": "application/json"})
    require(answer.status == 200, "space/metrics/1", "GET /metrics answers 200", answer, check=Check.HTTP_STATUS)
    metrics = answer.json("space/metrics/1")
    for path in _METRICS:
        require(
            _at(metrics, path) is not None, "space/metrics/1", f"/metrics says {path}", answer, check=Check.HTTP_BODY
        )
    rooms = {room["spaceId"]: room["connections"] for room in metrics["connections"]["rooms"]}
    here = cast.model.scopes[0]
    wanted = len(cast.model.members(f"space:{here}"))
    require(
        rooms.get(here) == wanted,
        "space/metrics/1",
        f"{wanted} connections in {here}",
        rooms.get(here),
        check=Check.HTTP_BODY,
    )


_METRICS: Final = (
    "server",
    "version",
    "timestamp",
    "uptime.seconds",
    "uptime.formatted",
    "uptime.startTime",
    "connections.total",
    "connections.rooms",
    "connections.roomCount",
    "parties.count",
    "process.memory.rssMB",
    "process.memory.heapUsedMB",
    "storage.totalGB",
    "storage.usedGB",
    "storage.availableGB",
    "storage.usedPercent",
    "storage.mountPoint",
)


def _at(value: Any, path: str) -> Any:
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


@shows("metrics/2")
async def metrics__prometheus(cast: SpaceCast) -> None:
    """GET /metrics answers Prometheus text where that is accepted."""
    answer = await cast.http.ask("GET", "/metrics", "space/metrics/2", headers={"Accept": "text/plain"})
    content_type = answer.headers.get("Content-Type", "")
    expected = "GET /metrics with Accept: text/plain answers Prometheus text"
    require(
        answer.status == 200 and content_type.startswith("text/plain"),
        "space/metrics/2",
        expected,
        answer,
        check=Check.HTTP_STATUS,
    )
    require("# TYPE " in answer.text, "space/metrics/2", expected, answer, check=Check.HTTP_BODY)


# ---- guests and the log ------------------------------------------------------------------------------------------


@shows("guest/1", "guest/2", "join/1")
async def guest__session(cast: SpaceCast) -> None:
    """A guest's session is given out, verified for its space alone, and opens it under the id that was promised."""
    await cast.assemble()
    here, there = cast.model.scopes
    answer = await cast.http.ask("POST", "/api/guest", "space/guest/1", json={"spaceId": here, "nickname": "gil"})
    require(answer.status == 201, "space/guest/1", "POST /api/guest answers 201", answer, check=Check.HTTP_STATUS)
    guest = answer.json("space/guest/1")
    missing = {"sessionToken", "participantId", "nickname"} - guest.keys()
    require(not missing, "space/guest/1", f"the answer has {', '.join(sorted(missing))}", answer, check=Check.HTTP_BODY)
    token = str(guest["sessionToken"])
    require(
        token.startswith("guest-"),
        "space/guest/1",
        "the token begins with guest-",
        f"{token[:6]}…",
        check=Check.HTTP_BODY,
    )
    for scope, tried, is_valid in ((here, token, True), (there, token, False), (here, "guest-unknown", False)):
        answer = await cast.http.ask(
            "POST", "/api/guest/verify", "space/guest/2", json={"sessionToken": tried, "spaceId": scope}
        )
        verified = answer.json("space/guest/2")
        expected = f"POST /api/guest/verify answers 200 with valid: {is_valid}"
        require(
            answer.status == 200 and verified.get("valid") is is_valid,
            "space/guest/2",
            expected,
            answer,
            check=Check.HTTP_STATUS,
        )
        if is_valid:
            told = verified.get("participantId")
            require(
                told == guest["participantId"],
                "space/guest/2",
                f"participantId {guest['participantId']}",
                told,
                check=Check.HTTP_BODY,
            )
    eve = await cast.outsider()
    identity = Identity(token=token, id=str(guest["participantId"]), nickname="gil", scope=here)
    eve.identities[here] = cast.model.identities[token] = identity
    await cast.join(eve, 0)


@shows("guest/1", "guest/2", "guest/3")
async def guest__bad_requests(cast: SpaceCast) -> None:
    """What lacks a field, has a wrong type or is no JSON is answered with a 4xx, and nothing breaks."""
    bodies: tuple[Json, ...] = (None, [], "x", {}, {"spaceId": 1}, {"spaceId": "a", "nickname": "x" * 21})
    for path, requirement in (("/api/guest", "1"), ("/api/guest/verify", "2"), ("/api/guest/event", "3")):
        for body in bodies:
            answer = await cast.http.ask("POST", path, f"space/guest/{requirement}", json=body)
            expected = f"POST {path} with {body!r} is refused"
            require(400 <= answer.status < 500, f"space/guest/{requirement}", expected, answer, check=Check.HTTP_STATUS)


@shows("guest/3", "guest/5", "log/1", "guest/4")
async def log__enter_and_exit(cast: SpaceCast) -> None:
    """ENTER and EXIT of guests and users stand in the log, once each; only OWNER and STAFF may read it."""
    if not cast.people.staffed_scopes:
        raise Skipped("the target names nobody who is OWNER or STAFF; add users with owner_of or staff_of")
    sam = await cast.assemble_staffed()
    here = cast.model.scopes[0]
    ana, ben = cast.person("ana"), cast.person("ben")
    ids = {who.name: cast.model.seats[who].id for who in (sam, ana, ben)}
    token = ana.identities[here].token
    said: Json = {"sessionToken": token, "spaceId": here, "eventType": "CHAT", "payload": {"length": 5}}
    answer = await cast.http.ask("POST", "/api/guest/event", "space/guest/3", json=said)
    require(
        200 <= answer.status < 300,
        "space/guest/3",
        "POST /api/guest/event is accepted",
        answer,
        check=Check.HTTP_STATUS,
    )
    await cast.stage.say(ana, space.LeaveSpace())
    await cast.stage.leave(ben, politely=False)
    staff = sam.identities[here]
    visit = await cast.http.ask("DELETE", f"/api/spaces/{here}/visit", "space/guest/4", by=staff)
    require(
        200 <= visit.status < 300,
        "space/guest/4",
        "DELETE …/visit with an auth-token is accepted",
        visit,
        check=Check.HTTP_STATUS,
    )
    path = f"/api/spaces/{here}/events?limit=1000"
    log = await cast.http.ask("GET", path, "space/guest/5", by=staff)
    require(log.status == 200, "space/guest/5", f"GET {path} is answered to STAFF", log, check=Check.HTTP_STATUS)
    events = log.json("space/guest/5").get("events")
    if not isinstance(events, list):
        raise Broken("space/guest/5", "a list of events", str(log), check=Check.HISTORY_KEPT)
    for name, kind, requirement in (
        ("ana", "ENTER", "log/1"),
        ("ana", "CHAT", "guest/3"),
        ("ana", "EXIT", "log/1"),
        ("ben", "EXIT", "log/1"),
        ("sam", "ENTER", "log/1"),
        ("sam", "EXIT", "guest/4"),
    ):
        mine = [event for event in events if event.get("eventType") == kind and ids[name] in event.values()]
        expected = f"{kind} of {name} is logged{'' if name == 'sam' else ' once'}"
        is_right = bool(mine) if name == "sam" else len(mine) == 1
        came = f"{len(mine)} such events"
        require(
            is_right, f"space/{requirement}", expected, came, check=Check.HISTORY_KEPT, shown=[_logged(events, kind)]
        )
    for identity, who in ((None, "nobody in particular"), (ana.identities[here], "a guest")):
        refused = await cast.http.ask("GET", path, "space/guest/5", by=identity)
        require(
            refused.status in {401, 403},
            "space/guest/5",
            f"the log is refused to {who}",
            refused,
            check=Check.HTTP_STATUS,
        )
    others = [user for user in await cast.people.users() if user.id not in cast.model.staff[here]]
    for user in others[:1]:
        refused = await cast.http.ask("GET", path, "space/guest/5", by=user)
        require(
            refused.status == 403,
            "space/guest/5",
            "the log is refused to a user who is not staff",
            refused,
            check=Check.HTTP_STATUS,
            shown=[Symptom.heard(HTTP, HTTP, Test(("status",), "is", 200), Test(("body",), "has", "events"))],
        )


def _logged(events: Sequence[Mapping[str, Any]], kind: str) -> Symptom:
    """Return what shows that the log has no event of a kind, or has it too often."""
    kinds = [event.get("eventType") for event in events]
    at: Path = ("body", "events", EACH, "eventType")
    return Symptom.heard(HTTP, HTTP, Test(at, "is", kinds) if kind in kinds else Test(at, "lacks", kind), times=1)


@shows("log/2")
async def log__no_dev_sessions(cast: SpaceCast) -> None:
    """A dev-* session leaves no trace in the log."""
    if cast.stage.target.mode != "development" or not cast.people.staffed_scopes:
        raise Skipped('dev-* sessions exist in development alone; say mode = "development" for such a target')
    sam = await cast.assemble_staffed()
    here = cast.model.scopes[0]
    eve = await cast.outsider()
    join = space.JoinSpace(spaceId=here, playerId="dev-eve", nickname="eve", avatarColor="red", sessionToken="dev-eve")
    await cast.stage.say(eve, join)
    await cast.stage.say(eve, space.LeaveSpace())
    path = f"/api/spaces/{here}/events?limit=1000"
    log = await cast.http.ask("GET", path, "space/log/2", by=sam.identities[here])
    require("dev-eve" not in log.text, "space/log/2", "no event of dev-eve in the log", log, check=Check.HISTORY_KEPT)
