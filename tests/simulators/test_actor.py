"""Agendas, and the templates of triggers."""

from collections.abc import Iterable
from random import Random
from typing import ClassVar

import pytest

from protocols.contract import Condition, Event, Json
from simulators.actor import Act, Actor, Connect, Cut, Leave, Standing, expand
from simulators.people import Identity


class Nowhere(Standing):
    def connected(self, identity: Identity) -> None: ...
    def said(self, event: Event) -> None: ...
    def heard(self, event: Event) -> None: ...
    def disconnected(self) -> None: ...
    def holds(self, condition: Condition, event: Event) -> bool | None:
        return True


class Sleeper(Actor):
    kind: ClassVar[str] = "sleeper"
    cares: ClassVar[frozenset[type[Event]]] = frozenset()

    def connected(self, identity: Identity, now_s: float) -> None: ...
    def hear(self, event: Event, now_s: float) -> None: ...
    def disconnected(self, now_s: float) -> None: ...


@pytest.fixture
def actor() -> Actor:
    return Sleeper("sleeper-1", "plaza", Random(1), Nowhere())


def leave(due_s: float) -> Iterable[Act]:
    yield Leave()


def cut(due_s: float) -> Iterable[Act]:
    yield Cut()


def test_acts_come_in_the_order_in_which_they_are_due_with_the_moment_they_were(actor: Actor) -> None:
    actor.plan(2.0, leave)
    actor.plan(1.0, cut)
    actor.plan(2.0, cut)
    actor.plan(9.0, leave)
    assert actor.due_s == 1.0
    assert list(actor.act(5.0)) == [(1.0, Cut()), (2.0, Leave()), (2.0, Cut())]
    assert actor.due_s == 9.0


def test_who_has_nothing_to_do_is_never_due(actor: Actor) -> None:
    assert actor.due_s == float("inf")
    assert list(actor.act(1e9)) == []


def test_what_an_act_leads_to_is_done_in_the_same_turn_when_it_is_due_by_then(actor: Actor) -> None:
    def again(due_s: float) -> Iterable[Act]:
        yield Leave()
        actor.plan(due_s + 1, again)

    actor.plan(0.0, again)
    assert [due_s for due_s, _ in actor.act(3.5)] == [0.0, 1.0, 2.0, 3.0]


def test_coming_is_all_that_is_left_on_the_agenda(actor: Actor) -> None:
    actor.plan(1.0, leave)
    actor.come(2.0)
    assert list(actor.act(9.0)) == [(2.0, Connect())]


FACTS: dict[str, dict[str, Json]] = {
    "payload": {"x": 1.5, "content": " hi ", "enabled": True},
    "sender": {"id": "u-1", "spaceId": "plaza", "zoneId": "fountain"},
    "session": {"id": "u-1"},
}


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("{payload.x}", 1.5),
        ("{payload.enabled}", True),
        ("{payload.content|trim}", "hi"),
        ("space:{sender.spaceId}", "space:plaza"),
        ("zone:{sender.spaceId}/{sender.zoneId}", "zone:plaza/fountain"),
        ("{sender.spaceId}/{sender.zoneId}", "plaza/fountain"),
        (["{sender.id}"], ["u-1"]),
        ("system", "system"),
        (5, 5),
        ("{payload.nothing}", None),
    ],
)
def test_templates(template: Json, value: Json) -> None:
    assert expand(template, FACTS) == value
