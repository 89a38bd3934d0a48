"""What a load run came to, for people: rows, deliveries, failures, objectives, and whether its times mean anything."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from loadtests.results.record import Delivery, Outcome, Record

_FAULTS: Final = ("lost", "duplicated", "misordered", "misheard", "late")
_MARKS: Final = {True: ("kept", "green"), False: ("BROKEN", "bold red"), None: ("cannot tell", "yellow")}
_EXAMPLES: Final = 5


def print_summary(record: Record, path: Path | None, console: Console) -> None:
    """Print all of it; a table that does not fit is wrapped, nothing is cut."""
    if not record.totals:
        console.print(Text("Nothing was measured: nobody came.", "bold red"))
    else:
        console.print(_rows(record))
    if record.deliveries:
        console.print(_deliveries(record))
    for line in _words(record):
        console.print(line, soft_wrap=True)
    if record.slo:
        console.print(_objectives(record.slo))
    if record.aborted:
        console.print(Text(f"Ended early. {record.aborted}", "bold red"), soft_wrap=True)
    if record.void:
        console.print(Panel(Text(void_mark(record), "bold red"), border_style="bold red"))
    if path is not None:
        console.print(f"report  {path}", soft_wrap=True)


def void_mark(record: Record) -> str:
    """Return the loud words over a run whose times cannot be believed; empty where they can."""
    return f"VOID FOR LATENCY: {record.void}." if record.void else ""


def _rows(record: Record) -> Table:
    table = _table("measured from the moment it was due", "count", "failed", "p50 ms", "p99 ms", "max ms")
    for row in record.totals:
        table.add_row(
            f"{row.kind} {row.name}",
            f"{row.count:,}",
            _fault(row.failures),
            *("–" if ms is None else f"{ms:,.1f}" for ms in (row.p50_ms, row.p99_ms, row.max_ms)),
        )
    return table


def _deliveries(record: Record) -> Table:
    table = _table("said → heard", "expected", "delivered", *_FAULTS)
    for row in record.deliveries:
        if row.expected or any(getattr(row, name) for name in _FAULTS):
            table.add_row(*_cells(f"{row.cause} → {row.heard}", row))
    table.add_section()
    counts = [name for name in Delivery.model_fields if name not in {"cause", "heard"}]
    whole = {name: sum(getattr(row, name) for row in record.deliveries) for name in counts}
    table.add_row(*_cells("all", Delivery(cause="", heard="", **whole)))
    return table


def _cells(name: str, row: Delivery) -> Iterator[str | Text]:
    yield name
    yield f"{row.expected:,}"
    yield f"{row.delivered:,}"
    for fault in _FAULTS:
        yield _fault(getattr(row, fault))


def _words(record: Record) -> Iterator[Text]:
    for failed in record.failures:
        yield Text.assemble(
            (f"{failed.count:,} × ", "bold red"), f"{failed.kind} {failed.name}: ", (failed.error, "red")
        )
    for example in record.examples[:_EXAMPLES]:
        yield Text(f"    {example}", "dim")


def _objectives(outcomes: list[Outcome]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("objective", "wanted", "seen", ""):
        table.add_column(name)
    for outcome in outcomes:
        table.add_row(outcome.rule, outcome.wanted, outcome.seen, Text(*_MARKS[outcome.kept]))
    return table


def _table(first: str, *others: str) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _fault(count: int) -> Text:
    return Text(f"{count:,}", "bold red" if count else "dim")
