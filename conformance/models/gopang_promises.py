"""What `gopang` promises in words of sessions, devices, conversations and messages: scenes, judged step by step."""

import asyncio
import math
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Final

from conformance.case import Skipped
from conformance.checks import Check
from conformance.models.gopang import NOBODY, NOTICE_S
from conformance.models.gopang_cast import PARTICIPANTS, GopangCast
from conformance.person import Person
from conformance.scene import Scenes, attributed, checking, require
from conformance.symptom import CLOSED, HTTP, MISSED_S, Like, Symptom, Test, misplaced
from conformance.verdict import Broken
from protocols import gopang
from protocols.contract import Event, Json
from protocols.errors import ConnectionLost, ConnectRefused, NotHeard
from simulators.connection import Connection

SCENES: Final[Scenes[GopangCast]] = Scenes("gopang")
shows = SCENES.shows

UNTESTED: Final[Mapping[str, str]] = {
    "gopang/send/6": "making a server's store hang needs its inside",
}
SHOWN: Final = {f"handshake/{way}": ("session/1",) for way in ("missing", "malformed", "foreign", "expired")}
"""Each is refused in the words that the contract has for it."""

CAPACITY: Final = 100
CROWD: Final = "somebody"
"""Who comes so often."""
MANY: Final = 130
"""Messages that fill more than one page of `messages:sync`."""
STORE_MS: Final = 30_000
"""How long a message may take to be stored (`send/6`)."""


# ---- sessions ----------------------------------------------------------------------------------------------------


@shows("session/2", "session/3")
async def session__every_socket(cast: GopangCast) -> None:
    """Each socket is told who it is, under an id of its own; what is for the user reaches them all."""
    await cast.assemble()
    ana, ben, _ = cast.people_here()
    again = await cast.come("ana-again", like=ana)
    now_ms = await cast.now_ms(again)
    greetings = [cast.model.greetings[who] for who in (ana, ben, again)]
    ids = {str(greeting["socketId"]) for greeting in greetings}
    require(
        len(ids) == len(greetings),
        "gopang/session/2",
        "a socketId for each socket",
        sorted(ids),
        shown=[
            replace(
                Symptom.heard(
                    again, "connected", Test(("socketId",), "is", cast.model.greetings[ana]["socketId"]), times=1
                ),
                is_ever=True,
            )
        ],
    )
    times = [greeting["serverTime"] for greeting in greetings]
    rising = sorted([*times, now_ms], key=float)  # type: ignore[arg-type]
    require([*times, now_ms] == rising, "gopang/session/2", "the server's time, which goes on", [*times, now_ms])
    message_id = await cast.send(again, "on both my devices")
    with attributed("gopang/session/3"):
        await cast.stage.say(ben, gopang.MessageRead(value=message_id))
        await cast.ask_consent(ben, ana, "ADMIN")


@shows("token/1")
async def token__reminded(cast: GopangCast) -> None:
    """Ten minutes before its token ends a socket hears so, once."""
    await cast.assemble()
    identity = await cast.short_lived("tia", NOTICE_S + 2)
    tia = await cast.stage.connect("tia", identity)
    due = cast.model.token_ends[tia] - NOTICE_S / cast.stage.target.time_scale
    deadline = due + cast.stage.target.deadline_s(1000)
    waits_s = deadline - time.monotonic()
    with attributed("gopang/token/1"):
        while tia not in cast.model.reminded:
            came = "nothing of it in time"
            require(
                time.monotonic() < deadline,
                "gopang/token/1",
                "tia hears token:refresh with expiresIn=600",
                came,
                check=Check.TIMER_IN_TIME,
                shown=[replace(Symptom.unheard(tia, "token:refresh", {}, waits_s), is_belated=True)],
            )
            await asyncio.sleep(0.05)
            await cast.stage.overhear("a token that ends soon")
        await cast.stage.listen(300)


