"""Acks that are waited for, and those that are waited for no longer."""

from random import Random

from protocols.gateway import PROTOCOL
from simulators.actors.gateway import Chatter
from simulators.questions import Question, Questions

CHATTER = Chatter("chatter-1", "room", Random(1), production=True)
OPERATION = next(operation for operation in PROTOCOL.operations if operation.ack is not None)


def question(until_ns: int) -> Question:
    return Question(CHATTER, 0, OPERATION, 0, 1, until_ns, (), None)


def test_each_ack_answers_one_question_once() -> None:
    questions, asked = Questions(), question(10)
    questions.put(1, asked, 10)
    assert questions.take(("chatter-1", 0, 2)) is None
    assert questions.take(("chatter-1", 1, 1)) is None
    assert questions.take(("chatter-1", 0, 1)) is asked
    assert questions.take(("chatter-1", 0, 1)) is None
    assert list(questions.overdue(99)) == []


def test_what_has_no_ack_in_time_is_given_up_however_long_others_may_take() -> None:
    questions = Questions()
    first, second, patient, answered = question(10), question(20), question(15), question(12)
    for ack_id, (asked, within_ns) in enumerate([(first, 10), (answered, 10), (second, 10), (patient, 500)]):
        questions.put(ack_id, asked, within_ns)
    questions.take(("chatter-1", 0, 1))
    assert list(questions.overdue(9)) == []
    assert list(questions.overdue(15)) == [first, patient]
    assert list(questions.overdue(99)) == [second]
    assert questions.take(("chatter-1", 0, 0)) is None


def test_who_has_gone_waits_for_nothing() -> None:
    questions = Questions()
    assert not questions.is_one_open({})
    questions.put(1, question(10), 10)
    assert questions.is_one_open({"chatter-1": 0})
    assert not questions.is_one_open({"chatter-1": 1})
