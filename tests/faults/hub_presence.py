"""Servers of hub that are wrong about presence or notifications; `hub.py` has those that are wrong in a room."""

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
from tests.faults.fault import breaks
from tests.faults.hub import Changed, Faulty, Retold, said

# ---- presence ----------------------------------------------------------------------------------------------------


class RetoldPresence(Retold):
    """A server that is wrong about presence."""

    event = hub.PresenceUpdate


@breaks("hub/presence/1", "wrong value")
class AwayIsOnline(RetoldPresence):
    """Stepping away is told as coming back."""

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        if said(entry, hub.UpdatePresence):
            emit = replace(emit, event=emit.event.model_copy(update={"status": "online"}))
        yield emit


@breaks("hub/presence/1", "misdirected")
class AwayToldToOneself(Changed):
    """The other sockets of who steps away hear of it too."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        if not (said(entry, hub.UpdatePresence) and isinstance(effect, Enter | Leave)):
            yield effect


@breaks("hub/presence/2", "dropped")
class OnlineUntold(RetoldPresence):
    """Nobody hears who comes online."""

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        if not isinstance(entry, Connected):
            yield emit


@breaks("hub/presence/3", "duplicated")
class OnlineWithEverySocket(Faulty):
    """A user comes online with each of its sockets."""

    def _connected(self, connected: Connected) -> Iterator[Effect]:
        is_further = connected.claims["id"] in self._users
        yield from super()._connected(connected)
        if is_further:
            socket = self._sockets[connected.sid]
            yield Emit(hub.PresenceUpdate(userId=socket.user.id, status="online"), EVERYBODY, skip=socket.sid)


@breaks("hub/presence/4", "dropped")
class NeverOffline(RetoldPresence):
    """Nobody hears who goes offline."""

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        if not isinstance(entry, Gone):
            yield emit


@breaks("hub/presence/5", "wrong value")
class OfflineWithAnySocket(Faulty):
    """A user goes offline with each of its sockets."""

    def _gone(self, sid: str, stamp: Stamp) -> Iterator[Effect]:
        socket = self._sockets.get(sid)
        yield from super()._gone(sid, stamp)
        if socket is not None and socket.user.sockets:
            gone = hub.PresenceUpdate(userId=socket.user.id, status="offline", lastSeen=moment(stamp.now_ms))
            yield Emit(gone, EVERYBODY, skip=sid)


@breaks("hub/presence/6", "missing field")
class LastSeenUntold(RetoldPresence):
    """Who goes offline was last seen nobody knows when."""

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        if isinstance(entry, Gone):
            user_id = cast("hub.PresenceUpdate", emit.event).userId
            emit = replace(emit, event=hub.PresenceUpdate(userId=user_id, status="offline"))
        yield emit


@breaks("hub/presence/6", "wrong value")
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


@breaks("hub/notification/1", "misdirected")
class FirstSocketNotified(RetoldNotification):
    """Only the first socket of a user is notified."""

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        if isinstance(entry, PostNotification):
            emit = replace(emit, room=next(iter(self._users[entry.user_id].sockets)))
        yield emit


@breaks("hub/notification/2", "leaked")
class EverybodyNotified(RetoldNotification):
    """A notification reaches everybody."""

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        yield replace(emit, room=EVERYBODY)


@breaks("hub/notification/3", "wrong value")
class NotifiedOtherwise(RetoldNotification):
    """A notification comes with its title for content."""

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        notification = cast("hub.Notification", emit.event)
        yield replace(emit, event=notification.model_copy(update={"content": notification.title}))


@breaks("hub/notification/3", "wrong value")
class AlwaysDelivered(Changed):
    """Who posts a notification is told that it was delivered, whatever became of it."""

    def change(self, effect: Effect, entry: Entry) -> Iterator[Effect]:
        yield replace(effect, value={**effect.value, "delivered": True}) if isinstance(effect, Reply) else effect


@breaks("hub/notification/4", "dropped")
class OfflineForgotten(RetoldNotification):
    """What comes while a user is offline is lost."""

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        if isinstance(entry, PostNotification):
            yield emit


@breaks("hub/notification/4", "misordered")
class NewestFirst(Faulty):
    """What came meanwhile is handed out the newest first."""

    def _connected(self, connected: Connected) -> Iterator[Effect]:
        effects = list(super()._connected(connected))
        due = [effect for effect in effects if isinstance(effect, Emit) and isinstance(effect.event, hub.Notification)]
        yield from (effect for effect in effects if effect not in due)
        yield from reversed(due)


@breaks("hub/notification/4", "duplicated")
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


@breaks("hub/notification/4", "lost update")
class LostWhileComing(Faulty):
    """What is posted in the moment in which a user comes is neither handed out nor told at once."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.came: dict[str, int] = {}  # id of a user -> when their first socket came

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(entry, Connected) and entry.claims["id"] not in self._users:
            self.came[str(entry.claims["id"])] = stamp.now_ms
        for effect in super().handle(entry, stamp):
            is_lost = isinstance(entry, PostNotification) and stamp.now_ms - self.came.get(entry.user_id, 0) < 1000
            if not (is_lost and isinstance(effect, Emit)):
                yield effect


@breaks("hub/notification/5", "unauthorised")
class AnybodyNotifies(HubApi):
    """Nobody is asked for the service token."""

    def _require_service(self, token: str) -> None:
        return


@breaks("hub/notification/5", "refused valid")
class UsersUnknown(HubApi):
    """A user who posts a notification is told to show who they are, which they did."""

    async def notify(self, request: web.Request) -> web.Response:
        if bearer(request.headers).count(".") == 2:
            return web.Response(status=401)
        return await super().notify(request)


@breaks("hub/notification/6", "off by one")
class KeepsTen(Faulty):
    """Ten notifications wait for a user, and no more."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        yield from super().handle(entry, stamp)
        if isinstance(entry, PostNotification) and (waiting := self._mailbox.take(entry.user_id)):
            for notification in deque(waiting, maxlen=10):
                self._mailbox.put(entry.user_id, notification)
