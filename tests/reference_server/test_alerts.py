"""Somebody is told of every error, and of many failed authentications, but not of each."""

import io
import json
from collections.abc import Mapping

import pytest

from protocols.contract import Json
from reference_server.alerts import FAILURES, Alerts, embed
from reference_server.logs import Line, Log
from reference_server.outbox import WEBHOOK, Outbox, Told


def alarms(lines: list[tuple[float, Line, bool]]) -> list[str]:
    """Return the titles that a series of (time, line, whether it was written) leads to."""
    now = [0.0]

    class Noting(Outbox):
        def put(self, channel: str, body: Mapping[str, Json], told: Told | None = None) -> None:
            assert (channel, told) == (WEBHOOK, None)
            titles.append(body["embeds"][0]["title"])  # type: ignore[index, call-overload, arg-type]  # the shape is tested below

    titles: list[str] = []
    alerts = Alerts(Noting({}, Log(io.StringIO(), json=True, debug=False)), now_s=lambda: now[0])
    for now[0], line, written in lines:
        alerts.hear(line, written)
    return titles


FAILED = Line("warn", "invalid session", "E1001")
MANY = "Many authentication failures"


def test_every_error_is_an_alarm_and_nothing_less() -> None:
    levels = [Line(level, "", "E3500") for level in ("debug", "info", "warn", "error")]
    assert alarms([(0, line, True) for line in levels]) == ["Socket server error"]
    assert alarms([(0, Line("error", "", "E3500"), False)]) == []  # too many like it


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([0.0] * (FAILURES - 1), []),
        ([0.0] * FAILURES, [MANY]),
        ([7.0 * number for number in range(20)], []),  # nine a minute
        ([0.0] * 100, [MANY]),  # one alarm, not ninety-one
        ([0.0] * 10 + [61.0] * 10, [MANY, MANY]),
    ],
)
def test_authentication_failures_are_an_alarm_from_ten_a_minute(times: list[float], expected: list[str]) -> None:
    assert alarms([(at, FAILED, False) for at in times]) == expected


def test_an_alarm_has_the_shape_of_the_contract() -> None:
    card = json.loads(json.dumps(embed("Socket server error", "x" * 5000, "E3500")))["embeds"][0]
    assert card["color"] == 15158332
    assert len(card["description"]) == 2000
    code, timestamp = card["fields"]
    assert code == {"name": "Error Code", "value": "E3500"}
    assert timestamp["name"] == "Timestamp"
