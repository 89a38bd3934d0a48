"""What dongne answers over HTTP: one's own notifications, and by which channels they come."""

from collections.abc import Iterator

import pytest

from protocols import dongne
from simulators.engine import Engine

from ..dongne_house import DongneHouse, open_dongne
from ..house import WITHIN_S, http

SETTINGS = "/api/notification-settings"


@pytest.fixture(scope="module")
def house(engine: Engine) -> Iterator[DongneHouse]:
    with open_dongne(engine) as house:
        yield house


def test_settings_hold_from_the_next_notification_on_and_history_is_kept(house: DongneHouse) -> None:
    assert house.http(SETTINGS, "local-olle").json() == {"immediateAlerts": True, "channels": ["socket", "push"]}
    changed = house.http(SETTINGS, "local-olle", "PUT", {"channels": ["socket"]})
    assert (changed.status, changed.json()) == (200, {"immediateAlerts": True, "channels": ["socket"]})
    mina, olle = house.connect("visitor-mina", "local-olle")
    asked = house.ask(mina)
    olle.emit(dongne.CreateAnswer(questionId=asked.id, content="시장 앞이요"))
    given = olle.expect(dongne.AnswerCreated, within_s=WITHIN_S).answer
    mina.emit(dongne.AcceptAnswer(answerId=given.id))
    heard = olle.expect(dongne.Notification, within_s=WITHIN_S)
    [kept] = house.http("/api/notifications", "local-olle").json()["notifications"]
    assert kept == {
        **heard.to_json(), "deliveries": [{"channel": "socket", "state": "delivered", "attempts": 1}],
    }  # fmt: skip
    assert house.http("/api/notifications", "visitor-mina").json() == {"notifications": []}


@pytest.mark.parametrize(
    ("user_id", "body", "status"),
    [
        ("local-olle", {"channels": ["pigeon"]}, 400),
        ("local-olle", {"channels": ["sms", "sms"]}, 400),
        ("local-olle", {"immediateAlerts": 1}, 400),
        ("local-olle", {"volume": 11}, 400),
        ("nobody", {}, 401),
        ("local-olle", {}, 200),
    ],
)
def test_settings_are_checked(house: DongneHouse, user_id: str, body: object, status: int) -> None:
    assert house.http(SETTINGS, user_id, "PUT", body).status == status


@pytest.mark.parametrize("path", [SETTINGS, "/api/notifications"])
def test_nobody_reads_without_a_token(house: DongneHouse, path: str) -> None:
    assert http(house.url + path).status == 401
    assert house.http(path, "nobody").status == 401
