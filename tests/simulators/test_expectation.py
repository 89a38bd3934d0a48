"""How deliveries are recognised."""

from dataclasses import replace

from protocols.space import PROTOCOL, PlayerMoved
from simulators.actors.space_standing import SpaceStanding
from simulators.expectation import Deed, Expectation, Inbox, Lately, Shapes, key_of
from simulators.membership import Member
from simulators.tally import Row

ANN = Member("ann", SpaceStanding(production=True))
SHAPES = Shapes(PROTOCOL)


def expectation(text: str, *, must: bool, sequence: int = 1) -> Expectation:
    deed = Deed(ANN, "chat:message", sequence, 0, 0)
    key = key_of("emitChatMessage", ("content",), {"content": text})
    return Expectation(ANN, deed, Row("chat:message", "chat:message"), key, 0, must)


def test_what_must_come_is_taken_before_what_may_and_the_oldest_first() -> None:
    inbox = Inbox()
    may, first, second = (expectation("hi", must=must, sequence=n) for n, must in enumerate((False, True, True)))
    for each in (may, first, second):
        inbox.put(each)
    taken = [inbox.take([first.key]) for _ in range(4)]
    assert taken == [first, second, may, None]
    assert inbox.pending == {}


def test_what_was_said_in_a_room_that_one_has_left_may_come_and_is_taken_last() -> None:
    receiver = Member("ann", SpaceStanding(production=True), left_ns={"left": 5})
    inbox = Inbox()
    rooms = ("left", "here")
    left, here = (
        replace(expectation("hi", must=True, sequence=n), receiver=receiver, room=room) for n, room in enumerate(rooms)
    )
    for each in (left, here):
        inbox.put(each)
    assert [inbox.take([left.key]) for _ in rooms] == [here, left]


def test_what_the_target_may_have_refused_is_taken_last() -> None:
    sender = Member("ann", SpaceStanding(production=True), refused_ns=5)
    inbox = Inbox()
    doubtful, sure = (
        replace(expectation("hi", must=True), deed=Deed(sender, "chat:message", n, 0, n), refusable=n == 1)
        for n in (1, 2)
    )
    for each in (doubtful, sure):
        inbox.put(each)
    assert [inbox.take([sure.key]) for _ in range(2)] == [sure, doubtful]


def test_only_the_last_delivery_of_a_kind_is_forgotten_with_itself() -> None:
    inbox = Inbox()
    first, second = expectation("hi", must=True), expectation("hi", must=True)
    inbox.delivered[first.key] = second
    inbox.forget_delivery(first)
    assert inbox.delivered
    inbox.forget_delivery(second)
    assert not inbox.delivered


def test_the_fields_that_count_are_those_of_the_triggers() -> None:
    moved = PlayerMoved(id="a", nickname="A", x=1, y=2, direction="up", isMoving=True, avatarColor="red")
    (key,) = SHAPES.keys("emitPlayerMoved", moved.to_json())
    assert key == (
        "emitPlayerMoved",
        ("avatarColor", "direction", "id", "isMoving", "nickname", "x", "y"),
        ("red", "up", "a", True, "A", 1.0, 2.0),
    )


def test_lists_can_be_told_apart_too() -> None:
    keys = {key_of("emitPartyJoined", ("members",), {"members": members}) for members in (["a"], ["a", "b"], ["a"])}
    assert len(keys) == 2


def test_who_caused_it_stands_in_the_fields_that_the_triggers_fill_with_the_sender_s_id() -> None:
    assert SHAPES.author("emitChatMessage", {"senderId": "ann", "content": "hi"}) == "ann"
    assert SHAPES.author("emitPartyInvited", {"inviterId": "ann"}) == "ann"
    assert not SHAPES.names_author("emitChatSystem")
    assert SHAPES.author("emitChatSystem", {"senderId": "system"}) is None


def test_what_was_said_lately_is_known_by_room_and_forgotten_in_time() -> None:
    lately, key = Lately(), key_of("emitChatSystem", ("type",), {"type": "system"})
    lately.note("a", key, 10)
    lately.note("a", key, 20)
    assert lately.has("a", key, 10)
    assert not lately.has("a", key, 9)
    assert not lately.has("b", key, 30)
    lately.forget(10)
    assert not lately.has("a", key, 19)
    assert lately.has("a", key, 20)
    lately.forget(20)
    assert not lately.has("a", key, 99)
