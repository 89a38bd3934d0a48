"""What `gateway` promises over HTTP: accounts, rooms, and the history in pages."""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final

import jwt

from conformance.case import Skipped
from conformance.checks import Check
from conformance.http import Reply
from conformance.models.gateway import Room
from conformance.models.gateway_cast import GatewayCast, listed
from conformance.reproduce.unshown import IN_SIGNED
from conformance.scene import Scenes, attributed, require, unseen
from conformance.symptom import HTTP, Symptom, Test
from protocols.contract import Json
from simulators.people import Identity

SCENES: Final[Scenes[GatewayCast]] = Scenes("gateway")
shows = SCENES.shows

SHOWN: Final[Mapping[str, Sequence[str]]] = {
    "handshake/missing": ["handshake/2"],
    "handshake/malformed": ["handshake/2"],
    "handshake/foreign": ["handshake/2"],
    "handshake/expired": ["handshake/2"],
    "handshake/claims": ["handshake/1", "handshake/2"],
    "handshake/header": ["handshake/1"],
}
"""What the cases of the contract show besides."""

PASSWORD: Final = "correct horse battery"  # noqa: S105 -- of accounts that live for one case
TOO_MANY: Final = frozenset({429, 503})
"""By these a target keeps passwords from being guessed: no answer about the one that was shown."""
PAUSES_S: Final = (0.5, 2.0)
DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 100
PAGED: Final = 2 * DEFAULT_LIMIT + 7
"""Messages of the room that is read in pages: more than two pages, and the last one not full."""


# ---- accounts ----------------------------------------------------------------------------------------------------


async def _register(cast: GatewayCast, email: str, password: Json = PASSWORD, requirement: str = "auth/1") -> Reply:
    return await _show(cast, "/auth/register", requirement, {"email": email, "password": password})


async def _login(cast: GatewayCast, email: str, password: str = PASSWORD, requirement: str = "auth/3") -> Reply:
    return await _show(cast, "/auth/login", requirement, {"email": email, "password": password})


async def _show(cast: GatewayCast, path: str, requirement: str, body: Json) -> Reply:
    """Show a password, again a little later where too many do; raises Skipped where that does not end."""
    for pause_s in (*PAUSES_S, 0.0):
        reply = await cast.ask("POST", path, cast.address(requirement), json=body)
        if reply.status not in TOO_MANY:
            return reply
        await asyncio.sleep(pause_s)
    raise Skipped(f"the target lets nobody show so many passwords: POST {path} answered {reply.status}")


def _new_email() -> str:
    return f"judge-{secrets.token_hex(8)}@example.org"


@shows("auth/1")
async def auth__register(cast: GatewayCast) -> None:
    """Passwords of 6 to 100 characters make an account; shorter and longer ones, and malformed requests, do not."""
    requirement = cast.address("auth/1")
    ids: list[str] = []
    for password in ("x" * 6, "p" * 100, "비밀번호입니다", "  blanks  "):
        email = _new_email()
        reply = (await _register(cast, email, password)).expect(requirement, 201)
        made = reply.json(requirement)
        is_right = isinstance(made.get("id"), str) and made.get("email") == email
        wrong_of = Test(("body", "email"), "is not", email) if "id" in made else Test(("body",), "lacks", "id")
        shown = [Symptom.heard(HTTP, HTTP, wrong_of, times=1)]
        require(is_right, requirement, f"an id and the email {email}", reply, shown=shown)
        require("password" not in made, requirement, "no password in the answer", "one")
        ids.append(made["id"])
    require(len(set(ids)) == len(ids), requirement, "an id of its own for each account", ", ".join(ids))
    wrong: list[Json] = ["x" * 5, "", "x" * 101, None, 123456, ["secret"]]
    for secret in wrong:
        _is_refused(await _register(cast, _new_email(), secret), requirement, f"the password {secret!r:.20}")
    for email in ("", "nobody", "@example.org", "a" * 250 + "@example.org"):
        _is_refused(await _register(cast, email), requirement, f"the email {email:.20}")
    bodies: list[Json] = [None, [], "text", {}, {"email": _new_email()}, {"password": PASSWORD}]
    for body in bodies:
        reply = await _show(cast, "/auth/register", "auth/1", body)
        _is_refused(reply, requirement, f"the body {body!r:.40}")


