"""What `space` promises in words between people: small scenes, each step of which the contract judges as well."""

import time
from collections.abc import Sequence
from functools import partial
from typing import Final

from conformance.case import Skipped
from conformance.checks import Check
from conformance.models.space_cast import ZONE, SpaceCast
from conformance.person import Person
from conformance.scene import Scenes, attributed, checking, require
from conformance.symptom import MISSED_S, Symptom, fields_are, miscounted, misplaced
from conformance.verdict import Broken
from protocols import space
from protocols.contract import Event, Json
from simulators.received import Received

SCENES: Final[Scenes[SpaceCast]] = Scenes("space")
shows = SCENES.shows


# ---- sessions and joining ----------------------------------------------------------------------------------------


@shows("session/1", "all/5")
async def session__refused(cast: SpaceCast) -> None:
    """No token, one that nobody gave out, one of another space, a dev-* one in production: refused, then cut off."""
    if cast.stage.target.mode != "production":
        raise Skipped("the target runs in development, where every session may enter")
    await cast.assemble()
    here = cast.model.scopes[0]
    elsewhere = await cast.identity(cast.person("dee"), cast.model.scopes[1])
    tokens = ["", "guest-that-nobody-gave-out", "auth-that-nobody-gave-out", "dev-anything", "neither-of-them"]
    if elsewhere.scope is not None:
        tokens.append(elsewhere.token)
    for token in tokens:
        await cast.stage.say(await cast.outsider(), _join(here, token))
    without = space.JoinSpace(spaceId=here, playerId="eve", nickname="eve", avatarColor="red")
    await cast.stage.say(await cast.outsider(), without)
    await cast.settle()


@shows("session/2")
async def session__development(cast: SpaceCast) -> None:
    """In development a missing or wrong token, or a dev-* one, goes on under the client's playerId."""
    if cast.stage.target.mode != "development":
        raise Skipped('the target runs in production; say mode = "development" for one that does not')
    await cast.assemble()
    here = cast.model.scopes[0]
    for token in ("dev-anything", "guest-that-nobody-gave-out", ""):
        eve = await cast.outsider()
        await cast.stage.say(eve, _join(here, token))
        await cast.stage.say(eve, space.ChatMessageRequest(content="hello"))
    await cast.settle()


def _join(scope: str, token: str) -> space.JoinSpace:
    return space.JoinSpace(spaceId=scope, playerId="eve-says", nickname="eve", avatarColor="red", sessionToken=token)


@shows("join/3", "join/1")
async def join__takeover(cast: SpaceCast) -> None:
    """A second socket of the same session takes the place of the first; nobody is there twice."""
    await cast.assemble()
    ana, here = cast.person("ana"), cast.model.scopes[0]
    second = await cast.stage.connect("ana-again")
    second.identities[here] = await cast.identity(ana, here)
    with checking(Check.SESSION_REPLACED):
        await cast.join(second, 0)
        await cast.settle()
    await cast.stage.say(second, space.ChatMessageRequest(content="it is still me"))
    await cast.stage.say(second, _move(7))
    await cast.settle()
    await cast.stage.leave(second)
    await cast.settle()


@shows("join/4", "leave/2", "all/5")
async def join__another_space(cast: SpaceCast) -> None:
    """Joining another space leaves the first, its party and its zone; nothing of it is heard there any more."""
    await cast.assemble()
    ana, ben, cho = (cast.person(name) for name in ("ana", "ben", "cho"))
    party_id = await cast.party_up(ana, ben)
    await cast.walk_in(ana)
    await cast.walk_in(cho)
    await cast.join(ana, 1)
    await cast.stage.say(ben, space.PartyMessageRequest(partyId=party_id, content="is she gone?"))
    await cast.stage.say(ana, space.PartyMessageRequest(partyId=party_id, content="I am"))
    await cast.stage.say(cho, space.ChatMessageRequest(content="in the zone", type="party"))
    await cast.stage.say(ana, space.ChatMessageRequest(content="hello here"))
    await cast.stage.say(ben, space.ChatMessageRequest(content="hello there"))
    await cast.settle()


