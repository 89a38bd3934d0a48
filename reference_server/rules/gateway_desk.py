"""What gateway answers over HTTP: accounts, rooms and the history. HTTP checks shapes and tokens, this the rights."""

from collections.abc import Mapping
from typing import assert_never

from protocols.contract import Json
from reference_server.effects import Reply, Stamp
from reference_server.rules.gateway_accounts import Account, Accounts
from reference_server.rules.gateway_commands import (
    EnterRoom,
    FindAccount,
    GatewayCommand,
    KeepDigest,
    ListMembers,
    ListRooms,
    MakeRoom,
    MarkRead,
    ReadMessages,
    Register,
)
from reference_server.rules.gateway_rooms import Full, Room, Rooms


class Desk:
    """Where accounts and rooms are made, and the history is read."""

    def __init__(self, accounts: Accounts, rooms: Rooms) -> None:
        self._accounts = accounts
        self._rooms = rooms

    def answer(self, command: GatewayCommand, stamp: Stamp) -> Reply:
        """Answer one request."""
        match command:
            case FindAccount():
                return self._find(command.email)
            case KeepDigest():
                return self._keep(command)
            case Register():
                return self._register(command, stamp)
            case MakeRoom():
                return self._make(command, stamp)
            case EnterRoom():
                return self._enter(command)
            case ListRooms():
                return Reply({"rooms": [_told(room) for room in self._rooms.of(command.bearer.id)]})
            case ListMembers() | ReadMessages() | MarkRead():
                return self._look(command)
            case _:
                assert_never(command)

    # ---- accounts ----------------------------------------------------------------------------------------------------

    def _find(self, email: str) -> Reply:
        account = self._accounts.find(email)
        if account is None:
            return _refusal(404, "E3010", "nobody has registered with this email")
        who = {"id": account.id, "email": account.email}
        if account.password:
            return Reply({**who, "password": account.password})
        return Reply({**who, "salt": account.salt, "digest": account.digest})

    def _keep(self, command: KeepDigest) -> Reply:
        account = self._accounts.find(command.email)
        if account is None:
            return _refusal(404, "E3010", "nobody has registered with this email")
        self._accounts.keep_digest(account, command.salt, command.digest)
        return Reply({})

    def _register(self, command: Register, stamp: Stamp) -> Reply:
        if self._accounts.find(command.email) is not None:
            return _refusal(409, "E3011", "somebody has registered with this email already")
        if self._accounts.full:
            return _refusal(503, "E3012", "this server has as many accounts as it can remember")
        account = Account(stamp.uuid("account"), command.email, command.salt, command.digest)
        self._accounts.add(account)
        return Reply({"id": account.id, "email": account.email}, status=201)

    # ---- rooms -------------------------------------------------------------------------------------------------------

    def _make(self, command: MakeRoom, stamp: Stamp) -> Reply:
        bearer = command.bearer
        try:
            room = self._rooms.found(stamp.uuid("room"), command.name, bearer.id, bearer.email)
        except Full as full:
            return _refusal(409, "E3012", str(full))
        return Reply(_told(room), status=201)

    def _enter(self, command: EnterRoom) -> Reply:
        room = self._rooms.get(command.room_id)
        if room is None:
            return _NO_SUCH_ROOM
        try:
            self._rooms.enter(room, command.bearer.id, command.bearer.email)
        except Full as full:
            return _refusal(409, "E3012", str(full))
        return Reply(_told(room))

    def _look(self, command: ListMembers | ReadMessages | MarkRead) -> Reply:
        """Show a room to its members, and to nobody else."""
        room = self._rooms.get(command.room_id)
        if room is None:
            return _NO_SUCH_ROOM
        member = room.members.get(command.bearer.id)
        if member is None:
            return _refusal(403, "E1003", "only members of the room may see this; join it first")
        match command:
            case ListMembers():
                return Reply({"members": [{"id": one.id, "email": one.email} for one in room.members.values()]})
            case ReadMessages():
                page = room.conversation.page(after=command.after, before=command.before, limit=command.limit)
                return Reply({"messages": [message.to_json() for message in page]})
            case MarkRead():
                if not room.conversation.holds(command.message_id):
                    return _refusal(404, "E3010", "the room has no such message")
                member.read_up_to = max(member.read_up_to, command.message_id)
                return Reply({"lastReadMessageId": member.read_up_to})
            case _:
                assert_never(command)


def _told(room: Room) -> Mapping[str, Json]:
    return {"id": room.id, "name": room.name}


def _refusal(status: int, code: str, message: str) -> Reply:
    return Reply({"error": {"code": code, "message": message}}, status=status)


_NO_SUCH_ROOM = _refusal(404, "E3010", "there is no such room")
