"""The witness: a client that has done nothing but come, and is asked after each input whether it is still served."""

from collections.abc import Sequence
from typing import Final

from conformance.reproduce.tape import Heard, Said
from conformance.wire.clients import DIRECT, FENCE, Log, Socket, open_socket
from conformance.wire.raw import Address

NAME: Final = "witness"


class Witness:
    """One client, and what it said and heard that somebody else needs to see what it saw."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket
        self._came: Sequence[Said | Heard] = ()

    @classmethod
    async def come(cls, address: Address, join: str, within_s: float) -> "Witness | None":
        """Return one who has come, and joined by this packet if it is one; None where it is not let in."""
        _, socket = await open_socket(address, DIRECT, NAME, Log())
        if socket is None:
            return None
        await socket.until(lambda: socket.heard("0"), within_s)
        if join:
            socket.send(join)
        witness = cls(socket)
        if await witness.is_served(within_s):
            witness._came = tuple(socket.log.tape)
            witness.forget()
        return witness

    @property
    def closed(self) -> str:
        """How its connection ended; empty while it has not."""
        return self._socket.closed

    @property
    def came(self) -> Sequence[Said | Heard]:
        """What was said and heard when it came."""
        return self._came

    @property
    def saw(self) -> Sequence[Said | Heard]:
        """What it has said and heard since, but for questions that were answered."""
        return tuple(self._socket.log.tape)

    def forget(self) -> None:
        """Forget what it saw: whatever comes now has another cause."""
        self._socket.log.lines.clear()
        self._socket.log.tape.clear()

    async def is_served(self, within_s: float) -> bool:
        """Say whether it gets an answer."""
        if not await self._socket.fence(within_s):
            return False
        tape = self._socket.log.tape
        tape[:] = [line for line in tape if FENCE not in str(line)]
        return True

    async def leave(self) -> None:
        """Go home."""
        await self._socket.leave()
