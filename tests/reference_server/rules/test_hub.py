"""Every promise of the contract that the rules of hub keep, by plain calls."""

import pytest

from protocols import hub
from protocols.contract import Event
from reference_server.effects import Emit
from reference_server.rules.hub_state import EVERYBODY, ROOMS_PER_SOCKET

from .hub_stage import Stage, notice

MINA = {"userId": "mina", "nickname": "Mina"}
WHEN = "2023-11-14T22:13:20.123Z"


def errors(events: list[Event]) -> list[str]:
    """Return the codes of what was heard, all of which must be refusals with words."""
    assert all(isinstance(event, hub.Error) and event.message for event in events)
    return [event.code for event in events if isinstance(event, hub.Error)]


# ---- presence --------------------------------------------------------------------------------------------------------


def test_the_first_socket_comes_online_and_a_further_one_says_nothing() -> None:
    stage = Stage("jun", "sora")
    stage.connect("mina")
    online = hub.PresenceUpdate(userId="mina", status="online")
    assert stage.heard() == {"jun": [online], "sora": [online]}
    stage.connect("mina-2")
    stage.connect("mina")  # an entry that comes twice opens nothing twice
    assert stage.heard() == {}


def test_the_last_socket_goes_offline_and_says_when_and_none_before_it() -> None:
    stage = Stage("mina", "mina-2", "jun", "jun-2")
    stage.go("mina", "mina", "nobody")
    assert stage.heard() == {}
    stage.go("mina-2")
    offline = hub.PresenceUpdate(userId="mina", status="offline", lastSeen=WHEN)
    assert stage.heard() == {"jun": [offline], "jun-2": [offline]}


def test_a_presence_is_that_of_the_user_and_told_to_every_other_user() -> None:
    stage = Stage("mina", "mina-2", "mina-3", "jun", "jun-2")
    stage.say("mina-2", hub.UpdatePresence(value="away"))
    away = hub.PresenceUpdate(userId="mina", status="away")
    assert stage.heard() == {"jun": [away], "jun-2": [away]}
    stage.say("jun", hub.UpdatePresence(value="online"))  # its own sockets are back among everybody
    assert set(stage.heard()) == {"mina", "mina-2", "mina-3"}


def test_a_presence_is_one_broadcast_however_many_hear_it() -> None:
    stage = Stage(*(f"user{n}" for n in range(50)), "mina", "mina-2")
    emits = [effect for effect in stage.say("mina", hub.UpdatePresence(value="away")) if isinstance(effect, Emit)]
    assert [effect.room for effect in emits] == [EVERYBODY]
    assert len(stage.heard()) == 50


# ---- rooms -----------------------------------------------------------------------------------------------------------


def test_joining_is_told_to_the_others_once() -> None:
    stage = Stage("mina", "jun", "sora")
    stage.join("lounge", "jun")
    stage.join("attic", "sora")
    stage.say("mina", hub.JoinRoom(roomId="lounge"))
    assert stage.heard() == {"jun": [hub.UserJoined(**MINA)]}
    stage.say("mina", hub.JoinRoom(roomId="lounge"))
    assert stage.heard() == {}
    stage.say("jun", hub.SendMessage(roomId="lounge", content="hi"))
    assert {sid: len(events) for sid, events in stage.heard().items()} == {"jun": 2, "mina": 1}  # one, and the answer


def test_a_user_joins_with_the_first_socket_and_leaves_with_the_last() -> None:
    stage = Stage("mina", "mina-2", "jun")
    stage.join("lounge", "jun", "mina")
    stage.say("mina-2", hub.JoinRoom(roomId="lounge"))
    assert stage.heard() == {}
    stage.say("mina", hub.LeaveRoom(roomId="lounge"))
    assert stage.heard() == {}
    stage.say("mina-2", hub.LeaveRoom(roomId="lounge"))
    assert stage.heard() == {"jun": [hub.UserLeft(userId="mina", nickname="Mina-2")]}


def test_disconnecting_leaves_every_room_that_no_other_socket_of_the_user_is_in() -> None:
    stage = Stage("mina", "mina-2", "jun", "sora")
    stage.join("lounge", "mina", "mina-2", "jun")
    stage.join("attic", "mina", "sora")
    stage.join("cellar", "mina", "sora")
    stage.go("mina")
    left = hub.UserLeft(**MINA)
    assert stage.heard() == {"sora": [left, left]}
    stage.go("mina-2")
    assert [type(event) for event in stage.heard()["jun"]] == [hub.UserLeft, hub.PresenceUpdate]


def test_who_has_left_hears_nothing_more() -> None:
    stage = Stage("mina", "jun")
    stage.join("lounge", "mina", "jun")
    stage.say("mina", hub.LeaveRoom(roomId="lounge"))
    stage.hush()
    stage.say("jun", hub.SendMessage(roomId="lounge", content="gone?"))
    assert set(stage.heard()) == {"jun"}


def test_a_socket_may_be_in_a_hundred_rooms() -> None:
    stage = Stage("mina", "mina-2", "jun")
    rooms = [f"r{n}" for n in range(ROOMS_PER_SOCKET)]
    for room in rooms:
        stage.join(room, "mina")
    stage.join("one-more", "jun")
    stage.say("mina", hub.JoinRoom(roomId="one-more"))
    heard = stage.heard()
    assert errors(heard.pop("mina")) == ["TOO_MANY_ROOMS"]
    assert heard == {}
    stage.say("mina", hub.JoinRoom(roomId=rooms[0]))  # is in it already
    stage.say("mina-2", hub.JoinRoom(roomId=rooms[0]))  # has a hundred of its own
    assert stage.heard() == {}
    stage.say("mina", hub.LeaveRoom(roomId=rooms[0]))
    stage.say("mina", hub.JoinRoom(roomId="one-more"))
    assert stage.heard() == {"jun": [hub.UserJoined(**MINA)]}


