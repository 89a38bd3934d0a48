"""Every response carries the security headers, and CORS lets in the configured origins and nobody else."""

import socket
import ssl
import subprocess
import urllib.parse
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path

import pytest

from simulators.engine import Engine

from ..house import WITHIN_S, House, http, open_house

ALLOWED = "http://localhost:3000"
POLL = "/socket.io/?EIO=4&transport=polling"

SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}

EVERYWHERE = [
    ("GET", "/health", 200),
    ("GET", "/ready", 200),
    ("GET", "/metrics", 200),
    ("GET", "/nowhere", 404),
    ("POST", "/health", 405),
    ("POST", "/api/guest", 415),
    ("GET", "/api/spaces/plaza/events", 401),
    ("GET", POLL, 200),
    ("GET", POLL + "&sid=unknown", 400),
    ("GET", "/socket.io/?EIO=3&transport=polling", 400),
    ("OPTIONS", POLL, 204),
    ("PUT", POLL, 400),
]


@pytest.mark.parametrize(("method", "path", "status"), EVERYWHERE)
@pytest.mark.parametrize("origin", [None, ALLOWED])
def test_every_response_carries_them(house: House, method: str, path: str, status: int, origin: str | None) -> None:
    response = http(house.url + path, method, headers={"Origin": origin} if origin else {})
    assert response.status == status
    assert {name: response.headers[name] for name in SECURITY} == SECURITY
    assert response.headers["Strict-Transport-Security"] is None  # this is not TLS
    assert response.headers["Vary"] == "Origin"
    assert response.headers.get_all("Access-Control-Allow-Origin") == (None if origin is None else [ALLOWED])
    assert response.headers.get_all("Access-Control-Allow-Credentials") == (None if origin is None else ["true"])


@pytest.mark.parametrize(("method", "path", "_status"), EVERYWHERE)
@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:3000.evil.example", "", "*"])
def test_pages_of_other_origins_are_refused(house: House, method: str, path: str, _status: int, origin: str) -> None:
    response = http(house.url + path, method, headers={"Origin": origin})
    assert response.status == 403
    assert response.headers["Access-Control-Allow-Origin"] is None
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.json()["error"]["code"] == "E2003"


def test_our_own_origin_needs_no_leave(house: House) -> None:
    assert http(house.url + "/health", headers={"Origin": house.url}).status == 200


def test_a_preflight_is_answered_for_the_allowed(house: House) -> None:
    headers = {"Origin": ALLOWED, "Access-Control-Request-Method": "DELETE"}
    response = http(house.url + "/api/spaces/plaza/visit", "OPTIONS", headers=headers)
    assert response.status == 204
    assert "DELETE" in response.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in response.headers["Access-Control-Allow-Headers"]
    assert response.headers["Access-Control-Allow-Credentials"] == "true"


def test_other_origins_can_be_configured(engine: Engine) -> None:
    with open_house(engine, origins=("https://app.example",)) as house:
        assert http(house.url + "/health", headers={"Origin": "https://app.example"}).status == 200
        assert http(house.url + "/health", headers={"Origin": ALLOWED}).status == 403


def upgrade(house: House, origin: str) -> tuple[int, dict[str, str]]:
    address = urllib.parse.urlsplit(house.url)
    connection = HTTPConnection(str(address.hostname), address.port, timeout=WITHIN_S)
    try:
        headers = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            "Origin": origin,
        }
        connection.request("GET", "/socket.io/?EIO=4&transport=websocket", headers=headers)
        response = connection.getresponse()
        return response.status, dict(response.headers)
    finally:
        connection.close()


def test_a_websocket_handshake_is_held_to_the_same(house: House) -> None:
    status, headers = upgrade(house, ALLOWED)
    assert status == 101
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert upgrade(house, "http://evil.example")[0] == 403


@pytest.mark.parametrize("junk", [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET /\r\nbad header\r\n\r\n"])
def test_what_is_not_http_is_told_so_and_costs_one_line(house: House, junk: bytes) -> None:
    address = urllib.parse.urlsplit(house.url)
    with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=WITHIN_S) as connection:
        connection.sendall(junk + b"\r\n\r\n")
        answer = b""
        while part := connection.recv(4096):
            answer += part
    assert answer.startswith((b"HTTP/1.0 400", b"HTTP/1.1 400"))
    assert b"X-Content-Type-Options: nosniff" in answer
    assert b"This is not HTTP" in answer
    assert "Traceback" not in house.log.getvalue()
    assert len(house.lines()) <= 1


def test_under_tls_browsers_are_told_to_stay_there(engine: Engine, tmp_path: Path) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    command = f"openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -keyout {key} -out {certificate}"
    subprocess.run(command.split(), check=True, capture_output=True)
    with open_house(engine, tls_certificate=certificate, tls_key=key) as house:
        address = urllib.parse.urlsplit(house.url)
        assert address.scheme == "https"
        context = ssl.create_default_context(cafile=str(certificate))
        context.check_hostname = False
        connection = HTTPSConnection(str(address.hostname), address.port, timeout=WITHIN_S, context=context)
        connection.request("GET", "/health")
        response = connection.getresponse()
        assert response.status == 200
        assert response.headers["Strict-Transport-Security"] == "max-age=31536000"
        connection.close()
