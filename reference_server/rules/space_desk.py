"""What space answers over HTTP: guest sessions and the event log. HTTP checks shapes, the rights are checked here."""

from collections.abc import Iterator
from typing import TypeAlias

from reference_server.effects import Effect, Reply, Stamp
from reference_server.rules.space_commands import CreateGuest, LeaveVisit, LogGuestEvent, ReadEvents, VerifyGuest
from reference_server.rules.space_log import EventLog
from reference_server.rules.space_sessions import Sessions, sayable
from reference_server.rules.space_state import Identity, Kind
from reference_server.world import Role, World

DeskCommand: TypeAlias = CreateGuest | VerifyGuest | LogGuestEvent | LeaveVisit | ReadEvents


class Desk:
    """Where sessions are handed out and the log is read."""

    def __init__(self, world: World, sessions: Sessions, log: EventLog) -> None:
        self._world = world
        self._sessions = sessions
        self._log = log

    def answer(self, command: DeskCommand, stamp: Stamp) -> Iterator[Effect]:
        """Answer one request."""
        match command:
            case CreateGuest():
                yield self._create(command, stamp)
            case VerifyGuest():
                yield self._verify(command, stamp)
            case LogGuestEvent():
                yield from self._log_guest(command, stamp)
            case LeaveVisit():
                yield from self._leave_visit(command, stamp)
            case ReadEvents():
                yield self._read(command)

    def _create(self, command: CreateGuest, stamp: Stamp) -> Reply:
        if not sayable("any", command.nickname):
            return _refusal(400, "E3001", "the nickname is blank, or not 1 to 20 characters long")
        token, guest = self._sessions.create_guest(command.space_id, command.nickname, stamp)
        return Reply({"sessionToken": token, "participantId": guest.id, "nickname": guest.nickname}, status=201)

    def _verify(self, command: VerifyGuest, stamp: Stamp) -> Reply:
        """Answer for users too: whoever checks a join has one place to ask, as the source's server does."""
        identity = self._sessions.verify(command.session_token, command.space_id, stamp.now_ms)
        if identity is None:
            return Reply({"valid": False, "error": "the session is not valid for this space"})
        who = {"participantId": identity.id, "nickname": identity.nickname, "role": identity.role.value}
        return Reply({"valid": True, **who})

    def _log_guest(self, command: LogGuestEvent, stamp: Stamp) -> Iterator[Effect]:
        identity = self._sessions.verify(command.session_token, command.space_id, stamp.now_ms)
        if identity is None or identity.kind is not Kind.GUEST:
            yield _refusal(401, "E1001", "a guest session that is valid for this space is needed")
            return
        logged = self._log.record(command.event_type, command.space_id, identity, stamp.now_ms, payload=command.payload)
        yield logged
        yield Reply({"event": logged.body}, status=201)

    def _leave_visit(self, command: LeaveVisit, stamp: Stamp) -> Iterator[Effect]:
        user = self._sessions.user(command.bearer)
        if user is None:
            yield _refusal(401, "E1001", "the auth-token of a user is needed as bearer")
            return
        identity = Identity(Kind.USER, user.id, user.nickname, self._world.role(command.space_id, user.id))
        logged = self._log.record("EXIT", command.space_id, identity, stamp.now_ms)
        yield logged
        yield Reply({"event": logged.body})

    def _read(self, command: ReadEvents) -> Reply:
        user = self._sessions.user(command.bearer)
        if user is None:
            return _refusal(401, "E1001", "the auth-token of a user is needed as bearer")
        if not self._log.knows(command.space_id):
            return _refusal(404, "E3010", "there is no such space in this server's world")
        if self._world.role(command.space_id, user.id) is Role.PARTICIPANT:
            return _refusal(403, "E1003", "only OWNER and STAFF of the space may read its log")
        return Reply(
            {
                "spaceId": command.space_id,
                "events": self._log.last(command.space_id, command.limit),
                "statistics": self._log.statistics(command.space_id),
            }
        )


def _refusal(status: int, code: str, message: str) -> Reply:
    return Reply({"error": {"code": code, "message": message}}, status=status)
