"""The cases that follow from the contract: which there are, what they cite, and that each can pass and fail."""

import pytest

from conformance.case import Case
from conformance.cases import contract_cases
from conformance.playground import Playground
from conformance.runner import Finished, run
from conformance.verdict import Outcome, Verdict
from protocols import space
from protocols.contract import Operation
from tests.faults.space import (
    ClientIdTrusted,
    Faulty,
    InvalidDisconnects,
    InvalidSwallowed,
    NewcomerUntold,
    SomeJumpsLost,
    TooEarlyUnanswered,
)

from .conftest import Faultily

CASES = {case.address: case for case in contract_cases(space.PROTOCOL)}


def play(ground: Playground, case: Case) -> list[Verdict]:
    return [v for event in run(ground, [case]) if isinstance(event, Finished) for v in event.verdicts]


def failed(ground: Playground, case: Case) -> Verdict:
    return next(verdict for verdict in play(ground, case) if verdict.outcome is Outcome.FAIL)


# ---- which there are ---------------------------------------------------------------------------------------------


def test_addresses_are_their_own_and_in_the_order_of_the_contract() -> None:
    cases = list(contract_cases(space.PROTOCOL))
    assert len(CASES) == len(cases)
    subjects = list(dict.fromkeys(case.subject for case in cases))
    assert subjects == [*space.PROTOCOL.inbound, "all", "conversation"]
    for case in cases:
        name = "unknown-event" if case.kind == "names" else case.kind
        assert case.address == f"space/{case.subject}/{name}"


@pytest.mark.parametrize("operation", space.PROTOCOL.inbound.values(), ids=lambda operation: operation.name)
def test_every_event_is_tried_in_every_way_that_it_has(operation: Operation) -> None:
    kinds = {case.kind for case in CASES.values() if case.subject == operation.name}
    wanted = {"valid", "arguments", "state", "asked"}
    if operation.schema is not None:
        wanted |= {"invalid", "random"}
    if operation.server_derived:
        wanted.add("forged")
    assert kinds == wanted


def test_citations_are_requirements_and_each_case_cites_its_own() -> None:
    for case in CASES.values():
        assert set(case.cites) <= space.PROTOCOL.requirements.keys()
        assert len(set(case.cites)) == len(case.cites) > 0
    assert "space/jump/1" in CASES["space/player:jump/valid"].cites
    assert CASES["space/player:jump/state"].cites == ("space/join/6",)
    assert CASES["space/join:space/state"].cites == ("space/session/1",)
    assert CASES["space/player:jump/invalid"].cites == ("space/all/1", "space/all/3")
    assert CASES["space/player:move/forged"].cites == ("space/all/4", "space/move/1")


def test_no_case_cites_what_it_does_not_show() -> None:
    assert CASES["space/player:move/valid"].cites == ("space/move/1", "space/all/3", "space/all/5", "space/all/7")
    joining = {"space/join/1", "space/join/5", "space/proximity/3"}
    assert set(CASES["space/join:space/valid"].cites) == joining | {f"space/all/{number}" for number in (3, 5, 7)}
    assert "space/leave/2" not in CASES["space/leave:space/valid"].cites


def test_only_what_is_drawn_is_random() -> None:
    assert {case.kind for case in CASES.values() if case.is_random} == {"random"}
    assert CASES["space/conversation/random"].weight == len(space.PROTOCOL.inbound)


# ---- what they find ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [address for address in CASES if "player:jump" in address])
def test_an_honest_server_passes(briefly: Playground, address: str) -> None:
    found = play(briefly, CASES[address])
    assert {(verdict.requirement, verdict.outcome) for verdict in found} == {
        (cite, Outcome.PASS) for cite in CASES[address].cites
    }


@pytest.mark.parametrize(
    ("fault", "address", "requirement"),
    [
        (SomeJumpsLost, "space/player:jump/valid", "space/jump/1"),
        (InvalidSwallowed, "space/player:jump/invalid", "space/all/1"),
        (InvalidDisconnects, "space/player:jump/arguments", "space/all/1"),
        (TooEarlyUnanswered, "space/player:jump/state", "space/join/6"),
        (ClientIdTrusted, "space/player:move/forged", "space/move/1"),
        (InvalidSwallowed, "space/player:jump/random", "space/all/1"),
    ],
)
def test_a_faulty_server_is_failed(faultily: Faultily, fault: type[Faulty], address: str, requirement: str) -> None:
    with faultily(fault, patience=2.0) as ground:
        found = failed(ground, CASES[address])
    assert found.requirement == requirement
    assert 2 <= len(found.conversation) <= 8
    assert found.conversation[-1] == f"! {found.came}"


def test_a_forgery_is_told_as_one(faultily: Faultily) -> None:
    with faultily(ClientIdTrusted, patience=2.0) as ground:
        found = failed(ground, CASES["space/player:move/forged"])
    assert found.also == ("space/all/4",)
    assert "somebody-else" in found.came


@pytest.mark.parametrize("kind", ["valid", "invalid", "random"])
def test_no_case_passes_where_nobody_can_get_ready_for_it(faultily: Faultily, kind: str) -> None:
    with faultily(NewcomerUntold, patience=2.0, budget_s=2.0) as ground:
        found = failed(ground, CASES[f"space/player:jump/{kind}"])
    assert found.requirement == "space/join/5"
