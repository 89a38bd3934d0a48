"""Servers of space that are wrong in one thing, each named for the requirement that it breaks.

Each is the whole server with one small patch: an entry that is treated otherwise, or an effect that is changed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar, cast

from protocols import space
from reference_server.effects import (
    Answer,
    Command,
    Drop,
    Effect,
    Emit,
    Enter,
    Entry,
    Garbled,
    Gone,
    Later,
    Leave,
    Said,
    Stamp,
)
from reference_server.rules import space_parties as parties
from reference_server.rules.space import Space
from reference_server.rules.space_commands import ReadEvents, SpaceCommand
from reference_server.rules.space_state import Identity, Kind, Player
from reference_server.world import Role

FAULTS: "list[type[Faulty]]" = []


class Faulty(Space):
    """A server of space with something wrong."""

    requirement: ClassVar[str]


def breaks(requirement: str) -> "Callable[[type[Faulty]], type[Faulty]]":
    """Name the requirement that a faulty server breaks."""

    def register(fault: type[Faulty]) -> type[Faulty]:
        fault.requirement = f"space/{requirement}"
        FAULTS.append(fault)
        return fault

    return register


def said(entry: Entry, event: type[Any]) -> bool:
    return isinstance(entry, Said) and isinstance(entry.event, event)


def tells(effect: Effect, event: type[Any]) -> bool:
    return isinstance(effect, Emit) and isinstance(effect.event, event)


class Changed(Faulty):
    """A server whose effects pass through `change` before they are carried out."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        for effect in super().handle(entry, stamp):
            yield from self.change(effect, entry)

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        raise NotImplementedError


class Silent(Changed):
    """A server that never tells one event."""

    untold: ClassVar[type[Any]]

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if not tells(effect, self.untold):
            yield effect


# ---- identity ----------------------------------------------------------------------------------------------------


@breaks("all/4")
class ClientIdTrusted(Changed):
    """A move is told under the id that the client claims."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if tells(effect, space.PlayerMoved) and isinstance(entry, Said) and isinstance(entry.event, space.PlayerMove):
            emit = cast("Emit", effect)
            claimed = entry.event.id
            if isinstance(claimed, str):
                yield replace(emit, event=emit.event.model_copy(update={"id": claimed}))
                return
        yield effect


@breaks("join/5")
class ClientNicknameTrusted(Changed):
    """A newcomer is called what the client says."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if tells(effect, space.PlayerJoined) and isinstance(entry, Said) and isinstance(entry.event, space.JoinSpace):
            emit = cast("Emit", effect)
            yield replace(emit, event=emit.event.model_copy(update={"nickname": entry.event.nickname[:10] + "?"}))
            return
        yield effect


@breaks("join/1")
class WrongYourPlayerId(Changed):
    """`yourPlayerId` is the id that the client sent."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if tells(effect, space.RoomJoined) and isinstance(entry, Said) and isinstance(entry.event, space.JoinSpace):
            emit = cast("Emit", effect)
            yield replace(emit, event=emit.event.model_copy(update={"yourPlayerId": entry.event.playerId}))
            return
        yield effect


@breaks("session/1")
class AnybodyEnters(Faulty):
    """A session that nobody gave out is as good as any."""

    def _ask_to_join(self, sid: str, join: space.JoinSpace, answer: Answer | None, stamp: Stamp) -> Iterator[Effect]:
        identity, _ = self._sessions.admit(join, answer, stamp.now_ms)
        if (
            identity is None
            and (place := self._places.get(join.spaceId)) is not None
            and join.playerId not in place.players
        ):
            unverified = Identity(Kind.UNVERIFIED, join.playerId, join.nickname, Role.PARTICIPANT)
            yield from self._take_seat(sid, unverified, join, stamp)
            return
        yield from super()._ask_to_join(sid, join, answer, stamp)


@breaks("session/1")
class RefusedMayStay(Changed):
    """Who is refused at the door is not disconnected."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if not (isinstance(effect, Drop) and said(entry, space.JoinSpace)):
            yield effect


# ---- joining and leaving -----------------------------------------------------------------------------------------


@breaks("join/5")
class NewcomerUntold(Silent):
    """The others do not hear of a newcomer."""

    untold = space.PlayerJoined


@breaks("join/2")
class StaleRoster(Changed):
    """The roster shows everybody where they came in."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if tells(effect, space.RoomJoined):
            emit = cast("Emit", effect)
            joined = cast("space.RoomJoined", emit.event)
            players = [player.model_copy(update={"x": 0.0, "y": 0.0}) for player in joined.players]
            yield replace(emit, event=joined.model_copy(update={"players": players}))
            return
        yield effect


@breaks("join/2")
class JoinerNotInRoster(Changed):
    """The roster lacks the joiner."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if tells(effect, space.RoomJoined):
            emit = cast("Emit", effect)
            joined = cast("space.RoomJoined", emit.event)
            others = [player for player in joined.players if player.id != joined.yourPlayerId]
            yield replace(emit, event=joined.model_copy(update={"players": others}))
            return
        yield effect


