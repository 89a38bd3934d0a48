"""Who is in which room, and the one place where an event goes out to them."""

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

import socketio

from reference_server.strict.frames import Frame
from reference_server.strict.json import Json
from reference_server.strict.packet import EVENT, StrictPacket

if TYPE_CHECKING:
    from reference_server.strict.server import StrictServer


class StrictManager(socketio.AsyncManager):  # type: ignore[misc]  # python-socketio has no types
    """Upstream's rooms; emission without a task per receiver, and acks that nobody can forge."""

    server: "StrictServer"

    def fan_out(self, namespace: str, room: str | None, frames: Sequence[Frame], skip: Collection[str] = ()) -> None:
        """Send a packet, encoded once, to everybody in a room of the namespace; None is the whole namespace.

        Nothing is awaited, so two receivers of the same two broadcasts hear them in the same order.
        """
        members: dict[str, str] = self.rooms.get(namespace, {}).get(room, {})
        leaving = self.pending_disconnect.get(namespace, ())
        sessions = self.server.eio.sockets
        for sid, eio_sid in members.items():
            if sid not in skip and sid not in leaving and (session := sessions.get(eio_sid)) is not None:
                session.post(frames)

    async def emit(
        self,
        event: str,
        data: object,
        namespace: str,
        room: str | None = None,
        skip_sid: str | None = None,
        callback: Callable[..., object] | None = None,
        **options: object,
    ) -> None:
        """Carry out `AsyncServer.emit`, for whoever calls upstream's API: a tuple is several arguments."""
        if callback is not None:  # every receiver gets an ack id of its own, so there is nothing to share
            await super().emit(event, data, namespace, room, skip_sid, callback, **options)
            return
        args = list(data) if isinstance(data, tuple) else [] if data is None else [data]
        frames = StrictPacket(EVENT, [event, *args], namespace).frames()
        self.fan_out(namespace, room, frames, [] if skip_sid is None else [skip_sid])

    async def trigger_callback(self, sid: str, id: int, data: list[Json]) -> None:  # noqa: A002  # upstream's name
        """Pass on an ack that is waited for, and ignore any other.

        Upstream keeps its counter under id 0 of the same table, so that an ACK of id 0 takes the counter away.
        """
        if id != 0 and id in self.callbacks.get(sid, {}):
            await super().trigger_callback(sid, id, data)