@shows("join/2")
async def join__roster(cast: SpaceCast) -> None:
    """A newcomer sees everybody where they were last, and nobody who has left."""
    await cast.assemble()
    ana, ben, cho = (cast.person(name) for name in ("ana", "ben", "cho"))
    for x in (1, 2, 3.5):
        await cast.stage.say(ana, _move(x))
    await cast.stage.say(ben, space.PlayerMove(x=-1e9, y=0.001, direction="up", isMoving=False))
    await cast.stage.say(cho, space.LeaveSpace())
    await cast.settle()
    await cast.join(cho, 0)
    await cast.settle()


def _move(x: float) -> space.PlayerMove:
    return space.PlayerMove(x=x, y=2, direction="right", isMoving=True)


# ---- moving ------------------------------------------------------------------------------------------------------


@shows("move/2")
async def move__surplus(cast: SpaceCast) -> None:
    """Of a hundred moves in a moment a few dozen are heard, and the last position wins."""
    await cast.assemble()
    ana, ben = cast.person("ana"), cast.person("ben")
    await ana.pace(cast.model.protocol.inbound["player:move"])
    cast.stage.begin()
    assert ana.connection is not None
    began = time.monotonic()
    for x in range(100):
        ana.connection.emit(_move(x))
    sending_s = time.monotonic() - began

    def last_was_heard() -> bool:
        return any(_x(received) == 99 for received in ben.inbox)

    await cast.stage.until(last_was_heard, [ben], began + cast.stage.target.deadline_s(2000))
    await cast.stage.fence()
    heard = [place for received in ben.inbox if (place := _x(received)) is not None]
    elapsed_s = max(1.0, (time.monotonic() - began) * cast.stage.target.time_scale)
    if not heard or heard[-1] != 99:
        last = f"x={heard[-1]:g}" if heard else "nothing"
        cast.stage.lapse(
            Broken(
                "space/move/2", "the last position, x=99, wins", f"the last heard was {last}", check=Check.RATE_LIMIT
            ).shown(Symptom.unheard(ben, space.PlayerMoved.event_name, {"x": 99}, MISSED_S))
        )
    limit = 30 * (elapsed_s + 1)  # what a bucket that holds one second's worth lets through
    if len(heard) > limit:
        came = f"{len(heard)} of 100 moves sent in {sending_s * 1000:.0f} ms were heard"
        broken = Broken("space/move/2", f"at most {limit:.0f} moves are heard", came, check=Check.RATE_LIMIT)
        shown = Symptom.heard(ben, space.PlayerMoved.event_name, times=int(limit) + 1)
        cast.stage.lapse(broken.shown(shown))


def _x(received: Received) -> float | None:
    event = received.event
    return event.x if isinstance(event, space.PlayerMoved) else None


# ---- leaving -----------------------------------------------------------------------------------------------------


@shows("leave/1", "all/8")
async def leave__once(cast: SpaceCast) -> None:
    """Leaving, saying goodbye and being cut off are each told once; disconnecting after a leave is told no more."""
    await cast.assemble()
    ana, ben, cho = (cast.person(name) for name in ("ana", "ben", "cho"))
    await cast.stage.say(ana, space.LeaveSpace())
    await cast.stage.leave(ana)
    await cast.settle()
    await cast.stage.connect("ana")
    await cast.join(ana, 0)
    await cast.stage.leave(ben)
    await cast.settle()
    await cast.stage.leave(cho, politely=False)
    await cast.settle()


@shows("leave/2", "all/8")
async def leave__ends_party(cast: SpaceCast) -> None:
    """Leaving or vanishing ends the membership; who comes back is a stranger to the party."""
    await cast.assemble()
    ana, ben, cho = (cast.person(name) for name in ("ana", "ben", "cho"))
    party_id = await cast.party_up(ana, ben, cho)
    await cast.stage.say(ben, space.LeaveSpace())
    await cast.stage.leave(cho, politely=False)
    await cast.stage.say(ana, space.PartyMessageRequest(partyId=party_id, content="alone again"))
    await cast.join(ben, 0)
    await cast.stage.connect("cho")
    await cast.join(cho, 0)
    await cast.stage.say(ana, space.PartyMessageRequest(partyId=party_id, content="still alone"))
    for stranger in (ben, cho):
        await cast.stage.say(stranger, space.PartyMessageRequest(partyId=party_id, content="let me in"))


@shows("leave/2", "all/8", "zone/2")
async def leave__ends_zone(cast: SpaceCast) -> None:
    """Those left in a zone hear of a departure from the space, and zone talk no longer reaches who left."""
    await cast.assemble()
    ana, ben, cho = (cast.person(name) for name in ("ana", "ben", "cho"))
    for person in (ana, ben, cho):
        await cast.walk_in(person)
    await cast.stage.say(ben, space.LeaveSpace())
    await cast.join(ben, 0)
    await cast.stage.say(ana, space.ChatMessageRequest(content="who is here?", type="party"))