@shows("token/2")
async def token__ends_soon(cast: GopangCast) -> None:
    """Whose token ends in less than ten minutes hears so at once, with the seconds that are left."""
    await cast.assemble()
    for seconds in (300, 590):
        tia = await cast.stage.connect(f"tia{seconds}", await cast.short_lived("tia", seconds))
        told = cast.model.notices[tia]["expiresIn"]
        assert isinstance(told, int)
        least = seconds - 2 - math.ceil(cast.stage.target.deadline_s(1000))
        require(
            least <= told <= seconds,
            "gopang/token/2",
            f"expiresIn from {least} to {seconds}",
            told,
            check=Check.TIMER_IN_TIME,
        )


# ---- devices -----------------------------------------------------------------------------------------------------


@shows("device/1", "device/2", "session/3")
async def device__fourth(cast: GopangCast) -> None:
    """The fourth device pushes out the oldest, again and again; the others stay, and hear what is said."""
    await cast.assemble()
    ana, ben, _ = cast.people_here()
    for name in ("ana2", "ana3"):
        await cast.come(name, like=ana)
    for name in ("ana4", "ana5"):
        with attributed("gopang/device/1"), attributed("gopang/device/2"), checking(Check.SESSION_REPLACED):
            await cast.come(name, like=ana)
        with attributed("gopang/device/2"):
            await cast.send(ben, "which of you is still there?")
    with attributed("gopang/device/2"):
        await cast.send(cast.person("ana5"), "we are")
    await cast.settle()


@shows("device/3", "session/3", "all/7")
async def device__same_messages(cast: GopangCast) -> None:
    """A message is heard by every device of every member, of its author too, once, and by one that comes later."""
    await cast.assemble()
    ana, ben, _ = cast.people_here()
    with attributed("gopang/device/3"):
        devices = [await cast.come(f"{who}-again", like=who) for who in (ana, ben)]
        for who in (ana, *devices):
            await cast.send(who, f"from {who}")
        await cast.stage.leave(ana)
        await cast.send(ben, "on one device less")
        await cast.stage.connect("ana")
        await cast.send(ben, "on both again")


@shows("all/8")
async def all__ghost_devices(cast: GopangCast) -> None:
    """Devices that are gone, politely or not, do not count: who comes again pushes nobody out."""
    await cast.assemble()
    ana = cast.person("ana")
    with attributed("gopang/all/8"):
        devices = [await cast.come(name, like=ana) for name in ("ana2", "ana3")]
        for number, who in enumerate(devices):
            await cast.stage.leave(who, politely=number == 0)
        await cast.notice_departures()
        for who in devices:
            await cast.stage.connect(who.name)
        await cast.stage.listen()


# ---- how many ----------------------------------------------------------------------------------------------------


@shows("stats/1")
async def stats__counted(cast: GopangCast) -> None:
    """Users and connections are counted as they come and go; two devices are one user."""
    await cast.assemble()
    ana = cast.person("ana")
    users, connections = await _statistics(cast, wanted=(5, 5))
    twin = await cast.come("ana-again", like=ana)
    new = await cast.come("fay")
    for wanted in ((users + 1, connections + 2), (users + 1, connections + 1), (users, connections)):
        came = await _statistics(cast, wanted)
        require(
            came == wanted,
            "gopang/stats/1",
            f"totalUsers and totalConnections {wanted}",
            came,
            check=Check.PRESENCE_CONVERGES,
            shown=[_miscounted(wanted, came)],
        )
        leaving = twin if twin.is_connected else new
        if leaving.is_connected:
            await cast.stage.leave(leaving)


def _miscounted(wanted: tuple[int, int], came: tuple[int, int]) -> Symptom:
    """Return that users or connections are counted which are not there, or not counted which are."""
    place = 0 if wanted[0] != came[0] else 1
    name = ("totalUsers", "totalConnections")[place]
    like: Like = "is over" if came[place] > wanted[place] else "is under"
    return Symptom.heard(HTTP, HTTP, Test(("body", name), like, wanted[place]))


async def _statistics(cast: GopangCast, wanted: tuple[int, int]) -> tuple[int, int]:
    """Return what is counted, as soon as it is what is wanted, and after a second in any case."""
    wait_s = cast.stage.target.deadline_s(1000)
    return await cast.statistics(lambda users, connections: (users, connections) == wanted, wait_s)


