"""Servers of gateway that are wrong beside the socket: in an answer over HTTP, or in what they put into Redis."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar, cast

from protocols import gateway
from reference_server.effects import Acknowledge, Command, Effect, Entry, Gone, Publish, Reply, Stamp, Withdraw
from reference_server.rules.gateway_commands import (
    EnterRoom,
    FindAccount,
    ListMembers,
    ListRooms,
    MakeRoom,
    MarkRead,
    ReadMessages,
    Register,
)
from tests.faults.fault import breaks
from tests.faults.gateway import Changed, Faulty, said

# ---- HTTP --------------------------------------------------------------------------------------------------------


class Answering(Faulty):
    """A server whose answer to one kind of request is another."""

    to: ClassVar[type[Command]]

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        effects = super().handle(entry, stamp)
        if isinstance(entry, self.to):
            yield from (self.answer(cast("Reply", effect), entry) for effect in effects)
        else:
            yield from effects

    def answer(self, reply: Reply, command: Any) -> Reply:
        raise NotImplementedError


@breaks("gateway/auth/1", "missing field")
class RegisteredWithoutAWord(Answering):
    """Who registers is not told under which id."""

    to = Register

    def answer(self, reply: Reply, command: Register) -> Reply:
        return replace(reply, value={"email": command.email}) if reply.status == 201 else reply


@breaks("gateway/auth/2", "unauthorised")
class AccountsTakenOver(Answering):
    """Who registers an email again has the account."""

    to = Register

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(entry, Register) and (account := self._desk._accounts.find(entry.email)) is not None:
            self._desk._accounts.keep_digest(account, entry.salt, entry.digest)
        yield from super().handle(entry, stamp)

    def answer(self, reply: Reply, command: Register) -> Reply:
        return Reply({"id": "taken-over", "email": command.email}, status=201) if reply.status == 409 else reply


@breaks("gateway/auth/3", "refused valid")
class NewcomersCannotLogIn(Answering):
    """Only those whom the server knew from its beginning can log in."""

    to = FindAccount

    def answer(self, reply: Reply, command: FindAccount) -> Reply:
        return Reply({"error": {"code": "E3010", "message": "who?"}}, status=404) if "salt" in reply.value else reply


@breaks("gateway/handshake/1", "wrong value")
class TokenOfTheEmail(Answering):
    """The token of a login names its bearer by the email alone."""

    to = FindAccount

    def answer(self, reply: Reply, command: FindAccount) -> Reply:
        return replace(reply, value={**reply.value, "id": command.email})


@breaks("gateway/rooms/1", "dropped")
class MakerStaysOutside(Answering):
    """Who makes a room is no member of it."""

    to = MakeRoom

    def answer(self, reply: Reply, command: MakeRoom) -> Reply:
        if (room := self._rooms.get(str(reply.value.get("id")))) is not None:
            room.members.clear()
        return reply


@breaks("gateway/rooms/2", "wrong value")
class MembersForAnHour(Faulty):
    """Who disconnects is no member any more."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(entry, Gone) and (socket := self._sockets.get(entry.sid)) is not None:
            for room in self._rooms.of(socket.user_id):
                room.members.pop(socket.user_id, None)
        yield from super().handle(entry, stamp)


@breaks("gateway/rooms/3", "leaked")
class EverybodysRooms(Answering):
    """GET /rooms lists all there are."""

    to = ListRooms

    def answer(self, reply: Reply, command: ListRooms) -> Reply:
        return Reply({"rooms": [{"id": room.id, "name": room.name} for room in self._rooms._rooms.values()]})


@breaks("gateway/rooms/4", "duplicated")
class MembersCountedByJoins(Answering):
    """Who joined twice over HTTP is listed twice."""

    to = ListMembers

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._joins: list[tuple[str, str]] = []

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(entry, EnterRoom):
            self._joins.append((entry.room_id, entry.bearer.id))
        yield from super().handle(entry, stamp)

    def answer(self, reply: Reply, command: ListMembers) -> Reply:
        again = [{"id": who} for room_id, who in set(self._joins) if self._joins.count((room_id, who)) > 1]
        return replace(reply, value={"members": [*cast("list[Any]", reply.value["members"]), *again]})


