"""Every promise of the contract that the rules of dongne keep, by plain calls; the stages and typing have their own."""

import pytest

from protocols import dongne
from protocols.contract import Action, Event
from reference_server.effects import Publish
from reference_server.rules import dongne as rules
from reference_server.rules.dongne_center import Channel
from reference_server.rules.dongne_commands import ChangeSettings, ReadNotifications, ReadSettings
from reference_server.rules.dongne_moment import moment
from reference_server.rules.dongne_state import ANSWERS_PER_QUESTION, ROOMS_PER_SOCKET

from .dongne_stage import ABSENT, AEWOL, METRE, START_MS, Stage, answer, question

JUN = dongne.UserRef(id="jun", nickname="Jun")
MINA = dongne.UserRef(id="mina", nickname="Mina")


# ---- coming and going ------------------------------------------------------------------------------------------------


def test_only_users_of_the_world_exist() -> None:
    stage = Stage()
    assert stage.rules.admits({"userId": "mina"}) == ""
    assert stage.rules.admits({"userId": "nobody"}) == stage.rules.admits({}) == "Authentication failed"


def test_everybody_hears_of_a_users_first_socket_and_of_their_last() -> None:
    stage = Stage("jun", "sora")
    stage.connect("mina")
    online = dongne.UserOnline(userId="mina", timestamp=moment(START_MS))
    assert [stage.heard(sid) for sid in ("mina", "jun", "sora")] == [[online]] * 3
    stage.connect("mina-2")
    stage.go("mina")
    stage.go("mina")  # an entry that comes twice ends nothing twice
    assert stage.hearers(Event) == set()
    stage.go("mina-2")
    offline = dongne.UserOffline(userId="mina", timestamp=moment(START_MS))
    assert [stage.heard(sid) for sid in ("jun", "sora")] == [[offline]] * 2


def test_others_may_read_a_session_while_it_lasts() -> None:
    stage = Stage("mina")
    assert stage.board["session:mina"] == {
        "userId": "mina",
        "socketId": "mina",
        "sockets": 1,
        "connectedAt": moment(START_MS),
        "lastActivity": moment(START_MS),
        "isOnline": True,
    }
    stage.wait(rules.SESSION_REFRESH_MS - 1)
    assert not any(isinstance(effect, Publish) for effect in stage.say("mina", dongne.TypingStop(questionId="q")))
    stage.wait(1)
    (renewed,) = [
        effect for effect in stage.say("mina", dongne.TypingStop(questionId="q")) if isinstance(effect, Publish)
    ]
    assert (renewed.key, renewed.ttl_s) == ("session:mina", 3600)
    stage.go("mina")
    assert "session:mina" not in stage.board


# ---- questions -------------------------------------------------------------------------------------------------------


def test_a_question_is_kept_as_it_is_told() -> None:
    stage = Stage("mina", "jun")
    stage.say(
        "mina",
        question(" <b>주차</b> ", content="3 < 5 & <i>x</i>", hashtags=["#주차", "<br>", "카페"], category="교통"),
    )
    (created,) = stage.only("mina", dongne.QuestionCreated)
    assert created.question.model_copy(update={"id": "q"}) == dongne.Question(
        id="q",
        userId="mina",
        title="주차",
        content="3 < 5 & x",
        location=dongne.Location(lat=AEWOL[0], lng=AEWOL[1]),
        regionCode="애월",
        hashtags=("#주차", "카페"),
        category="교통",
        urgency="normal",
        createdAt=moment(START_MS),
    )
    cached = stage.board[f"question:{created.question.id}"]
    assert cached == {**created.question.to_json(), "answerCount": 0, "acceptedAnswerId": None}


def test_a_question_from_elsewhere_has_no_region_and_need_not_say_much() -> None:
    stage = Stage("mina")
    stage.say("mina", question("ok", location={"lat": 0, "lng": -180}, category="<b></b>"))
    (created,) = stage.only("mina", dongne.QuestionCreated)
    asked = created.question
    assert (asked.regionCode, asked.category, asked.content, tuple(asked.hashtags)) == (ABSENT, ABSENT, "", ())


