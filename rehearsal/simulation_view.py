"""What is shown of a simulation: a live view, plain lines where there is no terminal, and the table at its end."""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from protocols.contract import Protocol
from simulators.crowd import Snapshot
from simulators.tally import Row, Tally, Times

_BARS: Final = "▁▂▃▄▅▆▇█"
_HISTORY: Final = 60
_PERCENTILES: Final = ("p50", "p95", "p99")
_LEGEND: Final = "Times are milliseconds, from the moment an event was due to the moment it was heard."
REPORT_WIDTH: Final = 116
"""Columns that the table needs; a narrower terminal wraps it."""
_SHOWN_SCOPES: Final = 8


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
            self._rates.append(_per_second(self._last, snapshot)[1])

    def render(self) -> RenderableType:
        """Return the picture."""
        if self._now is None:
            return Text()
        now, last = self._now, self._last or self._now
        sent, delivered = _per_second(last, now)
        line = Text.assemble(
            (f"{min(now.elapsed_s, self._for_s):5.1f} / {self._for_s:g} s  ", "bold"),
            f"{sent:,.0f} sent/s  {delivered:,.0f} delivered/s  ",
            (_spread(now.latest_us), "cyan"),
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
    sent, delivered = _per_second(last, now)
    people = sum(sum(kinds.values()) for kinds in now.scopes.values())
    return (
        f"{now.elapsed_s:6.1f} s  {people} people in {len(now.scopes)} spaces  {sent:,.0f} sent/s  "
        f"{delivered:,.0f} delivered/s  {_spread(now.latest_us)}  {now.lost} lost  {now.faults} faults"
    )


def sparkline(values: Sequence[float]) -> str:
    """Return a row of bars, the tallest for the greatest value."""
    top = max(values, default=0.0)
    return "".join(_BARS[round(value / top * (len(_BARS) - 1))] if top > 0 else _BARS[0] for value in values)


def report(tally: Tally, protocol: Protocol) -> RenderableType:
    """Return the table of all events, and what it comes to in words."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for name in ("said", "heard"):
        table.add_column(name, no_wrap=True)
    for name in ("sent", "expected", "delivered", "lost", "doubled", "disorder", "misheard", *_PERCENTILES):
        table.add_column(name, justify="right", no_wrap=True)
    if tally.acks:
        for name in _PERCENTILES:
            table.add_column(f"ack\n{name}", justify="right", no_wrap=True)
    for cause, rows in _grouped(tally, protocol):
        first = True
        for row in rows or [Row(cause, "")]:
            ack = _percentiles(tally.acks.get(cause) if first else None) if tally.acks else []
            said = (cause, row.heard or "nobody", f"{tally.sent.get(cause, 0):,}") if first else ("", row.heard, "")
            table.add_row(*said, *_counts(row), *_percentiles(row.times), *ack)
            first = False
    return Group(table, *_verdict(tally, protocol))


def _grouped(tally: Tally, protocol: Protocol) -> Iterator[tuple[str, list[Row]]]:
    """Yield what was said in the contract's order, with everything that was heard because of it."""
    order = {name: n for n, name in enumerate(protocol.inbound)}
    causes = {*tally.sent, *(cause for cause, _ in tally.rows)}
    for cause in sorted(causes, key=lambda cause: (order.get(cause, len(order)), cause)):
        rows = [row for row in tally.rows.values() if row.cause == cause]
        yield cause, [row for row in rows if row.expected or row.faults]


def _counts(row: Row) -> list[Text]:
    faults = (row.lost, row.duplicated, row.misordered, row.misheard)
    return [
        Text(f"{row.expected:,}"),
        Text(f"{row.delivered:,}"),
        *(Text(f"{count:,}", "bold red" if count else "dim") for count in faults),
    ]


def _percentiles(times: Times | None) -> list[str]:
    """Return the cells of p50, p95 and p99, in milliseconds."""
    return [
        "–" if times is None or (ms := times.percentile_ms(float(name[1:]))) is None else f"{ms:.1f}"
        for name in _PERCENTILES
    ]


def _verdict(tally: Tally, protocol: Protocol) -> Iterator[Text]:
    yield Text(_LEGEND if tally.acks else f"{_LEGEND} {protocol.name} has no acks.", "dim")
    if tally.faults:
        counts = {
            "lost": tally.total("lost"),
            "heard twice": tally.total("duplicated"),
            "out of order": tally.total("misordered"),
            "heard by somebody else": tally.total("misheard"),
            "against the contract": tally.violations,
            "connections hung up": tally.dropped,
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


def _per_second(last: Snapshot, now: Snapshot) -> tuple[float, float]:
    """Return how many events a second were sent and delivered between two snapshots."""
    seconds = max(now.elapsed_s - last.elapsed_s, 0.001)
    return (now.sent - last.sent) / seconds, (now.delivered - last.delivered) / seconds


def _spread(latest_us: Sequence[int]) -> str:
    if not latest_us:
        return "p50 –  p99 –"
    ranked = sorted(latest_us)
    return f"p50 {ranked[len(ranked) // 2] / 1000:.1f} ms  p99 {ranked[int(len(ranked) * 0.99)] / 1000:.1f} ms"
