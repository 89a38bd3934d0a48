"""dongne with more and more neighbours, on one core, as long as alerts come within 3 s and answers within 1 s.

Everybody asks and answers once a minute, and says where they are twice. Who is told of a question, and who hears of
somebody's moving, is near: so with twice as many neighbours there is four times as much to be heard.
"""

import asyncio
import json
import math
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import jwt
import uvloop
from rich.table import Table

from benchmarks import servers
from benchmarks.fan_out import GENERATOR_CORE
from benchmarks.flock import Member, enter
from benchmarks.pinned import cpu_s, on_core
from protocols.contract import Event
from protocols.dongne import CreateAnswer, CreateQuestion, Location, UpdateLocation
from reference_server.gate import ALGORITHM, DEVELOPMENT_SECRET
from reference_server.worlds.dongne import CENTRES
from simulators.tally import Times

COUNTS: Final = (1000, 2000, 4000)
ALERT_MS: Final = 3000
"""`stage/1`: whoever is nearest is alerted within this time of a question."""
ANSWER_MS: Final = 1000
"""Whoever asked hears of an answer within this time."""
TURN_S: Final = 60.0
"""In which everybody asks once, answers once and moves twice."""
SETTLE_S: Final = 4.0
"""What is due by then, the second stage of the last question included, is heard."""

_ALERT: Final = b'["new_question_notification"'
_ANSWERED: Final = b'["answer_notification"'


@dataclass(frozen=True, slots=True)
class Figures:
    """How so many neighbours were served."""

    users: int
    questions: int
    answers: int
    heard: int
    """Events of all kinds."""
    alerts: int
    """How many were alerted at once."""
    alert_p99_ms: float
    """From when a question was due to when somebody near was alerted."""
    notified: int
    """How many answers their askers heard of."""
    answer_p99_ms: float
    busy: float
    """Share of the server's core."""

    @property
    def held(self) -> bool:
        """Whether all came, and within the deadlines, but for one in a hundred."""
        came = self.alerts >= self.questions and self.notified == self.answers
        return came and self.alert_p99_ms <= ALERT_MS and self.answer_p99_ms <= ANSWER_MS


class Neighbours:
    """All of them, connected; belongs to one loop."""

    def __init__(self) -> None:
        self._members: list[Member] = []
        self._open: list[tuple[str, int]] = []  # questions that somebody was alerted of, and who asked
        self._known: set[str] = set()
        self._heard = self._alerts = self._notified = 0
        self._alert_times, self._answer_times = Times(), Times()

    @classmethod
    async def gather(cls, url: str, count: int) -> Self:
        """Connect everybody; each hears of all who come later, so this is much of the work."""
        neighbours = cls()
        for n in range(count):
            token = jwt.encode({"userId": _id(n)}, DEVELOPMENT_SECRET, ALGORITHM)
            neighbours._members.append(await enter(url, neighbours._hear, token=token))
        await neighbours._quiet()
        return neighbours

    async def live(self, seconds: float) -> tuple[int, int]:
        """Ask, answer and move for a while; return how many questions and answers that were."""
        self._heard = self._alerts = self._notified = 0
        self._alert_times, self._answer_times = Times(), Times()
        period_s = TURN_S / len(self._members) / 4
        begin_s, asked, answered, done = time.monotonic(), 0, 0, 0
        while (due_s := begin_s + done * period_s) < begin_s + seconds:
            if (early_s := due_s - time.monotonic()) > 0:
                await asyncio.sleep(early_s)
            who, what = done // 4 % len(self._members), done % 4
            if what == 0:
                self._say(who, CreateQuestion(title=f"{who} {due_s:.6f}", location=_place(who)))
                asked += 1
            elif what == 2 and self._open:
                question_id, asker = self._open[done % len(self._open)]
                author = who if who != asker else (who + 1) % len(self._members)
                self._say(author, CreateAnswer(questionId=question_id, content=f"{due_s:.6f}"))
                answered += 1
            else:
                place = _place(who)
                self._say(who, UpdateLocation(latitude=place.lat, longitude=place.lng))
            done += 1
        await asyncio.sleep(SETTLE_S)
        await self._quiet()
        return asked, answered

    def figures(self, questions: int, answers: int, busy: float) -> Figures:
        """Say how it went."""
        alert_ms, answer_ms = (times.percentile_ms(99) or math.nan for times in (self._alert_times, self._answer_times))
        counts = (questions, answers, self._heard, self._alerts)
        return Figures(len(self._members), *counts, alert_ms, self._notified, answer_ms, busy)

    async def close(self) -> None:
        """Disconnect everybody."""
        for member in self._members:
            member.leave()

    def _say(self, who: int, event: Event) -> None:
        self._members[who].emit(event)

    async def _quiet(self) -> None:
        """Wait until nobody has heard anything for two seconds."""
        before = -1
        while self._heard > before:
            before = self._heard
            await asyncio.sleep(2)

    def _hear(self, packet: bytes) -> None:
        self._heard += 1
        at_ns = time.monotonic_ns()
        if packet.startswith(_ALERT):
            alert = json.loads(packet)[1]
            if alert["priority"] != "IMMEDIATE":
                return
            who, due_s = alert["question"]["title"].split()
            self._alerts += 1
            self._alert_times.add(int(float(due_s) * 1e9), at_ns)
            if (question_id := alert["question"]["id"]) not in self._known:
                self._known.add(question_id)
                self._open.append((question_id, int(who)))
        elif packet.startswith(_ANSWERED):
            self._notified += 1
            self._answer_times.add(int(float(json.loads(packet)[1]["answer"]["preview"]) * 1e9), at_ns)