@pytest.mark.parametrize(
    "event",
    [
        question("무료 나눔"),
        question("ok", content="지금 클<b></b>릭"),
        question("ok", hashtags=["카페", "할인"]),
        question("ok", category="광고"),
        question("<b> \ufeff</b>"),
        question("&lt;p&gt;"),
    ],
)
def test_spam_and_what_nothing_is_left_of_is_refused_and_nobody_hears_of_it(event: dongne.CreateQuestion) -> None:
    stage = Stage("mina", "jun")
    stage.say("mina", event)
    assert stage.error("mina")
    assert (stage.hearers(Event), stage.timers, stage.notes()) == (set(), 0, ["E3006"])


@pytest.mark.parametrize(
    "event",
    [
        dongne.JoinQuestion(questionId="q"),
        dongne.LeaveQuestion(questionId="q"),
        answer("q"),
        dongne.TypingStart(questionId="q"),
        dongne.TypingStop(questionId="q"),
    ],
)
def test_a_question_that_nobody_knows_is_not_found(event: Event) -> None:
    stage = Stage("mina")
    stage.say("mina", event)
    assert stage.error("mina") == "Question not found"


def test_who_joins_learns_who_is_there_and_what_was_said() -> None:
    stage = Stage("mina", "jun", "jun-2", "sora")
    asked = stage.ask("mina")
    given = [stage.reply("jun", asked, f"답 {number}") for number in range(3)]
    for sid in ("jun", "jun-2", "jun"):
        stage.say(sid, dongne.JoinQuestion(questionId=asked))
        users, messages = stage.heard(sid)
        assert users == dongne.RoomUsers(questionId=asked, users=[MINA, JUN])
        assert messages == dongne.QuestionMessages(questionId=asked, messages=given)
    stage.say("jun", dongne.LeaveQuestion(questionId=asked))
    stage.go("mina")
    stage.hush()
    stage.say("sora", dongne.JoinQuestion(questionId=asked))
    users, _ = stage.heard("sora")
    assert users == dongne.RoomUsers(questionId=asked, users=[JUN, dongne.UserRef(id="sora", nickname="Sora")])


def test_a_socket_can_have_so_many_questions_open_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reference_server.rules.dongne_conditions.ROOMS_PER_SOCKET", 2)
    assert ROOMS_PER_SOCKET == 500, "as the contract says"
    stage = Stage("mina", "jun")
    first, second, third = (stage.ask("mina") for _ in range(3))
    stage.join(first, "jun")
    stage.join(second, "jun")
    stage.say("jun", dongne.JoinQuestion(questionId=third))
    assert "500" in stage.error("jun")
    stage.join(first, "jun")  # where one is already
    stage.say("jun", dongne.LeaveQuestion(questionId=first))
    stage.say("jun", dongne.JoinQuestion(questionId=third))
    assert len(stage.heard("jun")) == 2


# ---- answers ---------------------------------------------------------------------------------------------------------


def test_an_answer_is_heard_in_the_room_by_the_asker_and_by_its_author() -> None:
    stage = Stage("mina", "mina-2", "jun", "jun-2", "sora", "hana")
    asked = stage.ask("mina")
    stage.join(asked, "sora", "jun-2")
    long = "<p>" + "가" * 150 + "</p>"
    stage.say("jun", answer(asked, long, images=["https://example.com/a.jpg"]))
    (created,) = stage.only("jun", dongne.AnswerCreated)
    given = created.answer
    assert (given.content, given.user, given.userId, given.isAccepted) == ("가" * 150, JUN, "jun", False)
    heard = dongne.NewAnswer(
        answer=dongne.HeardAnswer(
            id=given.id, content=given.content, user=JUN, createdAt=given.createdAt, images=given.images
        )
    )
    preview = dongne.AnswerPreview(id=given.id, preview="가" * 100, user=JUN, createdAt=given.createdAt)
    told = dongne.AnswerNotification(questionId=asked, answer=preview)
    assert [stage.heard(sid) for sid in ("mina", "mina-2", "sora", "jun-2", "hana")] == [
        [heard, told], [told], [heard], [heard], [],
    ]  # fmt: skip


