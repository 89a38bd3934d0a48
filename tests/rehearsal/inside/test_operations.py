"""Servers that tell their operators wrongly are failed there."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, TextIO

import pytest

from conformance.playground import Playground
from protocols.contract import Json
from reference_server import alerts, app, outbox
from reference_server.logs import Log
from rehearsal.inside import operations

from .broken import Started, TalksSlowly, failure


def lines(change: Callable[[dict[str, Any]], object]) -> Started:
    """Start servers whose log lines are changed."""

    def rewrite(text: str) -> str:
        line = json.loads(text)
        change(line)
        return json.dumps(line)

    return Started(line=rewrite)


@pytest.mark.parametrize(
    "wrong",
    [
        Started(line=lambda text: f"{text} and more"),
        Started(line=lambda _text: "[]"),
        lines(lambda line: line.update(pid=1)),
        lines(lambda line: line.pop("context")),
        lines(lambda line: line.update(timestamp=1234567890)),
        lines(lambda line: line.update(timestamp="yesterday")),
        lines(lambda line: line.update(level="fatal")),
        lines(lambda line: line.update(message=None)),
        lines(lambda line: line.update(context="here")),
        lines(lambda line: line.update(code="E5001")),
        lines(lambda line: line.update(code="E1001")),
        lines(lambda line: line.pop("code", None)),
        lines(lambda line: line.update(level="debug")),
        lines(lambda line: line.update(level="info")),
        lines(lambda line: line.update(message="guest-nobody-may-read-this")),
        Started(settings=lambda settings: replace(settings, json_logs=False)),
    ],
)
def test_log_lines_that_break_the_form(outer: Playground, wrong: Started) -> None:
    failure(outer, operations.operations__log_lines, wrong)


def test_debug_lines_in_production(outer: Playground, monkeypatch: pytest.MonkeyPatch) -> None:
    def talkative(stream: TextIO, *, json: bool, debug: bool) -> Log:
        return Log(stream, json=json, debug=True)

    monkeypatch.setattr(app, "Log", talkative)
    assert failure(outer, operations.operations__log_lines).came == "some"


def test_a_webhook_that_everybody_waits_for(outer: Playground) -> None:
    found = failure(outer, operations.operations__webhook, Started(rules=TalksSlowly))
    assert "the quickest took" in found.came


def test_a_webhook_that_is_given_up(outer: Playground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "Outbox", partial(outbox.Outbox, patience=outbox.Patience(attempts=2)))
    failure(outer, operations.operations__webhook)


@pytest.mark.parametrize(("failures", "came"), [(9, "E4001, E1001, E4001"), (11, "2 of them accepted")])
def test_an_alarm_at_another_number_of_failures(
    outer: Playground, monkeypatch: pytest.MonkeyPatch, failures: int, came: str
) -> None:
    monkeypatch.setattr(alerts, "FAILURES", failures)
    assert came in failure(outer, operations.operations__webhook).came


def test_a_card_of_another_form(outer: Playground, monkeypatch: pytest.MonkeyPatch) -> None:
    def bare(_title: str, description: str, code: str) -> dict[str, Json]:
        return {"content": f"{code}: {description}"}

    monkeypatch.setattr(alerts, "embed", bare)
    assert "content" in failure(outer, operations.operations__webhook).came
