"""What `hub` promises in words: small scenes of rooms, sockets, presence and notifications.

Each step is judged by the contract as well, which says who hears what; a scene brings about what is promised.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Final

from conformance.case import Skipped
from conformance.checks import Check
from conformance.expectation import Outlook
from conformance.models import hub_signs as signs
from conformance.models.hub import KEPT, LONGEST_ROOM, MOST_ROOMS
from conformance.models.hub_cast import NOTIFICATIONS, HubCast
from conformance.person import Person
from conformance.reproduce.unshown import IN_A_MOMENT
from conformance.scene import Scenes, attributed, require
from conformance.symptom import Symptom, Test, misplaced
from conformance.verdict import Broken
from protocols import hub
from protocols.contract import Event, Json
from simulators.received import Received

SCENES: Final[Scenes[HubCast]] = Scenes("hub")
shows = SCENES.shows

SHOWN: Final = {
    "handshake/missing": ("handshake/1",),
    "handshake/malformed": ("handshake/2",),
    "handshake/foreign": ("handshake/2",),
    "handshake/expired": ("handshake/2",),
    "handshake/claims": ("handshake/2",),
}
"""What cases of the contract show besides."""

TIMES: Final = 40
ROUND: Final = 20
"""Notifications that are posted at least while somebody connects."""
SLACK_S: Final = 0.5
"""What two moments of the target may differ by and still pass for one: some clocks are read in whole milliseconds."""


# ---- rooms -------------------------------------------------------------------------------------------------------


@shows("join/2", "all/7")
async def join__twice(cast: HubCast) -> None:
    """Who joins again is not announced again, hears everything once, and has left for good by leaving once."""
    await cast.assemble()
    ana, ben, _ = cast.people_here()
    with attributed("hub/join/2"):
        for _ in range(2):
            await cast.enter(ben, 0)
        await cast.say(ana, "who was that?")
        await cast.say(ben, "I was here all the time")
        await cast.stage.say(ben, hub.LeaveRoom(roomId=cast.places[0]))
        await cast.say(ana, "is he gone?")
        await cast.stage.say(ben, hub.SendMessage(roomId=cast.places[0], content="I am"))
        await cast.enter(ben, 0)
    await cast.settle()


@shows("join/3", "leave/1", "leave/2", "all/5")
async def join__with_two_sockets(cast: HubCast) -> None:
    """A user enters with the first socket and leaves with the last; each socket hears only what it has joined."""
    await cast.assemble()
    ana, ben, _ = cast.people_here()
    room = cast.places[0]
    twin = await cast.come("ben-again", like=ben)
    await cast.say(ana, "ben's other socket is not here")
    for event in _deeds(room):
        await cast.stage.say(twin, event)
    with attributed("hub/join/3"):
        await cast.enter(twin, 0)
    await cast.say(twin, "both of me are here")
    with attributed("hub/leave/2"):
        await cast.stage.say(ben, hub.LeaveRoom(roomId=room))
    await cast.say(ana, "one of him is still here")
    await cast.stage.say(ben, hub.SendMessage(roomId=room, content="not this one"))
    await cast.stage.say(twin, hub.LeaveRoom(roomId=room))
    await cast.say(ana, "now he is gone")
    await cast.enter(ben, 0)


@shows("join/4")
async def join__a_hundred_rooms(cast: HubCast) -> None:
    """A hundred rooms are enough for a socket; one more is refused, until one of them is left."""
    await cast.assemble()
    eve = await cast.outsider()
    rooms = [f"{cast.places[1][: LONGEST_ROOM - 5]}-{number}" for number in range(MOST_ROOMS)]
    for room in rooms:
        await cast.stage.say(eve, hub.JoinRoom(roomId=room))
    with attributed("hub/join/4"):
        await cast.enter(eve, 0)
        await cast.say(cast.person("ana"), "nobody came")
        await cast.stage.say(eve, hub.JoinRoom(roomId=rooms[-1]))
        await cast.stage.say(eve, hub.LeaveRoom(roomId=rooms[0]))
        await cast.enter(eve, 0)


@shows("leave/3", "send/6", "typing/2", "read/2", "all/5")
async def leave__for_good(cast: HubCast) -> None:
    """Who has left hears no more of the room and may do nothing there; nor may who is in another one."""
    await cast.assemble()
    ana, ben, _ = cast.people_here()
    room = cast.places[0]
    await cast.stage.say(ben, hub.LeaveRoom(roomId=room))
    for outsider in (ben, cast.person("dee")):
        for event in (*_deeds(room), hub.LeaveRoom(roomId=room)):
            await cast.stage.say(outsider, event)
    for event in _deeds(room):
        await cast.stage.say(ana, event)
    await cast.enter(ben, 0)
    await cast.say(ana, "welcome back")


def _deeds(room: str) -> list[Event]:
    return [
        hub.SendMessage(roomId=room, content="can you hear me?"),
        hub.TypingRequest(roomId=room, isTyping=True),
        hub.ReadMessage(roomId=room, messageId="message-1"),
    ]


@shows("disconnect/1", "all/8")
async def disconnect__from_all_rooms(cast: HubCast) -> None:
    """Who disconnects leaves every room, politely or not; where another socket of theirs is, with the last of them."""
    await cast.assemble()
    ana, ben, _ = cast.people_here()
    await cast.enter(ana, 1)
    await cast.enter(ben, 1)
    twin = await cast.come("ana-again", like=ana)
    await cast.enter(twin, 1)
    await cast.stage.leave(ana, politely=False)
    await cast.say(ben, "she is gone from here")
    await cast.say(cast.person("dee"), "and is still there", 1)
    await cast.stage.leave(twin)
    await cast.stage.leave(ben)
    await cast.settle()


@shows("disconnect/1", "all/8", "all/5")
async def disconnect__forgets(cast: HubCast) -> None:
    """Who comes back is in no room: they hear nothing of it and may do nothing there until they join again."""
    await cast.assemble()
    ana, ben, _ = cast.people_here()
    for politely in (True, False):
        with attributed("hub/all/8"):
            await cast.stage.leave(ben, politely=politely)
        await cast.reconnect(ben)
        await cast.say(ana, "he has not joined yet")
        for event in _deeds(cast.places[0]):
            await cast.stage.say(ben, event)
        await cast.enter(ben, 0)
    await cast.settle()


# ---- talk --------------------------------------------------------------------------------------------------------


@shows("send/1", "send/2", "send/3", "all/7")
async def send__ids(cast: HubCast) -> None:
    """Every message has an id of its own, which its sender is told, on the socket that sent it alone."""
    await cast.assemble()
    ana, ben, cho = cast.people_here()
    twin = await cast.come("ana-again", like=ana)
    await cast.enter(twin, 0)
    for number in range(3):
        for who in (ana, twin, ben, cho):
            await cast.say(who, f"{number} of {who.name}")
    for _ in range(2):
        await cast.say(ana, "the very same words")


@shows("send/1", "send/4")
async def send__types(cast: HubCast) -> None:
    """A message is of type text unless it says image, and its content comes as it was sent."""
    await cast.assemble()
    ana, room = cast.person("ana"), cast.places[0]
    with attributed("hub/send/4"):
        await cast.stage.say(ana, hub.SendMessage(roomId=room, content="plain"))
    await cast.stage.say(ana, hub.SendMessage(roomId=room, content="said so", type="text"))
    await cast.stage.say(ana, hub.SendMessage(roomId=room, content="https://example.org/cat.png", type="image"))
    for content in (
        "  blanks around\n",
        "<b>bold</b> & '\"",
        "안녕하세요 👋🏽",
        "{payload.content} %s \\u0000",
        "null",
    ):
        await cast.stage.say(ana, hub.SendMessage(roomId=room, content=content))


@shows("send/5")
async def send__system(cast: HubCast) -> None:
    """Nobody but the service speaks as the system."""
    await cast.assemble()
    ana, room = cast.person("ana"), cast.places[0]
    with attributed("hub/send/5"):
        for kind in ("system", "SYSTEM", "admin"):
            await cast.stage.say_invalid(ana, "send_message", [{"roomId": room, "content": "reboot", "type": kind}])
    await cast.settle()


@shows("typing/1", "read/1", "all/5")
async def typing__and_reading(cast: HubCast) -> None:
    """The others in the room learn who begins and stops typing and who has read what, on all of their sockets there."""
    await cast.assemble()
    ana, ben, _ = cast.people_here()
    twin = await cast.come("ana-again", like=ana)
    await cast.enter(twin, 0)
    room = cast.places[0]
    message = await cast.say(ana, "have you read this?")
    for who in (ben, twin):
        await cast.stage.say(who, hub.TypingRequest(roomId=room, isTyping=True))
        await cast.stage.say(who, hub.TypingRequest(roomId=room, isTyping=False))
        await cast.stage.say(who, hub.ReadMessage(roomId=room, messageId=message.id))


# ---- presence ----------------------------------------------------------------------------------------------------


@shows("presence/1")
async def presence__told_to_everybody(cast: HubCast) -> None:
    """Stepping away and coming back is heard by every other user on all their sockets, and by none of one's own."""
    await cast.assemble()
    ana, ben, _ = cast.people_here()
    await cast.come("ana-again", like=ana)
    await cast.come("ben-again", like=ben)
    for value in ("away", "away", "online"):
        await cast.stage.say(ana, hub.UpdatePresence(value=value))
    await cast.stage.say(await cast.outsider(), hub.UpdatePresence(value="away"))


