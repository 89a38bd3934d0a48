"""What the conditions of the contract's `x-errors` mean, asked of what the rules of dongne remember."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from protocols import dongne
from reference_server.rules import dongne_drafts as drafts
from reference_server.rules.dongne_archive import Archive
from reference_server.rules.dongne_state import ANSWERS_PER_QUESTION, ROOMS_PER_SOCKET, Answer, Question, Socket
from reference_server.rules.refusals import Refusals


@dataclass(frozen=True, slots=True)
class Situation:
    """Who says what, and what has been asked and answered by then."""

    event: dongne.Inbound
    socket: Socket
    archive: Archive

    @property
    def question(self) -> Question | None:
        """The question that `questionId` names."""
        return self.archive.questions.get(getattr(self.event, "questionId", ""))

    @property
    def answer(self) -> Answer | None:
        """The answer that `answerId` names."""
        return self.archive.answers.get(getattr(self.event, "answerId", ""))


def _rooms_full(situation: Situation) -> bool:
    question, rooms = situation.question, situation.socket.rooms
    return question is not None and question.id not in rooms and len(rooms) >= ROOMS_PER_SOCKET


def _full(situation: Situation) -> bool:
    return situation.question is not None and len(situation.question.answers) >= ANSWERS_PER_QUESTION


def _answer_asker(situation: Situation) -> bool:
    return situation.answer is not None and situation.answer.question.asker is situation.socket.user


def _accepted(situation: Situation) -> bool:
    return situation.answer is not None and situation.answer.question.accepted is not None


CONDITIONS: Mapping[str, Callable[[Situation], bool]] = {
    "known": lambda situation: situation.question is not None,
    "rooms-full": _rooms_full,
    "full": _full,
    "spam": lambda situation: drafts.is_spam(cast("drafts.Written", situation.event)),
    "blank": lambda situation: drafts.is_empty(cast("drafts.Written", situation.event)),
    "answer-known": lambda situation: situation.answer is not None,
    "answer-asker": _answer_asker,
    "accepted": _accepted,
}

REASONS: Mapping[str, str] = {
    "not known": "Question not found",
    "rooms-full": f"{ROOMS_PER_SOCKET} questions are open here already; leave one first",
    "full": f"the question has {ANSWERS_PER_QUESTION} answers already",
    "spam": "Message contains spam content",
    "blank": "nothing is left of it without its markup",
    "not answer-known": "Answer not found",
    "not answer-asker": "Unauthorized",
    "accepted": "an answer to that question is accepted already",
}

REFUSALS = Refusals(dongne.PROTOCOL, CONDITIONS, REASONS)
