"""The account of deliveries in hub: of coming and going, of several rooms at once, and of refusals with a code."""

import pytest

from protocols.contract import Event
from protocols.hub import (
    PROTOCOL,
    Error,
    JoinRoom,
    MessageSent,
    PresenceUpdate,
    SendMessage,
    UpdatePresence,
    UserJoined,
    UserLeft,
)
from simulators.actors.hub_standing import HubStanding
from simulators.delivery import CONNECT, DISCONNECT, NOBODY, Ledger
from simulators.people import Identity
from simulators.tally import Row, Tally

GONE = "2026-11-21T09:30:00.000Z"


class Play:
    """A few people on paper whose lines the test writes, all of them."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.ledger = Ledger(PROTOCOL, self.tally, deadline_s=lambda within_ms: within_ms / 1000)
        self.now_ns = 0
        self.standings: dict[str, HubStanding] = {}

    def connect(self, name: str) -> None:
        if name not in self.standings:
            self.standings[name] = HubStanding()
            self.ledger.add(name, self.standings[name])
        self.standings[name].connected(Identity(token=name, id=name, nickname=name.title()))
        self.ledger.connected(name, self.now_ns)

    def say(self, name: str, *events: Event) -> None:
        for event in events:
            self.ledger.said(name, event, self.now_ns, self.now_ns)

    def hear(self, *names: str, event: Event) -> None:
        for name in names:
            self.ledger.heard(name, event, event.to_json(), self.now_ns + 1)

    def settle(self) -> list[str]:
        """Let enough time pass for everything to have come, and return what is wrong."""
        self.now_ns += 10_000_000_000
        self.ledger.settle(self.now_ns)
        return list(self.tally.examples)

    def row(self, cause: str, heard: str) -> Row:
        return self.tally.row(cause, heard)


@pytest.fixture
def play() -> Play:
    """Ann and Ben are surely in the lounge and the attic; everything about that has been forgotten."""
    play = Play()
    for name in ("ann", "ben"):
        play.connect(name)
        for room in ("lounge", "attic"):
            play.say(name, JoinRoom(roomId=room), SendMessage(roomId=room, content="hi"))
            play.hear(name, event=MessageSent(success=True, messageId="m"))
        play.now_ns += 10_000_000_000
    play.ledger.settle(play.now_ns)
    play.tally.rows.clear()
    play.tally.examples.clear()
    return play


def test_coming_is_heard_by_every_other_user_who_is_surely_there(play: Play) -> None:
    play.connect("cho")
    play.connect("dee")  # may be let in before cho, or after
    online = PresenceUpdate(userId="cho", status="online")
    play.hear("ann", "ben", "dee", event=online)
    play.hear("ann", event=PresenceUpdate(userId="dee", status="online"))
    assert play.settle() == ["ben never heard presence_update because of dee's (connect)"]
    row = play.row(CONNECT, "presence_update")
    assert (row.delivered, row.lost) == (3, 1)  # what dee heard was demanded of nobody


def test_who_was_turned_away_owes_nobody_a_coming(play: Play) -> None:
    play.connect("cho")
    play.ledger.lost("cho", play.now_ns + 1)
    assert play.settle() == []


def test_who_comes_back_as_the_same_user_may_have_been_there_all_the_while(play: Play) -> None:
    play.ledger.lost("ben", play.now_ns)
    play.connect("ben")
    assert play.settle() == []
    play.hear("ann", event=PresenceUpdate(userId="ben", status="online"))
    assert play.tally.faults == 0


def test_going_is_heard_in_every_room_and_by_every_other_user(play: Play) -> None:
    play.ledger.hung_up("ann", play.now_ns, play.now_ns, politely=True)
    play.hear("ben", event=UserLeft(userId="ann", nickname="Ann"))
    play.hear("ben", event=PresenceUpdate(userId="ann", status="offline", lastSeen=GONE))
    assert play.settle() == ["ben never heard user_left because of ann's (disconnect)"]
    left = play.row(DISCONNECT, "user_left")
    assert (left.delivered, left.lost) == (1, 1)


@pytest.mark.parametrize(
    "event",
    [
        UserJoined(userId="ann", nickname="Ann"),
        PresenceUpdate(userId="ann", status="offline", lastSeen=GONE),
        PresenceUpdate(userId="ben", status="away"),
    ],
)
def test_what_nobody_caused_is_misheard(play: Play, event: Event) -> None:
    play.say("ann", JoinRoom(roomId="lounge"), UpdatePresence(value="away"))
    play.hear("ben", event=PresenceUpdate(userId="ann", status="away"))
    play.hear("ben", event=event)
    assert play.row(NOBODY, event.event_name).misheard == 1


def test_a_refusal_has_the_code_that_the_contract_says(play: Play) -> None:
    play.say("ann", SendMessage(roomId="cellar", content="hello?"))
    play.ledger.said_wrong("ann", "join_room", play.now_ns, play.now_ns)
    play.ledger.said_wrong("ann", "no_such_event", play.now_ns, play.now_ns)
    play.hear("ann", event=Error(code="INVALID_EVENT", message="no"))
    play.hear("ann", event=Error(code="INVALID_EVENT", message="no"))
    play.hear("ann", event=Error(code="TOO_MANY_ROOMS", message="no"))
    assert play.row("send_message", "error").delivered == 0
    assert play.row(NOBODY, "error").misheard == 1
    assert "ann never heard error because of ann's send_message" in play.settle()
