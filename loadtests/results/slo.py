"""Objectives: what must hold of a load run, read from TOML, and the run judged by them.

users = 1000                  # at least so many are there at a time
lost = "0.1%"                 # of all deliveries at most
errors = "1%"                 # of all that stands in the statistics at most
wrong = 0                     # deliveries doubled, out of order, or heard by somebody else, at most

[ack]                         # by the event said; a duration is a p99
"chat:message" = "200ms"
"*" = { p50 = "50ms", p99 = "1s" }

[deliver]                     # by the event heard; "*" is for all that is not named
"player:moved" = "200ms"

[abort-on]                    # the same again: ends the run as soon as it is seen
lost = "10%"
"""

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final, Self, TypeAlias

from pydantic import Field, field_validator
from pydantic.dataclasses import dataclass

from loadtests.durations import seconds, share
from loadtests.results.record import Outcome, Record, Total, percentile_ms
from protocols import PROTOCOLS
from protocols.contract import Action
from protocols.errors import UsageError
from simulators.tables import TABLE, read_table, read_toml, wrong

_FOLDER: Final = Path(__file__).parents[1] / "slos"
NAMED: Final = tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))
"""Those that come with the project: what each protocol promises."""
_PERCENTILE: Final = re.compile(r"p(50|\d\d(?:\.\d+)?|100)")
_ENOUGH: Final = 100
"""So many of a thing must have been seen before a run is ended for its sake."""
_OTHERS: Final = "*"

Limits: TypeAlias = dict[str, str | dict[str, str]]


@dataclass(frozen=True, kw_only=True, config=TABLE)
class Rules:
    """What must hold, or must not be seen."""

    users: Annotated[int, Field(ge=1)] | None = None
    lost: str | None = None
    errors: str | None = None
    wrong: Annotated[int, Field(ge=0)] | None = None
    ack: Limits = Field(default_factory=dict)
    deliver: Limits = Field(default_factory=dict)

    @field_validator("lost", "errors")
    @classmethod
    def _is_share(cls, text: str | None) -> str | None:
        if text is not None:
            _checked(share, text)
        return text

    @field_validator("ack", "deliver")
    @classmethod
    def _are_durations(cls, limits: Limits) -> Limits:
        for event, limit in limits.items():
            for percentile, duration in _by_percentile(limit).items():
                if _PERCENTILE.fullmatch(percentile) is None:
                    wrong(f"{event}: {percentile!r} is no percentile; write it like p50, p99 or p99.9")
                _checked(seconds, duration)
        return limits


@dataclass(frozen=True, kw_only=True, config=TABLE)
class Objectives(Rules):
    """What must hold of a run, and what ends it early."""

    abort_on: Rules | None = None

    @classmethod
    def named(cls, name: str, protocol: str) -> Self:
        """Return built-in objectives, or those in a file that ends with `.toml`; raises UsageError."""
        if name in NAMED:
            path = _FOLDER / f"{name}.toml"
            if name != protocol:
                raise UsageError(f"--slo {name} is about {name}, and this run about {protocol}; choose another")
        elif name.endswith(".toml"):
            path = Path(name)
            if not path.exists():
                raise UsageError(f"{path}: there is no such file; there are {', '.join(NAMED)} by name")
        else:
            raise UsageError(f"there are no objectives {name!r}; there are {', '.join(NAMED)}, or name a FILE.toml")
        table = read_toml(path)
        if "abort-on" in table:
            table["abort_on"] = table.pop("abort-on")
        made = read_table(cls, table, f"{path}: ")
        _know_events(made, protocol, path)
        return made

    def judge(self, record: Record) -> list[Outcome]:
        """Return each line, with what was seen.

        Times of a run that is void for latency can keep a limit, since the generator only adds to them. They break it
        by more than it can have added, which is its longest lag in saying and in hearing; else nobody can tell.
        """
        return list(_judge(self, record))

    def broken_already(self, record: Record) -> str:
        """Return what ends a run that stands like this, in words; empty where nothing does."""
        if self.abort_on is None:
            return ""
        rules = replace(self.abort_on, users=None)  # how many will come is not known yet
        broken = [outcome for outcome in _judge(rules, record, at_least=_ENOUGH) if outcome.kept is False]
        return "; ".join(f"{outcome.rule}: wanted {outcome.wanted}, seen {outcome.seen}" for outcome in broken)


