"""Sessions from a real target, from a shared secret, and from targets that give none."""

import tomllib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import jwt
import pytest
from aiohttp import web

from protocols.errors import TargetUnreachable, UsageError
from reference_server.serve import running
from reference_server.settings import Settings
from simulators.engine import Engine
from simulators.people import Identity, Part, People
from simulators.people_config import PeopleConfig
from simulators.tables import read_table
from simulators.target import Target


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running(Settings(port=0, protocols=("space",))) as url:
        yield url


def target_with(url: str, people: str) -> Target:
    return Target(url=url, people=read_table(PeopleConfig, tomllib.loads(people)))


def test_guests_of_the_reference_server(engine: Engine, url: str) -> None:
    async def ask() -> list[Identity]:
        async with People(Target.at(url)) as people:
            return [await people.guest("plaza", "Mina"), await people.guest("plaza", "미나")]

    first, second = engine.submit(ask())
    assert first.token.startswith("guest-")
    assert (first.nickname, first.role, first.scope) == ("Mina", "PARTICIPANT", "plaza")
    assert second.nickname == "미나"
    assert first.id != second.id


def test_users_and_staff_of_the_reference_server(engine: Engine) -> None:
    async def ask() -> tuple[list[Identity], list[Identity], list[tuple[str, Identity]]]:
        async with People(Target.at("http://127.0.0.1:9")) as people:
            assert people.gives_guests
            assert people.staffed_scopes[:2] == ("plaza", "rehearsal-1")
            return await people.users(), await people.staff_of("studio"), await people.posts(4)

    users, staff, posts = engine.submit(ask())
    assert len(users) == 24
    assert {user.scope for user in users} == {None}
    assert [(who.nickname, who.role) for who in staff] == [("Sora", "OWNER"), ("Hana", "STAFF"), ("Bom", "STAFF")]
    assert [(scope, who.id) for scope, who in posts] == [
        ("plaza", "user-mina"), ("plaza", "user-jun"), ("studio", "user-sora"), ("studio", "user-hana"),
    ]  # fmt: skip


def test_who_plays_a_part_has_other_people_than_who_plays_another(engine: Engine) -> None:
    config = """
        [guests]
        id = "guest-{n}"
        jwt = { secret = "a-secret-of-thirty-two-characters", claims = { sub = "{id}" } }
        [login.jwt]
        secret = "a-secret-of-thirty-two-characters"
        claims = { sub = "{id}" }
        [[users]]
        id = "user-{n}"
        nickname = "U {n}"
        count = 5
        [[users]]
        id = "owner"
        nickname = "O"
        owner_of = ["plaza"]
        [[users]]
        id = "jun"
        nickname = "J"
        staff_of = ["plaza"]
    """

    async def ask(part: Part) -> tuple[list[str], list[str], list[str]]:
        async with People(target_with("http://127.0.0.1:9", config), part) as people:
            guests = [(await people.guest("plaza", "x")).id for _ in range(3)]
            return guests, [user.id for user in await people.users()], [who.id for _, who in await people.posts(9)]

    everybody = ["user-1", "user-2", "user-3", "user-4", "user-5", "owner", "jun"]
    assert engine.submit(ask(Part(0, 1))) == (["guest-0", "guest-1", "guest-2"], everybody, ["owner", "jun"])
    assert engine.submit(ask(Part(1, 2))) == (["guest-1", "guest-3", "guest-5"], everybody[1::2], ["owner", "jun"])
    assert engine.submit(ask(Part(0, 2)))[1:] == (everybody[0::2], ["jun", "owner"]), "another part's staff come last"
    assert engine.submit(ask(Part(7, 8)))[1] == everybody, "where they are too few, everybody is lent by all"


def test_tokens_signed_with_a_shared_secret(engine: Engine) -> None:
    config = """
        [guests]
        id = "visitor-{n}"
        [guests.jwt]
        secret = "a secret of thirty-two bytes or more"
        prefix = "auth-"
        claims = {sub = "visitor-{n}", in = "{scope}", count = "{n}"}
    """

    async def ask() -> list[Identity]:
        async with People(target_with("http://127.0.0.1:9", config)) as people:
            return [await people.guest("plaza", "Mina") for _ in range(2)]

    first, second = engine.submit(ask())
    claims = jwt.decode(second.token.removeprefix("auth-"), "a secret of thirty-two bytes or more", ["HS256"])
    assert (claims["sub"], claims["in"], claims["count"]) == ("visitor-1", "plaza", 1)
    assert claims["exp"] - claims["iat"] == 3600
    assert (first.id, second.id) == ("visitor-0", "visitor-1")


def test_guests_of_two_runs_are_not_the_same(engine: Engine) -> None:
    config = """
        [guests]
        id = "guest-{run}-{n}"
        [guests.jwt]
        secret = "a secret of thirty-two bytes or more"
        claims = {sub = "guest-{run}-{n}"}
    """

    async def ask() -> list[Identity]:
        target = target_with("http://127.0.0.1:9", config)
        async with People(target) as one, People(target) as other:
            return [await people.guest("plaza", "Mina") for people in (one, one, other)]

    guests = engine.submit(ask())
    assert len({guest.id for guest in guests}) == 3
    assert guests[0].id.removesuffix("-0") == guests[1].id.removesuffix("-1")
    claims = jwt.decode(guests[2].token, "a secret of thirty-two bytes or more", ["HS256"])
    assert claims["sub"] == guests[2].id


