"""What `space` promises around the socket: HTTP, logs, limits, and how connections end."""

import asyncio
import time
import urllib.parse
from collections.abc import Mapping
from typing import Any, Final, cast

import aiohttp

from conformance.case import Skipped
from conformance.models.space_cast import SpaceCast
from conformance.scene import Scenes, attributed, require
from conformance.verdict import Broken
from protocols import space
from protocols.contract import Json
from protocols.errors import ConnectRefused, NotHeard, TargetUnreachable
from simulators import strict_json
from simulators.connection import Connection
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

OWN_ORIGIN: Final = "http://localhost:3000"
FOREIGN_ORIGIN: Final = "http://evil.example"
SILENCE_MS: Final = 85_000
"""pingInterval + pingTimeout."""
STRANGER: Final = "127.0.0.77"
"""An address of this machine that no server should mistake for its developer."""


# ---- how connections end -----------------------------------------------------------------------------------------


@shows("all/10", "all/8")
async def all__too_big(cast: SpaceCast) -> None:
    """A message over 1 MB ends its own connection, and only that; the others hear of the departure."""
    await cast.assemble()
    ana = cast.person("ana")
    connection = ana.connection
    assert connection is not None

    async def send() -> None:
        connection.emit_raw("chat:message", {"content": "a" * 1_100_000})
        try:
            await connection.wait_closed(cast.stage.target.deadline_s(1000))
        except NotHeard as open_still:
            raise Broken("space/all/10", "a message over 1 MB closes its connection", str(open_still)) from None

    await cast.stage.vanish(ana, send)
    await cast.settle()


@shows("all/8", slow=True)
async def all__silent_death(cast: SpaceCast) -> None:
    """A machine that answers no more pings is taken for gone within pingInterval + pingTimeout."""
    await cast.assemble()
    ana, ben = cast.person("ana"), cast.person("ben")
    connection = ana.connection
    assert connection is not None

    async def fall_silent() -> None:
        connection.fall_silent()
        limit_s = SILENCE_MS / 1000 + cast.stage.target.deadline_s(1000)
        await cast.stage.until(lambda: bool(ben.inbox), [ben], time.monotonic() + limit_s)
        require(bool(ben.inbox), "space/all/8", f"ben hears player:left within {limit_s:.0f} s", "nothing")

    await cast.stage.vanish(ana, fall_silent)


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


@shows("all/11")
async def all__rate_limit(cast: SpaceCast) -> None:
    """More than 100 attempts a minute from one address are refused; tried from an address of its own."""
    target = cast.stage.target
    if urllib.parse.urlsplit(target.url).hostname not in {"127.0.0.1", "localhost"}:
        raise Skipped("would lock this machine out of the target for a minute; tried on 127.0.0.1 alone")
    endpoint = target.endpoint(local_addr=STRANGER, transport="websocket")
    opened: list[Connection] = []
    refusals: list[str] = []
    try:
        for _ in range(12):
            attempts = [
                Connection.open(endpoint, target.contract, "stranger", patience_s=target.deadline_s(1000))
                for _ in range(10)
            ]
            for outcome in await asyncio.gather(*attempts, return_exceptions=True):
                match outcome:
                    case Connection():
                        opened.append(outcome)
                    case ConnectRefused() | TargetUnreachable():
                        refusals.append(str(outcome))
                    case BaseException():
                        raise outcome
    finally:
        await asyncio.gather(*(connection.close() for connection in opened))
    if not opened:
        raise Skipped(f"nobody can connect from {STRANGER} here: {refusals[0]}")
    if len(opened) > 100 or not any("Rate limit exceeded" in refusal for refusal in refusals):
        came = f"{len(opened)} of 120 were let in; refusals: {sorted(set(refusals))[:2]}"
        expected = 'attempts beyond 100 a minute are refused with "Rate limit exceeded"'
        cast.stage.lapse(Broken("space/all/11", expected, came))


@shows("all/5", "all/7")
async def all__polling(cast: SpaceCast) -> None:
    """Somebody on HTTP long polling hears and is heard like everybody else."""
    await cast.assemble()
    eve = await cast.stage.connect("polly", transport="polling")
    await cast.join(eve, 0)
    await cast.stage.say(eve, space.ChatMessageRequest(content="slow but here"))
    await cast.stage.say(cast.person("ana"), space.PlayerJump(x=1, y=2))
    await cast.stage.say_invalid(eve, "player:move", [None])
    await cast.stage.leave(eve)
    await cast.settle()


