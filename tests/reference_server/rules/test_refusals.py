"""The first refusal of the contract whose conditions all hold is the one that is given."""

from functools import partial

import pytest

from protocols import space
from reference_server.rules.refusals import Refusals

KNOWN = frozenset(
    condition.name
    for operation in space.PROTOCOL.inbound.values()
    for refusal in operation.refusals
    for condition in refusal.when
    if condition.name != "invalid"
)
WORDS = {f"{negation}{name}": name for name in KNOWN for negation in ("", "not ")}
INVITE = space.PartyInvite(partyId="p", targetId="t")


@pytest.fixture
def refusals() -> Refusals[set[str]]:
    """Refusals of space, asked about a set of the conditions that hold."""
    return Refusals(space.PROTOCOL, {name: partial(_holds, name) for name in KNOWN}, WORDS)


def _holds(name: str, holding: set[str]) -> bool:
    return name in holding


@pytest.mark.parametrize(
    ("holds", "code"),
    [
        (set(), "E3002"),
        ({"joined"}, "E3005"),
        ({"joined", "party-member"}, "E3003"),
        ({"joined", "party-member", "target-here", "target-in-party"}, "E3004"),
        ({"joined", "party-member", "target-here"}, None),
    ],
)
def test_conditions_are_asked_in_the_order_of_the_contract(
    refusals: Refusals[set[str]], holds: set[str], code: str | None
) -> None:
    refused = refusals.first(INVITE, holds)
    assert (refused.code if refused else None) == code


def test_several_conditions_must_all_hold(refusals: Refusals[set[str]]) -> None:
    talk = space.ChatMessageRequest(content="hi", type="party")
    assert refusals.first(talk, {"joined"}) is None
    refused = refusals.first(talk, {"joined", "zone-talk"})
    assert refused is not None
    assert refused.event == space.Error(message="in-zone")
    assert refusals.first(talk, {"joined", "zone-talk", "in-zone"}) is None


def test_a_refusal_says_with_which_event_and_whether_it_disconnects(refusals: Refusals[set[str]]) -> None:
    proximity = refusals.first(space.ProximitySet(enabled=True), {"joined"})
    assert proximity is not None
    assert isinstance(proximity.event, space.ProximityError)
    assert not proximity.disconnects
    join = refusals.first(space.JoinSpace(spaceId="s", playerId="p", nickname="n", avatarColor="red"), set())
    assert join is not None
    assert join.disconnects


def test_a_condition_that_nobody_explained_is_our_own_mistake() -> None:
    with pytest.raises(KeyError):
        Refusals[set[str]](space.PROTOCOL, {}, WORDS)
