"""An alert of the first stage is timed from when its question was due, and no other is."""

from loadtests.account import TimedLedger, TimedTally
from loadtests.alerts import Alerts
from loadtests.samples import Label, Samples
from protocols.contract import Event
from protocols.dongne import PROTOCOL, CreateQuestion, Location, NewQuestionNotification, UserTyping
from simulators.actors.dongne_standing import DongneStanding
from simulators.people import Identity
from tests.loadtests.timing import times

ASKED = CreateQuestion(title="주차", location=Location(lat=33.4567, lng=126.5))


def alert(priority: str = "IMMEDIATE", lat: float = 33.4567) -> Event:
    return NewQuestionNotification.model_validate(
        {
            "question": {
                "id": "q",
                "title": "주차",
                "location": {"lat": lat, "lng": 126.5},
                "hashtags": [],
                "urgency": "normal",
                "createdAt": "2026-01-01T00:00:00Z",
            },
            "priority": priority,
            "sound": "urgent",
            "vibration": "strong",
        }
    )


def test_an_alert_is_found_by_what_it_says_of_its_question() -> None:
    alerts = Alerts()
    alerts.asked(ASKED, 42)
    assert alerts.due_ns(alert()) == 42
    assert alerts.due_ns(alert(lat=33.4568)) is None, "of another question"
    assert alerts.due_ns(alert("QUICK")) is None, "of a later stage"
    assert alerts.due_ns(UserTyping(userId="u", username="n", questionId="q")) is None
    assert alerts.due_ns(None) is None


def test_the_account_of_a_load_test_times_alerts_as_deliveries() -> None:
    samples = Samples()
    tally = TimedTally(samples, PROTOCOL, Label("connect", "websocket"))
    ledger = TimedLedger(PROTOCOL, tally, samples, deadline_s=lambda ms: ms / 1000, time_scale=1, outsiders=False)
    for name in ("ann", "ben"):
        standing = DongneStanding()
        ledger.add(name, standing)
        standing.connected(Identity(token="t", id=name, nickname=name))
        ledger.connected(name, 0)
    ledger.said("ann", ASKED, 1_000_000, 2_000_000)
    heard = alert()
    ledger.heard("ben", heard, heard.to_json(), 31_000_000)
    assert samples.take().times[Label("deliver", "new_question_notification")] == times(30)
