"""How deliveries are recognised."""

from protocols.space import PROTOCOL, PlayerMoved
from simulators.actors.space_standing import SpaceStanding
from simulators.expectation import HEARD, MAY, MUST, Deed, Expectation, Patterns, Place, Waiting, find
from simulators.membership import Member
from simulators.tally import Row

ANN, BEN = (Member(name, SpaceStanding(production=True)) for name in ("ann", "ben"))
PATTERNS = Patterns(PROTOCOL)
CONTENT = PATTERNS.shape("emitChatMessage", ["content"])
HI = CONTENT.key({"content": "hi"})


def expectation(
    place: Place, state: int, sequence: int, sender: Member = BEN, *, refusable: bool = False
) -> Expectation:
    """Have Ann wait for a "hi" in a place."""
    deed = Deed(sender, "chat:message", sequence, 0, sequence)
    made = Expectation(
        place, deed, Row("chat:message", "chat:message"), HI, 0, {ANN: state}, place.name, refusable=refusable
    )
    place.put(made)
    return made


def take(*places: Place) -> Expectation | None:
    found = find(places, Waiting([HI]), ANN)
    if found is not None:
        found.hearers[ANN] = HEARD
    return found


def test_what_must_come_is_found_before_what_may_and_the_oldest_first() -> None:
    place = Place("here")
    may, first, second = (expectation(place, state, n) for n, state in enumerate((MAY, MUST, MUST)))
    assert [take(place) for _ in range(4)] == [first, second, may, None]


def test_what_was_said_in_a_room_that_one_has_left_may_come_and_is_found_last() -> None:
    left, here = (expectation(Place(room), MUST, n) for n, room in enumerate(("left", "here")))
    ANN.left_ns["left"] = 5
    try:
        assert [take(left.place, here.place) for _ in range(2)] == [here, left]
    finally:
        ANN.left_ns.clear()


def test_what_the_target_may_have_refused_is_found_last() -> None:
    sender, place = Member("cho", SpaceStanding(production=True), refused_ns=5), Place("here")
    doubtful, sure = (expectation(place, MUST, n, sender, refusable=n == 1) for n in (1, 2))
    assert [take(place) for _ in range(2)] == [sure, doubtful]


def test_what_others_wait_for_is_not_found() -> None:
    place = Place("here")
    made = expectation(place, MUST, 1)
    assert find([place], Waiting([HI]), BEN) is None
    assert find([place], Waiting([CONTENT.key({"content": "ho"})]), ANN) is None
    assert find([place], Waiting([HI]), ANN) is made


def test_a_place_is_forsaken_when_nobody_is_there_and_nothing_is_waited_for() -> None:
    place = Place("here")
    first, second = (expectation(place, MUST, n) for n in (1, 2))
    place.remove(first)
    assert place.expected == {HI: [second]}
    assert not place.is_forsaken
    place.remove(second)
    assert place.is_forsaken
    place.leaving[ANN] = 1
    assert not place.is_forsaken


def test_the_fields_that_count_are_those_of_the_triggers() -> None:
    moved = PlayerMoved(id="a", nickname="A", x=1, y=2, direction="up", isMoving=True, avatarColor="red")
    (shape,) = PATTERNS["emitPlayerMoved"].shapes
    assert shape.fields == ("avatarColor", "direction", "id", "isMoving", "nickname", "x", "y")
    assert shape.key(moved.to_json()) == (shape, ("red", "up", "a", True, "A", 1.0, 2.0))
    assert shape.key({"id": "a"}) == (shape, (None, None, "a", None, None, None, None)), "what is absent is None"


def test_lists_and_objects_can_be_told_apart_too() -> None:
    shape = PATTERNS.shape("emitPartyJoined", ["members"])
    values = (["a"], ["a", "b"], ["a"], {"x": [1]}, {"x": [2]}, {"x": [1]})
    assert len({shape.key({"members": value}) for value in values}) == 4


def test_who_caused_it_stands_in_the_fields_that_the_triggers_fill_with_the_sender_s_id() -> None:
    assert PATTERNS["emitChatMessage"].author({"senderId": "ann", "content": "hi"}) == "ann"
    assert PATTERNS["emitPartyInvited"].author({"inviterId": "ann"}) == "ann"
    assert not PATTERNS["emitChatSystem"].authors
    assert PATTERNS["emitChatSystem"].author({"senderId": "system"}) is None
