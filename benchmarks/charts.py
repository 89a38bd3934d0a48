"""What grows, in pictures: the charts of `docs/benchmarks.md`."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.endless import State
from benchmarks.growth import Idle
from benchmarks.medians import Run
from benchmarks.plot import chart


def of_users(found: Sequence[Idle]) -> dict[str, str]:
    """Draw what users who only stay take, by their number."""
    lines = {
        "memory, MB": [(one.users, one.memory_kb * one.users / 1024) for one in found],
        "one core, %": [(one.users, one.busy * 100) for one in found if one.busy > 0],
        "to connect, s": [(one.users, one.connect_ms * one.users / 1000) for one in found],
    }
    title = "Reference server with users who only stay"
    return {"growth-users.svg": chart(title, "users", "", {name: line for name, line in lines.items() if line})}


def of_rooms(found: Mapping[str, Sequence[tuple[int, Run]]]) -> dict[str, str]:
    """Draw what a delivery takes, by the size of the room."""
    lines = {name: [(members, run.us_each) for members, run in runs] for name, runs in found.items()}
    return {"growth-rooms.svg": chart("CPU for each delivery in one room", "members", "µs", lines)}


def of_states(found: Sequence[State]) -> dict[str, str]:
    """Draw what the rules keep, and what a message takes, by how many have been said."""
    protocols = list(dict.fromkeys(state.protocol for state in found))
    # Nothing has no logarithm: who keeps less than a tenth of a megabyte is drawn there.
    memory = {name: [(s.messages, max(0.1, s.memory_mb)) for s in found if s.protocol == name] for name in protocols}
    times = {name: [(s.messages, s.us_each) for s in found if s.protocol == name] for name in protocols}
    return {
        "growth-state.svg": chart("Memory of the rules (0.1 and less are one)", "messages so far", "MB", memory),
        "growth-time.svg": chart("CPU of the rules for each message", "messages so far", "µs", times),
    }


def write(folder: Path, drawn: Mapping[str, str]) -> None:
    """Write charts by their names into a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, svg in drawn.items():
        (folder / name).write_text(svg, encoding="utf-8")
