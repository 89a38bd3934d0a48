"""Servers of space that are wrong in one thing, each named for the requirement that it breaks.

Each is the whole server with one small patch: an entry that is treated otherwise, or an effect that is changed.
"""

from collections import Counter
from collections.abc import Iterator
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
from tests.faults.fault import breaks


class Faulty(Space):
    """A server of space with something wrong."""


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


@breaks("space/all/4", "forged")
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


@breaks("space/join/5", "forged")
class ClientNicknameTrusted(Changed):
    """A newcomer is called what the client says."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if tells(effect, space.PlayerJoined) and isinstance(entry, Said) and isinstance(entry.event, space.JoinSpace):
            emit = cast("Emit", effect)
            yield replace(emit, event=emit.event.model_copy(update={"nickname": entry.event.nickname[:10] + "?"}))
            return
        yield effect


@breaks("space/join/1", "forged")
class WrongYourPlayerId(Changed):
    """`yourPlayerId` is the id that the client sent."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if tells(effect, space.RoomJoined) and isinstance(entry, Said) and isinstance(entry.event, space.JoinSpace):
            emit = cast("Emit", effect)
            yield replace(emit, event=emit.event.model_copy(update={"yourPlayerId": entry.event.playerId}))
            return
        yield effect


@breaks("space/session/1", "unauthorised")
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


@breaks("space/session/1", "forgotten clean-up")
class RefusedMayStay(Changed):
    """Who is refused at the door is not disconnected."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if not (isinstance(effect, Drop) and said(entry, space.JoinSpace)):
            yield effect


# ---- joining and leaving -----------------------------------------------------------------------------------------


@breaks("space/join/5", "dropped")
class NewcomerUntold(Silent):
    """The others do not hear of a newcomer."""

    untold = space.PlayerJoined


@breaks("space/join/2", "wrong value")
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


@breaks("space/join/2", "missing field")
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


@breaks("space/join/2", "forgotten clean-up")
class GhostInRoster(Faulty):
    """Who is cut off is told to have left, but stays in the roster."""

    def _gone(self, sid: str, stamp: Stamp) -> Iterator[Effect]:
        player = self._sockets.get(sid)
        yield from super()._gone(sid, stamp)
        if player is not None and player.place.players:
            player.place.players[player.id] = player


@breaks("space/leave/1", "forgotten clean-up")
class GhostAfterDisconnect(Faulty):
    """A disconnect is not taken for a departure."""

    def _gone(self, sid: str, stamp: Stamp) -> Iterator[Effect]:
        self._sockets.pop(sid, None)
        yield from ()


@breaks("space/leave/1", "duplicated")
class DoublePlayerLeft(Changed):
    """A departure is told twice."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        yield effect
        if tells(effect, space.PlayerLeft):
            yield effect


@breaks("space/join/3", "forgotten clean-up")
class TwoSocketsOneSession(Changed):
    """The first socket of a session stays when a second one comes."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if said(entry, space.JoinSpace) and (isinstance(effect, Drop) or tells(effect, space.Error)):
            return
        yield effect


@breaks("space/join/4", "dropped")
class OldSpaceUntold(Changed):
    """Who goes to another space is not told to have left the first."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if not (said(entry, space.JoinSpace) and tells(effect, space.PlayerLeft)):
            yield effect


@breaks("space/all/5", "forgotten clean-up")
class OldSpaceOverheard(Changed):
    """Who goes to another space still hears the first."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if not (said(entry, space.JoinSpace) and isinstance(effect, Leave)):
            yield effect


@breaks("space/join/6", "dropped")
class TooEarlyUnanswered(Faulty):
    """Who speaks before joining gets no error."""

    def _said(self, said: Said, stamp: Stamp) -> Iterator[Effect]:
        if self._sockets[said.sid] is None and not isinstance(said.event, space.JoinSpace):
            return
        yield from super()._said(said, stamp)


@breaks("space/leave/2", "dropped")
class MembershipOutlivesLeave(Changed):
    """The party does not hear that a member has left the space."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        leaving = isinstance(entry, Gone) or said(entry, space.LeaveSpace)
        if not (leaving and tells(effect, space.PartyMemberLeft)):
            yield effect


@breaks("space/leave/3", "forgotten clean-up")
class PartyOutlivesMembers(Faulty):
    """A party that everybody left can still be entered."""

    def _act(self, player: Player, event: Any, stamp: Stamp) -> Iterator[Effect]:
        place, party = player.place, player.party
        yield from super()._act(player, event, stamp)
        if party is not None and isinstance(event, space.PartyLeave):
            place.parties[party.id] = party