@breaks("gateway/rooms/5", "unauthorised")
class MembersForAll(Answering):
    """Anybody may know who is in a room."""

    to = ListMembers

    def answer(self, reply: Reply, command: ListMembers) -> Reply:
        return Reply({"members": []}) if reply.status == 403 else reply


@breaks("gateway/history/1", "misordered")
class NewestFirst(Answering):
    """A page falls."""

    to = ReadMessages

    def answer(self, reply: Reply, command: ReadMessages) -> Reply:
        messages = cast("list[Any]", reply.value.get("messages", []))
        return replace(reply, value={"messages": messages[::-1]}) if reply.status == 200 else reply


@breaks("gateway/history/1", "unauthorised")
class HistoryForAll(Answering):
    """Anybody may read a room's history."""

    to = ReadMessages

    def answer(self, reply: Reply, command: ReadMessages) -> Reply:
        return Reply({"messages": []}) if reply.status == 403 else reply


@breaks("gateway/history/2", "off by one")
class ShortPages(Faulty):
    """No page has more than 20 messages, whatever is asked for."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        short = replace(entry, limit=min(entry.limit, 20)) if isinstance(entry, ReadMessages) else entry
        yield from super().handle(short, stamp)


@breaks("gateway/history/3", "off by one")
class CursorTwice(Faulty):
    """The message that `before` names stands in the page, too."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(entry, ReadMessages) and entry.before:
            entry = replace(entry, before=entry.before + "0")
        yield from super().handle(entry, stamp)


@breaks("gateway/history/4", "refused valid")
class OnlyTheLastIsRead(Answering):
    """Who says that not everything is read yet is refused."""

    to = MarkRead

    def answer(self, reply: Reply, command: MarkRead) -> Reply:
        room = self._rooms.get(command.room_id)
        if room is not None and room.conversation.page(limit=1)[0].messageId != command.message_id:
            return Reply({"error": {"code": "E3010", "message": "this is not the last"}}, status=404)
        return reply


# ---- heartbeats and presence -------------------------------------------------------------------------------------


@breaks("gateway/heartbeat/1", "dropped")
class HeartbeatUnanswered(Changed):
    """A heartbeat is heard in silence."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if not (said(entry, gateway.Heartbeat) and isinstance(effect, Acknowledge)):
            yield effect


@breaks("gateway/presence/1", "missing field", in_redis=True)
class PlaceUntold(Changed):
    """A socket's field does not say where it is."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        yield replace(effect, value="online") if isinstance(effect, Publish) else effect


@breaks("gateway/presence/2", "forgotten clean-up", in_redis=True)
class PresenceWithoutEnd(Changed):
    """Presence lasts for a day."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        yield replace(effect, ttl_s=86_400) if isinstance(effect, Publish) else effect


@breaks("gateway/presence/3", "forgotten clean-up", in_redis=True)
class NobodyGoes(Changed):
    """Who disconnects stays online until the key ends."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if isinstance(effect, Withdraw):
            others = [s for s in self._sockets.values() if effect.key.endswith(s.user_id) and s.sid != effect.field]
            if not others:
                return
        yield effect


@breaks("gateway/presence/4", "wrong value", in_redis=True)
class FirstGoesAllGo(Changed):
    """When one socket of a user goes, the user is offline."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        yield replace(effect, field="") if isinstance(effect, Withdraw) else effect


@breaks("gateway/heartbeat/2", "dropped", in_redis=True)
class HeartbeatInVain(Changed):
    """A heartbeat renews nothing."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if not (said(entry, gateway.Heartbeat) and isinstance(effect, Publish)):
            yield effect


@breaks("gateway/presence/5", "forgotten clean-up", in_redis=True, time_scale=60.0)
class SilentStayOnline(Changed):
    """Whoever is connected stays online, heartbeats or not."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        yield replace(effect, ttl_s=3_600) if isinstance(effect, Publish) else effect