@shows("capacity/1")
async def capacity__full(cast: GopangCast) -> None:
    """Of more than a hundred sockets those beyond hear `error` and are disconnected; all others stay."""
    if not cast.people.gives_guests:
        raise Skipped("a hundred people are needed; add a [people.guests] table")
    before = await _statistics(cast, wanted=(0, 0))
    opened: list[Connection] = []
    try:
        while len(opened) <= CAPACITY:
            opened += await asyncio.gather(*[_one_more(cast) for _ in range(20 if len(opened) < CAPACITY else 1)])
        refused = [connection for connection in opened if _names(connection) == ["error"]]
        welcome = [connection for connection in opened if _names(connection)[:1] == ["connected"]]
        expected = f"at most {CAPACITY} sockets are admitted, and the next hears error"
        came = f"{len(welcome)} of {len(opened)} heard connected, {len(refused)} error alone"
        let_in = Symptom.heard(CROWD, "connected", times=CAPACITY + 1)
        refusal = Symptom.unheard(CROWD, "error", {}, MISSED_S)
        shown = [refusal if len(welcome) <= CAPACITY else let_in]
        require(bool(refused) and len(welcome) <= CAPACITY, "gopang/capacity/1", expected, came, shown=shown)
        require(len(welcome) + len(refused) == len(opened), "gopang/capacity/1", "each is told one of both", came)
        for connection in refused:
            try:
                await connection.wait_closed(cast.stage.target.deadline_s(1000))
            except NotHeard as stays:
                broken = Broken(
                    "gopang/capacity/1", "who is too many is disconnected", str(stays), check=Check.CONNECTION_CLOSED
                )
                raise broken.shown(Symptom.unheard(CROWD, CLOSED, {}, MISSED_S)) from stays
        lost = [connection for connection in welcome if connection.closed is not None]
        require(
            not lost,
            "gopang/capacity/1",
            "who was admitted stays",
            f"{len(lost)} were cut off",
            check=Check.CONNECTION_KEPT,
        )
    except Broken as broken:
        cast.stage.witness(broken)  # before they go
        raise
    finally:
        await asyncio.gather(*(connection.close() for connection in opened))
        await _statistics(cast, wanted=before)  # so that nobody who comes next is too many


async def _one_more(cast: GopangCast) -> Connection:
    """Connect as a new user, and wait until the target has said all that it says to that."""
    target = cast.stage.target
    endpoint = target.door(await cast.stranger(CROWD))
    try:
        history = cast.stage.history
        connection = await Connection.open(endpoint, target.contract, CROWD, history, patience_s=target.connect_s)
    except ConnectRefused as refused:
        raise Skipped(f"a hundred handshakes are needed, and the target refuses some: {refused.message}") from refused
    with suppress(ConnectionLost):
        await connection.fence(within_s=target.deadline_s(1000))
    return connection


def _names(connection: Connection) -> list[str]:
    return [received.name for received in connection.heard()]


# ---- conversations -----------------------------------------------------------------------------------------------


@shows("conversation/1", "device/3")
async def conversation__lasts(cast: GopangCast) -> None:
    """Who has joined is a member from then on, also after it was away; joining again changes nothing."""
    await cast.assemble()
    ana, ben, _ = cast.people_here()
    with attributed("gopang/conversation/1"):
        await cast.stage.leave(ana)
        await cast.send(ben, "are you coming back?")
        await cast.stage.connect("ana")
        await cast.stage.say(ana, gopang.SyncRequest())
        await cast.send(ana, "I never left")
        await cast.join(ana, cast.places[0])
        await cast.send(ben, "heard once")
    await cast.settle()


@shows("conversation/2", "conversation/1", "send/4", "all/5")
async def conversation__private(cast: GopangCast) -> None:
    """Participants join a private conversation; nobody else does, hears it, or says anything in it."""
    ada, conversation = await cast.participant("ada")
    bea, same = await cast.participant("bea")
    if conversation != same:
        raise Skipped("two users who name the same private conversation as `conversation` are needed")
    eve = await cast.outsider()
    for who in (ada, bea):
        await cast.join(who, conversation)
    with attributed("gopang/conversation/2"):
        await cast.join(eve, conversation)
        await cast.stage.say(ada, gopang.MessageSend(conversationId=conversation, content="between us"))
        await cast.stage.say(eve, gopang.MessageSend(conversationId=conversation, content="let me in"))
        await cast.stage.say(eve, gopang.SyncRequest())
    for who in (ada, bea):
        await cast.stage.say(who, gopang.ConversationLeave(value=conversation))