def _is_refused(reply: Reply, requirement: str, what: str) -> None:
    require(
        400 <= reply.status < 500, requirement, f"{what} is refused", f"HTTP {reply.status}", check=Check.HTTP_STATUS
    )


@shows("auth/2")
async def auth__taken(cast: GatewayCast) -> None:
    """An email that somebody has registers nobody else, whatever the password, and stays theirs."""
    requirement, email = cast.address("auth/2"), _new_email()
    (await _register(cast, email)).expect(cast.address("auth/1"), 201)
    for password in (PASSWORD, "another password"):
        reply = await _register(cast, email, password, "auth/2")
        require(
            reply.status == 409,
            requirement,
            f"409 for the second account of {email}",
            f"HTTP {reply.status}",
            check=Check.HTTP_STATUS,
        )
    for password, status in ((PASSWORD, 200), ("another password", 401)):
        reply = await _login(cast, email, password, "auth/2")
        require(
            reply.status == status,
            requirement,
            f"{status} for the login of {email}",
            f"HTTP {reply.status}",
            check=Check.HTTP_STATUS,
        )


@shows("auth/3", "handshake/1")
async def auth__login(cast: GatewayCast) -> None:
    """Who logs in gets a token that opens the handshake and HTTP, in the name of the account."""
    await cast.assemble()
    requirement, email = cast.address("auth/3"), _new_email()
    made = (await _register(cast, email)).expect(cast.address("auth/1"), 201).json(cast.address("auth/1"))
    identity = Identity(token=await _token(cast, email), id=str(made["id"]), nickname="fay")
    claims = _claims(identity.token)
    wanted = {"sub": identity.id, "email": email}
    told = {name: claims.get(name) for name in wanted}
    with unseen(IN_SIGNED):
        require(told == wanted, cast.address("handshake/1"), f"a JWT with the claims {wanted}", told)
    with attributed(requirement):
        fay = await cast.stage.connect("fay", identity)
        await cast.admit(fay, cast.room(0))
        await cast.listen_in(fay, cast.room(0))
        await cast.send(fay, cast.room(0), "it is me")
    again = await cast.stage.connect(
        "fay-again", Identity(token=await _token(cast, email), id=identity.id, nickname="")
    )
    await cast.listen_in(again, cast.room(0))
    await cast.settle()


async def _token(cast: GatewayCast, email: str) -> str:
    requirement = cast.address("auth/3")
    reply = await _login(cast, email)
    require(
        reply.status == 200,
        requirement,
        f"200 for the login of {email}",
        f"HTTP {reply.status}",
        check=Check.HTTP_STATUS,
    )
    token = reply.json(requirement).get("accessToken")
    require(isinstance(token, str), requirement, "an accessToken", f"the keys {', '.join(reply.json(requirement))}")
    return str(token)