# ---- HTTP --------------------------------------------------------------------------------------------------------


class Answer:
    """What came back over HTTP."""

    def __init__(self, response: aiohttp.ClientResponse, body: bytes) -> None:
        self.status = response.status
        self.headers = response.headers
        self.text = body.decode("utf-8", "replace")

    def json(self, requirement: str) -> Mapping[str, Any]:
        """Return the JSON object of the body; raises Broken where it is none."""
        try:
            value = strict_json.loads(self.text.encode())
        except ValueError:
            value = None
        require(isinstance(value, dict), requirement, "a JSON object", str(self))
        return cast("Mapping[str, Any]", value)

    def __str__(self) -> str:
        return f"HTTP {self.status} {self.text[:200]}"


async def _ask(
    play: SpaceCast, method: str, path: str, *, headers: Mapping[str, str] | None = None, json: Json = None
) -> Answer:
    try:
        async with play.http.request(method, path, headers=headers, json=json) as response:
            return Answer(response, await response.read())
    except (aiohttp.ClientError, TimeoutError) as error:
        raise TargetUnreachable(f"{method} {path}: {error or type(error).__name__}") from error


def _bearer(identity: Identity) -> dict[str, str]:
    return {"Authorization": f"Bearer {identity.token}"}


@shows("http/1")
async def http__health(cast: SpaceCast) -> None:
    """GET /health answers 200 with status, uptime, timestamp, environment and connections."""
    answer = await _ask(cast, "GET", "/health")
    require(answer.status == 200, "space/http/1", "GET /health answers 200", answer)
    health = answer.json("space/http/1")
    missing = {"status", "uptime", "timestamp", "environment", "connections"} - health.keys()
    require(not missing, "space/http/1", f"/health says {', '.join(sorted(missing))}", answer)


@shows("http/2")
async def http__ready(cast: SpaceCast) -> None:
    """GET /ready answers 200 while everything the target depends on answers."""
    answer = await _ask(cast, "GET", "/ready")
    require(answer.status == 200, "space/http/2", "GET /ready answers 200", answer)


@shows("http/3")
async def http__cors(cast: SpaceCast) -> None:
    """The configured origin may read answers, also those of Socket.IO polling; a foreign one may not."""
    path = cast.stage.target.path
    for url in ("/health", f"{path}?EIO=4&transport=polling"):
        for origin, is_ours in ((OWN_ORIGIN, True), (FOREIGN_ORIGIN, False)):
            answer = await _ask(cast, "GET", url, headers={"Origin": origin})
            allowed = answer.headers.get("Access-Control-Allow-Origin", "")
            expected = f"GET {url} {'allows' if is_ours else 'does not allow'} the origin {origin}"
            came = f"Access-Control-Allow-Origin: {allowed or 'absent'}"
            require((allowed == origin) if is_ours else (allowed not in {origin, "*"}), "space/http/3", expected, came)