def test_who_left_hears_nothing_more_of_the_room() -> None:
    stage = Stage("mina", "jun", "sora")
    asked = stage.ask("mina")
    stage.join(asked, "jun", "sora")
    stage.say("sora", dongne.LeaveQuestion(questionId=asked))
    stage.say("sora", dongne.LeaveQuestion(questionId=asked))
    stage.say("jun", answer(asked))
    assert stage.hearers(dongne.NewAnswer) == {"mina"}


@pytest.mark.parametrize(("content", "code"), [("홍보입니다", "E3006"), ("<b></b>", "E3006")])
def test_answers_are_read_as_strictly(content: str, code: str) -> None:
    stage = Stage("mina", "jun")
    asked = stage.ask("mina")
    stage.hush()
    stage.say("jun", answer(asked, content))
    assert stage.error("jun")
    assert (stage.hearers(Event), stage.notes()) == (set(), [code])


def test_a_question_takes_so_many_answers_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reference_server.rules.dongne_conditions.ANSWERS_PER_QUESTION", 2)
    assert ANSWERS_PER_QUESTION == 500, "as the contract says"
    stage = Stage("mina", "jun")
    asked = stage.ask("mina")
    for _ in range(2):
        stage.reply("jun", asked)
    stage.say("jun", answer(asked))
    assert "500" in stage.error("jun")


# ---- accepting -------------------------------------------------------------------------------------------------------


def test_accepting_is_told_to_the_room_and_rewards_the_author_once() -> None:
    stage = Stage("mina", "jun", "jun-2", "sora", "hana")
    asked = stage.ask("mina")
    given, other = stage.reply("jun", asked), stage.reply("sora", asked)
    stage.join(asked, "sora")
    stage.say("mina", dongne.AcceptAnswer(answerId=given.id))
    accepted = dongne.AnswerAccepted(answerId=given.id, questionId=asked)
    assert [stage.heard(sid) for sid in ("mina", "sora", "hana")] == [[accepted], [accepted], []]
    (notification,) = stage.only("jun", dongne.Notification)
    assert stage.only("jun-2", dongne.Notification) == [notification]
    assert notification.data == dongne.NotificationData(
        questionId=asked, answerId=given.id, points=rules.POINTS, totalPoints=rules.POINTS
    )
    for answer_id in (given.id, other.id):
        stage.say("mina", dongne.AcceptAnswer(answerId=answer_id))
        assert stage.error("mina")
    assert stage.hearers(Event) == set()
    stage.say("sora", dongne.JoinQuestion(questionId=asked))
    _, messages = stage.heard("sora")
    assert isinstance(messages, dongne.QuestionMessages)
    assert [message.isAccepted for message in messages.messages] == [True, False]


def test_nobody_but_the_asker_accepts_and_no_answer_that_there_is_not() -> None:
    stage = Stage("mina", "jun")
    given = stage.reply("jun", stage.ask("mina"))
    stage.say("jun", dongne.AcceptAnswer(answerId=given.id))
    assert stage.error("jun") == "Unauthorized"
    stage.say("mina", dongne.AcceptAnswer(answerId="a"))
    assert stage.error("mina") == "Answer not found"


def test_the_asker_hears_of_accepting_also_outside_the_room_and_points_add_up() -> None:
    stage = Stage("mina", "jun")
    for total in (rules.POINTS, 2 * rules.POINTS):
        asked = stage.ask("mina")
        given = stage.reply("jun", asked)
        stage.say("mina", dongne.LeaveQuestion(questionId=asked))
        stage.say("mina", dongne.AcceptAnswer(answerId=given.id))
        assert len(stage.only("mina", dongne.AnswerAccepted)) == 1
        (notification,) = stage.only("jun", dongne.Notification)
        assert notification.data.totalPoints == total


