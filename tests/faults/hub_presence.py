"""Servers of hub that are wrong about presence or notifications; `hub.py` has those that are wrong in a room.

Whoever takes `FAULTS` from here has those of both.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

from aiohttp import web

from protocols import hub
from reference_server.effects import Connected, Effect, Emit, Enter, Entry, Gone, Leave, Reply, Stamp
from reference_server.http.body import bearer
from reference_server.http.hub import HubApi
from reference_server.rules.hub_commands import PostNotification
from reference_server.rules.hub_state import EVERYBODY, moment
from tests.faults.hub import FAULTS, Changed, Faulty, Retold, breaks, said

__all__ = ["FAULTS"]

# ---- presence ----------------------------------------------------------------------------------------------------


class RetoldPresence(Retold):
    """A server that is wrong about presence."""

    event = hub.PresenceUpdate


@breaks("presence/1")
class AwayIsOnline(RetoldPresence):
    """Stepping away is told as coming back."""

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        if said(entry, hub.UpdatePresence):
            emit = replace(emit, event=emit.event.model_copy(update={"status": "online"}))
        yield emit


@breaks("presence/1")
class AwayToldToOneself(Changed):
    """The other sockets of who steps away hear of it too."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if not (said(entry, hub.UpdatePresence) and isinstance(effect, Enter | Leave)):
            yield effect


@breaks("presence/2")
class OnlineUntold(RetoldPresence):
    """Nobody hears who comes online."""

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        if not isinstance(entry, Connected):
            yield emit


@breaks("presence/3")
class OnlineWithEverySocket(Faulty):
    """A user comes online with each of its sockets."""

    def _connected(self, connected: Connected) -> Iterator[Effect]:
        is_further = connected.claims["id"] in self._users
        yield from super()._connected(connected)
        if is_further:
            socket = self._sockets[connected.sid]
            yield Emit(hub.PresenceUpdate(userId=socket.user.id, status="online"), EVERYBODY, skip=socket.sid)


@breaks("presence/4")
class NeverOffline(RetoldPresence):
    """Nobody hears who goes offline."""

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        if not isinstance(entry, Gone):
            yield emit


@breaks("presence/5")
class OfflineWithAnySocket(Faulty):
    """A user goes offline with each of its sockets."""

    def _gone(self, sid: str, stamp: Stamp) -> Iterator[Effect]:
        socket = self._sockets.get(sid)
        yield from super()._gone(sid, stamp)
        if socket is not None and socket.user.sockets:
            gone = hub.PresenceUpdate(userId=socket.user.id, status="offline", lastSeen=moment(stamp.now_ms))
            yield Emit(gone, EVERYBODY, skip=sid)


@breaks("presence/6")
class LastSeenUntold(RetoldPresence):
    """Who goes offline was last seen nobody knows when."""

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        if isinstance(entry, Gone):
            user_id = cast("hub.PresenceUpdate", emit.event).userId
            emit = replace(emit, event=hub.PresenceUpdate(userId=user_id, status="offline"))
        yield emit


@breaks("presence/6")
class LastSeenWhenFirstSeen(RetoldPresence):
    """Who goes offline was last seen when the server began."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        self.began = getattr(self, "began", moment(stamp.now_ms))
        yield from super().handle(entry, stamp)

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        if isinstance(entry, Gone):
            emit = replace(emit, event=emit.event.model_copy(update={"lastSeen": self.began}))
        yield emit


# ---- notifications -----------------------------------------------------------------------------------------------


class RetoldNotification(Retold):
    """A server that is wrong about notifications."""

    event = hub.Notification


@breaks("notification/1")
class FirstSocketNotified(RetoldNotification):
    """Only the first socket of a user is notified."""

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        if isinstance(entry, PostNotification):
            emit = replace(emit, room=next(iter(self._users[entry.user_id].sockets)))
        yield emit


@breaks("notification/2")
class EverybodyNotified(RetoldNotification):
    """A notification reaches everybody."""

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        yield replace(emit, room=EVERYBODY)


@breaks("notification/3")
class NotifiedOtherwise(RetoldNotification):
    """A notification comes with its title for content."""

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        notification = cast("hub.Notification", emit.event)
        yield replace(emit, event=notification.model_copy(update={"content": notification.title}))


@breaks("notification/3")
class AlwaysDelivered(Changed):
    """Who posts a notification is told that it was delivered, whatever became of it."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        yield replace(effect, value={**effect.value, "delivered": True}) if isinstance(effect, Reply) else effect


@breaks("notification/4")
class OfflineForgotten(RetoldNotification):
    """What comes while a user is offline is lost."""

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        if isinstance(entry, PostNotification):
            yield emit


@breaks("notification/4")
class NewestFirst(Faulty):
    """What came meanwhile is handed out the newest first."""

    def _connected(self, connected: Connected) -> Iterator[Effect]:
        effects = list(super()._connected(connected))
        due = [effect for effect in effects if isinstance(effect, Emit) and isinstance(effect.event, hub.Notification)]
        yield from (effect for effect in effects if effect not in due)
        yield from reversed(due)


@breaks("notification/4")
class HandedOutAgain(Faulty):
    """What came meanwhile is handed out to every socket that comes."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.kept: dict[str, list[Emit]] = {}

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        for effect in super().handle(entry, stamp):
            yield effect
            if isinstance(entry, Connected) and isinstance(effect, Emit) and isinstance(effect.event, hub.Notification):
                self.kept.setdefault(str(entry.claims["id"]), []).append(effect)
        if isinstance(entry, Connected):
            kept = self.kept.get(str(entry.claims["id"]), [])
            yield from (replace(emit, room=entry.sid) for emit in kept if emit.room != entry.sid)


@breaks("notification/4")
class LostWhileComing(Faulty):
    """What is posted in the moment in which a user comes is neither handed out nor told at once."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.came: dict[str, int] = {}  # id of a user -> when their first socket came

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(entry, Connected) and entry.claims["id"] not in self._users:
            self.came[str(entry.claims["id"])] = stamp.now_ms
        for effect in super().handle(entry, stamp):
            is_lost = isinstance(entry, PostNotification) and stamp.now_ms - self.came.get(entry.user_id, 0) < 100
            if not (is_lost and isinstance(effect, Emit)):
                yield effect


class OpenApi(HubApi):
    """Takes notifications from anybody."""

    def _require_service(self, token: str) -> None:
        return


@breaks("notification/5")
class AnybodyNotifies(Faulty):
    """Nobody is asked for the service token."""

    api = OpenApi


class ForgetfulApi(HubApi):
    """Takes every user for nobody in particular."""

    async def notify(self, request: web.Request) -> web.Response:
        if bearer(request.headers).count(".") == 2:
            return web.Response(status=401)
        return await super().notify(request)


@breaks("notification/5")
class UsersUnknown(Faulty):
    """A user who posts a notification is told to show who they are, which they did."""

    api = ForgetfulApi


@breaks("notification/6")
class KeepsTen(Faulty):
    """Ten notifications wait for a user, and no more."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        yield from super().handle(entry, stamp)
        if isinstance(entry, PostNotification) and (waiting := self._mailbox.take(entry.user_id)):
            for notification in deque(waiting, maxlen=10):
                self._mailbox.put(entry.user_id, notification)