@breaks("join/2")
class GhostInRoster(Faulty):
    """Who is cut off is told to have left, but stays in the roster."""

    def _gone(self, sid: str, stamp: Stamp) -> Iterator[Effect]:
        player = self._sockets.get(sid)
        yield from super()._gone(sid, stamp)
        if player is not None and player.place.players:
            player.place.players[player.id] = player


@breaks("leave/1")
class GhostAfterDisconnect(Faulty):
    """A disconnect is not taken for a departure."""

    def _gone(self, sid: str, stamp: Stamp) -> Iterator[Effect]:
        self._sockets.pop(sid, None)
        yield from ()


@breaks("leave/1")
class DoublePlayerLeft(Changed):
    """A departure is told twice."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        yield effect
        if tells(effect, space.PlayerLeft):
            yield effect


@breaks("join/3")
class TwoSocketsOneSession(Changed):
    """The first socket of a session stays when a second one comes."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if said(entry, space.JoinSpace) and (isinstance(effect, Drop) or tells(effect, space.Error)):
            return
        yield effect


@breaks("join/4")
class OldSpaceUntold(Changed):
    """Who goes to another space is not told to have left the first."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if not (said(entry, space.JoinSpace) and tells(effect, space.PlayerLeft)):
            yield effect


@breaks("all/5")
class OldSpaceOverheard(Changed):
    """Who goes to another space still hears the first."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if not (said(entry, space.JoinSpace) and isinstance(effect, Leave)):
            yield effect


@breaks("join/6")
class TooEarlyUnanswered(Faulty):
    """Who speaks before joining gets no error."""

    def _said(self, said: Said, stamp: Stamp) -> Iterator[Effect]:
        if self._sockets[said.sid] is None and not isinstance(said.event, space.JoinSpace):
            return
        yield from super()._said(said, stamp)


@breaks("leave/2")
class MembershipOutlivesLeave(Changed):
    """The party does not hear that a member has left the space."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        leaving = isinstance(entry, Gone) or said(entry, space.LeaveSpace)
        if not (leaving and tells(effect, space.PartyMemberLeft)):
            yield effect


@breaks("leave/3")
class PartyOutlivesMembers(Faulty):
    """A party that everybody left can still be entered."""

    def _act(self, player: Player, event: Any, stamp: Stamp) -> Iterator[Effect]:
        place, party = player.place, player.party
        yield from super()._act(player, event, stamp)
        if party is not None and isinstance(event, space.PartyLeave):
            place.parties[party.id] = party


# ---- moving and talking ------------------------------------------------------------------------------------------


@breaks("move/1")
class EchoToSender(Changed):
    """A move comes back to who made it."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        yield replace(effect, skip="") if tells(effect, space.PlayerMoved) and isinstance(effect, Emit) else effect


@dataclass(frozen=True, slots=True)
class Belated(Command):
    """An emit that comes later than it should."""

    emit: Emit


