"""Shows everything at once: the reference server, people who use it, and the judge; all on a free port of one's own."""

import os
import random
from typing import Final

from rich.console import Console

from conformance.playground import Options
from reference_server.serve import running
from reference_server.settings import Settings
from rehearsal import inside
from rehearsal.check import Request, check, listeners_for
from rehearsal.simulate import simulate
from rehearsal.target_options import TargetOptions
from simulators.scenario import Cast

PROTOCOL: Final = "space"
CAST: Final = Cast({"player": 20, "guest": 5, "heckler": 1})
PLAY_S: Final = 10.0
BUDGET_S: Final = 15.0


def demo(console: Console, seed: int | None = None, *, play_s: float = PLAY_S, budget_s: float = BUDGET_S) -> int:
    """Play and judge, and return the worse of the two exit codes."""
    seed = random.SystemRandom().randrange(2**32) if seed is None else seed
    # What hecklers are refused fills a log of its own; what goes wrong shows in what people hear.
    with open(os.devnull, "w") as log, running(Settings(port=0), log_stream=log) as url:
        where = TargetOptions(url=url, protocol=PROTOCOL)
        console.rule(f"{CAST} at {url} for {play_s:g} s")
        played = simulate(where.target(), CAST, for_s=play_s, seed=seed, history_path=None, console=console)
        console.rule(f"is it a correct {PROTOCOL} server?")
        # This server is gone when the report is read, and no other plays what only an insider can see.
        again = f"rehearsal demo --seed {seed}"
        options = Options(seed=seed, budget_s=budget_s)
        request = Request(where=where, options=options, beside=tuple(inside.cases()), again=again)
        judged = check(request, listeners_for(console))
    console.rule("what next")
    console.print("rehearsal serve space                       a server to build a client against")
    console.print("rehearsal check http://127.0.0.1:3001       judge a server, yours too")
    console.print("rehearsal simulate http://127.0.0.1:3001    fill it with people")
    return max(played, judged)