def test_who_wants_no_notification_by_socket_gets_none_there_but_the_points_and_the_history() -> None:
    stage = Stage("mina", "haru")
    given = stage.reply("haru", stage.ask("mina"))
    stage.say("mina", dongne.AcceptAnswer(answerId=given.id))
    assert stage.heard("haru") == []
    history = stage.order(ReadNotifications("haru")).value["notifications"]
    assert isinstance(history, list)
    assert [(kept["type"], kept["data"]["points"]) for kept in history] == [("answer_accepted", rules.POINTS)]


def test_settings_are_changed_over_http_and_kept() -> None:
    stage = Stage("mina", "haru")
    assert stage.order(ReadSettings("haru")).value == {"immediateAlerts": True, "channels": ["email"]}
    changed = {"immediateAlerts": True, "channels": ["socket", "sms"]}
    assert stage.order(ChangeSettings("haru", channels=(Channel.SMS, Channel.SOCKET))).value == changed
    assert stage.order(ReadSettings("haru")).value == changed
    given = stage.reply("haru", stage.ask("mina"))
    stage.say("mina", dongne.AcceptAnswer(answerId=given.id))
    assert len(stage.only("haru", dongne.Notification)) == 1
    assert stage.order(ReadSettings("nobody")).status == 401


def test_reading_is_told_to_the_author_alone() -> None:
    stage = Stage("mina", "jun", "jun-2", "sora")
    asked = stage.ask("mina")
    stage.join(asked, "sora")
    given = stage.reply("jun", asked)
    stage.say("mina", dongne.MessageRead(answerId=given.id))
    status = dongne.MessageStatus(answerId=given.id, status="read")
    assert [stage.heard(sid) for sid in ("jun", "jun-2", "sora", "mina")] == [[status], [status], [], []]
    stage.say("mina", dongne.MessageRead(answerId="a"))
    assert stage.error("mina") == "Answer not found"


# ---- places ----------------------------------------------------------------------------------------------------------


def test_moving_tells_those_around_what_was_asked_there() -> None:
    stage = Stage("mina", "jun", "sora", "expert", "nowhere")
    ids = [stage.ask("mina", location={"lat": AEWOL[0] + metres * METRE, "lng": AEWOL[1]})
           for metres in (2999, 100, 3001, 2000, 1000, 0, 500)]  # fmt: skip
    stage.hush()
    stage.say("sora", dongne.UpdateLocation(latitude=AEWOL[0], longitude=AEWOL[1], accuracy=12))
    (update,) = stage.only("sora", dongne.NearbyQuestionsUpdate)
    assert [stage.heard(sid) for sid in ("mina", "jun", "expert", "nowhere")] == [[update], [update], [], []]
    assert update.location == dongne.LocationData(latitude=AEWOL[0], longitude=AEWOL[1], accuracy=12)
    assert [near.id for near in update.questions] == [ids[5], ids[1], ids[6], ids[4], ids[3]]
    assert [near.distance for near in update.questions] == pytest.approx([0, 100, 500, 1000, 2000], abs=0.2)


def test_questions_are_told_of_for_an_hour() -> None:
    stage = Stage("mina", "nowhere")
    here = dongne.UpdateLocation(latitude=AEWOL[0], longitude=AEWOL[1])
    stage.ask("mina")
    for wait_ms, expected in ((3_600_000, 1), (1, 0)):
        stage.wait(wait_ms)
        stage.hush()
        stage.say("nowhere", here)
        (update,) = stage.only("nowhere", dongne.NearbyQuestionsUpdate)
        assert len(update.questions) == expected
    assert stage.hearers(dongne.NearbyQuestionsUpdate) == {"mina"}


def test_who_is_gone_is_near_nobody_and_comes_back_where_they_were() -> None:
    stage = Stage("mina", "jun")
    far = dongne.UpdateLocation(latitude=-90, longitude=180)
    stage.say("jun", far)
    stage.go("jun")
    stage.connect("jun")
    stage.hush()
    stage.say("mina", dongne.UpdateLocation(latitude=AEWOL[0], longitude=AEWOL[1]))
    assert stage.hearers(dongne.NearbyQuestionsUpdate) == {"mina"}
    stage.hush()
    stage.say("mina", far)
    assert stage.hearers(dongne.NearbyQuestionsUpdate) == {"mina", "jun"}


