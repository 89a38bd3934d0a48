"""/health, /ready and /metrics as the contract has them."""

import time
from typing import Any

import pytest

from protocols import space
from reference_server.mode import Mode
from simulators.engine import Engine

from ..house import WITHIN_S, House, answer, http, open_house, receiver


def kinds(value: Any) -> Any:
    """Return the shape of a JSON value: its keys, and the types of its leaves."""
    match value:
        case dict():
            return {key: kinds(item) for key, item in value.items()}
        case list():
            return [kinds(item) for item in value]
        case bool() | str():
            return type(value)
        case _:
            return float if isinstance(value, int | float) else type(value)


@pytest.mark.parametrize("mode", list(Mode))
def test_health_says_that_the_process_is_up(engine: Engine, mode: Mode) -> None:
    with open_house(engine, mode=mode) as house:
        house.connect()
        house.connect(transport="polling")
        health = http(house.url + "/health").json()
        assert kinds(health) == {
            "status": str, "uptime": float, "timestamp": float, "environment": str, "connections": float,
        }  # fmt: skip
        assert (health["status"], health["environment"], health["connections"]) == ("ok", mode.value, 2)
        assert 0 <= health["uptime"] < 60
        assert abs(health["timestamp"] - time.time() * 1000) < 5000


def test_metrics_have_the_shape_of_the_page(house: House) -> None:
    mina = house.join("mina")
    house.join("jun", "studio")
    house.connect()
    mina.emit(space.PartyCreate(name="Climbers"))
    mina.expect(space.PartyJoined, within_s=WITHIN_S)
    response = http(house.url + "/metrics")
    metrics = response.json()
    assert response.headers["Content-Type"] == "application/json"
    number = float
    assert kinds(metrics) == {
        "server": str,
        "version": str,
        "timestamp": number,
        "uptime": {"seconds": number, "formatted": str, "startTime": str},
        "connections": {
            "total": number,
            "rooms": [{"spaceId": str, "connections": number}] * 2,
            "roomCount": number,
        },
        "parties": {"count": number},
        "process": {"memory": {"rssMB": number, "heapUsedMB": number}},
        "storage": {
            "totalGB": number, "usedGB": number, "availableGB": number, "usedPercent": number, "mountPoint": str,
        },
    }  # fmt: skip
    assert metrics["server"] == "socket.io"
    assert metrics["connections"] == {
        "total": 3,
        "rooms": [{"spaceId": "plaza", "connections": 1}, {"spaceId": "studio", "connections": 1}],
        "roomCount": 2,
    }
    assert metrics["parties"] == {"count": 1}
    assert 5 < metrics["process"]["memory"]["heapUsedMB"] <= metrics["process"]["memory"]["rssMB"]
    assert metrics["storage"]["totalGB"] >= metrics["storage"]["usedGB"] > 0
    assert metrics["uptime"]["formatted"].startswith("0d 0h 0m ")


@pytest.mark.parametrize(
    ("accept", "text"),
    [
        ("text/plain", True),
        ("text/plain;version=0.0.4;q=0.5,*/*;q=0.1", True),
        ("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", True),
        ("text/plain;q=0.9, application/json;q=0.5", True),
        ("", False),
        ("*/*", False),
        ("application/json, text/plain, */*", False),  # what axios sends, which wants JSON
        ("text/html,application/xhtml+xml,*/*;q=0.8", False),
        ("text/plain;q=0", False),
        ("text/plain;q=x", False),
    ],
)
def test_prometheus_text_for_those_who_want_it(house: House, accept: str, text: bool) -> None:
    response = http(house.url + "/metrics", headers={"Accept": accept})
    assert response.status == 200
    assert (response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8") is text


def samples(house: House) -> dict[str, float]:
    text = http(house.url + "/metrics", headers={"Accept": "text/plain"}).body.decode()
    lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


def test_what_goes_through_is_counted(house: House) -> None:
    assert samples(house)['rehearsal_events_received_total{event="player:jump",protocol="space"}'] == 0
    mina = house.join("mina")
    for _ in range(3):
        mina.emit(space.PlayerJump(x=1, y=2))
    mina.emit_raw("nonsense")
    mina.fence(within_s=WITHIN_S)
    seen = samples(house)
    assert seen["rehearsal_connections"] == 1
    assert seen["rehearsal_rooms"] == 1
    assert seen['rehearsal_events_received_total{event="player:jump",protocol="space"}'] == 3
    assert seen['rehearsal_events_emitted_total{event="player:jumped",protocol="space"}'] == 3
    assert seen['rehearsal_events_garbled_total{protocol="space"}'] == 1
    assert seen['rehearsal_crashes_total{protocol="space"}'] == 0
    assert seen["process_cpu_seconds_total"] > 0


def test_ready_when_nothing_is_needed(house: House) -> None:
    response = http(house.url + "/ready")
    assert response.status == 200
    assert response.json()["dependencies"] == {}


def test_ready_names_what_does_not_answer(engine: Engine) -> None:
    with receiver(answer(405)) as there, open_house(engine, verify_url=there.url) as house:
        response = http(house.url + "/ready")
        assert (response.status, response.json()["dependencies"]) == (200, {"verify": "ok"})
    with open_house(engine, verify_url=there.url) as house:  # nobody is there any more
        response = http(house.url + "/ready")
        assert (response.status, response.json()["failing"]) == (503, ["verify"])
        assert response.json()["dependencies"] == {"verify": "no answer"}
        assert http(house.url + "/health").status == 200
