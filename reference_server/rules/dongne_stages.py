"""Who is told of a question, and when: first the nearest, then wider and wider, nobody twice (`stage/1` to `stage/12`).

What a stage has done is state, and what it has to do is a command that comes when it is due: whoever reads the same
journal goes on where another instance ended, and repeats nothing. A question has one such command on its way at a time,
and one more while a batch is still to come.
"""

import math
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Final, Literal, NamedTuple, assert_never

from protocols import dongne
from protocols.contract import Json
from reference_server.effects import Command, Effect, Emit, Later, Note, Notify, Stamp
from reference_server.rules.dongne_archive import Archive
from reference_server.rules.dongne_center import Center
from reference_server.rules.dongne_commands import AnswerOverdue, BatchDue, StageDue
from reference_server.rules.dongne_people import ADMINS, People
from reference_server.rules.dongne_places import distance_m
from reference_server.rules.dongne_state import Question, User
from reference_server.rules.dongne_statistics import SLOW_MS

IMMEDIATE_M: Final = 2000.0
IMMEDIATE: Final = 10
QUICK_M: Final = 5000.0
BATCH: Final = 50
"""`stage/8`: batches hold at most 50."""
BATCH_PAUSE_MS: Final = 20
"""Between two batches, so that the events of others come between them."""
PUSH_TITLE: Final = "🚨 긴급 질문이 도착했습니다!"
PUSH_CHARACTERS: Final = 50
MONITORING: Final = "monitoring"
"""The outbox's name of the webhook that hears of slow answers."""


class _Manner(NamedTuple):
    """When a stage is due after the question, and how its notifications sound."""

    after_ms: int
    priority: Literal["IMMEDIATE", "QUICK", "EXTENDED", "FINAL"]
    sound: Literal["urgent", "normal"]
    vibration: Literal["strong", "light"]


_MANNERS: Final[Mapping[int, _Manner]] = {
    1: _Manner(0, "IMMEDIATE", "urgent", "strong"),
    2: _Manner(3_000, "QUICK", "normal", "light"),
    3: _Manner(30_000, "EXTENDED", "normal", "light"),
    4: _Manner(120_000, "FINAL", "normal", "light"),
}
_LAST: Final = max(_MANNERS)


