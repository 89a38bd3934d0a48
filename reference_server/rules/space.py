"""How a correct server of space answers: events in, effects out. No I/O, no await, no clock, no randomness.

What is allowed when stands in the contract's `x-errors`, and is asked before anything changes; here stands what each
allowed event does. A player is a seat in one place. Sockets come and go, and exactly one holds each seat.
"""

from collections.abc import Iterator
from typing import ClassVar, TypeAlias, assert_never, cast

from pydantic import MISSING

from protocols import contract, space
from protocols.contract import Json
from reference_server.effects import (
    Answer,
    Command,
    Connected,
    Drop,
    Effect,
    Emit,
    Enter,
    Entry,
    Garbled,
    Gone,
    Later,
    Leave,
    Note,
    Question,
    Reply,
    Rules,
    Said,
    Stamp,
)
from reference_server.mode import Mode
from reference_server.rules import space_parties as parties
from reference_server.rules.refusals import Refused
from reference_server.rules.space_commands import Census, FlushMove, SpaceCommand
from reference_server.rules.space_conditions import REFUSALS, Situation
from reference_server.rules.space_desk import Desk
from reference_server.rules.space_log import EventLog
from reference_server.rules.space_sessions import Sessions, token_of
from reference_server.rules.space_state import Identity, MoveBudget, Place, Player
from reference_server.world import World

_Act: TypeAlias = (
    space.LeaveSpace
    | space.PlayerMove
    | space.PlayerJump
    | space.ChatMessageRequest
    | space.WhisperSend
    | space.PartyCreate
    | space.PartyInvite
    | space.PartyAccept
    | space.PartyDecline
    | space.PartyLeave
    | space.PartyMessageRequest
    | space.ProximitySet
    | space.JoinParty
    | space.LeaveParty
)
"""Everything a player may say but a join."""