@shows("leave/3")
async def leave__forgets(cast: SpaceCast) -> None:
    """A party that everybody left cannot be entered any more, and an emptied space begins anew."""
    await cast.assemble()
    ana, ben, cho = (cast.person(name) for name in ("ana", "ben", "cho"))
    party_id = await cast.found(ana)
    await cast.invite(ana, ben)
    await cast.stage.say(ana, space.PartyLeave(partyId=party_id))
    with attributed("space/leave/3"):
        await cast.stage.say(ben, space.PartyAccept(partyId=party_id))
    for person in (ana, ben, cho):
        await cast.stage.say(person, space.LeaveSpace())
    with attributed("space/leave/3"):
        await cast.settle()


# ---- talking -----------------------------------------------------------------------------------------------------


@shows("chat/2")
async def chat__trimmed(cast: SpaceCast) -> None:
    """Talk is delivered without the blanks around it; what is nothing but blanks is refused."""
    await cast.assemble()
    ana = cast.person("ana")
    with attributed("space/chat/2"):
        for content in ("  hello", "hello \n", "\t hello  world \r\n", "x" * 1000):
            await cast.stage.say(ana, space.ChatMessageRequest(content=content))
        for content in ("", " ", " \t\r\n ", "x" * 1001):
            await cast.stage.say_invalid(ana, "chat:message", [{"content": content}])


# ---- whispering --------------------------------------------------------------------------------------------------


@shows("whisper/1", "whisper/2")
async def whisper__nowhere(cast: SpaceCast) -> None:
    """A whisper reaches its target alone; nobody, somebody elsewhere and oneself are errors."""
    await cast.assemble()
    ana = cast.person("ana")
    seats = cast.model.seats
    for target in (seats[cast.person("ben")].id, "nobody", seats[cast.person("dee")].id, seats[ana].id):
        await cast.stage.say(ana, space.WhisperSend(targetId=target, content="psst"))
    gone = seats[cast.person("cho")].id
    await cast.stage.leave(cast.person("cho"))
    await cast.stage.say(ana, space.WhisperSend(targetId=gone, content="are you there?"))


# ---- parties -----------------------------------------------------------------------------------------------------


@shows("party/1", "party/3", "party/9", "all/5")
async def party__strangers(cast: SpaceCast) -> None:
    """Who is no member may neither invite nor speak nor leave, and hears nothing; a former member neither."""
    await cast.assemble()
    ana, ben, cho = (cast.person(name) for name in ("ana", "ben", "cho"))
    party_id = await cast.party_up(ana, ben)
    for event in _deeds(party_id, cast.model.seats[cast.person("ana")].id):
        await cast.stage.say(cho, event)
    await cast.stage.say(ben, space.PartyLeave(partyId=party_id))
    for event in _deeds(party_id, cast.model.seats[cho].id):
        await cast.stage.say(ben, event)
    await cast.stage.say(ana, space.PartyMessageRequest(partyId=party_id, content="just me now"))


def _deeds(party_id: str, target_id: str) -> list[Event]:
    return [
        space.PartyMessageRequest(partyId=party_id, content="let me speak"),
        space.PartyInvite(partyId=party_id, targetId=target_id),
        space.PartyLeave(partyId=party_id),
    ]


@shows("party/2", "party/6")
async def party__uninvited(cast: SpaceCast) -> None:
    """Only who is invited may accept, and only once."""
    await cast.assemble()
    ana, ben, cho = (cast.person(name) for name in ("ana", "ben", "cho"))
    party_id = await cast.found(ana)
    await cast.stage.say(cho, space.PartyAccept(partyId=party_id))
    await cast.invite(ana, ben)
    await cast.stage.say(cho, space.PartyAccept(partyId=party_id))
    await cast.stage.say(ben, space.PartyAccept(partyId=party_id))
    await cast.stage.say(ben, space.PartyLeave(partyId=party_id))
    await cast.stage.say(ben, space.PartyAccept(partyId=party_id))
    await cast.stage.say(ben, space.PartyAccept(partyId="no-such-party"))


