"""What is shown of a simulation: a live view, plain lines where there is no terminal, and the table at its end."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from loadtests.results.sparkline import sparkline
from protocols.contract import Protocol
from simulators.snapshot import Snapshot
from simulators.tally import Row, Tally, Times

_HISTORY: Final = 60
_PERCENTILES: Final = ("p50", "p95", "p99")
_LEGEND: Final = "Times are milliseconds, from the moment an event was due to the moment it was heard."
_FAULTS: Final = ("lost", "doubled", "disorder", "misheard")
_SHOWN_SCOPES: Final = 8
_ENDLESS: Final = 10_000
"""Columns of a page on which any table fits."""


class LiveView:
    """Turns snapshots of a crowd into a picture."""

    def __init__(self, for_s: float) -> None:
        self._for_s = for_s
        self._last: Snapshot | None = None
        self._now: Snapshot | None = None
        self._rates: deque[float] = deque(maxlen=_HISTORY)

    def take(self, snapshot: Snapshot) -> None:
        """Take in how things stand now."""
        self._last, self._now = self._now, snapshot
        if self._last is not None:
            self._rates.append(per_second(self._last, snapshot)[1])

    def render(self) -> RenderableType:
        """Return the picture."""
        if self._now is None:
            return Text()
        now, last = self._now, self._last or self._now
        sent, delivered = per_second(last, now)
        line = Text.assemble(
            (f"{min(now.elapsed_s, self._for_s):5.1f} / {self._for_s:g} s  ", "bold"),
            f"{sent:,.0f} sent/s  {delivered:,.0f} delivered/s  ",
            (_spread(now.latest), "cyan"),
            f"  {now.waiting:,} under way  ",
            (f"{now.lost:,} lost", "green" if now.lost == 0 else "bold red"),
            "" if now.faults == now.lost else (f"  {now.faults - now.lost:,} other faults", "bold red"),
        )
        where = Panel(Group(*_places(now)), title="who is where", width=44)
        said = Panel(Group(*_words(now)), title="said", width=72)
        parts: list[RenderableType] = [line, Text(sparkline(list(self._rates)), "cyan"), Columns([where, said])]
        if now.pranks:
            pranks = [Text(f"{name}: {prank}", "yellow", no_wrap=True) for name, prank in now.pranks]
            parts.append(Panel(Group(*pranks), title="hecklers", width=72))
        return Group(*parts)


def plain_line(last: Snapshot, now: Snapshot) -> str:
    """Return how things stand in one line."""
    sent, delivered = per_second(last, now)
    people = sum(sum(kinds.values()) for kinds in now.scopes.values())
    return (
        f"{now.elapsed_s:6.1f} s  {people} people in {len(now.scopes)} spaces  {sent:,.0f} sent/s  "
        f"{delivered:,.0f} delivered/s  {_spread(now.latest)}  {now.lost} lost  {now.faults} faults"
    )


@dataclass(frozen=True, slots=True)
class _Layout:
    """Which columns the table has beside `said` and `heard`."""

    counts: tuple[str, ...]
    percentiles: tuple[str, ...]
    ack_percentiles: tuple[str, ...]


_LAYOUTS: Final = (
    _Layout(("sent", "expected", "delivered", *_FAULTS), _PERCENTILES, _PERCENTILES),
    _Layout(("sent", "expected", "delivered", "wrong"), _PERCENTILES, ("p50", "p99")),
    _Layout(("sent", "delivered", "wrong"), ("p50", "p99"), ("p99",)),
    _Layout(("sent", "wrong"), ("p99",), ()),
)
"""The widest first; a terminal has the first that fits."""


def print_report(tally: Tally, protocol: Protocol, console: Console) -> None:
    """Print the table of all events, as wide as the terminal allows and a file needs, and what it comes to in words."""
    tables = [_table(tally, protocol, layout) for layout in _LAYOUTS]
    widths = [Console(width=_ENDLESS).measure(table).maximum for table in tables]
    fitting = [n for n, width in enumerate(widths) if width <= console.width or not console.is_terminal]
    chosen = fitting[0] if fitting else len(tables) - 1
    usual = console.width
    if widths[chosen] > usual:
        console.width = widths[chosen]  # what a terminal has no room for it wraps: nothing of it is cut
    console.print(tables[chosen], crop=False)
    if console.width != usual:
        console.width = usual
    console.print(Group(*verdict(tally, protocol)))


def _table(tally: Tally, protocol: Protocol, layout: _Layout) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for name in ("said", "heard"):
        table.add_column(name, no_wrap=True)
    acks = layout.ack_percentiles if tally.acks else ()
    for name in (*layout.counts, *layout.percentiles, *(f"ack\n{name}" for name in acks)):
        table.add_column(name, justify="right", no_wrap=True)
    for cause, rows in _grouped(tally, protocol):
        first = True
        for row in rows or [Row(cause, "")]:
            counts = _counts(row, f"{tally.sent.get(cause, 0):,}" if first else "")
            table.add_row(
                cause if first else "",
                row.heard or "nobody",
                *(counts[name] for name in layout.counts),
                *_cells(row.times, layout.percentiles),
                *_cells(tally.acks.get(cause) if first else None, acks),
            )
            first = False
    return table


def _grouped(tally: Tally, protocol: Protocol) -> Iterator[tuple[str, list[Row]]]:
    """Yield what was said in the contract's order, with everything that was heard because of it."""
    order = {name: n for n, name in enumerate(protocol.inbound)}
    causes = {*tally.sent, *(cause for cause, _ in tally.rows)}
    for cause in sorted(causes, key=lambda cause: (order.get(cause, len(order)), cause)):
        rows = [row for row in tally.rows.values() if row.cause == cause]
        yield cause, [row for row in rows if row.expected or row.faults]