class Space(Rules):
    """All spaces of one running server, and everybody in them."""

    protocol: ClassVar[contract.Protocol] = space.PROTOCOL

    def __init__(self, world: World, mode: Mode, *, external: bool = False) -> None:
        """Begin with nobody connected; `external` says that somebody else can be asked whose a token is."""
        self._external = external
        self._sockets: dict[str, Player | None] = {}  # sid of every connected socket -> the seat it holds
        self._places: dict[str, Place] = {}  # space id -> place; never an empty one
        self._verified: dict[str, Player] = {}  # id -> the one seat of that session, in whatever place
        self._sessions = Sessions(world, mode, seated=self._verified)
        self._log = EventLog(world)
        self._desk = Desk(world, self._sessions, self._log)

    def question(self, entry: Entry) -> Question | None:
        """Ask whose the token of a join is, unless it is our own or nobody can be asked."""
        match entry:
            case Said(sid=sid, event=space.JoinSpace() as join) if self._external and sid in self._sockets:
                token = token_of(join)
                return None if self._sessions.is_own(token) else Question(token, join.spaceId)
            case _:
                return None

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        """Change the state, and yield what is to be done, in the order of the wire.

        A socket that has not connected, is gone or was dropped is not answered: nobody is there to hear it.
        """
        match entry:
            case Connected():
                self._sockets.setdefault(entry.sid, None)
            case Said():
                if entry.sid in self._sockets:
                    yield from self._said(entry, stamp)
            case Garbled():
                if entry.sid in self._sockets:
                    yield from self._garbled(entry)
            case Gone():
                yield from self._gone(entry.sid, stamp)
            case Command():
                yield from self._ordered(cast("SpaceCommand", entry), stamp)
            case _:
                assert_never(entry)

    # ---- entries ----------------------------------------------------------------------------------------------------

    def _said(self, said: Said, stamp: Stamp) -> Iterator[Effect]:
        event = cast("space.Inbound", said.event)  # the gate lets nothing else in
        player = self._sockets[said.sid]
        if isinstance(event, space.JoinSpace):
            yield from self._ask_to_join(said.sid, event, said.answer, stamp)
            return
        if refused := REFUSALS.first(event, Situation(event, player)):
            yield from self._refuse(said.sid, player, refused)
            return
        assert player is not None  # whatever is not a join requires `joined`
        yield from self._act(player, event, stamp)

    def _garbled(self, garbled: Garbled) -> Iterator[Effect]:
        """Tell the sender, and nobody else, what was wrong (`space/all/1`, `space/all/2`)."""
        reason = garbled.reason.encode(errors="replace").decode()[:500] or "this breaks the contract"
        yield Emit(space.Error(message=reason), garbled.sid)
        yield Note("info", f"refused {garbled.event_name}", "E3001", _context(garbled.sid, self._sockets[garbled.sid]))

    def _gone(self, sid: str, stamp: Stamp) -> Iterator[Effect]:
        player = self._sockets.pop(sid, None)
        if player is not None:
            yield from self._leave(player, stamp)

    def _ordered(self, command: SpaceCommand, stamp: Stamp) -> Iterator[Effect]:
        match command:
            case FlushMove():
                yield from self._flush_move(command, stamp)
            case Census():
                yield Reply(self._census())
            case _:
                yield from self._desk.answer(command, stamp)

    def _act(self, player: Player, event: "_Act", stamp: Stamp) -> Iterator[Effect]:
        """Do what an allowed event of a player in a space does."""
        place = player.place
        match event:
            case space.LeaveSpace():
                yield from self._leave(player, stamp)
            case space.PlayerMove():
                player.x, player.y = event.x, event.y
                player.direction, player.is_moving = event.direction, event.isMoving
                yield from _tell_position(player, stamp)
            case space.PlayerJump():
                player.x, player.y = event.x, event.y
                yield Emit(space.PlayerJumped(id=player.id, x=event.x, y=event.y), place.room, skip=player.sid)
            case space.ChatMessageRequest():
                yield _talk(player, event, stamp)
            case space.WhisperSend():
                whisper = space.WhisperReceived(
                    senderId=player.id, senderName=player.nickname, content=_trim(event.content)
                )
                yield Emit(whisper, place.players[event.targetId].sid)
            case space.PartyCreate():
                yield from parties.found(player, event.name, stamp)
            case space.PartyInvite():
                yield from parties.invite(player, place.parties[event.partyId], place.players[event.targetId])
            case space.PartyAccept():
                yield from parties.accept(player, place.parties[event.partyId])
            case space.PartyDecline():
                yield from parties.decline(player, place.parties[event.partyId])
            case space.PartyLeave():
                yield from parties.leave_party(player)
            case space.PartyMessageRequest():
                yield from parties.say(player, place.parties[event.partyId], _trim(event.content))
            case space.ProximitySet():
                place.proximity = event.enabled
                yield Emit(space.ProximityChanged(spaceId=place.id, enabled=event.enabled), place.room)
            case space.JoinParty():
                yield from parties.enter_zone(player, event.partyId, event.partyName)
            case space.LeaveParty():
                yield from parties.leave_zone(player)
            case _:
                assert_never(event)

    def _refuse(self, sid: str, player: Player | None, refused: Refused) -> Iterator[Effect]:
        yield Emit(refused.event, sid)
        # A failed authentication is worth a warning; the server's log counts them. All else is the client's affair.
        level = "warn" if refused.code.startswith("E1") else "info"
        yield Note(level, refused.reason, refused.code, _context(sid, player))

    # ---- joining and leaving ----------------------------------------------------------------------------------------

    def _ask_to_join(self, sid: str, join: space.JoinSpace, answer: Answer | None, stamp: Stamp) -> Iterator[Effect]:
        identity, notes = self._sessions.admit(join, answer, stamp.now_ms)
        context: dict[str, Json] = {"socketId": sid, "spaceId": join.spaceId}
        yield from (Note(note.level, note.message, note.code, context) for note in notes)
        player = self._sockets[sid]
        situation = Situation(join, player, identity, self._places.get(join.spaceId))
        if refused := REFUSALS.first(join, situation):
            yield from self._refuse(sid, player, refused)
            if refused.disconnects:
                yield from self._drop(sid, stamp)
            return
        assert identity is not None  # a join requires `admitted`
        if player is not None:  # joining again leaves first, also where it is the same space
            yield from self._leave(player, stamp)
        place = self._places.get(join.spaceId)
        seat = place.players.get(identity.id) if place else None  # in one space, one id is one player
        if (elsewhere := self._verified.get(identity.id)) and identity.verified and elsewhere is not seat:
            yield Emit(_REPLACED, elsewhere.sid)
            yield from self._drop(elsewhere.sid, stamp)
        if seat is not None:
            yield from self._take_over(seat, sid, identity, join.avatarColor, stamp)
        else:
            yield from self._take_seat(sid, identity, join, stamp)

    def _take_seat(self, sid: str, identity: Identity, join: space.JoinSpace, stamp: Stamp) -> Iterator[Effect]:
        """Put a newcomer into a space, at its origin, and let the others know."""
        place = self._places.setdefault(join.spaceId, Place(join.spaceId))
        player = Player(sid, identity, join.avatarColor, place, stamp.now_ms, MoveBudget(stamp.now_ms))
        place.players[player.id] = player
        self._hold(player)
        yield from _welcome(player)
        yield Emit(player.joined(), place.room, skip=sid)
        yield Emit(_system(f"{player.nickname} joined", f"joined {sid}", stamp), place.room)
        yield from self._log_enter(player, stamp)

    def _take_over(
        self, player: Player, sid: str, identity: Identity, avatar: space.AvatarColor, stamp: Stamp
    ) -> Iterator[Effect]:
        """Give a seat to another socket of the same session: position, party and zone stay, the others hear nothing.

        In development an id is all there is, so who claims an id takes the seat of whoever has it; where one of the two
        was verified and the other was not, they are two stays in the log.
        """
        first, before = player.sid, player.identity
        yield Emit(_REPLACED, first)
        yield from (Leave(first, room) for room in player.rooms)
        del self._sockets[first]
        yield Drop(first)
        other_stay = before.kind is not identity.kind
        log = [*self._log_exit(player, stamp)] if other_stay else []
        self._release(player)
        player.sid, player.identity, player.avatar = sid, identity, avatar
        self._hold(player)
        if other_stay:
            player.entered_ms = stamp.now_ms
            log += self._log_enter(player, stamp)
        yield from _welcome(player)
        yield from log

    def _leave(self, player: Player, stamp: Stamp) -> Iterator[Effect]:
        """Do all that leaving does; the socket is out of each room before those in it hear so."""
        place = player.place
        del place.players[player.id]
        self._release(player)
        yield Leave(player.sid, place.room)
        if place.players:
            yield Emit(space.PlayerLeft(id=player.id), place.room)
            yield Emit(_system(f"{player.nickname} left", f"left {player.sid}", stamp), place.room)
        yield from parties.leave_party(player)
        yield from parties.leave_zone(player)
        for party in place.parties.values():
            party.invited.discard(player.id)
        if not place.players:
            del self._places[place.id]
        yield from self._log_exit(player, stamp)

    def _drop(self, sid: str, stamp: Stamp) -> Iterator[Effect]:
        """Disconnect a socket; it leaves at once, so that nobody meets it while it is being closed."""
        player = self._sockets.pop(sid)
        if player is not None:
            yield from self._leave(player, stamp)
        yield Drop(sid)

    def _hold(self, player: Player) -> None:
        self._sockets[player.sid] = player
        if player.identity.verified:
            self._verified[player.id] = player

    def _release(self, player: Player) -> None:
        if player.sid in self._sockets:
            self._sockets[player.sid] = None
        if self._verified.get(player.id) is player:
            del self._verified[player.id]

    # ---- the log ----------------------------------------------------------------------------------------------------

    def _log_enter(self, player: Player, stamp: Stamp) -> Iterator[Effect]:
        yield Note("info", "joined", context=_context(player.sid, player))
        if player.identity.verified:  # `space/log/2`: nothing is logged for `dev-*`, nor for who came without a session
            yield self._log.record("ENTER", player.place.id, player.identity, stamp.now_ms)

    def _log_exit(self, player: Player, stamp: Stamp) -> Iterator[Effect]:
        yield Note("info", "left", context=_context(player.sid, player))
        if player.identity.verified:
            self._sessions.touch(player.identity, stamp.now_ms)
            stay_ms = max(0, stamp.now_ms - player.entered_ms)
            yield self._log.record("EXIT", player.place.id, player.identity, stamp.now_ms, stay_ms=stay_ms)

    # ---- commands ---------------------------------------------------------------------------------------------------

    def _flush_move(self, command: FlushMove, stamp: Stamp) -> Iterator[Effect]:
        place = self._places.get(command.space_id)
        player = place.players.get(command.player_id) if place else None
        if player is None:
            return
        player.flush_due = False
        if player.untold:
            yield from _tell_position(player, stamp)

    def _census(self) -> dict[str, Json]:
        rooms: list[Json] = [
            {"spaceId": place.id, "connections": len(place.players)} for place in self._places.values()
        ]
        return {"rooms": rooms, "parties": sum(len(place.parties) for place in self._places.values())}