@shows("party/4", "all/5")
async def party__elsewhere(cast: SpaceCast) -> None:
    """Inviting somebody in another space, nobody, or oneself is refused, and an invitation does not outlive a leave."""
    await cast.assemble()
    ana, ben = cast.person("ana"), cast.person("ben")
    party_id = await cast.found(ana)
    for target in (cast.model.seats[cast.person("dee")].id, "nobody", cast.model.seats[ana].id):
        await cast.stage.say(ana, space.PartyInvite(partyId=party_id, targetId=target))
    await cast.invite(ana, ben)
    await cast.join(ben, 1)
    await cast.stage.say(ben, space.PartyAccept(partyId=party_id))


@shows("party/5")
async def party__one_at_a_time(cast: SpaceCast) -> None:
    """Who is in a party can neither found nor enter another, nor be invited into its own."""
    await cast.assemble()
    ana, ben, cho = (cast.person(name) for name in ("ana", "ben", "cho"))
    first = await cast.party_up(ana, ben)
    await cast.stage.say(ben, space.PartyCreate(name="a second one"))
    await cast.invite(ana, ben)
    second = await cast.found(cho)
    await cast.invite(cho, ben)
    await cast.stage.say(ben, space.PartyAccept(partyId=second))
    await cast.stage.say(ben, space.PartyLeave(partyId=first))
    await cast.stage.say(ben, space.PartyAccept(partyId=second))


@shows("party/7", "party/2")
async def party__decline(cast: SpaceCast) -> None:
    """Declining is heard by nobody and ends the invitation; one cannot decline what was not offered."""
    await cast.assemble()
    ana, ben, cho = (cast.person(name) for name in ("ana", "ben", "cho"))
    party_id = await cast.found(ana)
    await cast.stage.say(cho, space.PartyDecline(partyId=party_id))
    await cast.invite(ana, ben)
    await cast.stage.say(ben, space.PartyDecline(partyId=party_id))
    with attributed("space/party/7"):
        await cast.stage.say(ben, space.PartyAccept(partyId=party_id))
        await cast.stage.say(ben, space.PartyDecline(partyId=party_id))


@shows("party/6", "party/8", "party/9")
async def party__life(cast: SpaceCast) -> None:
    """A party of three: each entry and departure is told with all members, each message heard by all of them."""
    await cast.assemble()
    ana, ben, cho = (cast.person(name) for name in ("ana", "ben", "cho"))
    party_id = await cast.party_up(ana, ben, cho)
    for person in (ana, ben, cho):
        await cast.stage.say(person, space.PartyMessageRequest(partyId=party_id, content=f"  {person.name} here "))
    await cast.stage.say(ana, space.PartyLeave(partyId=party_id))
    await cast.stage.say(ben, space.PartyMessageRequest(partyId=party_id, content="she has left"))


# ---- zones -------------------------------------------------------------------------------------------------------


@shows("zone/1", "all/5")
async def zone__is_no_party(cast: SpaceCast) -> None:
    """A zone that is called like a party does not let one into the party, nor the party into the zone."""
    await cast.assemble()
    ana, ben, cho = (cast.person(name) for name in ("ana", "ben", "cho"))
    party_id = await cast.party_up(ana, ben)
    await cast.walk_in(cho, party_id)
    with attributed("space/zone/1"):
        await cast.stage.say(cho, space.PartyMessageRequest(partyId=party_id, content="am I a member?"))
        await cast.stage.say(ana, space.PartyMessageRequest(partyId=party_id, content="among us"))
        await cast.stage.say(ana, space.ChatMessageRequest(content="am I in the zone?", type="party"))
        await cast.stage.say(cho, space.ChatMessageRequest(content="all alone here", type="party"))
        await cast.stage.say(ana, space.LeaveParty())


@shows("zone/2", "zone/3", "all/5")
async def zone__life(cast: SpaceCast) -> None:
    """Entering, talking in, changing and leaving zones is heard by those in them; the same id elsewhere is another."""
    await cast.assemble()
    ana, ben, cho, dee = (cast.person(name) for name in ("ana", "ben", "cho", "dee"))
    for person in (ana, ben, dee):
        await cast.walk_in(person)
    await cast.stage.say(ana, space.ChatMessageRequest(content="by the water", type="party"))
    await cast.stage.say(cho, space.ChatMessageRequest(content="what do they say?", type="party"))
    await cast.walk_in(ben, "bridge")
    await cast.stage.say(ana, space.ChatMessageRequest(content="he went over the bridge", type="party"))
    await cast.stage.say(ben, space.ChatMessageRequest(content="nice view", type="party"))
    await cast.stage.say(ana, space.LeaveParty())
    await cast.stage.say(ana, space.ChatMessageRequest(content="nobody hears this", type="party"))
    await cast.stage.say(ana, space.LeaveParty())
    await cast.walk_in(ana, ZONE)