@shows("conversation/3", "send/4", "all/5")
async def conversation__left(cast: GopangCast) -> None:
    """Who has left hears nothing more, on none of its devices, says nothing more, and reads nothing of it."""
    await cast.assemble()
    ana, ben, _ = cast.people_here()
    await cast.come("ana-again", like=ana)
    await cast.send(ben, "before")
    with attributed("gopang/conversation/3"):
        await cast.stage.say(ana, gopang.ConversationLeave(value=cast.places[0]))
        await cast.send(ben, "is she gone?")
        for who in (ana, cast.person("ana-again")):
            await cast.stage.say(who, gopang.MessageSend(conversationId=cast.places[0], content="I am"))
            await cast.stage.say(who, gopang.SyncRequest())
        await cast.stage.say(ana, gopang.ConversationLeave(value=cast.places[0]))
        await cast.join(ana, cast.places[0])
        await cast.send(ben, "welcome back")


# ---- messages ----------------------------------------------------------------------------------------------------


@shows("send/5", "send/3")
async def send__kinds(cast: GopangCast) -> None:
    """Content and kind arrive as they were sent, and what is said besides does not; without a kind it is text."""
    await cast.assemble()
    ana = cast.person("ana")
    place = cast.places[0]
    await cast.send(ana, "  안녕\n<b>하세요</b> 🍊  ")
    for kind in gopang.PROTOCOL.schemas["MessageType"]["enum"]:
        event = gopang.PROTOCOL.inbound["message:send"].event
        fields = {"conversationId": place, "content": f"of kind {kind}", "messageType": kind, "metadata": {"a": [1]}}
        await cast.stage.say(ana, event.model_validate(fields))
    await cast.stage.say(cast.person("ben"), gopang.SyncRequest())


@shows("send/4")
async def send__outsider(cast: GopangCast) -> None:
    """Who is no member, or is one elsewhere, may not send; nobody hears of it, and nobody reads it afterwards."""
    await cast.assemble()
    for who in (cast.person("eve"), cast.person("dee")):
        with attributed("gopang/send/4"):
            await cast.stage.say(who, gopang.MessageSend(conversationId=cast.places[0], content="let me speak"))
            await cast.stage.say(who, gopang.MessageSend(conversationId=NOBODY, content="anybody here?"))
    await cast.settle()


@shows("send/7", slow=True)
async def send__never_both(cast: GopangCast) -> None:
    """What was stored is not given up when the time to store it is over."""
    await cast.assemble()
    ana = cast.person("ana")
    with attributed("gopang/send/7"):
        await cast.send(ana, "stored at once")
        await cast.stage.say(ana, gopang.MessageSend(conversationId=cast.places[0], content="unasked"), asks=False)
        await cast.stage.listen(cast.ahead(STORE_MS + 1000))


@shows("status/1", "status/3", "status/4")
async def status__forward(cast: GopangCast) -> None:
    """Sent, delivered, read, each once: the author does not count, and neither does the second reader."""
    await cast.assemble()
    ana, ben, cho = cast.people_here()
    await cast.come("ana-again", like=ana)
    message_id = await cast.send(ana, "read this")
    with attributed("gopang/status/4"):
        await cast.stage.say(ana, gopang.MessageRead(value=message_id))
    await cast.stage.say(ben, gopang.MessageRead(value=message_id))
    with attributed("gopang/status/1"):
        for who in (ben, cho, ana):
            await cast.stage.say(who, gopang.MessageRead(value=message_id))
        await cast.stage.say(cho, gopang.SyncRequest())