_REPLACED = space.Error(message="your session goes on in another connection")


def _welcome(player: Player) -> Iterator[Effect]:
    """Let a socket into the rooms of its seat, and tell it where it is."""
    place = player.place
    yield from (Enter(player.sid, room) for room in player.rooms)
    players = [present.position() for present in place.players.values()]
    yield Emit(space.RoomJoined(spaceId=place.id, players=players, yourPlayerId=player.id), player.sid)
    yield Emit(space.ProximityChanged(spaceId=place.id, enabled=place.proximity), player.sid)


def _tell_position(player: Player, stamp: Stamp) -> Iterator[Effect]:
    """Tell the others where a player is; above the rate, put it off until it may move again (`space/move/2`).

    What is told later is where it is by then: whatever it said in between is the surplus, and the last always wins.
    """
    wait_ms = player.moves.take(stamp.now_ms)
    player.untold = wait_ms > 0
    if not player.untold:
        yield Emit(player.moved(), player.place.room, skip=player.sid)
    elif not player.flush_due:
        player.flush_due = True
        yield Later(wait_ms, FlushMove(player.place.id, player.id))


def _talk(player: Player, request: space.ChatMessageRequest, stamp: Stamp) -> Effect:
    """Say something to the space, or to the zone one stands in."""
    zone = player.zone if request.type == "party" else None
    message = space.ChatMessageEvent(
        id=stamp.fresh("chat"),
        senderId=player.id,
        senderNickname=player.nickname,
        content=_trim(request.content),
        timestamp=stamp.now_ms,
        type="party" if zone else "message",
        partyId=zone.id if zone else MISSING,
        partyName=zone.name if zone else MISSING,
    )
    return Emit(message, zone.room if zone else player.place.room)


def _system(content: str, purpose: str, stamp: Stamp) -> space.ChatSystem:
    """Let the space itself say something."""
    return space.ChatSystem(
        id=stamp.fresh(purpose),
        senderId="system",
        senderNickname="System",
        content=content,
        timestamp=stamp.now_ms,
        type="system",
    )


# What both readers of the contract's `\S`, ECMAScript and Rust, call blank: what they let in is never trimmed to
# nothing. Python's own `strip` takes U+001C to 1F too, and could.
_BLANK = "\t\n\v\f\r \xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))


def _trim(content: str) -> str:
    return content.strip(_BLANK)


def _context(sid: str, player: Player | None) -> dict[str, Json]:
    """Say in the log's words who it was."""
    if player is None:
        return {"socketId": sid}
    return {"socketId": sid, "spaceId": player.place.id, "playerId": player.id}
