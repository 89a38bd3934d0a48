"""What is waiting to be sent to one client: in order, and never more than a bounded number of bytes."""

import asyncio
from collections import deque
from collections.abc import Iterable

from reference_server.strict.frames import Frame

# What a frame costs beyond its payload: without it a million empty frames would count as nothing.
FRAME_OVERHEAD = 64


class Outbound:
    """A queue of frames with one reader at a time: the pending poll, or the writer of the WebSocket."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._frames: deque[Frame] = deque()
        self._bytes = 0
        self._changed = asyncio.Event()

    def __bool__(self) -> bool:
        return bool(self._frames)

    def put(self, frames: Iterable[Frame]) -> bool:
        """Queue frames; False when the client is now owed more than the limit. The reader is not woken by that."""
        for frame in frames:
            self._frames.append(frame)
            self._bytes += len(frame.payload) + FRAME_OVERHEAD
        return self._bytes <= self._limit

    def pop(self) -> Frame:
        """Take the oldest frame."""
        frame = self._frames.popleft()
        self._bytes -= len(frame.payload) + FRAME_OVERHEAD
        return frame

    def take(self) -> list[Frame]:
        """Take everything."""
        frames = list(self._frames)
        self._frames.clear()
        self._bytes = 0
        return frames

    def take_piece(self, size: int) -> list[Frame]:
        """Take the oldest frames, until they are so many bytes or all."""
        if self._bytes <= size:
            return self.take()
        frames, end = [], self._bytes - size
        while self._bytes > end:
            frames.append(self.pop())
        return frames

    def clear(self) -> None:
        """Forget everything that was waiting."""
        self._frames.clear()
        self._bytes = 0

    def wake(self) -> None:
        """Make the reader look again: something is queued, or about the session has changed."""
        self._changed.set()

    async def changed(self) -> None:
        """Wait for the next `wake`. Nothing that happened before the call counts: look first, then wait."""
        self._changed.clear()
        await self._changed.wait()