def test_no_room_has_the_name_of_another_thing() -> None:
    stage = Stage("mina", "jun")
    stage.join("lounge", "mina")
    for name in ("mina", EVERYBODY, "user:mina", "room:lounge"):
        stage.join(name, "jun")
        stage.say("jun", hub.SendMessage(roomId=name, content="psst"))
        assert set(stage.heard()) == {"jun"}


# ---- talk ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("given", "told"), [({}, "text"), ({"type": "text"}, "text"), ({"type": "image"}, "image")])
def test_a_message_reaches_everybody_in_the_room_and_its_sender_learns_its_id(given: dict[str, str], told: str) -> None:
    stage = Stage("mina", "mina-2", "jun", "sora")
    stage.join("lounge", "mina", "mina-2", "jun")
    stage.say("mina", hub.SendMessage.model_validate({"roomId": "lounge", "content": " hi\n", **given}))
    heard = stage.heard()
    assert set(heard) == {"mina", "mina-2", "jun"}
    (message,) = heard["jun"]
    assert isinstance(message, hub.Message)
    assert message.to_json() == {
        "id": message.id,
        "roomId": "lounge",
        "senderId": "mina",
        "senderNickname": "Mina",
        "content": " hi\n",
        "type": told,
        "createdAt": WHEN,
    }
    assert heard["mina-2"] == [message]
    assert heard["mina"] == [message, hub.MessageSent(success=True, messageId=message.id)]


def test_every_message_has_an_id_of_its_own() -> None:
    stage = Stage("mina")
    stage.join("lounge", "mina")
    for _ in range(3):
        stage.say("mina", hub.SendMessage(roomId="lounge", content="again"))
    sent = [event.messageId for event in stage.heard()["mina"] if isinstance(event, hub.MessageSent)]
    assert len(set(sent)) == 3


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        (hub.TypingRequest(roomId="lounge", isTyping=True), hub.TypingEvent(**MINA, isTyping=True)),
        (hub.TypingRequest(roomId="lounge", isTyping=False), hub.TypingEvent(**MINA, isTyping=False)),
        (hub.ReadMessage(roomId="lounge", messageId="m"), hub.MessageRead(userId="mina", messageId="m")),
    ],
)
def test_typing_and_reading_reach_the_other_sockets_in_the_room(said: Event, heard: Event) -> None:
    stage = Stage("mina", "mina-2", "mina-3", "jun", "sora")
    stage.join("lounge", "mina", "mina-2", "jun")
    stage.say("mina", said)
    assert stage.heard() == {"mina-2": [heard], "jun": [heard]}


@pytest.mark.parametrize(
    "event",
    [
        hub.LeaveRoom(roomId="lounge"),
        hub.SendMessage(roomId="lounge", content="let me in"),
        hub.TypingRequest(roomId="lounge", isTyping=True),
        hub.ReadMessage(roomId="lounge", messageId="m"),
    ],
)
def test_who_has_not_joined_is_refused_and_nobody_hears_of_it(event: Event) -> None:
    stage = Stage("mina", "mina-2", "jun")
    stage.join("lounge", "mina-2", "jun")  # another socket of the same user is no excuse
    stage.say("mina", event)
    heard = stage.heard()
    assert errors(heard.pop("mina")) == ["NOT_IN_ROOM"]
    assert heard == {}
    assert stage.notes() == ["E3002"]


@pytest.mark.parametrize("reason", ["", "x" * 600, "\ud800"])
def test_what_breaks_the_contract_is_told_to_its_sender_alone(reason: str) -> None:
    stage = Stage("mina", "jun")
    stage.join("lounge", "mina", "jun")
    stage.garble("mina", reason)
    heard = stage.heard()
    assert errors(heard.pop("mina")) == ["INVALID_EVENT"]
    assert heard == {}


def test_nobody_answers_a_socket_that_is_not_there() -> None:
    stage = Stage("mina")
    stage.go("mina")
    assert stage.say("mina", hub.JoinRoom(roomId="lounge")) == []
    assert stage.garble("mina") == []


# ---- notifications ---------------------------------------------------------------------------------------------------


def test_a_notification_reaches_every_socket_of_its_user_and_no_other() -> None:
    stage = Stage("mina", "mina-2", "jun")
    reply = stage.order(notice("mina"))
    heard = stage.heard()
    assert set(heard) == {"mina", "mina-2"}
    (notification,) = heard["mina"]
    assert heard["mina-2"] == [notification]
    assert reply.status == 201
    assert reply.value == {"id": notification.to_json()["id"], "delivered": True}
    assert notification.to_json() == {
        "id": reply.value["id"],
        "type": "like",
        "title": "Hi",
        "content": "Somebody likes you",
        "createdAt": WHEN,
        "isRead": False,
    }


def test_who_is_offline_gets_them_on_the_next_connect_once_and_in_order() -> None:
    stage = Stage("jun", "mina")
    stage.go("mina")
    stage.hush()
    assert [stage.order(notice("mina", title)).value["delivered"] for title in ("1", "2")] == [False, False]
    stage.order(notice("sora"))
    assert stage.heard() == {}
    stage.now_ms += 60_000
    stage.connect("mina")
    heard = stage.heard()
    assert [(e.title, e.createdAt) for e in heard["mina"] if isinstance(e, hub.Notification)] == [
        ("1", WHEN),
        ("2", WHEN),
    ]
    assert heard["jun"] == [hub.PresenceUpdate(userId="mina", status="online")]
    stage.connect("mina-2")
    assert stage.heard() == {}