def _claims(token: str) -> Mapping[str, Any]:
    """Return what a token says; nothing where it is no JWT."""
    try:
        claims: Mapping[str, Any] = jwt.decode(token, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        return {}
    return claims


@shows("auth/4")
async def auth__wrong_password(cast: GatewayCast) -> None:
    """No login for an email that nobody registered, nor for any password but the whole right one."""
    requirement = cast.address("auth/4")
    email, long = _new_email(), "long " * 19 + "night"
    (await _register(cast, email, long)).expect(cast.address("auth/1"), 201)
    for password in (long[:72], long[:-1], long[:-1] + "T", long.upper(), f"{long} ", "", "' OR '1'='1"):
        reply = await _login(cast, email, password, "auth/4")
        expected = f"401 for a wrong password of {len(password)} characters"
        # What could not be registered either is as well refused for its shape.
        is_right = reply.status == 401 or (not 6 <= len(password) <= 100 and reply.status in {400, 422})
        require(is_right, requirement, expected, f"HTTP {reply.status}", check=Check.HTTP_STATUS)
    reply = await _login(cast, _new_email(), long, "auth/4")
    require(
        reply.status == 401,
        requirement,
        "401 for an email that nobody registered",
        f"HTTP {reply.status}",
        check=Check.HTTP_STATUS,
    )


@shows("auth/5")
async def auth__bearer(cast: GatewayCast) -> None:
    """Without a token, with one of nobody's making, and with a cut one, HTTP answers 401 whatever is asked."""
    await cast.assemble()
    requirement, room, ana = cast.address("auth/5"), cast.room(0), cast.person("ana")
    await cast.send(ana, room, "for members")
    token = cast.identity(ana).token
    worthless = [None, "Bearer", "Bearer let-me-in", f"Bearer {token[:-8]}AAAAAAAA", f"Basic {token}", token[:-9]]
    for method, path, body in _guarded(room):
        for header in worthless:
            headers = {} if header is None else {"Authorization": header}
            reply = await cast.ask(method, path, requirement, headers=headers, json=body)
            what = "no token" if header is None else f"the header {header[:16]}…"
            require(
                reply.status == 401,
                requirement,
                f"401 for {method} {path} with {what}",
                f"HTTP {reply.status}",
                check=Check.HTTP_STATUS,
            )
    await cast.settle()


def _guarded(room: Room) -> list[tuple[str, str, Json]]:
    """Return all that wants a token."""
    return [
        ("POST", "/rooms", {"name": "Nobody's room"}),
        ("GET", "/rooms", None),
        ("POST", f"/rooms/{room.id}/join", None),
        ("GET", f"/rooms/{room.id}/members", None),
        ("GET", f"/rooms/{room.id}/messages", None),
        ("POST", f"/rooms/{room.id}/read", {"lastReadMessageId": room.last_id}),
    ]


# ---- rooms -------------------------------------------------------------------------------------------------------


@shows("rooms/1")
async def rooms__make(cast: GatewayCast) -> None:
    """A room with a name of 1 to 100 characters is made, and its maker may join and speak; other names are refused."""
    ana = await cast.come("ana")
    requirement, by = cast.address("rooms/1"), cast.identity(ana)
    for name in ("x", "방" * 100, "<b>&</b> '; --", "x"):
        room = await cast.make_room(by, name)
        with attributed(requirement):
            await cast.listen_in(ana, room)
            await cast.send(ana, room, "my own room")
    require(len(set(cast.places)) == 4, requirement, "an id of its own for each room", ", ".join(cast.places))
    bodies: list[Json] = [{"name": ""}, {"name": "x" * 101}, {"name": None}, {"name": 7}, {}, [], None]
    for body in bodies:
        reply = await cast.ask("POST", "/rooms", requirement, by=by, json=body)
        _is_refused(reply, requirement, f"the body {body!r:.40}")
    await cast.settle()


@shows("rooms/2", "rooms/4")
async def rooms__join(cast: GatewayCast) -> None:
    """Joining over HTTP makes a member, for good and once, in that room alone."""
    await cast.assemble()
    requirement, room, eve = cast.address("rooms/2"), cast.room(0), cast.person("eve")
    by = cast.identity(eve)
    for _ in range(3):
        reply = await cast.ask("POST", f"/rooms/{room.id}/join", requirement, by=by)
        reply.expect(requirement, 200, 201, 204, 409)  # what is so already may be told so
        room.members[by.id] = by
        await cast.count_members(room)
    with attributed(requirement):
        await cast.listen_in(eve, room)
        await cast.send(eve, room, "here I am")
        await cast.stage.leave(eve)
        await cast.stage.connect("eve")
        await cast.listen_in(eve, room)
    await cast.count_members(cast.room(1))


@shows("rooms/2", "rooms/4")
async def rooms__joined_at_once(cast: GatewayCast) -> None:
    """Of several who join a room over HTTP in the same moment each is a member."""
    await cast.assemble()
    requirement = cast.address("rooms/2")
    room = await cast.make_room(cast.identity(cast.person("ana")), "a room for all")
    others = [cast.identity(cast.person(name)) for name in ("ben", "cho", "dee", "eve")]
    path = f"/rooms/{room.id}/join"
    replies = await asyncio.gather(*(cast.ask("POST", path, requirement, by=one) for one in others))
    for reply, one in zip(replies, others, strict=True):
        reply.expect(requirement, 200, 201, 204)
        room.members[one.id] = one
    with attributed(requirement):
        await cast.count_members(room)


@shows("rooms/3")
async def rooms__mine(cast: GatewayCast) -> None:
    """GET /rooms answers the rooms of the bearer, those that they made and those that they joined, and no other."""
    await cast.assemble()
    ana, eve = cast.person("ana"), cast.person("eve")
    await cast.admit(eve, cast.room(0))
    await cast.make_room(cast.identity(eve), "The room of eve")
    requirement = cast.address("rooms/3")
    for who in (ana, eve, cast.person("dee")):
        reply = await cast.ask("GET", "/rooms", requirement, by=cast.identity(who))
        found = {str(one.get("id")): one.get("name") for one in listed(reply.expect(requirement, 200), requirement)}
        # Somebody whom the target knew before may have rooms of earlier days.
        here = {room_id: name for room_id, name in found.items() if room_id in cast.model.rooms}
        wanted = {room.id: room.name for room in cast.model.rooms.values() if cast.model.is_member(who, room.id)}
        require(here == wanted, requirement, f"{who} has the rooms {wanted}", f"{here}")


@shows("rooms/4", "rooms/5")
async def rooms__members(cast: GatewayCast) -> None:
    """The members of a room are told to its members, and to others is said 403."""
    await cast.assemble()
    requirement, room = cast.address("rooms/5"), cast.room(0)
    for name, status in (("ana", 200), ("cho", 200), ("dee", 403), ("eve", 403)):
        path, by = f"/rooms/{room.id}/members", cast.identity(cast.person(name))
        reply = await cast.ask("GET", path, requirement, by=by)
        require(reply.status == status, requirement, f"{status} for {name}", reply, check=Check.HTTP_STATUS)
    await cast.count_members(room)


# ---- the history -------------------------------------------------------------------------------------------------


async def _filled(cast: GatewayCast, number: int) -> Room:
    """Let ana and ben talk in the first room, so often."""
    await cast.assemble()
    for place in range(number):
        await cast.send(cast.person("ana" if place % 3 else "ben"), cast.room(0), f"message {place + 1}")
    return cast.room(0)


@shows("history/1", "send/7")
async def history__as_it_was_heard(cast: GatewayCast) -> None:
    """Members read each message as they heard it, whoever they are; non-members do not."""
    room = await _filled(cast, 7)
    for name in ("ana", "cho"):
        await cast.recall(room, cast.person(name))
    requirement = cast.address("history/1")
    for name in ("dee", "eve"):
        path, by = f"/rooms/{room.id}/messages", cast.identity(cast.person(name))
        _is_refused(await cast.ask("GET", path, requirement, by=by), requirement, f"{name}, who is no member,")


@shows("history/2", "history/3")
async def history__in_pages(cast: GatewayCast) -> None:
    """Paging gives each message once and in order, from the last one back and from the first one on, at any size."""
    room = await _filled(cast, PAGED)
    by = cast.identity(cast.person("cho"))
    wanted = [str(message["messageId"]) for message in room.said]
    await _is_page(cast, room, by, wanted[-DEFAULT_LIMIT:])
    await _is_page(cast, room, by, wanted[-3:], limit=3)
    for limit in (1, 7, DEFAULT_LIMIT, MAX_LIMIT):
        back = await _paged(cast, room, by, "before", limit, len(wanted))
        _is_whole(cast, back, wanted, f"paging back by {limit}")
        on = await _paged(cast, room, by, "after", limit, len(wanted), begin=wanted[0])
        _is_whole(cast, [wanted[0], *on], wanted, f"paging on by {limit}")
    middle = len(wanted) // 2
    await _is_page(cast, room, by, wanted[middle + 1 :][:DEFAULT_LIMIT], after=wanted[middle])
    await _is_page(cast, room, by, wanted[:middle][-DEFAULT_LIMIT:], before=wanted[middle])
    await _is_page(cast, room, by, wanted[middle + 1 : middle + 3], after=wanted[middle], limit=2)
    await _is_page(cast, room, by, wanted[middle - 2 : middle], before=wanted[middle], limit=2)
    await _is_page(cast, room, by, [], after=wanted[-1])
    await _is_page(cast, room, by, [], before=wanted[0])
    requirement = "gateway/history/2"
    for limit in (0, MAX_LIMIT + 1, -1):
        reply = await cast.ask("GET", f"/rooms/{room.id}/messages?limit={limit}", requirement, by=by)
        is_right = 400 <= reply.status < 500 or len(listed(reply, requirement)) in range(1, MAX_LIMIT + 1)
        require(is_right, requirement, f"no page of {limit} messages", f"HTTP {reply.status}", check=Check.HTTP_STATUS)


async def _is_page(cast: GatewayCast, room: Room, by: Identity, right: Sequence[str], **query: str | int) -> None:
    """Check that a query is answered with these messages."""
    wanted = [str(message["messageId"]) for message in room.said]
    came = await _ids(cast, room, by, **query)
    expected = f"with {query or 'no query'} the messages {_places(right, wanted)}"
    # Other pages that are as long have been read before, one fewer of them on a server that is right.
    shown = [Symptom.heard(HTTP, HTTP, Test(cast.ids_at, "is long", len(came)))]
    require(came == right, "gateway/history/2", expected, _places(came, wanted), check=Check.HISTORY_KEPT, shown=shown)


async def _ids(cast: GatewayCast, room: Room, by: Identity, **query: str | int) -> list[str]:
    return [str(message["messageId"]) for message in await cast.page(room, by, **query)]


async def _paged(
    cast: GatewayCast, room: Room, by: Identity, cursor: str, limit: int, number: int, *, begin: str = ""
) -> list[str]:
    """Return the messageIds of all pages, put together; without a beginning the first is the last of all."""
    whole: list[str] = []
    while len(whole) <= number:
        query: dict[str, str | int] = {cursor: begin, "limit": limit} if begin else {"limit": limit}
        page = await _ids(cast, room, by, **query)
        if not page:
            break
        whole = [*page, *whole] if cursor == "before" else [*whole, *page]
        begin = page[0] if cursor == "before" else page[-1]
    return whole


def _is_whole(cast: GatewayCast, came: Sequence[str], wanted: Sequence[str], how: str) -> None:
    wrong = next((one for one in (*came, *wanted) if came.count(one) != wanted.count(one)), wanted[0])
    require(
        came == wanted,
        "gateway/history/3",
        f"{how} gives {_places(wanted, wanted)}",
        _places(came, wanted),
        check=Check.HISTORY_KEPT,
        shown=[Symptom.heard(HTTP, HTTP, Test(cast.ids_at, "has", wrong))],
    )


def _places(ids: Sequence[str], all_ids: Sequence[str]) -> str:
    """Return messages by their places in the room, from 1: `8 to 57`; those that are not in a row one by one."""
    places = [all_ids.index(one) + 1 if one in all_ids else 0 for one in ids]
    if places and places == list(range(places[0], places[-1] + 1)):
        return f"{places[0]} to {places[-1]} ({len(places)})"
    return f"{', '.join(map(str, places[:10])) or 'none'}{' …' if len(places) > 10 else ''} ({len(places)})"


@shows("history/4")
async def history__read(cast: GatewayCast) -> None:
    """A member records how far they have read, again and further; others, and what is no messageId, are refused."""
    room = await _filled(cast, 3)
    requirement, path = cast.address("history/4"), f"/rooms/{room.id}/read"
    ids = [str(message["messageId"]) for message in room.said]
    ana = cast.identity(cast.person("ana"))
    for message_id in (ids[0], ids[2], ids[2]):
        reply = await cast.ask("POST", path, requirement, by=ana, json={"lastReadMessageId": message_id})
        require(
            200 <= reply.status < 300,
            requirement,
            f"POST {path} is accepted from a member",
            reply,
            check=Check.HTTP_STATUS,
        )
    bodies: list[Json] = [{}, {"lastReadMessageId": None}, {"lastReadMessageId": 7}, {"lastReadMessageId": ""}, []]
    for body in bodies:
        reply = await cast.ask("POST", path, requirement, by=ana, json=body)
        _is_refused(reply, requirement, f"the body {body!r:.40}")
    for name in ("dee", "eve"):
        by = cast.identity(cast.person(name))
        reply = await cast.ask("POST", path, requirement, by=by, json={"lastReadMessageId": ids[0]})
        _is_refused(reply, requirement, f"{name}, who is no member,")
    await cast.settle()
