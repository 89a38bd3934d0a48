"""Prints what was found of the faulty servers: by protocol, by kind of fault, and every one that got away."""

from collections.abc import Callable, Collection, Mapping
from statistics import median

from rich.console import Console
from rich.table import Table

from tests.faults.fault import KINDS
from tests.faults.power_result import Result
from tests.faults.trial import Trial

KILLED = 0.95
RIGHT = 0.90


def show(console: Console, results: Collection[Result], whole: Mapping[str, list[Trial]], seeds: int, how: str) -> int:
    """Print the tables, and return the exit status."""
    played = [result for result in results if result.is_complete(seeds)]
    if not played:
        console.print("nothing was played to the end")
        return 1
    console.print(_table("protocol", played, seeds, lambda result: result.fault.protocol))
    console.print(_table("kind of fault", played, seeds, lambda result: result.fault.kind, KINDS))
    alarms = [trial for trials in whole.values() for trial in trials if trial.first_s is not None]
    for trial in alarms:
        console.print(f"[red]the whole server of {trial.server} was found wrong[/red]: {trial.first}")
    for result in played:
        if result.killed(seeds) < seeds:
            console.print(_survivor(result, seeds), markup=False, soft_wrap=True)
    for result in played:
        if result.killed(seeds) and not result.is_right:
            first = next(trial.first for trial in result.trials if trial.first_s is not None)
            also = "also named" if result.is_named else "not named"
            console.print(
                f"ELSEWHERE {result.fault.name}: {result.fault.requirement} {also}; first {first}",
                markup=False,
                soft_wrap=True,
            )
    killed = sum(result.killed(seeds) for result in played) / (seeds * len(played))
    found = [result for result in played if result.killed(seeds)]
    right = sum(result.is_right for result in found) / max(len(found), 1)
    named = sum(result.is_named for result in found) / max(len(found), 1)
    # An interrupted run may not have come to them, and then nothing is known of them.
    judged = sum(map(len, whole.values()))
    alarm_count = f"{len(alarms)} findings in {judged} runs on whole servers" if judged else "no whole server judged"
    whole_killed = sum(result.killed(seeds) == seeds for result in played)
    console.print(
        f"{whole_killed} of {len(played)} faults killed with every one of {seeds} seeds, {killed:.1%} of all runs; "
        f"median to the first finding {_median(found, seeds):.1f} s; at the right requirement {right:.1%}, "
        f"named there {named:.1%}; {alarm_count}; {how}",
        soft_wrap=True,
    )
    unfinished = len(results) - len(played)
    if unfinished:
        console.print(f"{unfinished} faults were not played to the end")
    return 0 if killed >= KILLED and right >= RIGHT and not alarms and not unfinished else 1


def _median(found: Collection[Result], seeds: int) -> float:
    times = [at_s for result in found for seed in range(seeds) if (at_s := result.first_s(seed)) is not None]
    return median(times) if times else float("nan")


def _table(
    title: str, results: Collection[Result], seeds: int, key: Callable[[Result], str], order: Collection[str] = ()
) -> Table:
    table = Table(title, "faults", "killed", "runs killed", "median s", "by random alone", "right", "named", box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    groups: dict[str, list[Result]] = {name: [] for name in order}
    for result in results:
        groups.setdefault(key(result), []).append(result)
    groups["all"] = list(results)
    for name, group in groups.items():
        if not group:
            continue
        found = [result for result in group if result.killed(seeds)]
        runs = sum(result.killed(seeds) for result in group) / (seeds * len(group))
        table.add_row(
            name,
            str(len(group)),
            str(sum(result.killed(seeds) == seeds for result in group)),
            f"{runs:.1%}",
            f"{_median(found, seeds):.1f}",
            str(sum(result.phase() == "random" for result in group)),
            str(sum(result.is_right for result in group)),
            str(sum(result.is_named for result in group)),
        )
    return table


def _survivor(result: Result, seeds: int) -> str:
    fault, killed = result.fault, result.killed(seeds)
    cases = sum(trial.cases for trial in result.trials if trial.phase != "random" or trial.seed == 0)
    took = sum(trial.took_s for trial in result.trials if trial.phase != "random" or trial.seed == 0)
    reason = fault.survives or "unexplained"
    unsure = next((f"; unsure: {trial.unsure[0]}" for trial in result.trials if trial.unsure), "")
    where = f"{fault.name} ({fault.kind}, {fault.requirement})"
    return f"SURVIVED {where} in {seeds - killed} of {seeds} runs: {reason} [{cases} cases in {took:.0f} s{unsure}]"
