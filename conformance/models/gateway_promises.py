"""What `gateway` promises in words between people: small scenes, each step of which the contract judges as well."""

import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Final

import jwt
from pydantic import MISSING

from conformance.case import Skipped
from conformance.checks import Check
from conformance.expectation import Heard
from conformance.models.gateway import NOWHERE, Room
from conformance.models.gateway_cast import GatewayCast, new_id
from conformance.person import Person
from conformance.scene import Scenes, attributed, require
from conformance.symptom import ACK, Symptom, Test, fields_are, misplaced
from conformance.verdict import Broken
from protocols import gateway
from protocols.contract import Json
from protocols.errors import ConnectionLost, ConnectRefused, NotHeard, UsageError
from simulators.connection import Connection
from simulators.people import Identity
from simulators.received import Answer, Received

SCENES: Final[Scenes[GatewayCast]] = Scenes("gateway")
shows = SCENES.shows

NEW: Final = gateway.NewMessage.event_name
AT_ONCE: Final = 40
"""Messages that everybody says at once, so that several fall into one millisecond."""
SHORT_LIFE_S: Final = 2
"""Of a token that ends while its bearer is connected; `exp` counts whole seconds."""


# ---- who one is --------------------------------------------------------------------------------------------------


@shows("handshake/1", "all/4")
async def handshake__names_the_sender(cast: GatewayCast) -> None:
    """A message comes from whom the token names, whatever else the handshake or the payload says."""
    await cast.assemble()
    ana, ben, room = cast.person("ana"), cast.person("ben"), cast.room(0)
    other = cast.identity(ben).id
    shown = cast.stage.target.showing(cast.identity(ana))["auth"] or {}
    claimed: dict[str, Json] = {**shown, "sub": other, "userId": other, "email": "else@example.org"}
    second = await cast.stage.connect("ana-as-ben", cast.identity(ana), auth=claimed)
    await cast.listen_in(second, room)
    with attributed("gateway/all/4"):
        await cast.send(second, room, "who is this?")
    forged = {"roomId": room.id, "clientMsgId": new_id(), "content": "who is this?", "senderId": other}
    await cast.stage.say_invalid(ana, "sendMessage", [forged])
    await cast.settle()


@shows("handshake/2", "all/5", "all/9")
async def handshake__refused_hears_nothing(cast: GatewayCast) -> None:
    """Who was refused may try what it likes: it neither joins nor speaks, and hears nothing of what is said."""
    await cast.assemble()
    ana, room, target = cast.person("ana"), cast.room(0), cast.stage.target
    overheard: list[Received] = []
    cast.stage.begin("mal = is refused and stays")
    try:
        connection, _ = await Connection.knock(
            target.endpoint(**target.showing(cast.identity(ana), token=f"{cast.identity(ana).token[:-8]}AAAAAAAA")),
            target.contract,
            "mal",
            cast.stage.history,
            patience_s=target.connect_s,
            on_event=overheard.append,
        )
    except (ConnectionLost, ConnectRefused):
        return  # it was hung up on, and has no ears any more
    try:
        # Whoever is admitted for a moment may be cut off at any time from now on.
        with suppress(ConnectionLost):
            connection.emit(gateway.JoinRoom(roomId=room.id))
            connection.emit(gateway.SendMessage(roomId=room.id, clientMsgId=new_id(), content="let me in"))
        await cast.send(ana, room, "among us")
        with suppress(ConnectionLost, NotHeard):
            await connection.fence(within_s=target.deadline_s(1000))
        heard = ", ".join(map(str, overheard))
        require(
            not overheard,
            "gateway/handshake/2",
            "nothing is delivered to who was refused",
            heard,
            check=Check.NOTHING_BEFORE_AUTH,
        )
    finally:
        connection.abort()
    await cast.settle()


