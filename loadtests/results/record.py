"""The record of a load run: what was asked, what every second gave, and what it came to; written as `load.json`.

Two rules. What several processes measured is added, never averaged: times are HDR histograms, in JSON in the encoding
that all HDR libraries read. And what is late is counted from the moment it was due (`docs/load.md`). `schema` counts up
when the shape changes in a way that breaks readers; they are to ignore what they do not know.
"""

import zlib
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Final, Self, TypeAlias

from hdrh.codec import HdrCookieException, HdrLengthException
from hdrh.histogram import HdrHistogram
from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator, ValidationError, computed_field

from protocols.errors import UsageError

SCHEMA: Final = 1
FILE: Final = "load.json"
LONGEST_US: Final = 3_600_000_000
LAG_LIMIT_MS: Final = 10.0
"""A generator that is later than this with one thing in a hundred measured itself."""


def new_histogram() -> HdrHistogram:
    """Return an empty histogram of microseconds: from 1 µs to an hour, three digits kept."""
    return HdrHistogram(1, LONGEST_US, 3)


def percentile_ms(histogram: HdrHistogram, percent: float) -> float | None:
    """Return below how many milliseconds this many percent are; None where there are none."""
    return histogram.get_value_at_percentile(percent) / 1000 if histogram.get_total_count() else None


def _decode(value: object) -> HdrHistogram:
    if isinstance(value, HdrHistogram):
        return value
    try:
        return HdrHistogram.decode(value)
    except (TypeError, ValueError, IndexError, zlib.error, HdrCookieException, HdrLengthException) as error:
        raise ValueError(f"is no HDR histogram in base64: {error}") from None


def _encode(histogram: HdrHistogram) -> str:
    return str(histogram.encode().decode())