def _counts(row: Row, sent: str) -> dict[str, Text]:
    faults = dict(zip(_FAULTS, (row.lost, row.duplicated, row.misordered, row.misheard), strict=True))
    faults["wrong"] = row.faults
    return {
        "sent": Text(sent),
        "expected": Text(f"{row.expected:,}"),
        "delivered": Text(f"{row.delivered:,}"),
        **{name: Text(f"{count:,}", "bold red" if count else "dim") for name, count in faults.items()},
    }


def _cells(times: Times | None, percentiles: Sequence[str]) -> list[str]:
    """Return percentiles such as `p50`, in milliseconds."""
    return ["–" if times is None else milliseconds(times, float(name[1:])) for name in percentiles]


def verdict(tally: Tally, protocol: Protocol) -> Iterator[Text]:
    """Yield what a run comes to, in words."""
    has_acks = any(operation.ack is not None for operation in protocol.operations)
    yield Text(_LEGEND if has_acks else f"{_LEGEND} {protocol.name} has no acks.", "dim")
    if tally.faults:
        counts = {
            "lost": tally.total("lost"),
            "heard twice": tally.total("duplicated"),
            "out of order": tally.total("misordered"),
            "heard by somebody else": tally.total("misheard"),
            "against the contract": tally.violations,
            "connections hung up": tally.dropped,
            "rooms that let nobody in": len(tally.shut_out),
        }
        yield Text("Not as promised: " + ", ".join(f"{n:,} {what}" for what, n in counts.items() if n), "bold red")
        for example in tally.examples:
            yield Text(f"  {example}")
    else:
        yield Text(
            f"As promised: {tally.total('delivered'):,} deliveries, none lost, doubled or out of order.", "green"
        )
    if late := tally.total("late"):
        yield Text(f"{late:,} came later than the contract allows, patience included.", "yellow")
    if excluded := tally.total("excluded"):
        yield Text(f"{excluded:,} more can be demanded of nobody: somebody came, went or was cut off meanwhile.", "dim")
    if tally.refused:
        yield Text(f"{tally.refused:,} attempts to connect came to nothing.", "yellow")


def _places(now: Snapshot) -> Iterator[Text]:
    for scope, kinds in list(now.scopes.items())[:_SHOWN_SCOPES]:
        people = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
        yield Text(f"{sum(kinds.values()):3}  {scope}  ({people})", no_wrap=True)
    if (more := len(now.scopes) - _SHOWN_SCOPES) > 0:
        yield Text(f"     and {more} more spaces", "dim")


def _words(now: Snapshot) -> Iterator[Text]:
    for _, who, words in now.said:
        yield Text.assemble((f"{who}: ", "dim"), words, no_wrap=True)


def per_second(last: Snapshot, now: Snapshot) -> tuple[float, float]:
    """Return how many events a second were sent and delivered between two snapshots."""
    seconds = max(now.elapsed_s - last.elapsed_s, 0.001)
    return (now.sent - last.sent) / seconds, (now.delivered - last.delivered) / seconds


def milliseconds(times: Times, percent: float) -> str:
    """Return below how many milliseconds this many percent are, in words."""
    found = times.percentile_ms(percent)
    return "–" if found is None else f"{found:.1f}"


def _spread(latest: Times) -> str:
    if not latest.counts:
        return "p50 –  p99 –"
    return f"p50 {milliseconds(latest, 50)} ms  p99 {milliseconds(latest, 99)} ms"