@shows("handshake/3")
async def handshake__outlives_its_token(cast: GatewayCast) -> None:
    """A token that ends meanwhile ends nothing: its bearer joins and speaks as before."""
    await cast.assemble()
    room = cast.room(0)
    guest = await cast.stranger("fay")
    try:
        claims = jwt.decode(guest.token, options={"verify_signature": False})
        now_s = int(time.time())
        token = cast.people.sign({**claims, "iat": now_s, "exp": now_s + SHORT_LIFE_S})
    except (UsageError, jwt.InvalidTokenError) as unknown:
        raise Skipped(f"no token that ends soon can be signed here: {unknown}") from unknown
    fay = await cast.stage.connect("fay", Identity(token=token, id=guest.id, nickname=guest.nickname))
    room.members[guest.id] = guest
    with attributed("gateway/handshake/3"):
        requirement = cast.address("rooms/2")
        reply = await cast.ask("POST", f"/rooms/{room.id}/join", requirement, by=guest)
        reply.expect(requirement, 200, 201, 204)
        await cast.listen_in(fay, room)
        await cast.stage.rest(max(0.0, now_s + SHORT_LIFE_S + 0.5 - time.time()))
        await cast.send(fay, room, "am I still here?")
        await cast.listen_in(fay, room)
        await cast.send(cast.person("ana"), room, "you are")


# ---- joining -----------------------------------------------------------------------------------------------------


@shows("join/1", "all/5")
async def join__begins_to_hear(cast: GatewayCast) -> None:
    """A member hears a room from joinRoom on, with the socket that joined; not before, and not with another."""
    await cast.assemble()
    ana, room = cast.person("ana"), cast.room(0)
    fay = await cast.come("fay")
    await cast.admit(fay, room)
    await cast.send(ana, room, "she cannot hear me yet")
    await cast.send(fay, room, "nor do I hear myself")
    with attributed("gateway/join/1"):
        await cast.listen_in(fay, room)
        await cast.send(ana, room, "now she can")
    second = await cast.come("fay-again", like=fay)
    await cast.send(ana, room, "one of her sockets hears me")
    with attributed("gateway/join/1"):
        await cast.listen_in(second, room)
        await cast.send(fay, room, "both hear me")


@shows("join/2", "join/3", "send/1", "all/5")
async def join__membership_by_http_alone(cast: GatewayCast) -> None:
    """Whoever tries to join, to speak and to read is no member for it, hears nothing, and is one once HTTP says so."""
    await cast.assemble()
    ana, eve, room = cast.person("ana"), cast.person("eve"), cast.room(0)
    by = cast.identity(eve)
    await cast.stage.say(eve, gateway.JoinRoom(roomId=room.id))
    with attributed("gateway/join/3"):
        await _knock(cast, eve, room.id)
        await _knock(cast, eve, room.id)
        await _knock(cast, eve, NOWHERE)
    for method, path, body in _peeks(room):
        reply = await cast.ask(method, path, cast.address("join/3"), by=by, json=body)
        require(
            400 <= reply.status < 500,
            "gateway/join/3",
            f"{method} {path} is refused to a non-member",
            reply,
            check=Check.HTTP_STATUS,
        )
    await cast.send(ana, room, "among us")
    with attributed("gateway/join/3"):
        await cast.settle()
    await cast.admit(eve, room)
    await cast.listen_in(eve, room)
    await cast.send(eve, room, "here I am")


async def _knock(cast: GatewayCast, who: Person, room_id: str) -> None:
    """Let somebody try to join and to speak."""
    await cast.stage.say(who, gateway.JoinRoom(roomId=room_id))
    await cast.stage.say(who, gateway.SendMessage(roomId=room_id, clientMsgId=new_id(), content="let me in"))


def _peeks(room: Room) -> list[tuple[str, str, Json]]:
    """Return what only a member may ask over HTTP."""
    last = {"lastReadMessageId": room.last_id or "01JD7K3V4S8Z6Y5X4W3V2T1S0R"}
    return [
        ("GET", f"/rooms/{room.id}/messages", None),
        ("GET", f"/rooms/{room.id}/members", None),
        ("POST", f"/rooms/{room.id}/read", last),
    ]