@shows("status/2", "status/1", "sync/4")
async def status__delivered_later(cast: GopangCast) -> None:
    """What nobody could hear is delivered when a member asks for what it has missed, and not before."""
    await cast.assemble()
    ana, ben, cho = cast.people_here()
    for who in (ben, cho):
        await cast.stage.leave(who)
    await cast.notice_departures()
    with attributed("gopang/status/2"):
        for content in ("is anybody there?", "hello?"):
            await cast.send(ana, content)
    await cast.stage.connect("ben")
    await cast.stage.say(ben, gopang.SyncRequest())
    with attributed("gopang/status/1"):
        await cast.stage.connect("cho")
        await cast.stage.say(cho, gopang.SyncRequest())
        await cast.stage.say(ben, gopang.SyncRequest())


@shows("status/5", "all/5")
async def status__not_mine_to_read(cast: GopangCast) -> None:
    """What does not exist, and what was said where one is no member, cannot be read; a former member cannot either."""
    await cast.assemble()
    ana, ben, _ = cast.people_here()
    message_id = await cast.send(ana, "for us alone")
    await cast.stage.say(ben, gopang.ConversationLeave(value=cast.places[0]))
    with attributed("gopang/status/5"):
        await cast.stage.say(ana, gopang.MessageRead(value=NOBODY))
        for who in (cast.person("dee"), await cast.outsider(), ben):
            await cast.stage.say(who, gopang.MessageRead(value=message_id))


@shows("ai/1")
async def ai__answers(cast: GopangCast) -> None:
    """What an AI says in a conversation is heard by its members alone."""
    details = (await cast.stranger("", **PARTICIPANTS)).details
    if not (conversation := details.get("assistant", "")):
        raise Skipped("no conversation with an AI is known; name one as `assistant` in the details of a user")
    await cast.assemble()
    cast.model.with_ai.add(conversation)
    cast.model.talk.storied.add(conversation)
    ana, ben, _ = cast.people_here()
    for who in (ana, ben):
        await cast.join(who, conversation)
    with attributed("gopang/ai/1"):
        await cast.stage.say(ana, gopang.MessageSend(conversationId=conversation, content="what is the weather?"))
        await cast.stage.listen(300)
    for who in (ana, ben):
        await cast.stage.say(who, gopang.ConversationLeave(value=conversation))


# ---- what was missed ---------------------------------------------------------------------------------------------


@shows("sync/1", "sync/5")
async def sync__always_answered(cast: GopangCast) -> None:
    """Every request is answered: with nothing missed, for who is nowhere, with an id that nobody knows."""
    await cast.assemble()
    eve, ben = cast.person("eve"), cast.person("ben")
    with attributed("gopang/sync/1"):
        for event in (gopang.SyncRequest(), gopang.SyncRequest(lastMessageId=NOBODY)):
            await cast.stage.say(eve, event)
            await cast.stage.say(ben, event)
    last = await cast.send(cast.person("ana"), "one")
    await cast.stage.say(ben, gopang.SyncRequest(lastMessageId=NOBODY))
    await cast.stage.say(ben, gopang.SyncRequest(lastMessageId=last))


@shows("sync/3", "sync/4", "sync/2")
async def sync__unread(cast: GopangCast) -> None:
    """Without an id it is what others wrote and one has not read; with one, all after that, in both conversations."""
    await cast.assemble()
    ana, ben, cho = cast.people_here()
    dee = cast.person("dee")
    await cast.join(ben, cast.places[1])
    ids = [await cast.send(who, f"number {n}", place) for n, (who, place) in enumerate(_turns(ana, ben, dee))]
    await cast.stage.say(ben, gopang.MessageRead(value=ids[0]))
    await cast.stage.say(cho, gopang.MessageRead(value=ids[3]))
    for who in (ana, ben, cho, dee):
        await cast.stage.say(who, gopang.SyncRequest())
        for message_id in ids:
            await cast.stage.say(who, gopang.SyncRequest(lastMessageId=message_id))


def _turns(ana: Person, ben: Person, dee: Person) -> list[tuple[Person, int]]:
    return [(ana, 0), (dee, 1), (ben, 0), (ana, 0), (ben, 1), (dee, 1)]