# ---- proximity ---------------------------------------------------------------------------------------------------


@shows("proximity/1", "proximity/2", "proximity/3")
async def proximity__staff(cast: SpaceCast) -> None:
    """OWNER and STAFF switch it and everybody hears, participants may not, and newcomers learn the setting."""
    sam = await _staffed(cast)
    ana = cast.person("ana")
    await cast.stage.say(ana, space.ProximitySet(enabled=True))
    for enabled in (True, False, True):
        await cast.stage.say(sam, space.ProximitySet(enabled=enabled))
        await cast.settle()
    await cast.stage.say(cast.person("dee"), space.ProximitySet(enabled=False))
    await cast.stage.say(ana, space.ProximitySet(enabled=False))


async def _staffed(cast: SpaceCast) -> Person:
    if not cast.people.staffed_scopes:
        raise Skipped("the target names nobody who is OWNER or STAFF; add users with owner_of or staff_of")
    return await cast.assemble_staffed()


# ---- what holds for all protocols --------------------------------------------------------------------------------


@shows("all/6", "all/7")
async def all__order(cast: SpaceCast) -> None:
    """Two people talk and jump at once, forty times each; every listener hears each of them once and in order."""
    await cast.assemble()
    ana, ben, cho = (cast.person(name) for name in ("ana", "ben", "cho"))
    times = 40
    cast.stage.begin()
    for number in range(times):
        for who in (ana, ben):
            assert who.connection is not None
            who.connection.emit(space.PlayerJump(x=number, y=0))
            who.connection.emit(space.ChatMessageRequest(content=str(number)))
    deadline = time.monotonic() + cast.stage.target.deadline_s(1000)
    await cast.stage.until(lambda: len(cho.inbox) >= 4 * times, [cho], deadline)
    await cast.stage.fence()
    wanted = [f"{kind} {number}" for number in range(times) for kind in ("jump", "chat")]
    for listener in (ana, ben, cho):
        for speaker in (ana, ben):
            said = _said_by(cast.model.seats[speaker].id, listener.inbox)
            own = [line for line in wanted if line.startswith("chat")] if listener is speaker else wanted
            where = f"{listener} hears {speaker}'s {len(own)} events"
            told_of = partial(_told_of, listener, cast.model.seats[speaker].id)
            require(
                sorted(said) == sorted(own),
                "space/all/7",
                f"{where} once each",
                _difference(own, said),
                check=Check.DUPLICATE_DELIVERY,
                shown=miscounted(own, said, told_of),
            )
            require(
                said == own,
                "space/all/6",
                f"{where} in the order they were emitted",
                said,
                check=Check.ORDER_PER_SENDER,
                shown=misplaced(own, said, told_of),
            )
        listener.forget()


def _said_by(user_id: str, heard: Sequence[Received]) -> list[str]:
    said = []
    for received in heard:
        match received.event:
            case space.PlayerJumped(id=who, x=x) if who == user_id:
                said.append(f"jump {x:g}")
            case space.ChatMessageEvent(senderId=who, content=content) if who == user_id:
                said.append(f"chat {content}")
    return said


def _told_of(listener: Person, user_id: str, line: str) -> Symptom:
    """Return that somebody hears what `line` says of a speaker: `jump 7` or `chat 7`; of any number without one."""
    kind, _, number = line.partition(" ")
    told: dict[str, Json] = {"id": user_id} if kind == "jump" else {"senderId": user_id}
    if number:
        told |= {"x": int(number)} if kind == "jump" else {"content": number}
    event = space.PlayerJumped if kind == "jump" else space.ChatMessageEvent
    return Symptom.heard(listener, event.event_name, *fields_are(told))


def _difference(wanted: Sequence[str], came: Sequence[str]) -> str:
    missing = [line for line in wanted if line not in came]
    double = sorted({line for line in came if came.count(line) > 1})
    return f"missing: {', '.join(missing) or 'none'}; more than once: {', '.join(double) or 'none'}"