@shows("join/4", "all/7")
async def join__twice(cast: GatewayCast) -> None:
    """Joining again and again, also with a second socket, doubles nothing."""
    await cast.assemble()
    ana, ben, room = cast.person("ana"), cast.person("ben"), cast.room(0)
    second = await cast.come("ana-again", like=ana)
    with attributed("gateway/join/4"):
        for _ in range(3):
            await cast.stage.say(ana, gateway.JoinRoom(roomId=room.id))
            await cast.stage.say(second, gateway.JoinRoom(roomId=room.id))
        for who in (ben, ana, second):
            await cast.send(who, room, "once is enough")


# ---- speaking ----------------------------------------------------------------------------------------------------


@shows("send/6", "send/7", "all/5")
async def send__reaches_every_socket(cast: GatewayCast) -> None:
    """Whatever is said, as it was said, reaches each socket that joined, also those of its sender, and is kept."""
    await cast.assemble()
    ana, ben, room = cast.person("ana"), cast.person("ben"), cast.room(0)
    for name in ("ana-again", "ana-thrice"):
        await cast.listen_in(await cast.come(name, like=ana), room)
    for content in ("  hello\n", "<b>&amp;</b>", "${x} {{y}} %s", "가나다 👩‍👩‍👧", "x" * 5000):
        await cast.send(ana, room, content)
    for kind in ("IMAGE", "TEXT", MISSING):
        message = gateway.SendMessage(roomId=room.id, clientMsgId=new_id(), type=kind, content="/pictures/1.png")
        await cast.stage.say(ben, message)
    await cast.send(cast.person("dee"), cast.room(1), "all alone here")
    await cast.settle()


@shows("send/7")
async def send__unheard(cast: GatewayCast) -> None:
    """What nobody is there to hear is in the history all the same, for whoever comes later."""
    await cast.assemble()
    ana, room = cast.person("ana"), cast.room(0)
    for name in ("ben", "cho"):
        await cast.stage.leave(cast.person(name))
    await cast.stage.leave(ana, politely=False)
    ana = await cast.stage.connect("ana")
    for number in range(3):
        await cast.send(ana, room, f"is anybody there? {number}")
    fay = await cast.come("fay")
    await cast.admit(fay, room)
    await cast.recall(room, fay)


@shows("send/5")
async def send__acked_at_once(cast: GatewayCast) -> None:
    """Twenty messages, one after the other, are each ACKed within 100 ms."""
    await cast.assemble()
    for number in range(20):
        await cast.send(cast.person("ana"), cast.room(0), f"{number} " + "x" * 4000)


@shows("send/1", "send/2")
async def send__says_why_not(cast: GatewayCast) -> None:
    """A FAILED ack has an error, for a non-member and for an invalid payload alike."""
    await cast.assemble()
    eve, room = cast.person("eve"), cast.room(0)
    message = gateway.SendMessage(roomId=room.id, clientMsgId=new_id(), content="let me in")
    _check_reason(await cast.stage.say(eve, message), "gateway/send/1")
    whole = message.to_json()
    wrong_ones: list[Json] = [{**whole, "content": ""}, {**whole, "type": "VIDEO"}, {}, None]
    for wrong in wrong_ones:
        _check_reason(await cast.stage.say_invalid(cast.person("ana"), "sendMessage", [wrong]), "gateway/send/2")


def _check_reason(heard: Heard, requirement: str) -> None:
    ack = heard.ack
    assert isinstance(ack, gateway.SendMessageAck)  # the step has judged that
    require(ack.error is not MISSING, requirement, "a FAILED ack with an error", ack.to_json())


