"""The questions of dongne and the answers to them, within bounds: the oldest questions go first, answers and all."""

from collections import deque
from collections.abc import Iterator

from reference_server.effects import Stamp
from reference_server.rules.dongne_places import Near, PlaceIndex, Point, region_of
from reference_server.rules.dongne_state import Answer, Draft, Question, User

QUESTIONS = 10_000
"""Questions kept, of everybody; a user who asks on and on can make the server forget, but not grow."""
ANSWERS = 50_000
"""Answers kept, to all questions: 5 KB each with five pictures, a few hundred megabytes at the very worst."""
QUESTIONS_PER_USER = 200
"""Questions kept of one user, so that nobody alone drives out the others' soon."""
ANSWERS_PER_ASKER = 2000
"""Answers kept to the questions of one user: as many as one `unread_messages` holds."""
RECENT_MS = 3_600_000
"""`location/2`: questions of the last hour."""
NEARBY_M = 3000.0
NEARBY = 5


class Archive:
    """All that was asked and answered, as long as it is remembered."""

    def __init__(self) -> None:
        """Begin with nothing asked."""
        self.questions: dict[str, Question] = {}  # id -> question, the oldest first
        self.answers: dict[str, Answer] = {}  # id -> answer to one of these
        # when and id of those of the last hour, the oldest first; what is forgotten before goes when its hour is over
        self._recent: deque[tuple[int, str]] = deque()
        self._places = PlaceIndex()  # of these, without those forgotten
        self._said_ms = 0  # the last moment of which somebody may ask what came since: answers come after it

    def ask(self, asker: User, draft: Draft, stamp: Stamp) -> Question:
        """Keep a question."""
        self._said_ms = max(stamp.now_ms, self._said_ms)  # whoever knows when they asked misses no answer
        question = Question(stamp.fresh("question"), asker, draft, region_of(draft.point), stamp.now_ms)
        self.questions[question.id] = asker.questions[question.id] = question
        self._recent.append((question.created_ms, question.id))
        self._places.put(question.id, draft.point)
        return question

    def answer(self, question: Question, author: User, content: str, images: tuple[str, ...], stamp: Stamp) -> Answer:
        """Keep an answer. No two have the same time, so that who knows the last one he heard misses none."""
        self._said_ms = max(stamp.now_ms, self._said_ms + 1)
        answer = Answer(stamp.fresh("answer"), question, author, content, images, self._said_ms)
        question.answers[answer.id] = self.answers[answer.id] = answer
        question.asker.answered += 1
        return answer

    def unread(self, asker: User, since_ms: int, now_ms: int) -> tuple[list[Answer], int]:
        """Return what was answered to somebody after a time, in order, and the time until when this is all."""
        self._said_ms = max(now_ms, self._said_ms)
        answers = [
            answer
            for question in asker.questions.values()
            for answer in question.answers.values()
            if answer.created_ms > since_ms
        ]
        return sorted(answers, key=lambda answer: answer.created_ms), self._said_ms

    def nearby(self, point: Point, now_ms: int) -> list[tuple[Near, Question]]:
        """Return the nearest questions of the last hour around a place, the nearest first."""
        while self._recent and self._recent[0][0] < now_ms - RECENT_MS:
            self._places.remove(self._recent.popleft()[1])
        return [(near, self.questions[near.name]) for near in self._places.nearest(point, NEARBY_M, NEARBY)]

    def excess(self, asker: User, newest: Question) -> Iterator[Question]:
        """Forget what is too much since somebody asked or was answered, and yield it; never the question of that."""
        while len(asker.questions) > QUESTIONS_PER_USER or asker.answered > ANSWERS_PER_ASKER:
            if (oldest := _oldest(asker.questions, newest)) is None:
                break
            yield self._forget(oldest)
        while len(self.questions) > QUESTIONS or len(self.answers) > ANSWERS:
            if (oldest := _oldest(self.questions, newest)) is None:
                break
            yield self._forget(oldest)
        while len(self._recent) > 2 * QUESTIONS:  # what one user drove out of their own two hundred stays in it
            self._places.remove(self._recent.popleft()[1])

    def _forget(self, question: Question) -> Question:
        del self.questions[question.id]
        del question.asker.questions[question.id]
        for answer_id in question.answers:
            del self.answers[answer_id]
        question.asker.answered -= len(question.answers)
        self._places.remove(question.id)
        return question


def _oldest(questions: dict[str, Question], but: Question) -> Question | None:
    return next((question for question in questions.values() if question is not but), None)
