"""Makes the page out of a record; what it says stands in the record, and nowhere else."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from markupsafe import Markup

from loadtests.report.plots import Plots
from loadtests.report.scale import count, duration
from loadtests.results.record import Outcome, Record, Total, percentile_ms
from protocols.html import shell

FILE: Final = "load.html"
_HERE: Final = Path(__file__).parent
_SIGNS: Final = {"passed": "✓", "failed": "✗", "unknown": "?"}
_FACES: Final = {True: "passed", False: "failed", None: "unknown"}


@dataclass(frozen=True, slots=True)
class Drawn:
    """One row of the statistics with its pictures."""

    total: Total
    latency: Markup
    histogram: Markup


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a run ended."""

    standing: str
    """`passed`, `failed`, or `unknown` where the run cannot tell."""
    headline: str


def write(record: Record, folder: Path) -> Path:
    """Write the page into a folder, made where it is not there, and return the file's path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    path.write_text(render(record), encoding="utf-8")
    return path


def render(record: Record) -> str:
    """Return the page of a run."""
    plots = Plots(record)
    return shell.render(
        _HERE,
        "load.html.j2",
        record=record,
        verdict=verdict(record),
        tiles=_tiles(record),
        facts=_facts(record),
        plots=plots,
        drawn=[
            Drawn(total, plots.latency(total), plots.histogram(total))
            for total in record.totals
            if total.times.get_total_count()
        ],
        signs=_SIGNS,
        faces=_FACES,
        count=count,
        ms=_ms,
        percentile_ms=percentile_ms,
    )


def verdict(record: Record) -> Verdict:
    """Return what a run came to: by its objectives where it had some, else by whether anything failed."""
    broken, untold = _how_many(record.slo, kept=False), _how_many(record.slo, kept=None)
    failures = sum(total.failures for total in record.totals)
    if record.aborted:
        return Verdict("failed", f"Ended before its time: {record.aborted}")
    if broken:
        return Verdict("failed", f"{broken} of {_objectives(record)} broken")
    if untold:
        return Verdict("unknown", f"Could not tell of {untold} of {_objectives(record)}")
    if record.slo:
        return Verdict("passed", f"{_objectives(record)} kept")
    if failures:
        what = "1 failure" if failures == 1 else f"{count(failures)} failures"
        return Verdict("failed", f"{what}, and no objectives to judge by")
    return Verdict("passed", "Nothing failed; there were no objectives")


def _how_many(slo: list[Outcome], *, kept: bool | None) -> int:
    return sum(outcome.kept is kept for outcome in slo)


def _objectives(record: Record) -> str:
    return "1 objective" if len(record.slo) == 1 else f"{len(record.slo)} objectives"


def _tiles(record: Record) -> list[tuple[str, str]]:
    """Return the few figures that are read first."""
    loss, expected = record.lost_share(), sum(row.expected for row in record.deliveries)
    return [
        ("most users at a time", count(max((moment.users for moment in record.moments), default=0))),
        ("events sent", count(sum(record.sent.values()))),
        ("deliveries due", count(expected)),
        ("lost", "none due" if loss is None else f"{100 * loss:.3g}%"),
        ("slowest ack, p99", _worst(record, "ack")),
        ("slowest delivery, p99", _worst(record, "deliver")),
        ("generator late, p99", _ms(record.lag_p99_ms)),
    ]


def _worst(record: Record, kind: str) -> str:
    return _ms(max((one.p99_ms for one in record.totals if one.kind == kind and one.p99_ms is not None), default=None))


def _facts(record: Record) -> list[tuple[str, str]]:
    asked = record.asked
    come = f"{count(asked.arrivals)} arrive in a second" if asked.arrivals else f"{asked.shape}, {asked.users} users"
    people = ", ".join(f"{kind} {weight:g}" for kind, weight in asked.cast.items())
    facts = [
        ("target", asked.target),
        ("protocols", ", ".join(asked.protocols)),
        ("who", people),
        ("when", come),
        ("seed", str(asked.seed)),
        ("began", record.began.strftime("%Y-%m-%d %H:%M:%S UTC")),
        ("lasted", f"{record.lasted_s:.1f} s"),
        ("processes", str(asked.processes)),
        ("checked", {"all": "every message", "none": "no message"}.get(asked.validate_, "a sample of the messages")),
        ("network", asked.network),
    ]
    return [(name, words) for name, words in facts if words]


def _ms(ms: float | None) -> str:
    return "–" if ms is None else duration(ms)