@shows("send/3")
async def send__echoes_what_it_can(cast: GatewayCast) -> None:
    """A FAILED ack repeats a clientMsgId that is a text of up to 64 characters, whatever it says; else it says ""."""
    await cast.assemble()
    ana, room = cast.person("ana"), cast.room(0)
    whole: dict[str, Json] = {"roomId": room.id, "clientMsgId": new_id(), "content": "hello"}
    no_ids: list[Json] = ["", "7", "no uuid", "가" * 64, "x" * 65, 7, None, True, [new_id()], {"id": new_id()}]
    with attributed("gateway/send/3"):
        for said in no_ids:
            await cast.stage.say_invalid(ana, "sendMessage", [{**whole, "clientMsgId": said}])
        for field in ("roomId", "content", "clientMsgId"):
            rest = {name: value for name, value in whole.items() if name != field}
            await cast.stage.say_invalid(ana, "sendMessage", [rest])
        await cast.stage.say_invalid(ana, "sendMessage", [{**whole, "content": "x" * 5001}])
        no_payloads: list[Json] = [None, [], "text", 7]
        for payload in no_payloads:
            await cast.stage.say_invalid(ana, "sendMessage", [payload])
        message = gateway.SendMessage(roomId=room.id, clientMsgId=new_id(), content="let me in")
        await cast.stage.say(cast.person("eve"), message)


@shows("send/4", "send/7")
async def send__failed_is_forgotten(cast: GatewayCast) -> None:
    """What FAILED is nowhere; the same message is accepted, told and kept once nothing stands against it any more."""
    await cast.assemble()
    ana, eve, room = cast.person("ana"), cast.person("eve"), cast.room(0)
    early, garbled = new_id(), new_id()
    for _ in range(2):
        await cast.stage.say(eve, gateway.SendMessage(roomId=room.id, clientMsgId=early, content="too early"))
        wrong = {"roomId": room.id, "clientMsgId": garbled, "content": "x" * 5001}
        await cast.stage.say_invalid(ana, "sendMessage", [wrong])
    await cast.settle()
    await cast.admit(eve, room)
    with attributed("gateway/send/4"):
        await cast.send(eve, room, "not too early any more", early)
        await cast.send(ana, room, "short", garbled)
    await cast.recall(room)


# ---- retries -----------------------------------------------------------------------------------------------------


@shows("send/8", "send/9", "all/7")
async def send__retry(cast: GatewayCast) -> None:
    """The same clientMsgId again is ACCEPTED and told no more, whatever it says, from whichever socket, and when."""
    await cast.assemble()
    ana, ben, room = cast.person("ana"), cast.person("ben"), cast.room(0)
    sent = await cast.send(ana, room, "hello")
    second = await cast.come("ana-again", like=ana)
    await cast.listen_in(second, room)
    await _again(cast, ana, room, sent, "hello")
    await _again(cast, ana, room, sent, "something else")
    await cast.send(ben, room, "in between")
    await _again(cast, second, room, sent, "hello")
    await cast.stage.leave(ana, politely=False)
    ana = await cast.stage.connect("ana")
    await _again(cast, ana, room, sent, "hello")
    await cast.settle()


async def _again(cast: GatewayCast, who: Person, room: Room, client_msg_id: str, content: str) -> None:
    """Send a message again; what is wrong with its ack is not what is wrong with a second delivery."""
    message = gateway.SendMessage(roomId=room.id, clientMsgId=client_msg_id, content=content)
    requirement = "gateway/send/9"
    outlook = cast.model.foresee(who, message)
    try:
        await cast.stage.say(who, message)
    except Broken as broken:
        if outlook.ack is not None and broken.requirement == outlook.ack.requirement:
            requirement = "gateway/send/8"
        raise broken.at(requirement) from broken


@shows("send/6", "send/9")
async def send__no_retry(cast: GatewayCast) -> None:
    """The same clientMsgId of another sender, or in another room, is another message."""
    await cast.assemble()
    ana, ben, dee = (cast.person(name) for name in ("ana", "ben", "dee"))
    here, there = cast.room(0), cast.room(1)
    await cast.admit(ana, there)
    await cast.listen_in(ana, there)
    sent = await cast.send(ana, here, "hello")
    await cast.send(ben, here, "hello", sent)
    await cast.send(ana, there, "hello", sent)
    await cast.send(dee, there, "hello", sent)
    await cast.settle()


