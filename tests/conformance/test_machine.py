"""Random conversations alone find what is wrong between people, and show it from an empty stage in a few lines."""

import re
from functools import partial

import pytest

from conformance import machine, search
from conformance.case import Case
from conformance.playground import Playground
from conformance.runner import Finished, run
from conformance.search import Search
from conformance.suite import suite_of
from conformance.telling import LONGEST_CONVERSATION
from conformance.verdict import Outcome, Verdict
from tests.faults.space import Faulty, GhostAfterDisconnect, OldSpaceOverheard, PartyLeak, WhisperToAll

from .conftest import Faultily

[CONVERSATION] = (case for case in suite_of("space").cases() if case.address == "space/conversation/random")


def play(ground: Playground, case: Case = CONVERSATION) -> tuple[Verdict, ...]:
    [finished] = [event for event in run(ground, [case]) if isinstance(event, Finished)]
    return finished.verdicts


class UntilFound(Search):
    """A search that ends with the first finding of some requirements."""

    def __init__(self, breaks: set[str], ground: Playground) -> None:
        super().__init__(ground)
        self.breaks = breaks

    def go_on(self) -> None:
        if not self.is_shrinking and any(
            self.breaks & {found.broken.requirement, *found.broken.also} for found in self.found
        ):
            self.ground.deadline = 0.0
        super().go_on()


@pytest.mark.parametrize(
    ("fault", "seed", "breaks", "deed"),
    [
        (WhisperToAll, 3, {"space/whisper/1"}, r"\w+ > whisper:send"),
        (
            GhostAfterDisconnect,
            2,
            {"space/leave/1", "space/join/2"},
            r"\w+ = (disconnects|is cut off)|\w+ > join:space",
        ),
        (OldSpaceOverheard, 4, {"space/join/4", "space/join/5", "space/all/5"}, r"\w+ > join:space"),
        (PartyLeak, 4, {"space/party/9"}, r"\w+ > party:message"),
    ],
)
def test_found_by_chance_alone(
    faultily: Faultily, monkeypatch: pytest.MonkeyPatch, fault: type[Faulty], seed: int, breaks: set[str], deed: str
) -> None:
    monkeypatch.setattr(search, "SHRINK_S", 2.0)
    monkeypatch.setattr(machine, "Search", partial(UntilFound, breaks))
    with faultily(fault, seed=seed, budget_s=60.0) as ground:
        found = next(verdict for verdict in play(ground) if breaks & {verdict.requirement, *verdict.also})

    assert found.outcome is Outcome.FAIL, found.reason
    assert 2 <= len(found.conversation) <= LONGEST_CONVERSATION
    assert found.conversation[-1] == f"! {found.came}"
    shown = [line for line in found.conversation if re.match(r"\w+ [>=] ", line)]
    assert any(re.match(deed, line) for line in shown)
    if not any(line.startswith("…") for line in found.conversation):
        assert any(" > join:space " in line for line in shown)


def test_an_honest_server_passes_and_the_budget_is_kept(briefly: Playground) -> None:
    [finished] = [event for event in run(briefly, [CONVERSATION]) if isinstance(event, Finished)]
    assert {(verdict.outcome, verdict.reason) for verdict in finished.verdicts} == {(Outcome.PASS, "")}
    assert 1.9 <= finished.took_s < 30.0
