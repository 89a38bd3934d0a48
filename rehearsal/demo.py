"""Shows everything: the reference server, people who use it, the judge, and load; all on a free port of one's own."""

import io
import multiprocessing
import os
import random
import secrets
import tempfile
from collections.abc import Collection, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

from conformance.playground import Options
from conformance.report.terminal import Terminal
from conformance.suite import SUITES
from conformance.tally import worst
from reference_server.serve import running
from reference_server.settings import Settings
from rehearsal import ensemble, inside
from rehearsal.check import Request, check
from rehearsal.load import Load
from rehearsal.target_options import TargetOptions
from simulators.scenario import KINDS, Cast

JUDGED: Final = tuple(suite.protocol.name for suite in SUITES)
HECKLERS: Final = 1
PLAY_S: Final = 8.0
PATIENCE: Final = 20.0
"""What people allow a machine that a hundred of them share with their server: of 100 ms, two seconds."""
BUDGET_S: Final = 50.0
"""For the random cases of all protocols together."""
LOADED: Final = "space"
"""The protocol whose people come in numbers."""
LOAD_S: Final = 8.0
LOAD_USERS: Final = 40
AT_ONCE: Final = 4
"""How many judges work at a time; they wait more than they compute."""


def demo(
    console: Console,
    seed: int | None = None,
    *,
    play_s: float = PLAY_S,
    budget_s: float = BUDGET_S,
    load_s: float = LOAD_S,
    judged: Collection[str] = JUDGED,
    patience: float = PATIENCE,
) -> int:
    """Play every protocol, judge these, put the server under load, and return the worst of the exit codes.

    Who plays, serves and judges at once on one busy machine says by `patience` how far people bear with that.
    """
    seed = random.SystemRandom().randrange(2**32) if seed is None else seed
    # What hecklers are refused fills a log of its own; what goes wrong shows in what people hear.
    with open(os.devnull, "w") as log, running(Settings(port=0), log_stream=log) as url:
        targets = {name: TargetOptions(url=url, protocol=name) for name in KINDS}
        console.rule(f"people of {', '.join(targets)} at {url} for {play_s:g} s")
        parts = [
            ensemble.Part(replace(where.target(), patience=patience), _cast(name)) for name, where in targets.items()
        ]
        # A name of its own for each run, since the last one's people may still be leaving.
        codes = [ensemble.play(parts, for_s=play_s, seed=seed, run=secrets.token_hex(3), console=console)]
        for name, code, told in _judged(judged, url, seed, budget_s / len(judged), console):
            console.rule(f"is it a correct {name} server?")
            console.print(Text.from_ansi(told))
            codes.append(code)
        report = Path(tempfile.mkdtemp(prefix="rehearsal-demo-"))
        console.rule(f"what do {LOAD_USERS} people of {LOADED} feel?")
        load = Load(target=targets[LOADED].target(), users=LOAD_USERS, for_s=load_s, seed=seed, report=report)
        codes.append(load.run())
    console.rule("what next")
    console.print("rehearsal serve space                       a server to build a client against")
    console.print("rehearsal check http://127.0.0.1:3001       judge a server, yours too")
    console.print("rehearsal simulate http://127.0.0.1:3001    fill it with people")
    console.print("rehearsal load http://127.0.0.1:3001        put it under load")
    console.print("rehearsal evening                           three hours of a thousand neighbours, on paper")
    console.print(f"what these {LOAD_USERS} felt, in pictures: {report / 'load.html'}", soft_wrap=True)
    return worst(codes)


def _judged(
    names: Collection[str], url: str, seed: int, budget_s: float, console: Console
) -> Iterator[tuple[str, int, str]]:
    """Judge each of these, several at a time in processes of their own; yield its exit code and report when it ends."""
    console.print(f"judging {', '.join(names)}, {min(AT_ONCE, len(names))} at a time")
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(AT_ONCE, len(names)), mp_context=context) as pool, console.status("judging"):
        look = console.width, console.is_terminal
        runs = {pool.submit(_judge, name, url, seed, budget_s, *look): name for name in names}
        for run in as_completed(runs):
            yield runs[run], *run.result()


def _judge(name: str, url: str, seed: int, budget_s: float, width: int, is_terminal: bool) -> tuple[int, str]:
    """Judge one protocol, and return the exit code and what is to be printed."""
    request = Request(
        where=TargetOptions(url=url, protocol=name),
        options=Options(seed=seed, budget_s=budget_s),
        # What only an insider can see, this server shows at space for all of its protocols.
        beside=tuple(inside.cases()) if name == "space" else (),
        # This server is gone when the report is read.
        again=f"rehearsal demo --seed {seed}",
    )
    report = io.StringIO()
    console = Console(file=report, highlight=False, width=width, force_terminal=is_terminal)
    return check(request, [Terminal(console)]), report.getvalue()


def _cast(name: str) -> Cast:
    """Return the usual people of a protocol, and somebody who does not behave."""
    return Cast({**Cast.usual(name).counts, "heckler": HECKLERS})