# ---- everybody at once -------------------------------------------------------------------------------------------


@shows("order/1", "order/2", "history/3", "all/6", "all/7", "send/6")
async def order__everybody_at_once(cast: GatewayCast) -> None:
    """Three sockets speak at once: all hear each message once, in one order that keeps each sender's, for good."""
    await cast.assemble()
    ana, ben, room = cast.person("ana"), cast.person("ben"), cast.room(0)
    second = await cast.come("ana-again", like=ana)
    await cast.listen_in(second, room)
    said = {who: [new_id() for _ in range(AT_ONCE)] for who in (ana, second, ben)}
    messages = [(who, said[who][number]) for number in range(AT_ONCE) for who in said]
    await _burst(cast, room, messages)
    heard = {who: _heard(who) for who in room.listeners}
    wanted = sorted(client_msg_id for _, client_msg_id in messages)
    for listener, told in heard.items():
        came = [message.clientMsgId for message in told]
        expected = f"{listener} hears {len(wanted)} messages once each"
        require(
            sorted(came) == wanted,
            "gateway/send/6",
            expected,
            _difference(wanted, came),
            check=Check.DUPLICATE_DELIVERY,
            shown=misplaced(wanted, sorted(came), partial(_told, listener)),
        )
        for speaker, own in said.items():
            mine = [one for one in came if one in own]
            require(
                mine == own,
                "gateway/all/6",
                f"{listener} hears {speaker} in the order of saying",
                _shift(own, mine),
                check=Check.ORDER_PER_SENDER,
                shown=misplaced(own, mine, partial(_told, listener)),
            )
    first, *others = heard
    for other in others:
        orders = [[message.messageId for message in heard[who]] for who in (first, other)]
        expected = f"{other} hears the same order as {first}"
        require(
            orders[0] == orders[1],
            "gateway/order/2",
            expected,
            _shift(orders[0], orders[1]),
            check=Check.ORDER_PER_ROOM,
            shown=[Symptom.told_apart(first, other, NEW, ("messageId",), len(wanted))],
        )
    ids = [message.messageId for message in heard[first]]
    require(
        ids == sorted(ids),
        "gateway/order/1",
        "messageIds rise in the order of delivery",
        _shift(sorted(ids), ids),
        check=Check.ORDER_PER_ROOM,
        shown=[Symptom.gathered(first, NEW, ("messageId",), Test((), "falls"), len(ids))],
    )
    _note(room, heard[first])
    await cast.stage.listen()
    await cast.recall(room)


@shows("send/8", "send/9", "all/7")
async def send__retries_at_once(cast: GatewayCast) -> None:
    """Somebody who hears no ack in time sends each message thrice, over two sockets: it is ACCEPTED, and told once."""
    await cast.assemble()
    ana, room = cast.person("ana"), cast.room(0)
    second = await cast.come("ana-again", like=ana)
    await cast.listen_in(second, room)
    ids = [new_id() for _ in range(AT_ONCE)]
    await _burst(cast, room, [(who, one) for one in ids for who in (ana, second, ana)])
    for listener in room.listeners:
        came = [message.clientMsgId for message in _heard(listener)]
        expected = f"{listener} hears {len(ids)} messages once each"
        require(
            sorted(came) == sorted(ids),
            "gateway/send/9",
            expected,
            _difference(ids, came),
            check=Check.DUPLICATE_DELIVERY,
            shown=misplaced(ids, sorted(came, key=ids.index), partial(_told, listener)),
        )
    _note(room, _heard(ana))
    await cast.stage.listen()
    await cast.recall(room)


