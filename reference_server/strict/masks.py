"""Whether a client masks its frames, of which aiohttp takes no notice.

"The server MUST close the connection upon receiving a frame that is not masked." (RFC 6455, 5.1)
"""

from aiohttp import WebSocketError, WSCloseCode, web
from aiohttp.http_websocket import WebSocketReader
from aiohttp.web_request import BaseRequest

_HEAD = 2
_LENGTHS = {126: 2, 127: 8}  # what the second byte says -> bytes of length after it
_MASKED = 0x80
_MASK = 4  # bytes


class MaskedWebSocket(web.WebSocketResponse):
    """aiohttp's WebSocket, closed by a frame without a mask."""

    def _post_start(self, request: BaseRequest, protocol: str | None, writer: object) -> None:
        super()._post_start(request, protocol, writer)  # type: ignore[arg-type]  # ours only passes it on
        assert self._parser is not None
        request.protocol._payload_parser = _Looking(self._parser, self)

    def unmasked(self) -> None:
        """Let whoever receives next hear of it, as of all that RFC 6455 forbids."""
        assert self._reader is not None
        self._reader.set_exception(WebSocketError(WSCloseCode.PROTOCOL_ERROR, "a frame without a mask"))


class _Looking:
    """What stands before aiohttp's reader."""

    def __init__(self, reader: WebSocketReader, socket: MaskedWebSocket) -> None:
        self._reader, self._socket, self._heads = reader, socket, Heads()
        self.feed_eof = reader.feed_eof

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Pass bytes on, unless a frame among them has no mask."""
        if self._heads.all_masked(data):
            return self._reader.feed_data(data)
        self._socket.unmasked()
        return True, b""


class Heads:
    """Follows the heads of frames through the bytes of a connection, wherever TCP cuts them."""

    def __init__(self) -> None:
        self._rest = 0  # bytes of a frame that are still to come
        self._cut = b""  # what has come of a head

    def all_masked(self, data: bytes) -> bool:
        """Say whether each head among the next bytes has a mask."""
        if self._cut:
            data, self._cut = self._cut + data, b""
        at, end = self._rest, len(data)
        while at + 1 < end:
            size = data[at + 1] - _MASKED
            if size < 0:
                return False
            extra = _LENGTHS.get(size, 0)
            start = at + _HEAD + extra
            if start > end:
                break
            if extra:
                size = int.from_bytes(data[start - extra : start], "big")
            at = start + _MASK + size
        if at < end:
            self._cut, at = data[at:], end
        self._rest = at - end
        return True