@shows("http/4")
async def http__security_headers(cast: SpaceCast) -> None:
    """Every answer carries the security headers, errors too."""
    for path in ("/health", "/metrics", "/no-such-page", f"{cast.stage.target.path}?EIO=4&transport=nonsense"):
        answer = await _ask(cast, "GET", path)
        for header in ("X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "Content-Security-Policy"):
            require(header in answer.headers, "space/http/4", f"GET {path} answers with {header}", "it is absent")
        nosniff = answer.headers["X-Content-Type-Options"]
        require(nosniff == "nosniff", "space/http/4", f"GET {path} answers nosniff", nosniff)


@shows("metrics/1")
async def metrics__json(cast: SpaceCast) -> None:
    """GET /metrics answers the JSON of the page, and counts who is where."""
    await cast.assemble()
    answer = await _ask(cast, "GET", "/metrics", headers={"Accept": "application/json"})
    require(answer.status == 200, "space/metrics/1", "GET /metrics answers 200", answer)
    metrics = answer.json("space/metrics/1")
    for path in _METRICS:
        require(_at(metrics, path) is not None, "space/metrics/1", f"/metrics says {path}", answer)
    rooms = {room["spaceId"]: room["connections"] for room in metrics["connections"]["rooms"]}
    here = cast.model.scopes[0]
    wanted = len(cast.model.members(f"space:{here}"))
    require(rooms.get(here) == wanted, "space/metrics/1", f"{wanted} connections in {here}", rooms.get(here))


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
    answer = await _ask(cast, "GET", "/metrics", headers={"Accept": "text/plain"})
    content_type = answer.headers.get("Content-Type", "")
    expected = "GET /metrics with Accept: text/plain answers Prometheus text"
    require(answer.status == 200 and content_type.startswith("text/plain"), "space/metrics/2", expected, answer)
    require("# TYPE " in answer.text, "space/metrics/2", expected, answer)


# ---- guests and the log ------------------------------------------------------------------------------------------


@shows("guest/1", "guest/2", "join/1")
async def guest__session(cast: SpaceCast) -> None:
    """A guest's session is given out, verified for its space alone, and opens it under the id that was promised."""
    await cast.assemble()
    here, there = cast.model.scopes
    answer = await _ask(cast, "POST", "/api/guest", json={"spaceId": here, "nickname": "gil"})
    require(answer.status == 201, "space/guest/1", "POST /api/guest answers 201", answer)
    guest = answer.json("space/guest/1")
    missing = {"sessionToken", "participantId", "nickname"} - guest.keys()
    require(not missing, "space/guest/1", f"the answer has {', '.join(sorted(missing))}", answer)
    token = str(guest["sessionToken"])
    require(token.startswith("guest-"), "space/guest/1", "the token begins with guest-", f"{token[:6]}…")
    for scope, tried, is_valid in ((here, token, True), (there, token, False), (here, "guest-unknown", False)):
        answer = await _ask(cast, "POST", "/api/guest/verify", json={"sessionToken": tried, "spaceId": scope})
        verified = answer.json("space/guest/2")
        expected = f"POST /api/guest/verify answers 200 with valid: {is_valid}"
        require(answer.status == 200 and verified.get("valid") is is_valid, "space/guest/2", expected, answer)
        if is_valid:
            told = verified.get("participantId")
            require(told == guest["participantId"], "space/guest/2", f"participantId {guest['participantId']}", told)
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
            answer = await _ask(cast, "POST", path, json=body)
            expected = f"POST {path} with {body!r} is refused"
            require(400 <= answer.status < 500, f"space/guest/{requirement}", expected, answer)


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
    answer = await _ask(cast, "POST", "/api/guest/event", json=said)
    require(200 <= answer.status < 300, "space/guest/3", "POST /api/guest/event is accepted", answer)
    await cast.stage.say(ana, space.LeaveSpace())
    await cast.stage.leave(ben, politely=False)
    staff = sam.identities[here]
    visit = await _ask(cast, "DELETE", f"/api/spaces/{here}/visit", headers=_bearer(staff))
    require(200 <= visit.status < 300, "space/guest/4", "DELETE …/visit with an auth-token is accepted", visit)
    path = f"/api/spaces/{here}/events?limit=1000"
    log = await _ask(cast, "GET", path, headers=_bearer(staff))
    require(log.status == 200, "space/guest/5", f"GET {path} is answered to STAFF", log)
    events = log.json("space/guest/5").get("events")
    if not isinstance(events, list):
        raise Broken("space/guest/5", "a list of events", str(log))
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
        require(is_right, f"space/{requirement}", expected, f"{len(mine)} such events")
    for headers, who in (({}, "nobody in particular"), (_bearer(ana.identities[here]), "a guest")):
        refused = await _ask(cast, "GET", path, headers=headers)
        require(refused.status in {401, 403}, "space/guest/5", f"the log is refused to {who}", refused)
    others = [user for user in await cast.people.users() if user.id not in cast.model.staff[here]]
    for user in others[:1]:
        refused = await _ask(cast, "GET", path, headers=_bearer(user))
        require(refused.status == 403, "space/guest/5", "the log is refused to a user who is not staff", refused)


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
    log = await _ask(cast, "GET", path, headers=_bearer(sam.identities[here]))
    require("dev-eve" not in log.text, "space/log/2", "no event of dev-eve in the log", log)
