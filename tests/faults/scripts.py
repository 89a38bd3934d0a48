"""`python -m tests.faults.scripts`: whether what a failure leaves shows the fault to others.

Each faulty server is judged by the cases about what it breaks, until one fails there. The scripts of every failure
on the way are then run alone with the stock clients, in both languages: on the faulty server they must show it (exit
code 1), on the whole one they must not (0), and none is longer than forty lines. A failure without a script must have
one of the written reasons.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from conformance.defects import Defect, defects_of
from conformance.playground import Options
from conformance.reproduce.files import Reproducer, Reproducers
from conformance.reproduce.unshown import UNSHOWN
from conformance.verdict import Verdict
from protocols.errors import RehearsalError
from reference_server.settings import Settings
from tests.conformance.reproduce.alone import Ended, run_node, run_python
from tests.faults.fault import Fault
from tests.faults.judging import PATIENCE, failures, failures_of, is_at, judging
from tests.faults.pool import do
from tests.faults.registry import EVERY_FAULT, fault_named
from tests.faults.serving import serving
from tests.faults.subjects import cases, settings
from tests.faults.trial import redis_for

LONGEST: Final = 40
"""Lines of a script."""
RIGHT: Final = {"Python, faulty": 1, "Node, faulty": 1, "Python, whole": 0, "Node, whole": 0}


@dataclass(slots=True, kw_only=True)
class Shown:
    """What became of the scripts of one failure."""

    fault: str
    requirement: str = ""
    came: str = ""
    unshown: str = ""
    """Why there are no scripts."""
    lines: int = 0
    codes: dict[str, int] = field(default_factory=dict)
    printed: dict[str, str] = field(default_factory=dict)
    script: str = ""
    """The one in Python, where something is wrong with it."""
    wrong: str = ""
    """What is wrong with them, or with their absence; empty where nothing is."""


def scripts_of(name: str, whole: bool) -> list[Shown]:
    """Judge one faulty server, by all fixed cases or by those about its fault, and run what its failures leave."""
    fault = fault_named(name)
    try:
        with ExitStack() as stack:
            redis_url = stack.enter_context(redis_for(fault.protocol)) if fault.in_redis else ""
            how = settings(fault.protocol, time_scale=fault.time_scale, redis_url=redis_url)
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            found = list(_failures(fault, redis_url, whole))
            if not any(is_at(fault, verdict) for verdict in found):
                return [Shown(fault=name, wrong="it went unnoticed")]
            defects = defects_of(found, lambda verdict: True)
            written = Reproducers(folder).write(defects, {})
            return [_shown(fault, defect, written[defect.verdict.key], folder, how) for defect in defects]
    except (RehearsalError, RuntimeError) as error:  # of the judge, and of what serves
        return [Shown(fault=name, wrong=f"{type(error).__name__}: {error}")]


def _failures(fault: Fault, redis_url: str, whole: bool) -> Iterator[Verdict]:
    """Play the cases about a fault until it is found, or all fixed ones; yield every failure."""
    if not whole:
        yield from failures(fault, redis_url)
        return
    fixed = [case for case in cases(fault.protocol) if not case.is_random and not case.is_slow]
    options, scale = Options(seed=0), fault.time_scale
    with judging(
        fault.protocol, options, faults=[fault.name], patience=PATIENCE, time_scale=scale, redis_url=redis_url
    ) as play:
        yield from failures_of(play, fixed)


def _shown(fault: Fault, defect: Defect, written: Reproducer, folder: Path, how: Settings) -> Shown:
    """Run the scripts of one defect, on the faulty server and on the whole one."""
    verdict = defect.verdict
    shown = Shown(fault=fault.name, requirement=verdict.requirement, came=verdict.came, unshown=written.unshown)
    if written.unshown:
        shown.wrong = "" if written.unshown in UNSHOWN else "no reason that is written down"
        return shown
    python, node = folder / written.python, folder / written.node
    shown.lines = max(len(script.read_text("utf-8").splitlines()) for script in (python, node))
    # Each script has a server of its own: some faulty ones do not outlast the first.
    with ExitStack() as stack, ThreadPoolExecutor() as at_once:
        runs = {
            f"{language}, {state}": at_once.submit(run, script, stack.enter_context(serving(how, faults)).url)
            for state, faults in (("faulty", [fault.name]), ("whole", []))
            for language, run, script in (("Python", run_python, python), ("Node", run_node, node))
        }
        ended: dict[str, Ended] = {who: future.result() for who, future in runs.items()}
    shown.codes = {who: one.code for who, one in ended.items()}
    if shown.codes != RIGHT:
        shown.wrong = ", ".join(f"{who}: {code}" for who, code in shown.codes.items() if code != RIGHT[who])
    if shown.lines > LONGEST:
        shown.wrong = ", ".join(filter(None, [shown.wrong, f"{shown.lines} lines"]))
    if shown.wrong:
        shown.printed = {who: one.printed for who, one in ended.items()}
        shown.script = python.read_text("utf-8")
    return shown


def main(words: Sequence[str] | None = None) -> int:
    """Run what is asked for; the exit status is 1 where a script does not show what it should."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.scripts", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="FAULT", help="which, by any part of their names; all by default")
    parser.add_argument("--whole", action="store_true", help="play all fixed cases, and try the scripts of each defect")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2, help="servers that are judged at a time")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was found there")
    options = parser.parse_args(words)
    console = Console(width=None if sys.stdout.isatty() else 120)
    names = [one.name for one in EVERY_FAULT if not options.names or any(part in one.name for part in options.names)]
    if not names:
        parser.error(f"no fault is called {' or '.join(options.names)}")
    tried: list[Shown] = []

    def hear(found: list[Shown]) -> tuple[str, Sequence[Sequence[object]]]:
        tried.extend(found)
        for one in found:
            if one.wrong:
                console.print(f"{one.fault} at {one.requirement or 'nothing'}: {one.wrong}", markup=False)
        if options.json:
            options.json.write_text(json.dumps([asdict(shown) for shown in tried], indent=1), "utf-8")
        return f"{sum(bool(shown.wrong) for shown in tried)} wrong; {found[0].fault}", ()

    began, load = time.monotonic(), os.getloadavg()[0]
    stopped = do(scripts_of, [(name, options.whole) for name in names], hear, options.jobs, console)
    console.print(_table(tried))
    for reason, count in Counter(shown.unshown for shown in tried if shown.unshown).most_common():
        console.print(f"{count} without a script: {reason}", soft_wrap=True)
    judged = len({shown.fault for shown in tried})
    took = f"{(time.monotonic() - began) / 60:.1f} min, {options.jobs} at a time, load before {load:.1f}"
    console.print(f"{judged} of {len(names)} faulty servers in {took}{' (interrupted)' if stopped else ''}")
    return int(stopped or any(shown.wrong for shown in tried))


def _table(tried: Sequence[Shown]) -> Table:
    table = Table("protocol", "failures", "shown by scripts", "with a reason why not", "wrong", "longest", box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    for protocol in dict.fromkeys(shown.fault.partition("/")[0] for shown in tried):
        mine = [shown for shown in tried if shown.fault.startswith(f"{protocol}/")]
        table.add_row(
            protocol,
            str(len(mine)),
            str(sum(bool(shown.codes) and not shown.wrong for shown in mine)),
            str(sum(bool(shown.unshown) and not shown.wrong for shown in mine)),
            str(sum(bool(shown.wrong) for shown in mine)),
            f"{max((shown.lines for shown in mine), default=0)} lines",
        )
    return table


if __name__ == "__main__":
    sys.exit(main())