@shows("presence/2", "presence/3", "presence/4", "presence/5", "all/8")
async def presence__first_and_last(cast: HubCast) -> None:
    """A user is online from the first of its sockets to the last, in whatever order they come and go."""
    await cast.assemble()
    dee = cast.person("dee")
    sockets = [dee]
    for politely in (True, False):
        with attributed("hub/presence/3"):
            for _ in range(2):
                sockets.append(await cast.come(f"dee-{len(cast.stage.people)}", like=dee))
        with attributed("hub/presence/5"):
            while len(sockets) > 1:
                await cast.stage.leave(sockets.pop(0), politely=politely)
        with attributed("hub/presence/4"):
            await cast.stage.leave(sockets.pop(), politely=politely)
        with attributed("hub/presence/2"):
            await cast.reconnect(dee)
        sockets = [dee]


@shows("presence/6")
async def presence__last_seen(cast: HubCast) -> None:
    """`lastSeen` lies between what was said before a user's last socket went and what was said after."""
    await cast.assemble()
    ana, ben, cho = cast.people_here()
    twin = await cast.come("ana-again", like=ana)
    with attributed("hub/presence/6"):
        await cast.stage.listen(2000 * SLACK_S)
        await cast.stage.leave(twin)
        said_at = (await cast.say(ben, "one of her has gone")).createdAt
        before = _moment(said_at)
        told = (await cast.stage.leave(ana)).payloads(cho, hub.PresenceUpdate.event_name)
        seen = next((payload["lastSeen"] for payload in told if "lastSeen" in payload), None)
        require(
            isinstance(seen, str),
            "hub/presence/6",
            "lastSeen with status offline",
            told,
            check=Check.PRESENCE_CONVERGES,
            shown=[
                Symptom.heard(
                    cho,
                    hub.PresenceUpdate.event_name,
                    Test(("status",), "is", "offline"),
                    Test((), "lacks", "lastSeen"),
                    times=1,
                )
            ],
        )
        is_late_enough = _moment(str(seen)) >= before - SLACK_S
        require(
            is_late_enough,
            "hub/presence/6",
            f"a lastSeen after what was said at {_written(before)}",
            seen,
            check=Check.PRESENCE_CONVERGES,
            shown=[
                Symptom.heard(cho, hub.PresenceUpdate.event_name, Test(("lastSeen",), "is under", said_at), times=1)
            ],
        )
        after = _moment((await cast.say(ben, "all of her have gone")).createdAt)
        is_early_enough = _moment(str(seen)) <= after + SLACK_S
        require(
            is_early_enough,
            "hub/presence/6",
            f"a lastSeen before what was said at {_written(after)}",
            seen,
            check=Check.PRESENCE_CONVERGES,
        )


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _written(moment: float) -> str:
    return datetime.fromtimestamp(moment).astimezone().isoformat(timespec="milliseconds")


