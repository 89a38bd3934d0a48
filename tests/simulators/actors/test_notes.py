"""What a standing need not be told changes nothing of it; a crowd accounts for that later than for the rest."""

import ast
import copy
import inspect
import textwrap
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.strategies import valid
from protocols import PROTOCOLS
from protocols.contract import Event, Operation, Protocol
from simulators.actor import Standing
from simulators.actors.dongne_standing import DongneStanding
from simulators.actors.gateway_standing import GatewayStanding
from simulators.actors.gopang_standing import GopangStanding
from simulators.actors.hub_standing import HubStanding
from simulators.actors.space_standing import SpaceStanding
from simulators.people import Identity

STANDINGS: dict[str, Callable[[], Standing]] = {
    "space": lambda: SpaceStanding(production=False),
    "gateway": GatewayStanding,
    "dongne": DongneStanding,
    "gopang": lambda: GopangStanding("c"),
    "hub": HubStanding,
}


@pytest.mark.parametrize("name", PROTOCOLS)
def test_it_is_told_of_all_that_it_does_something_about(name: str) -> None:
    standing = STANDINGS[name]()
    tree = ast.parse(textwrap.dedent(inspect.getsource(type(standing).said)))
    named = {ast.unparse(node.cls) for node in ast.walk(tree) if isinstance(node, ast.MatchClass)}
    assert standing.notes_said is not None
    assert named == {event.__name__ for event in standing.notes_said}


def event_of(protocol: Protocol, operation: Operation) -> st.SearchStrategy[Event]:
    if operation.schema is None:
        return st.just(operation.event())
    return valid(protocol, operation.schema).map(operation.event.from_wire)


def events(protocol: Protocol, operations: list[Operation]) -> st.SearchStrategy[Event]:
    return st.sampled_from(operations).flatmap(lambda operation: event_of(protocol, operation))


@pytest.mark.parametrize("name", PROTOCOLS)
@given(data=st.data())
def test_what_it_need_not_be_told_changes_nothing(name: str, data: st.DataObject) -> None:
    protocol, standing = PROTOCOLS[name], STANDINGS[name]()
    standing.connected(Identity(token="t", id="me", nickname="Me"))
    inbound, outbound = list(protocol.inbound.values()), list(protocol.outbound.values())
    for event in data.draw(st.lists(events(protocol, inbound), max_size=4)):
        standing.said(event)
    for event in data.draw(st.lists(events(protocol, outbound), max_size=4)):
        standing.heard(event)
    before = copy.deepcopy(vars(standing))
    for operations, notes, tell in (
        (inbound, standing.notes_said, standing.said),
        (outbound, standing.notes, standing.heard),
    ):
        if others := [each for each in operations if notes is not None and each.event not in notes]:
            tell(data.draw(events(protocol, others)))
    assert vars(standing) == before
