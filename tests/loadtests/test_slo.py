"""Objectives are read, judged, and abort a run; what nobody can tell is not kept."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from loadtests.results.record import Asked, Delivery, Moment, Record, Total
from loadtests.results.slo import NAMED, Objectives, exit_code
from protocols import PROTOCOLS
from protocols.errors import UsageError
from tests.loadtests.timing import times


def record(*, slow_ms: float = 100, lost: int = 0, failures: int = 0, lag_ms: float = 1, users: int = 10) -> Record:
    """A run of 100 acks and 1,000 deliveries; two acks took `slow_ms`, all others 10."""
    return Record(
        began=datetime(2026, 1, 1, tzinfo=UTC),
        lasted_s=1,
        asked=Asked(
            target="http://t", protocols=["gateway"], cast={}, shape="steady", seed=1, users=10, rate=1, for_s=1
        ),
        moments=[Moment(at_s=0, users=users, sent=100, heard=1000, lost=lost, lag_p99_ms=1, labels={})],
        totals=[
            Total(
                kind="ack",
                name="sendMessage",
                count=100,
                failures=failures,
                times=times(*[10] * 98, slow_ms, slow_ms).histogram(),
            )
        ],
        failures=[],
        sent={},
        deliveries=[Delivery(cause="sendMessage", heard="newMessage", expected=1000, delivered=1000 - lost, lost=lost)],
        lag=times(lag_ms).histogram(),
        examples=[],
        slo=[],
    )


def objectives(tmp_path: Path, text: str) -> Objectives:
    path = tmp_path / "slo.toml"
    path.write_text(text)
    return Objectives.named(str(path), "gateway")


@pytest.mark.parametrize(
    ("text", "found", "kept"),
    [
        ('[ack]\nsendMessage = "100ms"', record(slow_ms=99), True),
        ('[ack]\nsendMessage = "100ms"', record(slow_ms=101), False),
        ('[ack]\nsendMessage = { p50 = "11ms" }', record(slow_ms=101), True),
        ('[ack]\n"*" = "100ms"', record(slow_ms=101), False),
        ('[ack]\nsendMessage = "100ms"', record(slow_ms=101, lag_ms=11), None),
        ('[ack]\nsendMessage = "100ms"', record(slow_ms=99, lag_ms=11), True),
        ('[ack]\nsendMessage = "100ms"', record(slow_ms=121, lag_ms=11), None),
        ('[ack]\nsendMessage = "100ms"', record(slow_ms=123, lag_ms=11), False),
        ('[deliver]\nnewMessage = "100ms"', record(), None),
        ('lost = "0.1%"', record(lost=1), True),
        ('lost = "0.1%"', record(lost=2), False),
        ('errors = "1%"', record(failures=1), True),
        ('errors = "1%"', record(failures=2), False),
        ("users = 10", record(users=10), True),
        ("users = 10", record(users=9), False),
        ("wrong = 0", record(), True),
    ],
)
def test_a_line_is_kept_broken_or_beyond_telling(tmp_path: Path, text: str, found: Record, kept: bool | None) -> None:
    (outcome,) = objectives(tmp_path, text).judge(found)
    assert outcome.kept is kept, outcome
    assert exit_code([outcome]) == {True: 0, False: 1, None: 2}[kept]


def test_what_was_seen_stands_beside_what_was_wanted(tmp_path: Path) -> None:
    outcomes = objectives(tmp_path, 'lost = "0.1%"\n[ack]\nsendMessage = "100ms"').judge(record(lost=30, slow_ms=1500))
    assert [(one.rule, one.wanted, one.seen) for one in outcomes] == [
        ("deliveries lost", "at most 0.1%", "3% (30 of 1,000)"),
        ("p99 of ack sendMessage", "at most 100ms", "1,500.2 ms"),
    ]


def test_a_run_is_ended_for_what_was_seen_often_enough(tmp_path: Path) -> None:
    rules = objectives(tmp_path, '[abort-on]\nlost = "10%"\n[abort-on.ack]\nsendMessage = "1s"')
    assert not rules.broken_already(record(lost=100))
    assert rules.broken_already(record(lost=101)) == "deliveries lost: wanted at most 10%, seen 10.1% (101 of 1,000)"
    assert "p99 of ack sendMessage" in rules.broken_already(record(slow_ms=1100))
    assert not objectives(tmp_path, 'lost = "0%"').broken_already(record(lost=500)), "that is for the end"


def test_every_protocol_has_objectives_of_its_own() -> None:
    assert set(NAMED) == set(PROTOCOLS)
    for protocol in PROTOCOLS:
        assert Objectives.named(protocol, protocol).deliver


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("lots = 1", "lots: unknown key; did you mean lost?"),
        ('lost = "1"', "lost: '1' is no share; write it like 0.1%"),
        ('[ack]\nsendMessage = "1"', "'1' is no duration"),
        ('[ack]\nsendMessage = { p9 = "1s" }', "'p9' is no percentile"),
        ('[ack]\nsendMesage = "1s"', "ack.sendMesage: gateway has no such event; did you mean sendMessage"),
        ('[abort-on.deliver]\nsendMessage = "1s"', "abort-on.deliver.sendMessage: gateway has no such event"),
    ],
)
def test_a_file_that_is_wrong_is_said_so(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        objectives(tmp_path, text)


def test_objectives_that_are_not_there_are_said_so() -> None:
    with pytest.raises(UsageError, match="there are no objectives 'gatewy'"):
        Objectives.named("gatewy", "gateway")
    with pytest.raises(UsageError, match=r"nowhere.toml: there is no such file"):
        Objectives.named("nowhere.toml", "gateway")