# ---- notifications -----------------------------------------------------------------------------------------------


@shows("notification/1", "notification/2", "notification/3", "all/5")
async def notification__of_a_user(cast: HubCast) -> None:
    """What a service posts reaches every socket of its user, be they in a room or not, and nobody else."""
    await cast.assemble()
    ana, ben, _ = cast.people_here()
    assert ana.identity is not None
    assert ben.identity is not None
    await cast.notify(ana.identity.id, "one socket", "like")
    twin = await cast.come("ana-again", like=ana)
    ids = [await cast.notify(ana.identity.id, f"two sockets, {kind}", kind) for kind in ("message", "comment")]
    ids.append(await cast.notify(ben.identity.id, "another user", "friend_request"))
    require(len(set(ids)) == len(ids), "hub/notification/3", "ids of their own", ids)
    await cast.stage.leave(ana)
    await cast.notify(ana.identity.id, "the other socket")
    await cast.stage.leave(twin)
    await cast.notify(ana.identity.id, "nobody is there")
    await cast.notify("nobody-has-this-id", "nobody will ever be there")


@shows("notification/4", "notification/2")
async def notification__while_offline(cast: HubCast) -> None:
    """Who was offline is handed out what came meanwhile, once, the oldest first, and nothing that has been heard."""
    await cast.assemble()
    ana = cast.person("ana")
    assert ana.identity is not None
    await cast.notify(ana.identity.id, "heard at once")
    await cast.stage.leave(ana)
    ids = [await cast.notify(ana.identity.id, f"{number} of 3") for number in range(1, 4)]
    with attributed("hub/notification/4"):
        await cast.reconnect(ana)
        _in_order(cast, ids, "hub/notification/4")
        twin = await cast.come("ana-again", like=ana)
        for who in (ana, twin):
            await cast.stage.leave(who)
        await cast.reconnect(ana)
    stranger = await cast.stranger("new")
    first = await cast.notify(stranger.id, "before the first connect")
    await cast.stage.connect("new", stranger)
    _in_order(cast, [first], "hub/notification/4")


