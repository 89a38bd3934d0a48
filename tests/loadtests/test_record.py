"""The record goes into a file and comes back whole, and says what is wrong with one that does not."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hdrh.histogram import HdrHistogram

from loadtests.results.record import (
    Asked,
    Delivery,
    FailureCount,
    LabelMoment,
    Moment,
    Outcome,
    Record,
    Total,
    new_histogram,
    percentile_ms,
)
from protocols.errors import UsageError


def histogram(*times_us: int) -> HdrHistogram:
    made = new_histogram()
    for time_us in times_us:
        made.record_value(time_us)
    return made


def record(lag_us: int = 200) -> Record:
    return Record(
        began=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        lasted_s=2.0,
        asked=Asked(
            target="http://127.0.0.1:3001",
            protocols=["space"],
            cast={"player": 20},
            shape="steady",
            seed=1,
            users=20,
            rate=10,
            for_s=2,
        ),
        moments=[
            Moment(
                at_s=0,
                users=20,
                sent=40,
                heard=380,
                lost=1,
                lag_p99_ms=0.2,
                labels={"ack chat:message": LabelMoment(count=2, failures=1, p50_ms=1.0, p99_ms=2.0)},
            )
        ],
        totals=[Total(kind="ack", name="chat:message", count=3, failures=1, times=histogram(1000, 2000))],
        failures=[FailureCount(kind="ack", name="chat:message", error="no ack", count=1)],
        sent={"chat:message": 3},
        deliveries=[Delivery(cause="chat:message", heard="chat:message", expected=20, delivered=19, lost=1)],
        lag=histogram(lag_us),
        examples=["Ann never heard it"],
        slo=[Outcome(rule="p99 of ack chat:message", wanted="at most 100 ms", seen="2.0 ms", kept=True)],
    )


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = record().write(tmp_path / "new" / "folder")
    assert path == tmp_path / "new" / "folder" / "load.json"
    again = Record.read(path.parent)
    assert again.model_dump_json(by_alias=True) == record().model_dump_json(by_alias=True)
    assert again.totals[0].p99_ms == pytest.approx(2, rel=0.001)
    assert again.lost_share() == pytest.approx(0.05)


def test_programs_find_schema_percentiles_and_histograms_in_the_file(tmp_path: Path) -> None:
    found = json.loads(record().write(tmp_path).read_text())
    assert found["schema"] == 1
    assert found["asked"]["validate"] == "sample"
    assert found["totals"][0]["max_ms"] == pytest.approx(2, rel=0.001)
    assert HdrHistogram.decode(found["totals"][0]["times"]).get_total_count() == 2
    assert found["void"] == ""


def test_a_generator_that_is_late_makes_the_run_void_for_latency() -> None:
    assert not record(9_900).void
    assert "11.0 ms late" in record(11_000).void


def test_nothing_timed_has_no_percentile() -> None:
    assert percentile_ms(new_histogram(), 99) is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schema": 99}, "has schema 99, and this version reads 1"),
        ({"lag": "nonsense"}, "lag: Value error, is no HDR histogram"),
        ({"moments": 3}, "moments: Input should be a valid array"),
    ],
)
def test_a_file_that_is_no_record_is_said_so(tmp_path: Path, change: dict[str, object], words: str) -> None:
    path = record().write(tmp_path)
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(UsageError, match=words):
        Record.read(path)


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        Record.read(tmp_path)