# ---- the rest --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["", "x" * 600, "\ud800"])
def test_whatever_was_garbled_its_sender_hears_an_error_and_nobody_else(reason: str) -> None:
    stage = Stage("mina", "jun")
    stage.garble("mina", reason)
    assert stage.error("mina")
    assert stage.heard("jun") == []


def test_who_is_gone_or_never_came_is_not_answered() -> None:
    stage = Stage("mina")
    stage.go("mina")
    assert stage.say("mina", question()) == stage.garble("mina") == stage.say("nobody", question()) == []


def test_others_may_read_what_is_asked_about_most_and_how_soon_a_region_answers() -> None:
    stage = Stage("mina", "jun")
    asked = [stage.ask("mina", hashtags=tags) for tags in (["주차", "카페"], ["카페", "카페"])]
    assert stage.board["trending:1h"] == [{"tag": "카페", "count": 2}, {"tag": "주차", "count": 1}]
    stage.wait(60_000)
    stage.reply("jun", asked[0])
    stage.reply("jun", asked[0])
    figures = stage.board["stats:애월"]
    assert isinstance(figures, dict)
    assert (figures["questionCount"], figures["answeredCount"], figures["under1MinCount"]) == (2, 1, 1)
    stage.wait(3_600_000)
    stage.ask("mina", hashtags=["오름"])
    assert stage.board["trending:1h"] == [{"tag": "오름", "count": 1}]
    assert stage.board["trending:24h"] == [
        {"tag": tag, "count": n} for tag, n in (("카페", 2), ("오름", 1), ("주차", 1))
    ]
    ttls = {effect.key.partition(":")[0]: effect.ttl_s for effect in stage.effects if isinstance(effect, Publish)}
    assert ttls == {"session": 3600, "question": 1800, "trending": 900, "stats": 900}


def test_admins_hear_how_the_service_does_each_second_while_they_are_there() -> None:
    stage = Stage("mina", "jun")
    assert stage.wait(5000) == []
    stage.connect("admin", "admin-2")
    stage.hush()
    stage.ask("mina")
    stage.garble("jun")
    stage.hush()
    stage.wait(2999)
    first, second = stage.only("admin", dongne.MetricsUpdate)
    assert stage.only("admin-2", dongne.MetricsUpdate) == [first, second]
    assert stage.hearers(dongne.MetricsUpdate) == set()
    assert (first.connectedUsers, first.activeRooms, first.totalMessages, first.messageRate) == (3, 1, 2, 2.0)
    assert (first.errorRate, first.overall.questionCount, second.messageRate) == (50.0, 1, 0.0)
    assert first.locationBasedResponseTime.애월.questionCount == 1
    stage.go("admin")
    stage.wait(1000)
    assert len(stage.only("admin-2", dongne.MetricsUpdate)) == 1
    stage.go("admin-2")
    stage.connect("admin")  # before the next is due: there is still one a second
    stage.hush()
    stage.wait(1000)
    assert len(stage.only("admin", dongne.MetricsUpdate)) == 1


def test_every_event_of_the_contract_has_its_rule() -> None:
    stage = Stage("mina", "jun")
    asked = stage.ask("mina")
    given = stage.reply("jun", asked)
    names = {"questionId": asked, "answerId": given.id}
    for operation in dongne.PROTOCOL.inbound.values():
        payload = {
            "create_question": question().to_json(),
            "create_answer": answer(asked).to_json(),
            "update_location": {"latitude": 33.5, "longitude": 126.5},
            "sync_unread_messages": {"lastSyncTimestamp": 0},
        }.get(operation.name, {key: names[key] for key in operation.event.model_fields if key in names})
        stage.say("mina", dongne.PROTOCOL.parse(Action.RECEIVE, operation.name, [payload]))
        assert stage.hearers(dongne.Error) == set(), operation.name