def _in_order(cast: HubCast, ids: Sequence[str], requirement: str) -> None:
    came = cast.model.handed_out
    who = cast.stage.people[-1] if cast.stage.people[-1].name == "new" else cast.person("ana")
    require(
        came == list(ids),
        requirement,
        f"the oldest first: {', '.join(ids)}",
        ", ".join(came),
        check=Check.HISTORY_KEPT,
        shown=signs.handed_out(who, list(ids), came),
    )


@shows("notification/1", "notification/4", "all/7")
async def notification__while_coming(cast: HubCast) -> None:
    """What is posted in the very moment in which a user comes is heard once, be it handed out or told at once."""
    await cast.assemble()
    ana, requirement = cast.person("ana"), "hub/notification/4"
    assert ana.identity is not None
    bearer = cast.service_bearer
    body: dict[str, Json] = {"userId": ana.identity.id, "type": "like", "title": "now", "content": "or never"}
    await cast.stage.leave(ana)
    cast.model.underway = ana.identity.id
    connecting = asyncio.create_task(cast.reconnect(ana))
    posted: list[str] = []
    while not connecting.done() or len(posted) < ROUND:
        reply = await cast.post(bearer, body, "hub/notification/3")
        posted.append(str(reply.expect("hub/notification/3", 201).json("hub/notification/3").get("id")))
    await connecting
    at_once = len(posted) - len(cast.model.handed_out)
    deadline = time.monotonic() + cast.stage.target.deadline_s(1000)
    await cast.stage.until(lambda: len(ana.inbox) >= at_once, [ana], deadline)
    heard = await cast.stage.overhear(f"POST {NOTIFICATIONS}")
    told = [str(payload["id"]) for payload in heard.payloads(ana, hub.Notification.event_name)]
    came = Counter([*cast.model.handed_out, *told])
    lost = [str(number) for number, id_ in enumerate(posted, 1) if not came[id_]]
    double = [str(number) for number, id_ in enumerate(posted, 1) if came[id_] > 1]
    wrong = f"lost: {', '.join(lost) or 'none'}; more than once: {', '.join(double) or 'none'}"
    if lost or double:
        expected = f"ana hears each of {len(posted)} notifications once"
        raise Broken(requirement, expected, wrong, check=Check.DUPLICATE_DELIVERY).hidden(IN_A_MOMENT)
    cast.model.underway = None


