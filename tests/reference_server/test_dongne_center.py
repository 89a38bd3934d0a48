"""Notifications of dongne on their way out of a running server: tried again, remembered, and not lost with it."""

import itertools
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from protocols import dongne
from simulators.engine import Engine

from .dongne_house import DongneHouse, open_dongne
from .house import WITHIN_S, answer, receiver, reply

SCALE = 20.0


def notify(house: DongneHouse) -> dongne.Notification:
    """Have somebody who wants to hear by every channel be notified, and return what they heard by socket."""
    mina, daon = house.connect("visitor-mina", "every-way")
    asked = house.ask(mina)
    daon.emit(dongne.CreateAnswer(questionId=asked.id, content="시장 앞이요"))
    mina.emit(dongne.AcceptAnswer(answerId=daon.expect(dongne.AnswerCreated, within_s=WITHIN_S).answer.id))
    return daon.expect(dongne.Notification, within_s=WITHIN_S)


def deliveries(house: DongneHouse) -> dict[str, tuple[str, int]]:
    [notice] = house.http("/api/notifications", "every-way").json()["notifications"]
    return {each["channel"]: (each["state"], each["attempts"]) for each in notice["deliveries"]}


def wait_for_the_end(house: DongneHouse) -> dict[str, tuple[str, int]]:
    """Return what became of the notification once nothing of it is under way or planned."""
    until_s = time.monotonic() + WITHIN_S
    while True:
        found = deliveries(house)
        if not {state for state, _ in found.values()} & {"waiting", "under-way"}:
            return found
        assert time.monotonic() < until_s, found
        time.sleep(0.01)


def test_each_channel_is_tried_until_it_succeeds_or_is_pointless(engine: Engine) -> None:
    came_s: list[float] = []

    def fail_twice(number: int, handler: BaseHTTPRequestHandler) -> None:
        came_s.append(time.monotonic())
        reply(handler, 503 if number < 2 else 204)

    with receiver(fail_twice) as push, receiver(answer(503)) as email, receiver(answer(404)) as sms:
        urls = {"push_url": push.url, "email_url": email.url, "sms_url": sms.url}
        with open_dongne(engine, time_scale=SCALE, **urls) as house:
            notice = notify(house)
            assert wait_for_the_end(house) == {
                "socket": ("delivered", 1),
                "push": ("delivered", 3),
                "email": ("failed", 4),
                "sms": ("failed", 1),
            }
        assert [body["notificationId"] for body in push.bodies] == [notice.id] * 3
        assert len(email.bodies) == 4
    pauses_s = [(after - before) * SCALE for before, after in itertools.pairwise(came_s)]
    assert pauses_s[0] >= 1.0
    assert pauses_s[1] >= 2.0


def test_what_was_under_way_when_a_server_died_is_tried_again_by_the_next(engine: Engine, tmp_path: Path) -> None:
    asked, released = threading.Event(), threading.Event()

    def hang(_number: int, _handler: BaseHTTPRequestHandler) -> None:
        asked.set()
        released.wait(WITHIN_S)

    options: dict[str, Any] = {"journal": tmp_path / "journal", "time_scale": SCALE}
    with receiver(hang) as hanging:
        with open_dongne(engine, push_url=hanging.url, **options) as house:
            notice = notify(house)
            assert asked.wait(WITHIN_S)
            assert deliveries(house)["push"] == ("under-way", 1)
        released.set()
    with receiver(answer(204)) as push, open_dongne(engine, push_url=push.url, **options) as house:
        assert wait_for_the_end(house)["push"] == ("delivered", 2)
        assert [body["notificationId"] for body in push.bodies] == [notice.id]