async def _burst(cast: GatewayCast, room: Room, messages: Sequence[tuple[Person, str]]) -> None:
    """Let people speak without waiting for anything, until all of it is ACCEPTED and heard, or ought to be."""
    cast.stage.begin("= everybody speaks at once")
    for who in cast.stage.people:
        who.forget()
    for who, client_msg_id in messages:
        message = gateway.SendMessage(roomId=room.id, clientMsgId=client_msg_id, content="now")
        assert who.connection is not None
        who.connection.ask_raw(message.event_name, *message.to_args())
    ids = {client_msg_id for _, client_msg_id in messages}
    deadline = time.monotonic() + cast.stage.target.deadline_s(1000)

    def is_all_there() -> bool:
        acks = sum(isinstance(one, Answer) for who in room.listeners for one in who.arrivals)
        return acks >= len(messages) and all(len(who.inbox) >= len(ids) for who in room.listeners)

    await cast.stage.until(is_all_there, room.listeners, deadline)
    await cast.stage.fence()
    for who in dict(messages):
        acks = [one.ack for one in who.arrivals if isinstance(one, Answer)]
        accepted = [ack.clientMsgId for ack in acks if isinstance(ack, gateway.SendMessageAck) and _is_accepted(ack)]
        wanted = [client_msg_id for speaker, client_msg_id in messages if speaker is who]
        expected = f"{who} gets {len(wanted)} acks, each ACCEPTED"
        shown = misplaced(sorted(wanted), sorted(accepted), partial(_acked, who))
        require(
            sorted(accepted) == sorted(wanted), "gateway/send/8", expected, _difference(wanted, accepted), shown=shown
        )


def _told(who: Person, client_msg_id: str) -> Symptom:
    return Symptom.heard(who, NEW, Test(("clientMsgId",), "is", client_msg_id), times=1)


def _acked(who: Person, client_msg_id: str) -> Symptom:
    return Symptom.heard(who, ACK, *fields_are({"clientMsgId": client_msg_id, "status": "ACCEPTED"}), times=1)


def _is_accepted(ack: gateway.SendMessageAck) -> bool:
    return ack.status == "ACCEPTED"


def _heard(who: Person) -> list[gateway.NewMessage]:
    return [received.event for received in who.inbox if isinstance(received.event, gateway.NewMessage)]


def _note(room: Room, told: Sequence[gateway.NewMessage]) -> None:
    """Let the model know what was said beside its steps."""
    room.said += [message.to_json() for message in told]
    for listener in room.listeners:
        listener.forget()


def _difference(wanted: Sequence[str], came: Sequence[str]) -> str:
    missing = sum(one not in came for one in wanted)
    double = sum(came.count(one) > wanted.count(one) for one in set(came))
    return f"{len(came)}: {missing} are missing, {double} came too often"


def _shift(wanted: Sequence[str], came: Sequence[str]) -> str:
    """Return where one order leaves another."""
    place = next((at for at, pair in enumerate(zip(wanted, came, strict=False)) if pair[0] != pair[1]), len(came))
    return f"in place {place + 1} stands {came[place] if place < len(came) else 'nothing'}"


# ---- going -------------------------------------------------------------------------------------------------------


@shows("all/8", "all/5")
async def all__comes_back(cast: GatewayCast) -> None:
    """A socket that has gone hears nothing, nor does the next one of its user before it joins; membership stays."""
    await cast.assemble()
    ana, ben, room = cast.person("ana"), cast.person("ben"), cast.room(0)
    second = await cast.come("ana-again", like=ana)
    await cast.listen_in(second, room)
    for politely in (True, False):
        await cast.stage.leave(ana, politely=politely)
        await cast.send(ben, room, "her other socket hears me")
        ana = await cast.stage.connect("ana")
        with attributed("gateway/all/8"):
            await cast.send(ben, room, "this one not yet")
        await cast.listen_in(ana, room)
        await cast.send(ben, room, "both hear me")
    await cast.settle()