@shows("notification/5")
async def notification__refused(cast: HubCast) -> None:
    """Without the service token 401, with a user's 403, in another shape 400; nobody hears of it, then or later."""
    await cast.assemble()
    ana, requirement = cast.person("ana"), "hub/notification/5"
    assert ana.identity is not None
    absent = await cast.stranger("new")
    service = cast.service_bearer
    good: dict[str, Json] = {"type": "system", "title": "title", "content": "content"}
    cast.stage.begin("somebody = posts notifications that are refused")
    with attributed(requirement):
        for user_id in (ana.identity.id, absent.id):
            body = {"userId": user_id, **good}
            for bearer in ("", "Bearer", "Bearer let-me-in", f"{service}-not", service[:-1]):
                (await cast.post(bearer, body, requirement)).expect(requirement, 401)
            (await cast.post(f"Bearer {ana.identity.token}", body, requirement)).expect(requirement, 403)
            for wrong in _misshapen(body):
                (await cast.post(service, wrong, requirement)).expect(requirement, 400)
        await cast.stage.overhear(f"POST {NOTIFICATIONS}", Outlook(requirement=requirement))
        await cast.stage.connect("new", absent)


def _misshapen(body: dict[str, Json]) -> list[Json]:
    lacking: list[Json] = [{name: body[name] for name in body if name != lost} for lost in body]
    wrong: list[dict[str, Json]] = [
        {"userId": 7},
        {"userId": ""},
        {"type": "nonsense"},
        {"title": ""},
        {"title": "x" * 201},
        {"content": ["x"]},
        {"content": "x" * 2001},
    ]
    return [*lacking, *({**body, **changes} for changes in wrong), [body], "text", {}]


@shows("notification/6")
async def notification__a_hundred(cast: HubCast) -> None:
    """Of more than a hundred notifications at least the last hundred wait; what is lost are the oldest."""
    await cast.assemble()
    ana, requirement = cast.person("ana"), "hub/notification/6"
    assert ana.identity is not None
    await cast.stage.leave(ana)
    ids = [await cast.notify(ana.identity.id, f"number {number}") for number in range(KEPT + 5)]
    with attributed(requirement):
        await cast.reconnect(ana)
    came = cast.model.handed_out
    wanted = f"the last {KEPT} or more, and of them the oldest first"
    require(
        bool(came) and came == ids[-len(came) :],
        requirement,
        wanted,
        f"numbers {[ids.index(id_) for id_ in came]}",
        shown=signs.handed_out(ana, ids[-max(len(came), KEPT) :], came),
    )


# ---- what holds for all protocols --------------------------------------------------------------------------------


@shows("all/4")
async def all__identity(cast: HubCast) -> None:
    """Whoever adds somebody else's identity to what they say is refused; others hear the token's alone."""
    await cast.assemble()
    ana, ben, _ = cast.people_here()
    assert ben.identity is not None
    claimed: dict[str, Json] = {
        "id": ben.identity.id,
        "userId": ben.identity.id,
        "senderId": ben.identity.id,
        "nickname": "ben",
        "senderNickname": "ben",
        "createdAt": "2001-01-01T00:00:00.000Z",
    }
    with attributed("hub/all/4"):
        for name, operation in cast.model.protocol.inbound.items():
            if operation.event is not hub.UpdatePresence:
                base = cast.base(operation, ana)
                assert isinstance(base, dict)
                for claim, value in claimed.items():
                    await cast.stage.say_invalid(ana, name, [{**base, claim: value}])
        for event in _deeds(cast.places[0]):
            await cast.stage.say(ana, event)


