"""Servers that log wrongly are failed there."""

import contextlib
import socket
import time
from collections.abc import Iterator, Mapping

import pytest

from conformance.playground import Playground
from protocols.contract import Json
from reference_server import app
from reference_server.effects import Effect, Notify, Stamp
from reference_server.outbox import Outbox, Told
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


class Once(Outbox):
    """Tries before it returns, and never again."""

    def put(self, channel: str, body: Mapping[str, Json], told: Told | None = None) -> None:
        if url := self._urls.get(channel):
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2][:-1]))),
            ):
                super().put(channel, body, told)


def test_dev_sessions_in_the_log(outer: Playground) -> None:
    failure(outer, logs.log__no_dev_sessions, Started(rules=LogsEverybody))


def test_leaves_that_wait_for_the_log(outer: Playground) -> None:
    assert "the quickest took" in failure(outer, logs.log__call_hangs, Started(rules=LogsFirst)).came


def test_exits_that_are_not_told(outer: Playground) -> None:
    assert failure(outer, logs.log__call_hangs, Started(rules=ForgetsExits)).came == "EXIT of 0 came"


def test_exits_that_are_tried_once(outer: Playground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "Outbox", Once)
    assert failure(outer, logs.log__nobody_listens).came == "EXIT of 0 came"


@pytest.mark.parametrize("longest_ms", [logs.DAY_MS + 1, 26 * logs.HOUR_MS, logs.DAY_MS - 1])
def test_statistics_with_another_limit(outer: Playground, monkeypatch: pytest.MonkeyPatch, longest_ms: int) -> None:
    monkeypatch.setattr(space_log, "LONGEST_STAY_MS", longest_ms)
    failure(outer, logs.log__stays_over_a_day)