Histogram: TypeAlias = Annotated[HdrHistogram, PlainValidator(_decode), PlainSerializer(_encode, return_type=str)]
"""Microseconds; in JSON the base64 of HdrHistogram's own compressed encoding (V2)."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True, populate_by_name=True)


class Asked(_Part):
    """What the run was to be."""

    target: str
    """The URL."""
    protocols: list[str]
    cast: dict[str, float]
    """Kind of actor -> its weight among those who come."""
    shape: str
    """How many are there when: `steady`, the name of a built-in shape, or the path of a file."""
    seed: int
    users: int
    """The most at a time."""
    rate: float | None
    """How many come in a second; None where a shape decides it."""
    for_s: float | None
    """How long it was to last; None for until somebody stops it."""
    arrivals: float | None = None
    """In the open model, how many come in a second on average; None in the closed one."""
    validate_: str = Field("sample", alias="validate")
    """Which of the messages that came were checked against their schemas: `all`, `sample` or `none`."""
    network: str = ""
    """What was put between: `latency=50ms,jitter=20ms,cut=0.1/s`."""
    processes: int = 1
    """How many generated the load."""


class LabelMoment(_Part):
    """What one row of the statistics gave within a second."""

    count: int
    """All that ended in it, well or not."""
    failures: int
    p50_ms: float | None
    """None where nothing was timed."""
    p99_ms: float | None


class Moment(_Part):
    """One second of the run, over all processes."""

    at_s: int
    """Seconds since the run began: this is what happened before the next one."""
    users: int
    sent: int
    """Events that were sent in this second."""
    heard: int
    """Deliveries that arrived in it, of those somebody caused; from worker to worker they count some seconds late."""
    lost: int
    """Deliveries lost so far. One is called lost some seconds after it was due."""
    lag_p99_ms: float | None
    """How late the generator itself was."""
    labels: dict[str, LabelMoment]
    """`ack chat:message` -> what came of it."""


class Total(_Part):
    """One row of the statistics over the whole run."""

    kind: str
    """`connect`, `ack`, `deliver`, or `contract` for messages that broke their schema."""
    name: str
    """The transport, or the event; for `contract`, the protocol."""
    count: int
    """All that ended, well or not."""
    failures: int
    times: Histogram
    """Of all that were timed. What never came is not, but for acks: those are timed at their limit."""

    @computed_field  # type: ignore[prop-decorator]  # as its documentation has it
    @property
    def p50_ms(self) -> float | None:
        """Half of them took at most this long."""
        return percentile_ms(self.times, 50)

    @computed_field  # type: ignore[prop-decorator]  # as its documentation has it
    @property
    def p99_ms(self) -> float | None:
        """One in a hundred took longer."""
        return percentile_ms(self.times, 99)

    @computed_field  # type: ignore[prop-decorator]  # as its documentation has it
    @property
    def max_ms(self) -> float | None:
        """The longest."""
        return percentile_ms(self.times, 100)


class FailureCount(_Part):
    """One way in which a row went wrong."""

    kind: str
    name: str
    error: str
    count: int


class Delivery(_Part):
    """What became of one event because of another: `chat:message` said, `chat:message` heard."""

    cause: str
    """What was said; `(nobody)` for what nobody of ours is known to have caused."""
    heard: str
    expected: int = 0
    """Deliveries that were due and are settled: delivered or lost."""
    delivered: int = 0
    lost: int = 0
    duplicated: int = 0
    misordered: int = 0
    misheard: int = 0
    """Heard by somebody who should not have."""
    late: int = 0
    """Of those delivered, how many after their deadline."""
    excluded: int = 0
    """Deliveries that nobody can demand: who should hear came or went meanwhile."""


class Outcome(_Part):
    """One line of the objectives, judged."""

    rule: str
    """What is limited: `p99 of ack sendMessage`."""
    wanted: str
    seen: str
    kept: bool | None
    """None where the run cannot tell: nothing of it came, or the generator itself was too slow to say."""


class _Versioned(_Part):
    schema_: int = Field(SCHEMA, alias="schema")


class Record(_Versioned):
    """Everything about one run."""

    tool: str = Field(default_factory=lambda: f"rehearsal {version('socketio-rehearsal')}")
    began: datetime
    lasted_s: float
    asked: Asked
    moments: list[Moment]
    """In order; a second in which nothing at all was reported is not there."""
    totals: list[Total]
    failures: list[FailureCount]
    sent: dict[str, int]
    """What was said -> how often."""
    deliveries: list[Delivery]
    lag: Histogram
    """How late the generator was, of all processes together."""
    examples: list[str]
    """The first few things that went wrong, in words."""
    slo: list[Outcome]
    """The objectives, where some were given."""
    aborted: str = ""
    """Why the run was ended before its time; empty where it was not."""

    @computed_field  # type: ignore[prop-decorator]  # as its documentation has it
    @property
    def lag_p99_ms(self) -> float | None:
        """One thing in a hundred was done later than this by the generator itself."""
        return percentile_ms(self.lag, 99)

    @computed_field  # type: ignore[prop-decorator]  # as its documentation has it
    @property
    def void(self) -> str:
        """Why the times of this run say nothing of the target; empty where they do."""
        return void_for_latency(self.lag_p99_ms)

    def lost_share(self) -> float | None:
        """Return the part of all deliveries that was lost, 0 to 1; None where none was due."""
        expected = sum(row.expected for row in self.deliveries)
        return sum(row.lost for row in self.deliveries) / expected if expected else None

    def write(self, folder: Path) -> Path:
        """Write it into a folder, made where it is not there, and return the file's path."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / FILE
        path.write_text(self.model_dump_json(by_alias=True, indent=1) + "\n")
        return path

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read it from its file, or from the folder with that; raises UsageError."""
        path = path / FILE if path.is_dir() else path
        try:
            content = path.read_bytes()
            if (schema := _Versioned.model_validate_json(content).schema_) != SCHEMA:
                raise UsageError(f"{path} has schema {schema}, and this version reads {SCHEMA}: run it again")
            return cls.model_validate_json(content)
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {error.strerror}; name what `rehearsal load` wrote") from None
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "it"
            raise UsageError(f"{path} is no record of a load run: {where}: {first['msg']}") from None


def void_for_latency(lag_p99_ms: float | None) -> str:
    """Return why such a lag makes a run void for latency; empty where it does not."""
    if lag_p99_ms is None or lag_p99_ms <= LAG_LIMIT_MS:
        return ""
    return (
        f"the generator itself was {lag_p99_ms:.1f} ms late (p99; {LAG_LIMIT_MS:g} ms is the limit): "
        "its times say nothing of the target. Use fewer users, more processes, or a quieter machine"
    )