@shows("all/6", "all/7")
async def all__order(cast: HubCast) -> None:
    """Two people speak and read at once, forty times each; every listener hears each of them once and in order."""
    await cast.assemble()
    ana, ben, cho = cast.people_here()
    cast.stage.begin(f"ana and ben = speak and read at once, {TIMES} times each")
    for number in range(TIMES):
        for who in (ana, ben):
            assert who.connection is not None
            who.connection.emit(hub.SendMessage(roomId=cast.places[0], content=f"{number}"))
            who.connection.emit(hub.ReadMessage(roomId=cast.places[0], messageId=f"{number}"))
    wanted = [f"{kind} {number}" for number in range(TIMES) for kind in ("message", "message_read")]
    deadline = time.monotonic() + cast.stage.target.deadline_s(1000)
    await cast.stage.until(lambda: len(cho.inbox) >= 2 * len(wanted), [cho], deadline)
    await cast.stage.fence()
    for listener in (ana, ben, cho):
        for speaker in (ana, ben):
            assert speaker.identity is not None
            said = _said_by(speaker.identity.id, listener.inbox)
            own = [line for line in wanted if line.startswith("message ")] if listener is speaker else wanted
            what = f"{listener} hears {speaker}'s {len(own)} events"
            missing = [line for line in own if line not in said]
            double = sorted({line for line in said if said.count(line) > 1})
            came = f"missing: {', '.join(missing) or 'none'}; more than once: {', '.join(double) or 'none'}"
            shown = misplaced(own, said, partial(signs.said_of, listener, speaker))
            require(
                sorted(said) == sorted(own),
                "hub/all/7",
                f"{what} once each",
                came,
                check=Check.DUPLICATE_DELIVERY,
                shown=shown,
            )
            require(
                said == own,
                "hub/all/6",
                f"{what} in the order they were emitted",
                signs.first_wrong(own, said),
                check=Check.ORDER_PER_SENDER,
                shown=shown,
            )
        if listener is not cho:
            _acknowledged(listener)
        listener.forget()


def _said_by(user_id: str, heard: Sequence[Received]) -> list[str]:
    said = []
    for received in heard:
        match received.event:
            case hub.Message(senderId=who, content=content) if who == user_id:
                said.append(f"message {content}")
            case hub.MessageRead(userId=who, messageId=number) if who == user_id:
                said.append(f"message_read {number}")
    return said


def _acknowledged(who: Person) -> None:
    """Check that somebody was told of their messages in the order in which they said them."""
    assert who.identity is not None
    events = [received.event for received in who.inbox]
    ids = [one.id for one in events if isinstance(one, hub.Message) and one.senderId == who.identity.id]
    told = [one.messageId for one in events if isinstance(one, hub.MessageSent)]
    require(sorted(told) == sorted(ids), "hub/send/3", f"{who} is told the id of each of {len(ids)} messages", told)
    wanted = f"{who} is told of their messages in the order they were said"
    require(told == ids, "hub/all/6", wanted, signs.first_wrong(ids, told), check=Check.ORDER_PER_SENDER)


@shows("all/6")
async def all__in_one_breath(cast: HubCast) -> None:
    """Joining, speaking, leaving and speaking again at once is handled in that order, and so refused at the end."""
    ways = cast.stage.target.refusal
    if ways.disconnect or ways.ack:
        raise Skipped("the target may refuse without an event, so that nobody hears when it did")
    await cast.assemble()
    ana, eve = cast.person("ana"), await cast.outsider()
    room = cast.places[0]
    deeds: list[Event] = [
        hub.JoinRoom(roomId=room),
        hub.SendMessage(roomId=room, content="hello"),
        hub.LeaveRoom(roomId=room),
        hub.SendMessage(roomId=room, content="goodbye"),
    ]
    cast.stage.begin("eve = joins, speaks, leaves and speaks in one breath")
    assert eve.connection is not None
    for _ in range(3):
        for event in deeds:
            eve.connection.emit(event)
    deadline = time.monotonic() + cast.stage.target.deadline_s(1000)
    await cast.stage.until(lambda: len(ana.inbox) >= 9 and len(eve.inbox) >= 9, [ana, eve], deadline)
    await cast.stage.fence()
    for who, names in (
        (ana, ["user_joined", "message", "user_left"] * 3),
        (eve, ["message", "message_sent", "error"] * 3),
    ):
        heard = [received.name for received in who.inbox if received.name != hub.PresenceUpdate.event_name]
        came = ["error" if name == ways.event else name for name in heard]
        test = Test((), "is not", [*names])
        gathered = Symptom(who=str(who), names=tuple(dict.fromkeys(names)), tests=(test,), times=len(names), gathers=())
        require(
            came == names,
            "hub/all/6",
            f"{who} hears {', '.join(names)}",
            ", ".join(came),
            check=Check.ORDER_PER_SENDER,
            shown=[gathered],
        )
    for person in cast.stage.people:
        person.forget()
