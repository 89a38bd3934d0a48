"""Who is told of a question, when, how loudly, and how often: never twice."""

from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols import dongne
from reference_server.effects import Effect, Emit
from reference_server.mode import Mode
from reference_server.rules.dongne import Dongne
from reference_server.rules.dongne_commands import BatchDue, StageDue
from reference_server.rules.dongne_moment import moment
from reference_server.rules.dongne_places import Point, distance_m
from reference_server.rules.dongne_stages import BATCH, PUSH_TITLE
from reference_server.world import World
from reference_server.worlds.dongne import DongneUser, DongneWorld, NotificationSettings

from .dongne_stage import AEWOL, NEIGHBOURS, START_MS, Stage, local, north, question

Told: TypeAlias = list[tuple[str, str]]
"""Who is told, and with what priority, in that order."""

EVERYBODY = tuple(user.id for user in NEIGHBOURS)


def told(effects: list[Effect]) -> Told:
    """Return who hears of a question because of these effects."""
    return [
        (effect.room.removeprefix("user:"), effect.event.priority)
        for effect in effects
        if isinstance(effect, Emit) and isinstance(effect.event, dongne.NewQuestionNotification)
    ]


def asked(stage: Stage, title: str = "주차할 곳 있나요?", **fields: object) -> tuple[str, Told]:
    """Have mina ask; return the id, and whom the first stage tells."""
    before = len(stage.effects)
    question_id = stage.ask("mina", title, **fields)
    return question_id, told(stage.effects[before:])


def test_the_nearest_hear_first_and_the_others_stage_by_stage() -> None:
    stage = Stage(*EVERYBODY, "mina-2")
    _, at_once = asked(stage, hashtags=["주차"])
    assert at_once == [("jun", "IMMEDIATE")]
    assert told(stage.wait(2999)) == []
    assert told(stage.wait(1)) == [("sora", "QUICK"), ("hana", "QUICK")]
    assert told(stage.wait(26_999)) == []
    assert told(stage.wait(1)) == [("expert", "EXTENDED")]
    assert told(stage.wait(89_999)) == []
    assert told(stage.wait(1)) == [("haru", "FINAL"), ("nowhere", "FINAL")]
    assert stage.hearers(dongne.NewQuestionNotification) == {"jun", "sora", "hana", "expert", "haru", "nowhere"}


def test_a_notification_says_what_it_is_about_and_how_loudly() -> None:
    stage = Stage("mina", "jun", "hana")
    question_id, _ = asked(stage, hashtags=["카페"], urgency="urgent")
    stage.wait(3000)
    summary = dongne.QuestionSummary(
        id=question_id,
        title="주차할 곳 있나요?",
        location=dongne.Location(lat=AEWOL[0], lng=AEWOL[1]),
        hashtags=("카페",),
        urgency="urgent",
        createdAt=moment(START_MS),
    )
    at_once = dongne.NewQuestionNotification(question=summary, priority="IMMEDIATE", sound="urgent", vibration="strong")
    later = dongne.NewQuestionNotification(question=summary, priority="QUICK", sound="normal", vibration="light")
    assert (stage.heard("jun"), stage.heard("hana")) == ([at_once], [later])


@pytest.mark.parametrize("answered_after_ms", [0, 3_000, 119_999])
def test_once_there_is_an_answer_not_everybody_is_told(answered_after_ms: int) -> None:
    stage = Stage(*(name for name in EVERYBODY if name != "admin"))  # who is told how the service does all the time
    question_id, _ = asked(stage, hashtags=["#CAFÉ"])
    early = told(stage.wait(answered_after_ms))
    stage.reply("jun", question_id)
    assert early + told(stage.wait(120_000)) == [("sora", "QUICK"), ("hana", "QUICK"), ("expert", "EXTENDED")]
    assert stage.timers == 0


