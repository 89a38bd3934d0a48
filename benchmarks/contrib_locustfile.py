"""The same movers on Locust's own Socket.IO users; prints its figures as `benchmarks.movers` does."""

import itertools
import json
import math
import os
import time
from dataclasses import asdict
from typing import Any

import gevent
import requests
from locust import constant, task
from locust.contrib.socketio import SocketIOUser

from benchmarks.movers import WARM_UP_S, Figures, Load

LOAD = Load(**json.loads(os.environ["BENCH_LOAD"]))


class Count:
    """What all users together did."""

    numbers = itertools.count()
    joined = 0
    sent = 0
    heard = 0
    begin_s = 0.0


class Mover(SocketIOUser):
    """Moves at even intervals, from when everybody is there."""

    options = {"reconnection": False}  # noqa: RUF012 -- Locust's own attribute
    wait_time = constant(0)

    def on_start(self) -> None:
        """Get a session, connect, join, and wait for the others."""
        self.number = next(Count.numbers)
        space = f"bench-{self.number // LOAD.per_room}"
        name = f"mover-{self.number}"
        guest = requests.post(f"{self.host}/api/guest", json={"spaceId": space, "nickname": name}, timeout=30).json()
        self.sio.on("room:joined", self._joined)
        self.sio.connect(self.host, transports=["websocket"], wait_timeout=30)
        join = {"spaceId": space, "playerId": "me", "nickname": name, "avatarColor": "blue"}
        self.sio.emit("join:space", {**join, "sessionToken": guest["sessionToken"]})
        while Count.joined < LOAD.clients:
            gevent.sleep(0.05)
        if not Count.begin_s:
            Count.begin_s = time.monotonic() + 0.5
            gevent.spawn(_measure, self.environment)
        self.due_s = Count.begin_s + self.number / LOAD.moves_per_s
        # Only from here on, so that joining is not counted.
        self.sio.on("player:moved", self._moved)

    def _joined(self, _: Any) -> None:
        Count.joined += 1

    def _moved(self, moved: Any) -> None:
        Count.heard += 1
        self.sio.on_message("player:moved", moved)  # records it, at 0 ms

    @task
    def move(self) -> None:
        """Wait for one's turn, and move."""
        gevent.sleep(max(0.0, self.due_s - time.monotonic()))
        self.sio.emit("player:move", {"x": self.due_s, "y": 0, "direction": "left", "isMoving": True})
        Count.sent += 1
        self.due_s += LOAD.clients / LOAD.moves_per_s


def _measure(environment: Any) -> None:
    gevent.sleep(Count.begin_s + WARM_UP_S - time.monotonic())
    sent, heard, cpu_s = Count.sent, Count.heard, time.process_time()
    gevent.sleep(LOAD.seconds)
    figures = Figures(Count.sent - sent, Count.heard - heard, time.process_time() - cpu_s, math.nan, math.nan)
    print(json.dumps(asdict(figures)), flush=True)
    environment.runner.quit()