class Delaying(Changed):
    """A server that puts some emits off."""

    def _ordered(self, command: SpaceCommand | Belated, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(command, Belated):
            yield command.emit
        else:
            yield from super()._ordered(command, stamp)


@breaks("move/1")
class SluggishMoves(Delaying):
    """A move takes more than a second to reach the others."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if tells(effect, space.PlayerMoved) and not isinstance(entry, Belated):
            yield Later(1_500, Belated(cast("Emit", effect)))
        else:
            yield effect


@breaks("all/6")
class OutOfOrder(Delaying):
    """Every third message is overtaken by those that follow at once."""

    count = 0

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if tells(effect, space.ChatMessageEvent) and not isinstance(entry, Belated):
            self.count += 1
            if self.count % 3 == 0:
                yield Later(20, Belated(cast("Emit", effect)))
                return
        yield effect


@breaks("all/7")
class HeardTwice(Changed):
    """Every seventh jump is heard twice."""

    count = 0

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        yield effect
        if tells(effect, space.PlayerJumped):
            self.count += 1
            if self.count % 7 == 0:
                yield effect


@breaks("jump/1")
class SomeJumpsLost(Changed):
    """Every seventh jump is heard by nobody."""

    count = 0

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        self.count += tells(effect, space.PlayerJumped)
        if not (tells(effect, space.PlayerJumped) and self.count % 7 == 0):
            yield effect


@breaks("move/2")
class MovesUnlimited(Faulty):
    """However many moves come, all are told."""

    def _act(self, player: Player, event: Any, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(event, space.PlayerMove):
            player.moves.__init__(stamp.now_ms)  # type: ignore[misc]  # a bucket that is always full
        yield from super()._act(player, event, stamp)


@breaks("chat/2")
class ContentNotTrimmed(Changed):
    """Talk is delivered with the blanks around it."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if tells(effect, space.ChatMessageEvent) and isinstance(entry, Said):
            emit = cast("Emit", effect)
            content = cast("space.ChatMessageRequest", entry.event).content
            yield replace(emit, event=emit.event.model_copy(update={"content": content}))
            return
        yield effect


@breaks("chat/1")
class OwnTalkUnheard(Changed):
    """The sender does not hear its own talk."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if tells(effect, space.ChatMessageEvent) and isinstance(entry, Said):
            yield replace(cast("Emit", effect), skip=entry.sid)
        else:
            yield effect


@breaks("whisper/1")
class WhisperToAll(Changed):
    """A whisper is heard by the whole space."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if tells(effect, space.WhisperReceived) and isinstance(entry, Said):
            speaker = self._sockets[entry.sid]
            assert speaker is not None
            yield replace(cast("Emit", effect), room=speaker.place.room)
        else:
            yield effect


@breaks("whisper/2")
class WhisperAcrossSpaces(Faulty):
    """A whisper reaches people in other spaces."""

    def _said(self, said: Said, stamp: Stamp) -> Iterator[Effect]:
        speaker = self._sockets[said.sid]
        if isinstance(said.event, space.WhisperSend) and speaker is not None:
            for place in self._places.values():
                if place is not speaker.place and (target := place.players.get(said.event.targetId)):
                    whisper = space.WhisperReceived(
                        senderId=speaker.id, senderName=speaker.nickname, content=said.event.content
                    )
                    yield Emit(whisper, target.sid)
                    return
        yield from super()._said(said, stamp)


@breaks("whisper/2")
class WhisperToNobodyUnanswered(Changed):
    """A whisper to nobody gives no error."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if not (said(entry, space.WhisperSend) and tells(effect, space.Error)):
            yield effect


# ---- parties and zones -------------------------------------------------------------------------------------------


@breaks("party/9")
class PartyLeak(Changed):
    """What is said to the party is heard by the whole space."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if tells(effect, space.PartyMessageEvent) and isinstance(entry, Said):
            speaker = self._sockets[entry.sid]
            assert speaker is not None
            yield replace(cast("Emit", effect), room=speaker.place.room)
        else:
            yield effect


@breaks("party/3")
class FormerMemberSpeaks(Faulty):
    """Anybody may speak to a party whose id they know."""

    def _said(self, said: Said, stamp: Stamp) -> Iterator[Effect]:
        speaker = self._sockets[said.sid]
        if isinstance(said.event, space.PartyMessageRequest) and speaker is not None:
            party = speaker.place.parties.get(said.event.partyId)
            if party is not None:
                yield from parties.say(speaker, party, said.event.content.strip())
                return
        yield from super()._said(said, stamp)


@breaks("party/2")
class UninvitedMayEnter(Faulty):
    """Anybody may enter a party whose id they know."""

    def _said(self, said: Said, stamp: Stamp) -> Iterator[Effect]:
        player = self._sockets[said.sid]
        if isinstance(said.event, space.PartyAccept) and player is not None and player.party is None:
            party = player.place.parties.get(said.event.partyId)
            if party is not None:
                party.invited.add(player.id)
        yield from super()._said(said, stamp)


@breaks("party/2")
class InvitationNeverUsedUp(Faulty):
    """Who was invited once may come again and again."""

    def _act(self, player: Player, event: Any, stamp: Stamp) -> Iterator[Effect]:
        yield from super()._act(player, event, stamp)
        if isinstance(event, space.PartyAccept) and player.party is not None:
            player.party.invited.add(player.id)


@breaks("party/1")
class OutsiderInvites(Faulty):
    """Who is no member may invite."""

    def _said(self, said: Said, stamp: Stamp) -> Iterator[Effect]:
        player = self._sockets[said.sid]
        if isinstance(said.event, space.PartyInvite) and player is not None:
            party = player.place.parties.get(said.event.partyId)
            target = player.place.players.get(said.event.targetId)
            if party is not None and target is not None and target is not player and target.id not in party.members:
                yield from parties.invite(player, party, target)
                return
        yield from super()._said(said, stamp)


@breaks("party/4")
class InvitesAcrossSpaces(Faulty):
    """An invitation reaches people in other spaces."""

    def _said(self, said: Said, stamp: Stamp) -> Iterator[Effect]:
        player = self._sockets[said.sid]
        if isinstance(said.event, space.PartyInvite) and player is not None and player.party is not None:
            for place in self._places.values():
                if place is not player.place and (target := place.players.get(said.event.targetId)):
                    yield from parties.invite(player, player.party, target)
                    return
        yield from super()._said(said, stamp)


@breaks("party/5")
class TwoPartiesAtOnce(Faulty):
    """Who is in a party may found another."""

    def _said(self, said: Said, stamp: Stamp) -> Iterator[Effect]:
        player = self._sockets[said.sid]
        if isinstance(said.event, space.PartyCreate) and player is not None and player.party is not None:
            yield from parties.found(player, said.event.name, stamp)
            return
        yield from super()._said(said, stamp)


@breaks("party/6")
class MembersIncomplete(Changed):
    """`party:joined` names the newcomer alone."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if tells(effect, space.PartyJoined) and said(entry, space.PartyAccept):
            emit = cast("Emit", effect)
            members = cast("space.PartyJoined", emit.event).members
            yield replace(emit, event=emit.event.model_copy(update={"members": list(members)[-1:]}))
            return
        yield effect


@breaks("party/7")
class DeclineIgnored(Faulty):
    """A declined invitation stays open."""

    def _act(self, player: Player, event: Any, stamp: Stamp) -> Iterator[Effect]:
        if not isinstance(event, space.PartyDecline):
            yield from super()._act(player, event, stamp)


@breaks("party/8")
class DepartureFromPartyUntold(Changed):
    """The members do not hear that one has left."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if not (said(entry, space.PartyLeave) and tells(effect, space.PartyMemberLeft)):
            yield effect


@breaks("zone/1")
class ZoneLetsIntoParty(Faulty):
    """Who walks into a zone that is called like a party hears that party."""

    def _act(self, player: Player, event: Any, stamp: Stamp) -> Iterator[Effect]:
        yield from super()._act(player, event, stamp)
        if isinstance(event, space.JoinParty) and (party := player.place.parties.get(event.partyId)):
            yield Enter(player.sid, party.room)


@breaks("zone/3")
class ZoneTalkToAll(Changed):
    """What is said in a zone is heard by the whole space."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if tells(effect, space.ChatMessageEvent) and isinstance(entry, Said):
            speaker = self._sockets[entry.sid]
            assert speaker is not None
            yield replace(cast("Emit", effect), room=speaker.place.room)
        else:
            yield effect


@breaks("zone/2")
class ZoneEntryUntold(Changed):
    """Those in a zone do not hear who enters."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if tells(effect, space.PartyJoined) and said(entry, space.JoinParty) and isinstance(entry, Said):
            yield replace(cast("Emit", effect), room=entry.sid)
        else:
            yield effect


# ---- the rest ----------------------------------------------------------------------------------------------------


@breaks("proximity/1")
class AnybodySetsProximity(Faulty):
    """Participants may set proximity."""

    def _said(self, said: Said, stamp: Stamp) -> Iterator[Effect]:
        player = self._sockets[said.sid]
        if isinstance(said.event, space.ProximitySet) and player is not None:
            yield from self._act(player, said.event, stamp)
            return
        yield from super()._said(said, stamp)


@breaks("proximity/3")
class NewcomerNotToldProximity(Changed):
    """A newcomer does not learn the setting."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if not (said(entry, space.JoinSpace) and tells(effect, space.ProximityChanged)):
            yield effect


@breaks("all/1")
class InvalidSwallowed(Faulty):
    """Something invalid is dropped without a word."""

    def _garbled(self, garbled: Garbled) -> Iterator[Effect]:
        if garbled.event_name not in self.protocol.inbound:
            yield from super()._garbled(garbled)


@breaks("all/1")
class InvalidDisconnects(Faulty):
    """Who sends something invalid is thrown out."""

    def _garbled(self, garbled: Garbled) -> Iterator[Effect]:
        yield from super()._garbled(garbled)
        yield Drop(garbled.sid)


@breaks("all/2")
class UnknownSwallowed(Faulty):
    """An event that nobody knows is dropped without a word."""

    def _garbled(self, garbled: Garbled) -> Iterator[Effect]:
        if garbled.event_name in self.protocol.inbound:
            yield from super()._garbled(garbled)


@breaks("log/1")
class ExitNotLogged(Faulty):
    """Departures are missing in the log."""

    def _log_exit(self, player: Player, stamp: Stamp) -> Iterator[Effect]:
        yield from ()


@breaks("guest/5")
class LogReadByAnybody(Faulty):
    """Every user may read every log."""

    def _ordered(self, command: Any, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(command, ReadEvents) and self._sessions.user(command.bearer) is not None:
            command = replace(command, bearer="auth-mina-test")
        yield from super()._ordered(command, stamp)
