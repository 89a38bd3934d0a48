"""Who is writing an answer: begun by saying so, ended once by whatever comes first (`typing/1` to `typing/6`).

There is at most one timer for each user and question, however often somebody begins and stops: it is asked for again
when it comes too early.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from protocols import dongne
from reference_server.effects import Effect, Emit, Later
from reference_server.rules.dongne_commands import TypingLapse
from reference_server.rules.dongne_state import Question, Socket, User

LAPSE_MS = 3000
"""`typing/2`: typing stops by itself 3 s after the last start."""


@dataclass(slots=True)
class _Typist:
    """Somebody who began to type in a question; remembered until its timer has come."""

    socket: Socket | None
    """The one that said so last; None where it is over."""
    lapses_ms: int


class Typing:
    """Everybody who is typing."""

    def __init__(self) -> None:
        """Begin in silence."""
        # (question id, user id) -> typist, each with one timer on its way
        self._typists: dict[tuple[str, str], _Typist] = {}

    def is_typing(self, user: User, question_id: str) -> bool:
        """Whether a user types in a question, through whatever socket."""
        typist = self._typists.get((question_id, user.id))
        return typist is not None and typist.socket is not None

    def start(self, socket: Socket, question: Question, now_ms: int) -> Iterator[Effect]:
        """Begin or go on; the others hear so each time."""
        user, key = socket.user, (question.id, socket.user.id)
        typing = dongne.UserTyping(userId=user.id, username=user.known.nickname, questionId=question.id)
        yield Emit(typing, question.room, skip=socket.sid)
        typist = self._typists.get(key)
        if typist is None:
            typist = self._typists[key] = _Typist(None, 0)
            yield Later(LAPSE_MS, TypingLapse(*key))
        if typist.socket is not None:
            typist.socket.typing.discard(question.id)
        typist.socket, typist.lapses_ms = socket, now_ms + LAPSE_MS
        socket.typing.add(question.id)

    def stop(self, user: User, question_id: str, *, told_by: str) -> Iterator[Effect]:
        """End it, if it is not over yet; all in the room hear so but the socket `told_by`."""
        typist = self._typists.get((question_id, user.id))
        if typist is not None and typist.socket is not None:
            typist.socket.typing.discard(question_id)
            typist.socket = None
            stopped = dongne.UserStopTyping(userId=user.id, questionId=question_id)
            yield Emit(stopped, f"question:{question_id}", skip=told_by)

    def lapse(self, timer: TypingLapse, now_ms: int) -> Iterator[Effect]:
        """End it if nothing was heard for long enough, or come back when that will be."""
        key = timer.question_id, timer.user_id
        typist = self._typists.get(key)
        if typist is None:
            return
        if (socket := typist.socket) is not None and now_ms < typist.lapses_ms:
            yield Later(typist.lapses_ms - now_ms, timer)
            return
        if socket is not None:
            yield from self.stop(socket.user, timer.question_id, told_by=socket.sid)
        del self._typists[key]
