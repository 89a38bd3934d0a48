"""What was heard is compared with what was promised; each way to be wrong has its own words and address."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.checks import Check
from conformance.expectation import Expectation, Heard, Outlook
from conformance.judge import judge
from conformance.person import Person
from conformance.verdict import Broken
from protocols import space
from protocols.contract import Json, Level
from simulators.received import Received

from .hearsay import TARGET, came, due, step

ANA, BEN, CHO = Person("ana"), Person("ben"), Person("cho")
JUMP = space.PlayerJump(x=1, y=2)
ON_JUMP = space.PROTOCOL.operation(JUMP)
WHERE: dict[str, Json] = {"id": "ana-1", "x": 1, "y": 2}
LEFT = space.PlayerLeft(id="ana-1")


def jumped(user_id: str = "ana-1", x: float = 1, *, after_ms: float = 1.0) -> Received:
    return came(space.PlayerJumped(id=user_id, x=x, y=2), after_ms=after_ms)


def promised(*expectations: Expectation, claimed: dict[str, Json] | None = None) -> Outlook:
    return Outlook(expectations, operation=ON_JUMP, claimed=claimed or {})


def refused(where: Person = ANA) -> Outlook:
    refusal = ON_JUMP.refusals[1]
    return Outlook([due(where, space.Error, requirement="space/join/6")], refusal=refusal, operation=ON_JUMP)


def findings(outlook: Outlook, heard: dict[Person, Sequence[Received]]) -> list[tuple[Broken, Level]]:
    came = Heard({ANA: (), BEN: (), CHO: (), **heard})
    judgement = judge(space.PROTOCOL, step(ANA, JUMP, outlook), came, TARGET)
    return [*judgement.findings, *((extra.broken, Level.MUST) for extra in judgement.extras)]


def only(outlook: Outlook, heard: dict[Person, Sequence[Received]]) -> Broken:
    [(broken, level)] = findings(outlook, heard)
    assert level is Level.MUST
    return broken


TO_BEN = due(BEN, space.PlayerJumped, WHERE)
OR_ELSE_SOON = due(BEN, space.ProximityChanged, requirement="space/proximity/3", level=Level.SHOULD)
PERHAPS = due(BEN, space.PlayerLeft, {"id": "ana-1"}, requirement="space/join/3", level=Level.MAY)


# ---- as promised -------------------------------------------------------------------------------------------------


def test_what_was_promised_is_fine_in_any_order() -> None:
    outlook = promised(TO_BEN, due(CHO, space.PlayerJumped, WHERE), due(BEN, space.PlayerLeft))
    assert findings(outlook, {BEN: [came(LEFT), jumped()], CHO: [jumped()]}) == []


def test_nothing_promised_and_nothing_heard() -> None:
    assert findings(promised(), {}) == []


def test_two_of_a_kind_are_two_events() -> None:
    outlook = promised(TO_BEN, due(BEN, space.PlayerJumped, {"id": "cho-1"}))
    assert findings(outlook, {BEN: [jumped("cho-1"), jumped()]}) == []


def test_a_may_that_comes_or_does_not() -> None:
    assert findings(promised(PERHAPS), {BEN: [came(LEFT, after_ms=60_000)]}) == []
    assert findings(promised(PERHAPS), {}) == []


def test_the_fields_that_a_promise_does_not_name_are_free() -> None:
    assert findings(promised(due(BEN, space.PlayerJumped, {"id": "ana-1"})), {BEN: [jumped(x=99)]}) == []


# ---- missing and late --------------------------------------------------------------------------------------------


def test_missing() -> None:
    broken = only(promised(TO_BEN), {BEN: [], CHO: []})
    assert (broken.requirement, broken.came) == ("space/jump/1", "ben heard nothing")
    assert broken.expected == "ben hears player:jumped with id='ana-1', x=1, y=2"


def test_a_missing_should_has_its_level() -> None:
    [(broken, level)] = findings(promised(OR_ELSE_SOON), {})
    assert (broken.requirement, level) == ("space/proximity/3", Level.SHOULD)


def test_missing_says_what_came_instead_and_a_must_outweighs_a_should_of_the_same_name() -> None:
    soft = due(BEN, space.PlayerJumped, WHERE, requirement="space/jump/9", level=Level.SHOULD)
    [(broken, level)] = findings(promised(soft, TO_BEN), {BEN: [jumped()]})
    assert (broken.requirement, level) == ("space/jump/9", Level.SHOULD)
    assert broken.came == "ben heard player:jumped"


@pytest.mark.parametrize(("after_ms", "is_late"), [(1999, False), (2001, True)])
def test_a_deadline_is_multiplied_by_patience(after_ms: float, is_late: bool) -> None:
    found = findings(promised(TO_BEN), {BEN: [jumped(after_ms=after_ms)]})
    assert bool(found) is is_late
    if is_late:
        assert found[0][0].check is Check.LATE_DELIVERY
        assert found[0][0].came == "it came after 2001 ms"
        assert found[0][0].expected.endswith("within 1000 ms (× patience 2)")


# ---- too much ----------------------------------------------------------------------------------------------------


def test_twice() -> None:
    broken = only(promised(TO_BEN), {BEN: [jumped(), jumped()]})
    assert (broken.requirement, broken.also) == ("space/jump/1", ("space/all/7",))
    assert broken.expected.endswith(", once")


def test_heard_by_somebody_whom_the_contract_does_not_name() -> None:
    broken = only(promised(TO_BEN), {BEN: [jumped()], CHO: [jumped()]})
    assert (broken.requirement, broken.also) == ("space/jump/1", ("space/all/5",))
    assert broken.came.startswith("cho heard player:jumped")


def test_an_echo_to_the_sender() -> None:
    broken = only(promised(TO_BEN), {BEN: [jumped()], ANA: [jumped()]})
    assert broken.requirement == "space/jump/1"
    assert broken.came.startswith("ana heard player:jumped")
    assert broken.check is Check.SENDER_EXCLUSION


def test_heard_although_nobody_was_to_hear_it_now() -> None:
    broken = only(promised(), {CHO: [jumped()]})
    assert (broken.requirement, broken.also) == ("space/jump/1", ("space/all/5",))


def test_something_that_has_nothing_to_do_with_it() -> None:
    broken = only(promised(TO_BEN), {BEN: [jumped()], CHO: [came(LEFT)]})
    assert broken.requirement == "space/all/5"
    assert broken.expected == "cho hears no player:left because of player:jump"


# ---- wrong -------------------------------------------------------------------------------------------------------


def test_a_wrong_field() -> None:
    broken = only(promised(TO_BEN), {BEN: [jumped(x=7)]})
    assert (broken.requirement, broken.also) == ("space/jump/1", ())
    assert broken.came == "player:jumped with x=7.0"


def test_a_forged_field_breaks_identity_too() -> None:
    outlook = promised(TO_BEN, claimed={"id": "somebody-else"})
    broken = only(outlook, {BEN: [jumped("somebody-else")]})
    assert (broken.requirement, broken.also) == ("space/jump/1", ("space/all/4",))


def test_a_wrong_field_that_nobody_claimed_is_no_forgery() -> None:
    outlook = promised(TO_BEN, claimed={"id": "somebody-else"})
    assert only(outlook, {BEN: [jumped("a-third")]}).also == ()


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        (came("player:jumped", {"id": "ana-1", "x": "one", "y": 2}), "a player:jumped that is valid"),
        (came("player:jumped", {"id": "ana-1", "x": 1, "y": 2, "z": 3}), "a player:jumped that is valid"),
        (came("player:jumped"), "a player:jumped that is valid"),
        (came("no:such"), "only events that the contract knows"),
        (came("player:jump", {"x": 1, "y": 2}), "only events that the contract knows"),
    ],
)
def test_what_breaks_the_contract_by_itself(received: Received, expected: str) -> None:
    found = findings(promised(), {BEN: [received]})
    assert [broken.requirement for broken, _ in found] == ["space/all/3"]
    assert found[0][0].expected.startswith(expected)
    by_name = {"no:such": Check.UNDOCUMENTED_EVENT, "player:jump": Check.WRONG_DIRECTION}
    assert found[0][0].check is by_name.get(received.name, Check.PAYLOAD_SCHEMA)


# ---- refused -----------------------------------------------------------------------------------------------------


def test_a_refusal() -> None:
    assert findings(refused(), {ANA: [came(space.Error(message="no"))]}) == []


def test_a_refusal_that_does_not_come() -> None:
    assert only(refused(), {}).requirement == "space/join/6"


def test_an_effect_in_spite_of_a_refusal() -> None:
    broken = only(refused(), {ANA: [came(space.Error(message="no"))], BEN: [jumped()]})
    assert (broken.requirement, broken.also) == ("space/join/6", ("space/all/5",))
    assert broken.expected == "player:jump is refused and nobody else hears of it"


def test_an_error_for_the_wrong_person() -> None:
    found = findings(refused(), {BEN: [came(space.Error(message="no"))]})
    assert {broken.requirement for broken, _ in found} == {"space/join/6"}
    assert len(found) == 2


# ---- laws --------------------------------------------------------------------------------------------------------

EVENTS = [jumped(), jumped(x=7), jumped(after_ms=5000), came(LEFT), came("no:such"), came("player:jumped", 1)]


@given(st.lists(st.sampled_from(EVENTS), max_size=5), st.lists(st.sampled_from(EVENTS), max_size=5))
def test_only_the_very_thing_promised_is_right(by_ben: list[Received], by_cho: list[Received]) -> None:
    found = findings(promised(TO_BEN), {BEN: by_ben, CHO: by_cho})
    assert (not found) is (by_ben == [EVENTS[0]] and not by_cho)
