"""What is waiting to be sent to one client: in order, and never more than a bounded number of bytes."""

import asyncio
from collections import deque
from collections.abc import Iterable

from reference_server.strict.frames import Frame


class Outbound:
    """A queue of frames with one reader at a time: the pending poll, or the writer of the WebSocket."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.frames: deque[Frame] = deque()
        """What waits, oldest first; to be looked at."""
        self._bytes = 0
        self._changed = asyncio.Event()

    def __bool__(self) -> bool:
        return bool(self.frames)

    def put(self, frames: Iterable[Frame]) -> bool:
        """Queue frames; False when the client is now owed more than the limit. The reader is not woken by that."""
        for frame in frames:
            self.frames.append(frame)
            self._bytes += frame.size
        return self._bytes <= self._limit

    def pop(self) -> Frame:
        """Take the oldest frame."""
        frame = self.frames.popleft()
        self._bytes -= frame.size
        return frame

    def take(self) -> list[Frame]:
        """Take everything."""
        frames = list(self.frames)
        self.clear()
        return frames

    def take_piece(self, size: int) -> bytes:
        """Take the oldest frames, until they are so many bytes or all, as they go over a WebSocket."""
        waiting = self.frames
        if len(waiting) == 1:  # as nearly always
            self._bytes = 0
            return waiting.popleft().websocket
        if self._bytes <= size:
            return b"".join([frame.websocket for frame in self.take()])
        frames, end = [], self._bytes - size
        while self._bytes > end:
            frames.append(self.pop().websocket)
        return b"".join(frames)

    def clear(self) -> None:
        """Forget everything that was waiting."""
        self.frames.clear()
        self._bytes = 0

    def wake(self) -> None:
        """Make the reader look again: something is queued, or about the session has changed."""
        self._changed.set()

    async def changed(self) -> None:
        """Wait for the next `wake`. Nothing that happened before the call counts: look first, then wait."""
        self._changed.clear()
        await self._changed.wait()
