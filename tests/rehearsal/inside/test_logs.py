"""Servers that log wrongly are failed there."""

import time
from collections.abc import Iterator
from functools import partial

import pytest

from conformance.playground import Playground
from reference_server import app, outbox
from reference_server.effects import Effect, Notify, Stamp
from reference_server.rules import space_log
from reference_server.rules.space import Space
from reference_server.rules.space_state import Player
from rehearsal.inside import logs

from .broken import Changed, Started, failure


class LogsEverybody(Space):
    """Logs who came without a session, too."""

    def _log_enter(self, player: Player, stamp: Stamp) -> Iterator[Effect]:
        yield self._log.record("ENTER", player.place.id, player.identity, stamp.now_ms)


class LogsFirst(Space):
    """Tells of a departure when the log has had its time."""

    def _leave(self, player: Player, stamp: Stamp) -> Iterator[Effect]:
        time.sleep(0.6)
        yield from super()._leave(player, stamp)


class ForgetsExits(Changed):
    """Tells the external log of nobody who goes."""

    def change(self, effect: Effect) -> Iterator[Effect]:
        if not (isinstance(effect, Notify) and effect.body["eventType"] == "EXIT"):
            yield effect


def test_dev_sessions_in_the_log(outer: Playground) -> None:
    failure(outer, logs.log__no_dev_sessions, Started(rules=LogsEverybody))


def test_leaves_that_wait_for_the_log(outer: Playground) -> None:
    assert "the quickest took" in failure(outer, logs.log__call_hangs, Started(rules=LogsFirst)).came


def test_exits_that_are_not_told(outer: Playground) -> None:
    assert failure(outer, logs.log__call_hangs, Started(rules=ForgetsExits)).came == "EXIT of 0 came"


def test_exits_that_are_tried_once(outer: Playground, monkeypatch: pytest.MonkeyPatch) -> None:
    once = partial(outbox.Outbox, patience=outbox.Patience(attempts=1))
    monkeypatch.setattr(app, "Outbox", once)
    assert failure(outer, logs.log__nobody_listens).came == "EXIT of 0 came"


@pytest.mark.parametrize("longest_ms", [logs.DAY_MS + 1, 26 * logs.HOUR_MS, logs.DAY_MS - 1])
def test_statistics_with_another_limit(outer: Playground, monkeypatch: pytest.MonkeyPatch, longest_ms: int) -> None:
    monkeypatch.setattr(space_log, "LONGEST_STAY_MS", longest_ms)
    failure(outer, logs.log__stays_over_a_day)
