"""Sessions that take several calls, of which cookies and headers are a part; each visitor has their own."""

import tomllib
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from protocols.errors import TargetUnreachable, UsageError
from simulators.engine import Engine
from simulators.http_calls import CallRefused
from simulators.people import Identity, People
from simulators.tables import read_table
from simulators.target import Target

REGISTERED = """
    protocol = "gateway"
    namespace = "/"
    [[people.users]]
    id = "mina"
    nickname = "Mina"
    password = "letmein"
    [[people.users]]
    id = "jun"
    nickname = "Jun"
    password = "open"
    [[people.login.http]]
    url = "/register"
    body = { user = "{id}", password = "{password}" }
    status = [201, 409]
    [[people.login.http]]
    url = "/login"
    form = { user = "{id}", password = "{password}" }
    status = 302
    pick = { token = "cookie:sid", csrf = "header:X-Csrf" }
    [[people.login.http]]
    url = "/me"
    method = "GET"
    headers = { X-Csrf = "{csrf}" }
    pick = { id = "/user/id" }
    [credentials.handshake]
    cookies = { sid = "{token}" }
    query = { who = "{id}" }
    [credentials.http]
    headers = { X-Csrf = "{csrf}" }
    cookies = { sid = "{token}" }
"""


@asynccontextmanager
async def site() -> AsyncIterator[str]:
    """A site as there are many: one registers, logs in with a form, and is known by a cookie."""
    known: dict[str, str] = {}
    rooms: list[str] = []

    async def register(request: web.Request) -> web.Response:
        body = await request.json()
        taken = body["user"] in known
        known[body["user"]] = body["password"]
        return web.Response(status=409 if taken else 201)

    async def login(request: web.Request) -> web.Response:
        form = await request.post()
        user = str(form["user"])
        if known.get(user) != form["password"]:
            return web.Response(status=403, text="who are you?")
        answer = web.Response(status=302, headers={"X-Csrf": f"csrf-{user}", "Location": "/"})
        answer.set_cookie("sid", f"s-{user}")
        return answer

    async def me(request: web.Request) -> web.Response:
        user = request.cookies.get("sid", "").removeprefix("s-")
        if request.headers.get("X-Csrf") != f"csrf-{user}":
            return web.Response(status=403, text=f"no csrf of {user}")
        return web.json_response({"user": {"id": f"id-of-{user}"}})

    async def room(request: web.Request) -> web.Response:
        user = request.cookies.get("sid", "").removeprefix("s-")
        if request.headers.get("X-Csrf") != f"csrf-{user}":
            return web.Response(status=403, text=f"no csrf of {user}")
        rooms.append((await request.json())["title"])
        return web.json_response({"room": {"id": len(rooms)}})

    app = web.Application()
    app.add_routes(
        [web.post("/register", register), web.post("/login", login), web.get("/me", me), web.post("/room", room)]
    )
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def asked(engine: Engine, text: str, what: Callable[[Target, People], Coroutine[Any, Any, Any]]) -> Any:
    async def ask() -> Any:
        async with site() as url:
            target = read_table(Target, {"url": url, **tomllib.loads(text)})
            async with People(target) as people:
                return await what(target, people)

    return engine.submit(ask())


def test_registered_logged_in_and_known_by_a_cookie(engine: Engine) -> None:
    async def users(_: Target, people: People) -> list[Identity]:
        await people.users()
        return await people.users()  # the sessions are there, and nobody registers twice

    mina, jun = asked(engine, REGISTERED, users)
    assert (mina.id, mina.token, mina.nickname, dict(mina.details)) == (
        "id-of-mina", "s-mina", "Mina", {"csrf": "csrf-mina"},
    )  # fmt: skip
    assert (jun.id, jun.token) == ("id-of-jun", "s-jun")


def test_who_is_registered_already_may_be_registered_again(engine: Engine) -> None:
    async def twice(target: Target, people: People) -> list[Identity]:
        await people.users()
        async with People(target) as again:
            return await again.users()

    assert [user.id for user in asked(engine, REGISTERED, twice)] == ["id-of-mina", "id-of-jun"]


def test_a_session_is_shown_in_the_handshake_and_over_http(engine: Engine) -> None:
    async def shown(target: Target, people: People) -> tuple[Any, Any]:
        mina = (await people.users())[0]
        return target.door(mina), target.showing(mina, token="other")

    door, other = asked(engine, REGISTERED, shown)
    assert (door.auth, dict(door.headers), dict(door.query)) == (None, {"Cookie": "sid=s-mina"}, {"who": "id-of-mina"})
    assert other["headers"] == {"Cookie": "sid=other"}


def test_rooms_are_made_in_somebody_s_name(engine: Engine) -> None:
    text = REGISTERED + '[rooms.make]\nurl = "/room"\nbody = { title = "{name}" }\npick = { id = "/room/id" }\n'

    async def make(target: Target, people: People) -> list[str]:
        mina, jun = await people.users()
        return [
            await people.make_room(mina, "one"),
            await people.make_room(jun, "two"),
        ]

    assert asked(engine, text, make) == ["1", "2"]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (('password = "open"', 'password = ""'), None),
        (("cookie:sid", "cookie:session"), "with no cookie session; mend `pick`"),
        (("header:X-Csrf", "header:X-Token"), "with no header X-Token; mend `pick`"),
        (("[201, 409]", "204"), "refused a session to mina: POST http.*/register answered HTTP 201"),
    ],
)
def test_what_does_not_go_as_configured(engine: Engine, change: tuple[str, str], complaint: str | None) -> None:
    async def users(_: Target, people: People) -> list[Identity]:
        return await people.users()

    text = REGISTERED.replace(*change)
    if complaint is None:
        assert len(asked(engine, text, users)) == 2
        return
    with pytest.raises(UsageError, match=complaint):
        asked(engine, text, users)


def test_what_is_asked_in_somebody_s_name_may_be_refused(engine: Engine) -> None:
    async def post(_: Target, people: People) -> None:
        mina = (await people.users())[0]
        await people.post(mina, "/room", {"title": "one"})
        await people.post(mina, "/nowhere", {})

    with pytest.raises(CallRefused, match="POST /nowhere answered HTTP 404"):
        asked(engine, REGISTERED, post)


def test_a_call_may_have_one_body(engine: Engine) -> None:
    with pytest.raises(UsageError, match="write either body or form"):
        asked(
            engine,
            '[people.guests.http]\nurl = "/"\nbody = {}\nform = {}\npick = { token = "/t" }',
            lambda target, people: people.users(),
        )


def test_no_answer_at_all(engine: Engine) -> None:
    async def post(target: Target, _: People) -> None:
        async with People(Target.at("http://127.0.0.1:9", protocol="hub")) as people:
            await people.post(Identity(token="t", id="i", nickname="n"), "/room", {})

    with pytest.raises(TargetUnreachable, match=r"POST http://127\.0\.0\.1:9/room failed"):
        asked(engine, "", post)
