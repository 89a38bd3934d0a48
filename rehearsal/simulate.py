"""Plays a cast at a target while somebody watches: what `rehearsal simulate` does."""

import secrets
import time
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.live import Live

from protocols.errors import TargetUnreachable, UsageError
from rehearsal.simulation_view import LiveView, plain_line, print_report
from simulators.crowd import Crowd
from simulators.engine import Engine
from simulators.history import History
from simulators.scenario import Cast
from simulators.target import Target

_REFRESH_S: Final = 0.25
_PLAIN_S: Final = 2.0


def simulate(
    target: Target, cast: Cast, *, for_s: float, seed: int, history_path: Path | None, console: Console
) -> int:
    """Let a cast live at a target for so many seconds, show it, and end with a table per event.

    Returns the exit status: 0 when everything was heard as the contract says, 1 when something was lost, duplicated,
    out of order, heard by somebody else, broke its schema, or the target hung up. Ctrl-C ends the run early, with the
    table. Raises UsageError, and TargetUnreachable when nobody is there, or nobody any more: then after the table.
    """
    history = None if history_path is None else _writable(history_path)
    try:
        with Engine() as engine:
            # A name of its own for each run, since the last one's people may still be leaving.
            gathering = Crowd.gather(target, cast, seed=seed, run=secrets.token_hex(3), history=history)
            crowd = engine.submit(gathering)
            console.print(
                f"Rehearsing {target.contract.name} at {target.url} with {cast}, seed {seed}, for {for_s:g} s. "
                "Ctrl-C ends it.",
                soft_wrap=True,
            )
            unreachable = _play(engine, crowd, for_s, console)
    finally:
        if history is not None and history_path is not None:
            history.write(history_path)
    if unreachable is None and not crowd.tally.sent:
        raise TargetUnreachable(f"{target.url} let nobody in within {for_s:g} s, so nothing can be said of it")
    print_report(crowd.tally, target.contract, console)
    if unreachable is not None:
        raise unreachable
    return 1 if crowd.tally.faults else 0


def _play(engine: Engine, crowd: Crowd, for_s: float, console: Console) -> TargetUnreachable | None:
    """Run the crowd and watch it; returns how the target was lost on the way, if it was."""
    job = engine.spawn(crowd.play(for_s))
    try:
        if console.is_terminal:
            _watch(engine, crowd, for_s, console)
        else:
            _tell(engine, crowd, console)
    except KeyboardInterrupt:
        engine.call(crowd.stop)
        if not crowd.tally.sent:
            raise TargetUnreachable(f"ended before anybody was in: nothing can be said of {crowd.target.url}") from None
    try:
        job.result()
    except TargetUnreachable as error:
        if not crowd.tally.sent:
            raise
        return error
    return None


def _watch(engine: Engine, crowd: Crowd, for_s: float, console: Console) -> None:
    view = LiveView(for_s)
    with Live(console=console, auto_refresh=False, transient=True) as live:
        while not crowd.finished:
            view.take(engine.call(crowd.snapshot))
            live.update(view.render(), refresh=True)
            time.sleep(_REFRESH_S)


def _tell(engine: Engine, crowd: Crowd, console: Console) -> None:
    """Print a line now and then, for logs."""
    last = engine.call(crowd.snapshot)
    while not crowd.finished:
        time.sleep(_REFRESH_S)
        if engine.call(lambda: crowd.elapsed_s) - last.elapsed_s >= _PLAIN_S:
            now = engine.call(crowd.snapshot)
            console.print(plain_line(last, now), markup=False, soft_wrap=True)
            last = now


def _writable(path: Path) -> History:
    """Return a history for a file that can be written; raises UsageError before anything is played."""
    try:
        path.open("wb").close()
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}; choose another file for --history") from None
    return History()