# ---- moving and talking ------------------------------------------------------------------------------------------


@breaks("space/move/1", "misdirected")
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


@breaks("space/move/1", "late")
class SluggishMoves(Delaying):
    """A move takes seconds to reach the others."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if tells(effect, space.PlayerMoved) and not isinstance(entry, Belated):
            yield Later(4_000, Belated(cast("Emit", effect)))
        else:
            yield effect


@breaks("space/all/6", "misordered")
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


@breaks("space/all/7", "duplicated")
class HeardTwice(Changed):
    """Every seventh jump is heard twice."""

    count = 0

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        yield effect
        if tells(effect, space.PlayerJumped):
            self.count += 1
            if self.count % 7 == 0:
                yield effect


@breaks("space/jump/1", "dropped")
class SomeJumpsLost(Changed):
    """Every third jump of a player is heard by nobody."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.jumps: Counter[str] = Counter()

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if isinstance(effect, Emit) and isinstance(effect.event, space.PlayerJumped):
            self.jumps[effect.event.id] += 1
            if self.jumps[effect.event.id] % 3 == 0:
                return
        yield effect


@breaks("space/move/2", "accepted invalid")
class MovesUnlimited(Faulty):
    """However many moves come, all are told."""

    def _act(self, player: Player, event: Any, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(event, space.PlayerMove):
            player.moves.__init__(stamp.now_ms)  # type: ignore[misc]  # a bucket that is always full
        yield from super()._act(player, event, stamp)


@breaks("space/chat/2", "wrong value")
class ContentNotTrimmed(Changed):
    """Talk is delivered with the blanks around it."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if tells(effect, space.ChatMessageEvent) and isinstance(entry, Said):
            emit = cast("Emit", effect)
            content = cast("space.ChatMessageRequest", entry.event).content
            yield replace(emit, event=emit.event.model_copy(update={"content": content}))
            return
        yield effect


@breaks("space/chat/1", "dropped")
class OwnTalkUnheard(Changed):
    """The sender does not hear its own talk."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if tells(effect, space.ChatMessageEvent) and isinstance(entry, Said):
            yield replace(cast("Emit", effect), skip=entry.sid)
        else:
            yield effect


@breaks("space/whisper/1", "leaked")
class WhisperToAll(Changed):
    """A whisper is heard by the whole space."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if tells(effect, space.WhisperReceived) and isinstance(entry, Said):
            speaker = self._sockets[entry.sid]
            assert speaker is not None
            yield replace(cast("Emit", effect), room=speaker.place.room)
        else:
            yield effect


@breaks("space/whisper/2", "misdirected")
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


@breaks("space/whisper/2", "dropped")
class WhisperToNobodyUnanswered(Changed):
    """A whisper to nobody gives no error."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if not (said(entry, space.WhisperSend) and tells(effect, space.Error)):
            yield effect


# ---- parties and zones -------------------------------------------------------------------------------------------


@breaks("space/party/9", "leaked")
class PartyLeak(Changed):
    """What is said to the party is heard by the whole space."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if tells(effect, space.PartyMessageEvent) and isinstance(entry, Said):
            speaker = self._sockets[entry.sid]
            assert speaker is not None
            yield replace(cast("Emit", effect), room=speaker.place.room)
        else:
            yield effect


@breaks("space/party/3", "unauthorised")
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


@breaks("space/party/2", "unauthorised")
class UninvitedMayEnter(Faulty):
    """Anybody may enter a party whose id they know."""

    def _said(self, said: Said, stamp: Stamp) -> Iterator[Effect]:
        player = self._sockets[said.sid]
        if isinstance(said.event, space.PartyAccept) and player is not None and player.party is None:
            party = player.place.parties.get(said.event.partyId)
            if party is not None:
                party.invited.add(player.id)
        yield from super()._said(said, stamp)


@breaks("space/party/2", "forgotten clean-up")
class InvitationNeverUsedUp(Faulty):
    """Who was invited once may come again and again."""

    def _act(self, player: Player, event: Any, stamp: Stamp) -> Iterator[Effect]:
        yield from super()._act(player, event, stamp)
        if isinstance(event, space.PartyAccept) and player.party is not None:
            player.party.invited.add(player.id)


@breaks("space/party/1", "unauthorised")
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


@breaks("space/party/4", "unauthorised")
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


@breaks("space/party/5", "accepted invalid")
class TwoPartiesAtOnce(Faulty):
    """Who is in a party may found another."""

    def _said(self, said: Said, stamp: Stamp) -> Iterator[Effect]:
        player = self._sockets[said.sid]
        if isinstance(said.event, space.PartyCreate) and player is not None and player.party is not None:
            yield from parties.found(player, said.event.name, stamp)
            return
        yield from super()._said(said, stamp)


@breaks("space/party/6", "missing field")
class MembersIncomplete(Changed):
    """`party:joined` names the newcomer alone."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if tells(effect, space.PartyJoined) and said(entry, space.PartyAccept):
            emit = cast("Emit", effect)
            members = cast("space.PartyJoined", emit.event).members
            yield replace(emit, event=emit.event.model_copy(update={"members": list(members)[-1:]}))
            return
        yield effect


@breaks("space/party/7", "forgotten clean-up")
class DeclineIgnored(Faulty):
    """A declined invitation stays open."""

    def _act(self, player: Player, event: Any, stamp: Stamp) -> Iterator[Effect]:
        if not isinstance(event, space.PartyDecline):
            yield from super()._act(player, event, stamp)


@breaks("space/party/8", "dropped")
class DepartureFromPartyUntold(Changed):
    """The members do not hear that one has left."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if not (said(entry, space.PartyLeave) and tells(effect, space.PartyMemberLeft)):
            yield effect


@breaks("space/zone/1", "leaked")
class ZoneLetsIntoParty(Faulty):
    """Who walks into a zone that is called like a party hears that party."""

    def _act(self, player: Player, event: Any, stamp: Stamp) -> Iterator[Effect]:
        yield from super()._act(player, event, stamp)
        if isinstance(event, space.JoinParty) and (party := player.place.parties.get(event.partyId)):
            yield Enter(player.sid, party.room)


@breaks("space/zone/3", "leaked")
class ZoneTalkToAll(Changed):
    """What is said in a zone is heard by the whole space."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if tells(effect, space.ChatMessageEvent) and isinstance(entry, Said):
            speaker = self._sockets[entry.sid]
            assert speaker is not None
            yield replace(cast("Emit", effect), room=speaker.place.room)
        else:
            yield effect


@breaks("space/zone/2", "dropped")
class ZoneEntryUntold(Changed):
    """Those in a zone do not hear who enters."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if tells(effect, space.PartyJoined) and said(entry, space.JoinParty) and isinstance(entry, Said):
            yield replace(cast("Emit", effect), room=entry.sid)
        else:
            yield effect


# ---- the rest ----------------------------------------------------------------------------------------------------


@breaks("space/proximity/1", "unauthorised")
class AnybodySetsProximity(Faulty):
    """Participants may set proximity."""

    def _said(self, said: Said, stamp: Stamp) -> Iterator[Effect]:
        player = self._sockets[said.sid]
        if isinstance(said.event, space.ProximitySet) and player is not None:
            yield from self._act(player, said.event, stamp)
            return
        yield from super()._said(said, stamp)


@breaks("space/proximity/3", "dropped")
class NewcomerNotToldProximity(Changed):
    """A newcomer does not learn the setting."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if not (said(entry, space.JoinSpace) and tells(effect, space.ProximityChanged)):
            yield effect


@breaks("space/all/1", "dropped")
class InvalidSwallowed(Faulty):
    """Something invalid is dropped without a word."""

    def _garbled(self, garbled: Garbled) -> Iterator[Effect]:
        if garbled.event_name not in self.protocol.inbound:
            yield from super()._garbled(garbled)


@breaks("space/all/1", "disconnected")
class InvalidDisconnects(Faulty):
    """Who sends something invalid is thrown out."""

    def _garbled(self, garbled: Garbled) -> Iterator[Effect]:
        yield from super()._garbled(garbled)
        yield Drop(garbled.sid)


@breaks("space/all/2", "dropped")
class UnknownSwallowed(Faulty):
    """An event that nobody knows is dropped without a word."""

    def _garbled(self, garbled: Garbled) -> Iterator[Effect]:
        if garbled.event_name in self.protocol.inbound:
            yield from super()._garbled(garbled)


@breaks("space/log/1", "dropped")
class ExitNotLogged(Faulty):
    """Departures are missing in the log."""

    def _log_exit(self, player: Player, stamp: Stamp) -> Iterator[Effect]:
        yield from ()


@breaks("space/guest/5", "unauthorised")
class LogReadByAnybody(Faulty):
    """Every user may read every log."""

    def _ordered(self, command: Any, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(command, ReadEvents) and self._sessions.user(command.bearer) is not None:
            command = replace(command, bearer="auth-mina-test")
        yield from super()._ordered(command, stamp)