def exit_code(outcomes: list[Outcome]) -> int:
    """Return 0 when all were kept, 1 when one was broken, 2 when nobody can tell of one."""
    kept = [outcome.kept for outcome in outcomes]
    return 1 if False in kept else 2 if None in kept else 0


def _judge(rules: Rules, record: Record, at_least: int = 1) -> Iterator[Outcome]:
    if rules.users is not None:
        most = max((moment.users for moment in record.moments), default=0)
        yield Outcome(rule="users", wanted=f"at least {rules.users:,}", seen=f"{most:,}", kept=most >= rules.users)
    if rules.lost is not None:
        expected = sum(row.expected for row in record.deliveries)
        lost = sum(row.lost for row in record.deliveries)
        yield _share("deliveries lost", rules.lost, lost, expected, at_least)
    if rules.errors is not None:
        count, failures = sum(row.count for row in record.totals), sum(row.failures for row in record.totals)
        yield _share("errors", rules.errors, failures, count, at_least)
    if rules.wrong is not None:
        wrongs = sum(row.duplicated + row.misordered + row.misheard for row in record.deliveries)
        yield Outcome(
            rule="deliveries doubled, out of order or misheard",
            wanted=f"at most {rules.wrong:,}",
            seen=f"{wrongs:,}",
            kept=wrongs <= rules.wrong,
        )
    for kind, limits in (("ack", rules.ack), ("deliver", rules.deliver)):
        yield from _times(kind, limits, record, at_least)


def _times(kind: str, limits: Limits, record: Record, at_least: int) -> Iterator[Outcome]:
    totals = {total.name: total for total in record.totals if total.kind == kind}
    others = [name for name in totals if name not in limits]
    added_ms = 2 * (percentile_ms(record.lag, 100) or 0.0) if record.void else 0.0
    for event, limit in limits.items():
        for name in others if event == _OTHERS else [event]:
            for percentile, duration in _by_percentile(limit).items():
                yield _time(kind, name, percentile, duration, totals.get(name), added_ms, at_least)


def _time(
    kind: str, name: str, percentile: str, duration: str, total: Total | None, added_ms: float, at_least: int
) -> Outcome:
    rule, wanted = f"{percentile} of {kind} {name}", f"at most {duration}"
    enough = total is not None and total.times.get_total_count() >= at_least
    ms = percentile_ms(total.times, float(percentile[1:])) if total is not None and enough else None
    if ms is None:
        return Outcome(rule=rule, wanted=wanted, seen="none came", kept=None)
    limit_ms = seconds(duration) * 1000
    kept = True if ms <= limit_ms else False if ms - added_ms > limit_ms else None
    return Outcome(rule=rule, wanted=wanted, seen=f"{ms:,.1f} ms", kept=kept)


def _share(rule: str, limit: str, part: int, whole: int, at_least: int) -> Outcome:
    if whole < at_least:
        return Outcome(rule=rule, wanted=f"at most {limit}", seen="none were due", kept=None)
    # Three digits: 3.04 % of them lost is not 3 %.
    seen = f"{100 * part / whole:.3g}% ({part:,} of {whole:,})"
    return Outcome(rule=rule, wanted=f"at most {limit}", seen=seen, kept=part / whole <= share(limit))


def _by_percentile(limit: str | Mapping[str, str]) -> Mapping[str, str]:
    return {"p99": limit} if isinstance(limit, str) else limit


def _know_events(rules: Objectives, protocol: str, path: Path) -> None:
    """Refuse events that the contract does not have: nothing would ever come of them."""
    operations = PROTOCOLS[protocol].operations
    said = [operation.name for operation in operations if operation.action is Action.RECEIVE]
    heard = [operation.name for operation in operations if operation.action is Action.SEND]
    for place, part in (("", rules), ("abort-on.", rules.abort_on)):
        for kind, limits, known in (("ack", part and part.ack, said), ("deliver", part and part.deliver, heard)):
            for event in limits or ():
                if event not in {*known, _OTHERS}:
                    near = difflib.get_close_matches(event, known, n=1)
                    hint = f"did you mean {near[0]}?" if near else f"there is {', '.join(dict.fromkeys(known))}"
                    raise UsageError(f"{path}: {place}{kind}.{event}: {protocol} has no such event; {hint}")


def _checked(read: Callable[[str], float], text: str) -> None:
    try:
        read(text)
    except UsageError as error:
        wrong(str(error))