MEMBERS = """
    [[users]]
    count = 3
    id = "member-{n}"
    nickname = "Member {n}"
    details = {email = "member-{n}@example.com"}
    [login.jwt]
    secret = "a secret of thirty-two bytes or more"
    claims = {sub = "{id}", email = "{email}"}
"""


def test_a_table_with_a_count_stands_for_so_many_users(engine: Engine) -> None:
    async def ask() -> list[Identity]:
        async with People(target_with("http://127.0.0.1:9", MEMBERS)) as people:
            assert not people.gives_guests
            return await people.users()

    users = engine.submit(ask())
    assert [(user.id, user.nickname, user.details["email"]) for user in users] == [
        (f"member-{n}", f"Member {n}", f"member-{n}@example.com") for n in (1, 2, 3)
    ]
    claims = jwt.decode(users[1].token, "a secret of thirty-two bytes or more", ["HS256"])
    assert (claims["sub"], claims["email"]) == ("member-2", "member-2@example.com")


def test_somebody_is_each_user_in_turn(engine: Engine) -> None:
    async def ask() -> list[str]:
        async with People(target_with("http://127.0.0.1:9", MEMBERS)) as people:
            ids = [(await people.somebody("Mina")).id for _ in range(4)]
            ids.append((await people.somebody("Mina", but={"member-2"})).id)
            with pytest.raises(UsageError, match="more people are needed than the target's 3 users"):
                await people.somebody("Mina", but={"member-1", "member-2", "member-3"})
            return ids

    assert engine.submit(ask()) == ["member-1", "member-2", "member-3", "member-1", "member-3"]


def test_tokens_with_any_claims_can_be_signed_where_the_secret_is_known(engine: Engine) -> None:
    async def ask(config: str) -> str:
        async with People(target_with("http://127.0.0.1:9", config)) as people:
            return people.sign({"sub": 7})

    claims = jwt.decode(
        engine.submit(ask(MEMBERS)), "a secret of thirty-two bytes or more", ["HS256"], options={"verify_sub": False}
    )
    assert claims == {"sub": 7}
    with pytest.raises(UsageError, match="the target's secret is not known"):
        engine.submit(ask(""))


@asynccontextmanager
async def login_server() -> AsyncIterator[str]:
    """Another team's login: nested answers, its own status."""

    async def login(request: web.Request) -> web.Response:
        body = await request.json()
        if request.headers.get("X-App") != "rehearsal" or body["password"] != "letmein":
            return web.json_response({"no": "entry"}, status=401)
        return web.json_response({"data": {"sessions": [{"key": f"t-{body['user']}"}], "account": 42}}, status=201)

    async def text(request: web.Request) -> web.Response:
        return web.Response(text="<html>")

    app = web.Application()
    app.router.add_post("/login", login)
    app.router.add_get("/page", text)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


LOGIN = """
    [[users]]
    id = "mina"
    nickname = "Mina"
    password = "{password}"
    owner_of = ["plaza"]
    [login.http]
    url = "/login"
    headers = {{X-App = "rehearsal"}}
    body = {{user = "{{id}}", password = "{{password}}"}}
    status = 201
    pick = {{token = "{token}", id = "/data/account"}}
"""


def log_in(engine: Engine, config: str) -> list[Identity]:
    async def ask() -> list[Identity]:
        async with login_server() as url, People(target_with(url, config)) as people:
            return [*await people.users(), *await people.staff_of("plaza")]

    return engine.submit(ask())


def test_users_who_log_in(engine: Engine) -> None:
    user, owner = log_in(engine, LOGIN.format(password="letmein", token="/data/sessions/0/key"))
    assert user == Identity(token="t-mina", id="42", nickname="Mina")
    assert owner.role == "OWNER"


def test_who_is_refused_a_session_is_named(engine: Engine) -> None:
    """A wrong password in the file is no fault of the target's."""
    with pytest.raises(UsageError, match=r"refused a session to mina: POST http.*/login answered HTTP 401"):
        log_in(engine, LOGIN.format(password="wrong", token="/data/sessions/0/key"))


@pytest.mark.parametrize("token", ["/data/session", "/data/sessions/1/key", "/data/sessions", "/data/account/x"])
def test_an_answer_without_what_was_to_be_picked(engine: Engine, token: str) -> None:
    with pytest.raises(UsageError, match="mend `pick`"):
        log_in(engine, LOGIN.format(password="letmein", token=token))


def test_an_answer_that_is_no_json(engine: Engine) -> None:
    config = '[guests.http]\nurl = "/page"\nmethod = "GET"\npick = {token = "/t"}'

    async def ask() -> None:
        async with login_server() as url, People(target_with(url, config)) as people:
            await people.guest("plaza", "Mina")

    with pytest.raises(TargetUnreachable, match="answered no JSON"):
        engine.submit(ask())


def test_nobody_there(engine: Engine) -> None:
    async def ask() -> None:
        async with People(Target.at("http://127.0.0.1:9")) as people:
            await people.guest("plaza", "Mina")

    with pytest.raises(TargetUnreachable, match=r"POST http://127\.0\.0\.1:9/api/guest failed"):
        engine.submit(ask())


def test_a_target_without_guests(engine: Engine) -> None:
    async def ask() -> None:
        async with People(target_with("http://127.0.0.1:9", "")) as people:
            assert not people.gives_guests
            await people.guest("plaza", "Mina")

    with pytest.raises(UsageError, match=r"add a \[people.guests\] table"):
        engine.submit(ask())
