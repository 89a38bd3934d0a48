"""An evening of dongne on paper: hours of a thousand neighbours in a minute, always the same to the last byte."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from protocols import dongne
from protocols.contract import Event
from protocols.errors import UsageError
from reference_server.world import World
from reference_server.worlds.dongne import DongneUser
from rehearsal.paper_people import PaperPeople
from rehearsal.virtual import Outcome, VirtualRun
from simulators.actors.dongne import Admin
from simulators.actors.dongne_evening import neighbour
from simulators.actors.dongne_island import REGIONS, Place, distance_m
from simulators.people import Identity
from simulators.scenario import Scenario

PROTOCOL: Final = "dongne"
STAGES: Final = ("IMMEDIATE", "QUICK", "EXTENDED", "FINAL")
_WITHIN_MIN: Final = (1, 5, 10)


@dataclass(slots=True)
class _Asked:
    """One question, and what became of it."""

    at_s: float
    urgent: bool
    answered_s: float | None = None
    """When it was first answered."""
    told: dict[str, set[str]] = field(default_factory=dict)
    """Stage -> the names of those that it told."""


@dataclass(slots=True)
class Evening:
    """What was seen of one evening."""

    users: int
    for_s: float
    seed: int
    asked: dict[str, _Asked] = field(default_factory=dict)
    """Question id -> question, in the order of asking."""
    first_by: Counter[str] = field(default_factory=Counter)
    """Stage -> how many first answers came from somebody whom it told."""
    answers: int = 0
    accepted: set[str] = field(default_factory=set)
    """The ids of the answers that were."""
    slow: int = 0
    """Alerts of questions that nobody had answered for ten minutes."""
    outcome: Outcome = field(default_factory=lambda: Outcome("", 0, 0, 0))
    took_s: float = 0.0

    # --- watching ---

    def on_created(self, now_s: float, event: Event, names: Sequence[str]) -> None:
        """See that something was asked."""
        assert isinstance(event, dongne.QuestionCreated)
        self._question(event.question.id, now_s, event.question.urgency)

    def on_told(self, now_s: float, event: Event, names: Sequence[str]) -> None:
        """See who is told of a question, at which stage; the first may be told before the asker hears of it."""
        assert isinstance(event, dongne.NewQuestionNotification)
        question = self._question(event.question.id, now_s, event.question.urgency)
        question.told.setdefault(event.priority, set()).update(names)

    def on_answered(self, now_s: float, event: Event, names: Sequence[str]) -> None:
        """See that somebody has answered."""
        assert isinstance(event, dongne.AnswerCreated)
        self.answers += 1
        question = self.asked[event.answer.questionId]
        if question.answered_s is None:
            question.answered_s = now_s
            self.first_by.update([stage for stage in STAGES if question.told.get(stage, set()) & set(names)][:1])

    def on_accepted(self, now_s: float, event: Event, names: Sequence[str]) -> None:
        """See that somebody was helped."""
        assert isinstance(event, dongne.AnswerAccepted)
        self.accepted.add(event.answerId)

    def on_slow(self, now_s: float, event: Event, names: Sequence[str]) -> None:
        """See that the admins are told of a question that waits."""
        self.slow += 1

    def _question(self, question_id: str, now_s: float, urgency: str) -> _Asked:
        return self.asked.setdefault(question_id, _Asked(now_s, urgency == "urgent"))


def spend(users: int, *, hours: float, seed: int, accounting: bool = False) -> Evening:
    """Play an evening; with `accounting`, every delivery is accounted for as well, in `outcome.tally`.

    Raises UsageError where the built-in world has not so many users.
    """
    for_s = hours * 3600
    evening = Evening(users, for_s, seed)
    run = VirtualRun(
        lambda people: _plan(people, users, seed, for_s),
        protocol=PROTOCOL,
        seed=seed,
        accounting=accounting,
        watchers={
            dongne.QuestionCreated: evening.on_created,
            dongne.NewQuestionNotification: evening.on_told,
            dongne.AnswerCreated: evening.on_answered,
            dongne.AnswerAccepted: evening.on_accepted,
            dongne.SlowResponseAlert: evening.on_slow,
        },
    )
    begun = time.perf_counter()
    evening.outcome = run.play(for_s)
    evening.took_s = time.perf_counter() - begun
    return evening


def _plan(people: PaperPeople, users: int, seed: int, for_s: float) -> Scenario:
    residents = [user for user in World.built_in().dongne.users if not user.admin]
    if users > len(residents):
        raise UsageError(f"{users} users are too many: the built-in world has {len(residents)}")
    neighbours = [
        neighbour(n, _region(user), Identity(token="", id=user.id, nickname=user.nickname), seed, for_s)
        for n, user in enumerate(residents[:users], 1)
    ]
    admins = []
    for n, (region, identity) in enumerate(people.posts, 1):
        admin = Admin(f"{Admin.kind}-{n}", region, Random(f"{seed}/{Admin.kind}-{n}"))
        admin.identity = identity
        admin.come(0.0)
        admins.append(admin)
    return Scenario([*neighbours, *admins], {})


def _region(user: DongneUser) -> str:
    """Return where somebody lives, or the region of the nearest place to where they are."""
    if user.region is not None or user.position is None:
        return user.region or next(iter(REGIONS))
    here = Place(user.position.lat, user.position.lng)
    return min(REGIONS, key=lambda region: min(distance_m(here, place) for place in REGIONS[region]))


# --- telling ---


def tell(evening: Evening, console: Console) -> None:
    """Print what an evening was like."""
    hours = evening.for_s / 3600
    console.print(f"An evening of dongne: {evening.users:,} users, {hours:g} h of their time, seed {evening.seed}")
    console.print(_answers(evening))
    console.print(_stages(evening))
    questions = len(evening.asked)
    console.print(
        f"{evening.answers:,} answers to {questions:,} questions, {len(evening.accepted):,} of them accepted. "
        f"Admins heard of {evening.slow:,} slow answers.",
        soft_wrap=True,
    )
    outcome = evening.outcome
    console.print(
        f"{outcome.sent:,} events and {outcome.deliveries:,} deliveries in {evening.took_s:.1f} s; "
        f"the same seed gives the same evening: {outcome.digest}",
        soft_wrap=True,
    )


def _answers(evening: Evening) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("questions")
    for name in ("asked", *(f"≤ {minutes} min" for minutes in _WITHIN_MIN), "later", "not yet"):
        table.add_column(name, justify="right")
    every = list(evening.asked.values())
    rows = {
        "urgent": [question for question in every if question.urgent],
        "normal": [question for question in every if not question.urgent],
        "all": every,
    }
    for name, questions in rows.items():
        waits_s = [question.answered_s - question.at_s for question in questions if question.answered_s is not None]
        within = [sum(wait_s <= minutes * 60 for wait_s in waits_s) for minutes in _WITHIN_MIN]
        later, unanswered = len(waits_s) - within[-1], len(questions) - len(waits_s)
        table.add_row(name, f"{len(questions):,}", *(_part(n, questions) for n in (*within, later, unanswered)))
    return table


def _stages(evening: Evening) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("told at stage")
    for name in ("questions", "people told", "each", "first answers"):
        table.add_column(name, justify="right")
    for number, stage in enumerate(STAGES, 1):
        told = [len(names) for question in evening.asked.values() if (names := question.told.get(stage))]
        each = f"{sum(told) / len(told):.1f}" if told else "–"
        first = f"{evening.first_by[stage]:,}"
        table.add_row(f"{number} {stage}", f"{len(told):,}", f"{sum(told):,}", each, first)
    return table


def _part(count: int, questions: Sequence[_Asked]) -> str:
    return f"{count:,} ({count / len(questions):.0%})" if questions else "–"
