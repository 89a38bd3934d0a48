"""Whatever goes wrong is answered as JSON, and what is our fault is logged."""

import asyncio
import io
import json

import aiohttp
import pytest
from aiohttp import web

from reference_server.app import create_app
from reference_server.serve import listening
from reference_server.settings import Settings

from ..house import House, http


def test_a_fault_of_ours_is_answered_and_logged() -> None:
    async def broken(_request: web.Request) -> web.Response:
        raise ZeroDivisionError("the password is auth-mina-test")

    async def run() -> None:
        stream = io.StringIO()
        app = create_app(Settings(port=0, json_logs=True), log_stream=stream)
        app.router.add_get("/broken", broken, name="broken")
        async with listening(app) as url, aiohttp.ClientSession() as client:
            for _ in range(2):  # the connection lives on
                async with client.get(url + "/broken") as response:
                    assert response.status == 500
                    assert await response.json() == {"error": {"code": "E3503", "message": "Internal server error"}}
                    assert response.headers["X-Content-Type-Options"] == "nosniff"
        lines = [json.loads(line) for line in stream.getvalue().splitlines()]
        assert [(line["level"], line["message"]) for line in lines] == [("error", "the handler of broken failed")] * 2
        assert "ZeroDivisionError" in lines[0]["context"]["trace"]
        assert "mina" not in stream.getvalue()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "E2004"),
        ("GET", "/", 404, "E2004"),
        ("GET", "/socket.io", 404, "E2004"),
        ("POST", "/health", 405, "E2005"),
        ("PUT", "/api/guest", 405, "E2005"),
    ],
)
def test_what_is_not_there_is_told_as_json(house: House, method: str, path: str, status: int, code: str) -> None:
    response = http(house.url + path, method)
    assert response.status == status
    assert response.json()["error"]["code"] == code
    assert (response.headers["Allow"] is not None) is (status == 405)
