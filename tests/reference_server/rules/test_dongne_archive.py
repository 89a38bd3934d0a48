"""What is remembered, for how long, and that nobody misses an answer who asks for what came since."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols import dongne
from protocols.contract import Action
from reference_server.rules import dongne_archive
from reference_server.rules.dongne_moment import milliseconds, moment

from .dongne_stage import START_MS, Stage, answer


def sync(stage: Stage, sid: str, since: str | int) -> dongne.UnreadMessages:
    """Ask for what came since some time."""
    event = dongne.PROTOCOL.parse(Action.RECEIVE, "sync_unread_messages", [{"lastSyncTimestamp": since}])
    stage.say(sid, event)
    (unread,) = stage.only(sid, dongne.UnreadMessages)
    return unread


def test_only_what_answers_ones_own_questions_is_unread() -> None:
    stage = Stage("mina", "jun")
    mine = stage.ask("mina")
    stage.hush()
    theirs = stage.ask("jun")
    stage.hush()
    given_ = [stage.reply("jun", mine), stage.reply("mina", mine)]
    stage.reply("mina", theirs)
    assert list(sync(stage, "mina", 0).messages) == given_
    assert list(sync(stage, "mina", given_[0].createdAt).messages) == given_[1:]
    assert sync(stage, "mina", moment(START_MS + 10_000)).messages == []


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("answer"), st.integers(0, 1)),
            st.tuples(st.just("wait"), st.integers(1, 3)),
            st.tuples(st.just("sync"), st.just(0)),
        ),
        max_size=40,
    )
)
def test_asking_again_and_again_gives_every_answer_once_in_order(steps: list[tuple[str, int]]) -> None:
    stage = Stage("mina", "jun")
    questions = [stage.ask("mina") for _ in range(2)]
    stage.hush()
    said, known, since = list[str](), list[str](), moment(START_MS)
    for step, detail in [*steps, ("sync", 0)]:
        match step:
            case "answer":
                said.append(stage.reply("jun", questions[detail]).id)
            case "wait":
                stage.wait(detail)
            case _:
                unread = sync(stage, "mina", since)
                known += [message.id for message in unread.messages]
                since = unread.syncedAt
    assert known == said


@pytest.mark.parametrize(
    ("said", "ms"),
    [
        (1_700_000_000_123, 1_700_000_000_123),
        ("2023-11-14T22:13:20.123Z", 1_700_000_000_123),
        ("2023-11-14t22:13:20.1239999z", 1_700_000_000_123),
        ("2023-11-15T07:13:20.123+09:00", 1_700_000_000_123),
        ("2016-12-31T23:59:60Z", 1_483_228_799_000),
        ("0000-01-01T00:00:00Z", 0),
    ],
)
def test_a_time_is_read_however_the_contract_lets_it_be_written(said: str | int, ms: int) -> None:
    assert milliseconds(said) == ms
    assert sync(Stage("mina"), "mina", said).messages == []


@pytest.mark.parametrize(
    ("bound", "value", "askers", "kept"),
    [
        ("QUESTIONS_PER_USER", 2, ("mina",) * 4, [False, False, True, True]),
        ("QUESTIONS", 2, ("mina", "jun", "sora", "hana"), [False, False, True, True]),
        ("QUESTIONS_PER_USER", 2, ("mina", "jun", "jun", "jun"), [True, False, True, True]),
    ],
)
def test_the_oldest_questions_are_forgotten(
    monkeypatch: pytest.MonkeyPatch, bound: str, value: int, askers: tuple[str, ...], kept: list[bool]
) -> None:
    monkeypatch.setattr(dongne_archive, bound, value)
    stage = Stage("mina", "jun", "sora", "hana")
    ids = list[str]()
    for asker in askers:
        stage.hush()
        ids.append(stage.ask(asker))
    stage.hush()
    for question_id, is_kept in zip(ids, kept, strict=True):
        stage.say("hana", dongne.JoinQuestion(questionId=question_id))
        assert (stage.hearers(dongne.Error) == set()) is is_kept
        assert (f"question:{question_id}" in stage.board) is is_kept
        stage.hush()


@pytest.mark.parametrize("bound", ["ANSWERS", "ANSWERS_PER_ASKER"])
def test_with_too_many_answers_the_oldest_question_goes_but_not_the_one_that_is_answered(
    monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    monkeypatch.setattr(dongne_archive, bound, 2)
    stage = Stage("mina", "jun")
    first, second = (stage.ask("mina") for _ in range(2))
    stage.join(second, "jun")
    given_ = [stage.reply("jun", question_id) for question_id in (first, second, first, first)]
    assert [message.id for message in sync(stage, "mina", 0).messages] == [
        given_[0].id,
        given_[2].id,
        given_[3].id,
    ]
    stage.say("jun", answer(second))
    assert stage.error("jun") == "Question not found"
    assert stage.rooms["jun"] == {"jun", "everybody", "user:jun"}, "its room has ended"
    stage.wait(700_000)
    assert stage.timers == 0