def test_at_most_ten_hear_at_once_and_batches_hold_at_most_fifty() -> None:
    crowd = tuple(local(f"n{number:03}", number) for number in range(140, 0, -1))
    stage = Stage("mina", *(user.id for user in crowd), users=(NEIGHBOURS[0], *crowd))
    _, at_once = asked(stage)
    assert at_once == [(f"n{number:03}", "IMMEDIATE") for number in range(1, 11)]
    before = len(stage.journal)
    quick = told(stage.wait(3500))
    assert quick == [(f"n{number:03}", "QUICK") for number in range(11, 141)]
    batches = [entry for entry, _ in stage.journal[before:] if isinstance(entry, StageDue | BatchDue)]
    assert len(batches) == -(-130 // BATCH), "each entry is one batch, so that others come in between"
    assert stage.timers == 1


def test_only_who_is_online_by_then_is_told_and_where_they_are_by_then() -> None:
    stage = Stage("mina", "jun", "hana")
    stage.go("jun")
    stage.hush()
    _, at_once = asked(stage)
    stage.connect("jun")
    stage.say("hana", dongne.UpdateLocation(latitude=north(9000).lat, longitude=AEWOL[1]))
    assert (at_once, told(stage.wait(3000))) == ([], [("jun", "QUICK")])


def test_who_went_before_their_batch_came_is_told_by_a_later_stage() -> None:
    crowd = tuple(local(f"n{number:03}", 2500 + number) for number in range(BATCH + 1))
    stage = Stage("mina", *(user.id for user in crowd), users=(NEIGHBOURS[0], *crowd))
    asked(stage)
    assert len(told(stage.wait(3000))) == BATCH
    stage.go(last := f"n{BATCH:03}")
    assert told(stage.wait(1000)) == []
    stage.connect(last)
    assert told(stage.wait(120_000)) == [(last, "FINAL")]


def test_an_urgent_question_goes_out_by_push_too_and_only_at_once() -> None:
    stage = Stage("mina", "jun", "hana")
    asked(stage)
    assert stage.posted("push") == []
    question_id, _ = asked(stage, title="가" * 60, urgency="urgent")
    stage.wait(3000)
    (push,) = stage.posted("push")
    assert (push["title"], push["body"], push["deviceToken"]) == (PUSH_TITLE, "가" * 50, "device-jun")
    assert push["data"] == {"questionId": question_id}


def test_a_question_that_nobody_answers_is_told_to_the_admins_and_the_webhook_once() -> None:
    stage = Stage("mina", "jun")
    late, _ = asked(stage)
    in_time, _ = asked(stage)
    stage.wait(600_000)
    stage.connect("admin")
    stage.reply("jun", in_time)
    assert stage.posted("monitoring") == []
    stage.wait(900)
    (alert,) = [event for event in stage.heard("admin") if isinstance(event, dongne.SlowResponseAlert)]
    assert (alert.questionId, alert.responseTime) == (late, 600_001)
    (posted,) = stage.posted("monitoring")
    assert (posted["questionId"], posted["responseTime"], posted["threshold"]) == (late, 10, 10)
    assert stage.hearers(dongne.SlowResponseAlert) == set()


def test_another_instance_goes_on_where_one_died_and_repeats_nothing() -> None:
    stage = Stage(*EVERYBODY)
    asked(stage, hashtags=["주차"])
    stage.wait(3000)
    successor = Dongne(World(dongne=DongneWorld(users=NEIGHBOURS)), Mode.PRODUCTION)
    repeated = [effect for entry, stamp in stage.journal for effect in successor.handle(entry, stamp)]
    assert repeated == stage.effects, "what was done is known, byte for byte"
    stage.rules = successor
    heard = told(stage.wait(120_000))
    assert heard == [("expert", "EXTENDED"), ("haru", "FINAL"), ("nowhere", "FINAL")]


_USERS = st.lists(
    st.builds(
        lambda metres, verified, alerts, tags: (metres, verified, alerts, tags),
        st.sampled_from((0, 700, 1999, 2001, 4999, 5001, 12_000)),
        st.booleans(),
        st.booleans(),
        st.sampled_from(((), ("주차",), ("카페", "주차"))),
    ),
    max_size=14,
)


@given(_USERS, st.sampled_from(((), ("주차",), ("#카페",))))
def test_everybody_is_told_once_at_the_earliest_stage_that_names_them(
    drawn: list[tuple[int, bool, bool, tuple[str, ...]]], hashtags: tuple[str, ...]
) -> None:
    users = tuple(
        local(
            f"u{number:02}",
            metres,
            local_verified=verified,
            notification_settings=NotificationSettings(immediate_alerts=alerts),
            expert_tags=tags,
        )
        for number, (metres, verified, alerts, tags) in enumerate(drawn)
    )
    stage = Stage("mina", *(user.id for user in users), users=(NEIGHBOURS[0], *users))
    _, heard = asked(stage, hashtags=hashtags)
    heard += told(stage.wait(121_000))
    assert heard == _expected(users, {tag.lstrip("#") for tag in hashtags})


def _expected(users: tuple[DongneUser, ...], tags: set[str]) -> Told:
    """Say the same as the contract does, one stage after the other."""
    far = {user.id: _metres(user) for user in users}
    nearest = sorted(users, key=lambda user: (far[user.id], user.id))
    alerted = [
        user
        for user in nearest
        if user.local_verified and far[user.id] <= 2000 and user.notification_settings.immediate_alerts
    ]
    stages = {
        "IMMEDIATE": alerted[:10],
        "QUICK": [user for user in nearest if user.local_verified and far[user.id] <= 5000],
        "EXTENDED": [user for user in nearest if tags & set(user.expert_tags)],
        "FINAL": nearest,
    }
    named: dict[str, str] = {}
    for priority, members in stages.items():
        for user in members:
            named.setdefault(user.id, priority)
    return [
        (user.id, priority) for priority, members in stages.items() for user in members if named[user.id] == priority
    ]


def _metres(user: DongneUser) -> float:
    assert user.position is not None
    return distance_m(Point(*AEWOL), Point(user.position.lat, user.position.lng))


def test_who_asked_is_told_of_the_questions_of_others() -> None:
    stage = Stage("mina", "jun")
    stage.ask("mina")
    before = len(stage.effects)
    stage.say("jun", question())
    assert told(stage.effects[before:]) == [("mina", "IMMEDIATE")]
