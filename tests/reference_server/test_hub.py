"""hub over real sockets: who may come in, and two people who talk."""

from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest

from protocols import hub
from protocols.contract import Json
from protocols.errors import ConnectRefused
from reference_server.gate import DEVELOPMENT_SECRET
from simulators.engine import Engine, SyncConnection

from .house import WITHIN_S
from .hub_house import HubHouse, open_hub, token


@pytest.fixture(scope="module")
def house(engine: Engine) -> Iterator[HubHouse]:
    with open_hub(engine) as house:
        yield house


def forged(**claims: Json) -> str:
    """Sign with the right secret what only a service with a fault would sign."""
    return jwt.encode({"id": "u", "email": "u@x.y", "nickname": "U", **claims}, DEVELOPMENT_SECRET, algorithm="HS256")


@pytest.mark.parametrize(
    ("auth", "message"),
    [
        (None, "Authentication required"),
        ({}, "Authentication required"),
        ({"token": ""}, "Authentication required"),
        ({"token": "rubbish"}, "Invalid token"),
        ({"token": 7}, "Invalid token"),
        ({"token": token("mina", secret="s" * 32)}, "Invalid token"),
        ({"token": token("mina", lifetime_s=-1)}, "Invalid token"),
        ({"token": forged(nickname="")}, "Invalid token"),
        ({"token": forged(id=7)}, "Invalid token"),
        ({"token": forged(email="nowhere")}, "Invalid token"),
    ],
)
def test_who_brings_no_valid_token_is_turned_away(house: HubHouse, auth: dict[str, Json] | None, message: str) -> None:
    with pytest.raises(ConnectRefused) as refused:
        house.open("stranger", auth)
    assert refused.value.message == message


def names(connection: SyncConnection) -> list[str]:
    """Return the names of what has been heard, nothing more being under way."""
    connection.fence(within_s=WITHIN_S)
    return [received.name for received in connection.drain()]


def test_two_people_meet_talk_and_part(house: HubHouse) -> None:
    mina = house.connect("mina", "lounge")
    jun = house.connect("jun", "lounge")
    online = mina.expect(hub.PresenceUpdate, within_s=WITHIN_S)
    assert online == hub.PresenceUpdate(userId="user-jun", status="online")
    joined = mina.expect(hub.UserJoined, within_s=WITHIN_S)
    assert joined == hub.UserJoined(userId="user-jun", nickname="Jun")

    jun.emit(hub.TypingRequest(roomId="lounge", isTyping=True))
    assert mina.expect(hub.TypingEvent, within_s=WITHIN_S).isTyping is True
    jun.emit(hub.SendMessage(roomId="lounge", content="안녕하세요"))
    message = mina.expect(hub.Message, within_s=WITHIN_S)
    assert (message.senderNickname, message.content, message.type) == ("Jun", "안녕하세요", "text")
    assert jun.expect(hub.MessageSent, within_s=WITHIN_S).messageId == message.id
    mina.emit(hub.ReadMessage(roomId="lounge", messageId=message.id))
    assert jun.expect(hub.MessageRead, within_s=WITHIN_S).messageId == message.id
    mina.emit(hub.UpdatePresence(value="away"))
    assert jun.expect(hub.PresenceUpdate, within_s=WITHIN_S).status == "away"

    mina.emit_raw("update_presence", "offline")
    assert mina.expect(hub.Error, within_s=WITHIN_S).code == "INVALID_EVENT"
    mina.emit_raw("send_message", {"roomId": "lounge", "content": "x", "type": "system"})
    assert mina.expect(hub.Error, within_s=WITHIN_S).code == "INVALID_EVENT"
    mina.emit(hub.SendMessage(roomId="attic", content="hello?"))
    assert mina.expect(hub.Error, within_s=WITHIN_S).code == "NOT_IN_ROOM"

    jun.close()
    assert mina.expect(hub.UserLeft, within_s=WITHIN_S).userId == "user-jun"
    offline = mina.expect(hub.PresenceUpdate, within_s=WITHIN_S)
    assert offline.status == "offline"
    assert isinstance(offline.lastSeen, str)
    assert names(mina) == []
    mina.close()


def test_a_second_device_shares_presence_and_hears_what_is_for_the_user(house: HubHouse) -> None:
    phone, jun = house.connect("mina"), house.connect("jun")
    laptop = house.connect("mina", "lounge")
    laptop.emit(hub.UpdatePresence(value="away"))
    laptop.fence(within_s=WITHIN_S)
    assert names(phone) == ["presence_update"]  # that jun came, and nothing of its own user
    assert names(jun) == ["presence_update"]
    jun.emit(hub.UpdatePresence(value="away"))
    for device in (phone, laptop):
        assert device.expect(hub.PresenceUpdate, within_s=WITHIN_S).userId == "user-jun"
    laptop.abort()
    phone.close()  # whichever the server hears of last
    offline = jun.expect(hub.PresenceUpdate, within_s=WITHIN_S)
    assert (offline.userId, offline.status) == ("user-mina", "offline")
    assert names(jun) == []
    jun.close()


def test_what_waits_for_somebody_outlives_the_server(engine: Engine, tmp_path: Path) -> None:
    notice = {"userId": "user-mina", "type": "like", "title": "Hi", "content": "Jun likes you"}
    with open_hub(engine, journal=tmp_path) as house:
        jun = house.connect("jun")
        house.connect("mina").close()
        jun.expect(hub.PresenceUpdate, lambda update: update.status == "offline", within_s=WITHIN_S)
        posted = house.notify(notice).json()
    with open_hub(engine, journal=tmp_path) as house:
        jun = house.connect("jun")
        mina = house.connect("mina")
        assert mina.expect(hub.Notification, within_s=WITHIN_S).id == posted["id"]
        assert jun.expect(hub.PresenceUpdate, within_s=WITHIN_S).userId == "user-mina"