@shows("sync/6", "sync/2", "sync/3", "sync/5")
async def sync__to_the_end(cast: GopangCast) -> None:
    """Who missed more than a page reads it page by page to the end: nothing is lost, and nothing comes twice."""
    await cast.assemble()
    ana, ben, cho = cast.people_here()
    first = await cast.send(ana, "before she left")
    await cast.stage.leave(cho)
    await cast.chatter(ben, ana, MANY)
    await cast.stage.connect("cho")
    with attributed("gopang/sync/6"):
        await cast.stage.say(cho, gopang.SyncRequest())
        last, pages = first, 0
        while (page := await cast.next_page(cho, last)) and pages < MANY:
            last, pages = page[-1], pages + 1
        require(pages == 2, "gopang/sync/6", f"{MANY} messages on 2 pages", f"{pages} pages", check=Check.HISTORY_KEPT)
    await cast.send(ana, "and one more")
    await cast.stage.say(cho, gopang.SyncRequest(lastMessageId=last))


# ---- what holds for all protocols --------------------------------------------------------------------------------


@shows("all/4")
async def all__verified_identity(cast: GopangCast) -> None:
    """Whoever claims in a payload to be somebody else is refused; what others hear names who it was."""
    await cast.assemble()
    ana, ben, _ = cast.people_here()
    somebody = cast.model.user(ben)
    claims: list[tuple[type[Event], dict[str, Json]]] = [
        (gopang.MessageSend, {"conversationId": cast.places[0], "content": "it was him", "senderId": somebody}),
        (gopang.TransactionCreate, {"receiverId": cast.model.user(ana), "amount": 5, "senderId": somebody}),
    ]
    for event, payload in claims:
        await cast.stage.say_invalid(ana, event.event_name, [payload])
    await cast.send(ana, "it was me")
    body: dict[str, Json] = {
        "ownerId": somebody,
        "dataType": "FINANCE",
        "purpose": "mine",
        "expiresAt": 4_000_000_000_000,
    }
    for token in (None, "let-me-in"):
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        for method, path, said in (("POST", "/consents", body), ("GET", "/accounts/me", None)):
            answer = await cast.http.ask(method, path, "gopang/all/4", headers=headers, json=said)
            expected = f"{method} {path} is refused to who shows no valid token"
            require(answer.status in {401, 403}, "gopang/all/4", expected, answer, check=Check.HTTP_STATUS)
    await cast.settle()


@shows("all/6", "all/7")
async def all__order(cast: GopangCast) -> None:
    """Three people talk at once, thirty times each; every listener hears each of them once and in order."""
    await cast.assemble()
    speakers = cast.people_here()
    listeners = [*speakers, await cast.come("cho-again", like=speakers[-1])]
    times = 30
    cast.stage.begin()
    for number in range(times):
        for who in speakers:
            assert who.connection is not None
            who.connection.emit(gopang.MessageSend(conversationId=cast.places[0], content=f"{who} {number}"))
    deadline = time.monotonic() + cast.stage.target.deadline_s(1000)

    def is_all_there() -> bool:
        return all(len(_contents(who)) >= times * 2 for who in listeners)

    await cast.stage.until(is_all_there, listeners, deadline)
    await cast.stage.fence()
    for listener in listeners:
        for speaker in speakers:
            said = [content for content in _contents(listener) if content.startswith(f"{speaker} ")]
            wanted = [] if speaker is listener else [f"{speaker} {number}" for number in range(times)]
            where = f"{listener} hears {speaker}'s {len(wanted)} messages"
            require(
                sorted(said) == sorted(wanted),
                "gopang/all/7",
                f"{where} once each",
                said,
                check=Check.DUPLICATE_DELIVERY,
                shown=misplaced(wanted, said, partial(_said_to, listener)),
            )
            require(
                said == wanted,
                "gopang/all/6",
                f"{where} in the order they were sent",
                said,
                check=Check.ORDER_PER_SENDER,
                shown=misplaced(wanted, said, partial(_said_to, listener)),
            )
        listener.forget()


def _said_to(listener: Person, content: str) -> Symptom:
    return Symptom.heard(listener, gopang.MessageNew.event_name, Test(("content",), "is", content), times=1)


def _contents(listener: Person) -> list[str]:
    return [one.event.content for one in listener.inbox if isinstance(one.event, gopang.MessageNew)]