def measure(count: int, seconds: float) -> Figures:
    """Serve so many neighbours for a while."""
    with tempfile.TemporaryDirectory() as folder:
        world = Path(folder) / "world.yaml"
        users = [{"id": "user{n}", "nickname": "n{n}", "local_verified": True, "count": count}]
        world.write_text(json.dumps({"dongne": {"users": users}}), encoding="utf-8")  # JSON is YAML
        serving = servers.reference("dongne", "--world", str(world))
        loop_factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
        with serving as (url, server), on_core(GENERATOR_CORE), asyncio.Runner(loop_factory=loop_factory) as loop:
            neighbours = loop.run(Neighbours.gather(url, count))
            before_s, begin_s = cpu_s(server.pid), time.monotonic()
            questions, answers = loop.run(neighbours.live(seconds))
            busy = (cpu_s(server.pid) - before_s) / (time.monotonic() - begin_s)
            loop.run(neighbours.close())
    return neighbours.figures(questions, answers, busy)


def compare(*, seconds: float) -> Table:
    """Let more and more neighbours in, as long as all are served in time."""
    title = f"dongne: alerts within {ALERT_MS / 1000:g} s, answers within {ANSWER_MS / 1000:g} s, on one core"
    shown = Table(title=title, title_justify="left")
    for heading in ("users", "questions", "answers", "heard", "alert p99 ms", "answer p99 ms", "busy", "held"):
        shown.add_column(heading, justify="right")
    for count in COUNTS:
        figures = measure(count, seconds)
        shown.add_row(
            *(f"{number:,}" for number in (figures.users, figures.questions, figures.answers, figures.heard)),
            f"{figures.alert_p99_ms:.1f}",
            f"{figures.answer_p99_ms:.1f}",
            f"{figures.busy:.0%}",
            "yes" if figures.held else "no",
        )
        if not figures.held:
            break
    return shown


def _id(n: int) -> str:
    return f"user{n + 1}"


def _place(n: int) -> Location:
    """Return the middle of the region where that neighbour lives: the world puts them into one after the other."""
    lat, lng = list(CENTRES.values())[n % len(CENTRES)]
    return Location(lat=lat, lng=lng)