class Stages:
    """Tells people of questions, and admins of those that nobody answers."""

    def __init__(self, people: People, archive: Archive, center: Center) -> None:
        """Take who can be told, what was asked, and who sends what goes out by push."""
        self._people = people
        self._archive = archive
        self._center = center
        # hashtag as it is compared -> the experts of that field, online or not
        self._experts: dict[str, list[User]] = {}
        for user in people.users.values():
            for tag in dict.fromkeys(map(_tag, user.known.expert_tags)):
                self._experts.setdefault(tag, []).append(user)

    def begin(self, question: Question, stamp: Stamp) -> Iterator[Effect]:
        """Do the first stage of a new question, and see to the others."""
        yield from self._stage(question, 1, stamp)

    def handle(self, command: StageDue | BatchDue | AnswerOverdue, stamp: Stamp) -> Iterator[Effect]:
        """Do what is due, unless the question has been forgotten by now."""
        question = self._archive.questions.get(command.question_id)
        if question is None:
            return
        match command:
            case StageDue():
                yield from self._stage(question, command.stage, stamp)
            case BatchDue():
                yield from self._batch(question, stamp)
            case AnswerOverdue():
                yield from _alarm(question, stamp)
            case _:
                assert_never(command)

    def _stage(self, question: Question, stage: int, stamp: Stamp) -> Iterator[Effect]:
        question.stage = stage
        batch_is_due = bool(question.unnotified)
        if stage < _LAST or not question.answers:
            named = [user.id for user in self._nearest_first(question, stage) if user.id not in question.named]
            question.named.update(named)
            question.unnotified.extend((stage, user_id) for user_id in named)
        if not batch_is_due:
            yield from self._batch(question, stamp)
        if stage < _LAST:
            yield _at(question, _MANNERS[stage + 1].after_ms, StageDue(question.id, stage + 1), stamp)
        elif not question.answers:
            # A millisecond more: an answer of the tenth minute's last one is in time.
            yield _at(question, SLOW_MS + 1, AnswerOverdue(question.id), stamp)

    def _batch(self, question: Question, stamp: Stamp) -> Iterator[Effect]:
        """Notify as many as a batch holds. Who is offline by now is named by no stage, and may be by a later one."""
        told = 0
        while question.unnotified and told < BATCH:
            stage, user_id = question.unnotified.popleft()
            if not self._people.is_online(user_id):
                question.named.discard(user_id)
                continue
            told += 1
            yield Emit(_notification(question, stage), f"user:{user_id}")
            if stage == 1 and question.urgent:
                yield from self._push(question, user_id, stamp)
        if question.unnotified:
            yield Later(BATCH_PAUSE_MS, BatchDue(question.id))
        elif question.stage == _LAST:
            question.named.clear()
        if told:
            yield Note("debug", "told of a question", context={"questionId": question.id, "users": told})

    def _push(self, question: Question, user_id: str, stamp: Stamp) -> Iterator[Effect]:
        data = dongne.NotificationData(questionId=question.id)
        short = question.draft.title[:PUSH_CHARACTERS]
        yield from self._center.push_alarm(user_id, "urgent_question", PUSH_TITLE, short, data, stamp)

    def _nearest_first(self, question: Question, stage: int) -> list[User]:
        """Return whom a stage names, without the asker; those of whom nobody knows where they are come last."""
        users, point, asker = self._people.users, question.draft.point, question.asker
        if stage <= 2:
            radius_m = IMMEDIATE_M if stage == 1 else QUICK_M
            near = [users[name] for _, name in sorted(self._people.near(point, radius_m))]
            named = [user for user in near if user.known.local_verified and user is not asker]
            return [user for user in named if self._wants_alerts(user)][:IMMEDIATE] if stage == 1 else named
        if stage == 3:
            experts = [user for hashtag in question.draft.hashtags for user in self._experts.get(_tag(hashtag), ())]
            named = [user for user in dict.fromkeys(experts) if user.sockets and user is not asker]
        else:
            everybody = self._people.online.values()
            named = [user for user in everybody if user.on_island and not user.known.admin and user is not asker]
        far = {user: math.inf if user.point is None else distance_m(point, user.point) for user in named}
        return sorted(named, key=lambda user: (far[user], user.id))

    def _wants_alerts(self, user: User) -> bool:
        return self._center.settings(user.id).immediate_alerts


def _notification(question: Question, stage: int) -> dongne.NewQuestionNotification:
    manner = _MANNERS[stage]
    return dongne.NewQuestionNotification(
        question=question.summary(), priority=manner.priority, sound=manner.sound, vibration=manner.vibration
    )


def _alarm(question: Question, stamp: Stamp) -> Iterator[Effect]:
    """Tell the admins and the webhook of a question that nobody has answered for ten minutes."""
    if question.answers:
        return
    waits_ms = max(0, stamp.now_ms - question.created_ms)
    minutes = waits_ms // 60_000
    words = f"질문 {question.id}: {minutes}분 동안 답변을 받지 못했습니다."
    alert = dongne.SlowResponseAlert(questionId=question.id, responseTime=waits_ms, message=words, urgency="high")
    yield Emit(alert, ADMINS)
    facts: dict[str, Json] = {"questionId": question.id, "responseTime": minutes, "threshold": SLOW_MS // 60_000}
    # Discord shows `content`, and Slack `text`; both pass over what they do not know.
    yield Notify(MONITORING, {"type": "SLOW_RESPONSE", **facts, "content": words, "text": words})
    yield Note("warn", "a question waits for an answer", context={"questionId": question.id, "minutes": minutes})


def _at(question: Question, after_ms: int, command: Command, stamp: Stamp) -> Later:
    """Ask for a command so long after the question, however late it is by now."""
    return Later(max(0, question.created_ms + after_ms - stamp.now_ms), command)


def _tag(hashtag: str) -> str:
    """Return a hashtag as it is compared: with or without #, composed or not, in whatever case."""
    return unicodedata.normalize("NFKC", hashtag).lstrip("#").strip().casefold()
