"""Findings of one kind about the same thing are one defect, however many cases met it and whatever those cite."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from conformance.checks import Check
from conformance.verdict import Key, Outcome, Verdict

PART_OF: Final = ((Check.ROOM_ISOLATION, Check.USE_AFTER_LEAVE),)
"""What any outsider hears, one who has left hears as well: the former kind shows that it is the same as the latter."""
GENERAL: Final = "all"
"""The topic of requirements that hold of everything: what a requirement of another topic says is more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """One thing that is wrong with the target."""

    verdict: Verdict
    """The finding with the shortest conversation, at the requirement that says most of it; `also` has all others."""
    counts: bool
    """Whether it fails the run."""
    cases: tuple[str, ...]
    """Addresses of all cases that met it."""
    times: int
    """How often it was met."""


def defects_of(verdicts: Iterable[Verdict], counts: Callable[[Verdict], bool]) -> list[Defect]:
    """Return what is broken, those that count first; each once, in the order in which they were found."""
    found: dict[Key, list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.outcome is Outcome.FAIL:
            found.setdefault(verdict.key, []).append(verdict)
    for wider, narrower in PART_OF:
        for key in [key for key in found if key[0] == narrower and (wider, *key[1:]) in found]:
            found[wider, *key[1:]] += found.pop(key)
    return sorted((_defect(alike, counts) for alike in found.values()), key=lambda defect: not defect.counts)


def _defect(alike: Sequence[Verdict], counts: Callable[[Verdict], bool]) -> Defect:
    shown = [verdict for verdict in alike if verdict.conversation] or alike
    shortest = min(shown, key=lambda verdict: len(verdict.conversation))
    requirement = _blamed(alike)
    broken = dict.fromkeys(one for verdict in alike for one in (verdict.requirement, *verdict.also))
    return Defect(
        verdict=replace(shortest, requirement=requirement, also=tuple(one for one in broken if one != requirement)),
        counts=any(map(counts, alike)),
        cases=tuple(dict.fromkeys(verdict.case for verdict in alike)),
        times=sum(verdict.times for verdict in alike),
    )


def _blamed(alike: Sequence[Verdict]) -> str:
    """Return the requirement that says most of a defect.

    That is what the contract says of the step itself, where that alone broke it; else what a scene has named that met
    it on the way. What holds of everything comes last.
    """
    named = dict.fromkeys(verdict.requirement for verdict in alike)
    origin = alike[0].origin
    ranked = [origin, *named] if origin in named else [*named]
    return next((one for one in ranked if not _is_general(one)), ranked[0])


def _is_general(requirement: str) -> bool:
    return requirement.split("/")[1:2] == [GENERAL]
