"""What an error may say, and what it may not: words of the contract, and what somebody knows already, are no leak."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.checks import Check
from conformance.expectation import Heard, Outlook
from conformance.judge import Step
from conformance.leaks import Leaks, inside
from conformance.person import Person
from conformance.verdict import Broken
from protocols import hub
from protocols.contract import Action
from simulators import wire
from simulators.history import Direction, History
from simulators.people import Identity
from simulators.received import Received

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c2VyLTEifQ.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("Error: boom\n    at Socket.<anonymous> (/srv/app/index.js:12:9)", "a stack trace"),
        ('Traceback (most recent call last):\n  File "app.py", line 3', "a stack trace"),
        ("failed in handlers.ts:88", "a place in the code"),
        ("ENOENT: no such file or directory, open '/var/data/rooms'", "a path of the server"),
        ("SELECT * FROM users WHERE id = ''", "SQL"),
        ('duplicate key value violates unique constraint "rooms_pkey"', "SQL"),
        ("E11000 duplicate key", "SQL"),
        ("Cannot read properties of null (reading 'x')", "an exception of the code"),
        ("'NoneType' object is not subscriptable", "an exception of the code"),
        ("connect ECONNREFUSED 10.0.0.3:6379", "an address inside"),
        (f"bad token {TOKEN}", "a token"),
    ],
)
def test_what_is_nobodys_business(text: str, what: str) -> None:
    found = inside(text)
    assert found is not None
    assert found[0] == what
    assert inside(text, said=text) is None


@pytest.mark.parametrize(
    "text",
    [
        "content must NOT have more than 1000 characters",
        "Error: NOT_IN_ROOM",
        "VALIDATION_ERROR at /roomId: must be string",
        "wrong password for /chat/room/7, try again at 10:30",
        "you may select one from the list, or update your settings",
        "Question not found",
        "the key 'values' is not an error",
    ],
)
def test_what_any_error_may_say(text: str) -> None:
    assert inside(text) is None


@given(st.text(st.characters(categories=["L", "N", "P", "Zs"], exclude_characters="/\\"), max_size=80))
def test_what_somebody_said_may_be_quoted(text: str) -> None:
    assert inside(f"invalid: {text}", said=text) is None


# ---- of others ---------------------------------------------------------------------------------------------------


def somebody(name: str) -> Person:
    return Person(name, identity=Identity(token=f"token-of-{name}-0001", id=f"user-{name}-0001", nickname=name))


def findings(message: str, *known: str, said: str = "x") -> list[Broken]:
    """Let ana be refused with a message after she has heard these ids."""
    ana, ben = somebody("ana"), somebody("ben")
    history = History()
    for user_id in known:
        history.append("ana", Direction.RECEIVED, "user_joined", [{"userId": user_id}])
    began = len(history)
    history.append("ana", Direction.SENT, "join_room", [{"roomId": said}])
    error = {"code": "NOT_IN_ROOM", "message": message}
    history.append("ana", Direction.RECEIVED, "error", [error])
    received = Received("error", 1, wire.Event.of("error", error, namespace="/hub"), hub.PROTOCOL)
    operation = next(one for one in hub.PROTOCOL.inbound.values() if one.action is Action.RECEIVE)
    step = Step(ana, None, "join_room", Outlook(operation=operation), time.monotonic_ns())
    return list(Leaks(hub.PROTOCOL, [ana, ben], history).findings(step, Heard({ana: [received], ben: []}), began))


def test_the_id_of_somebody_whom_one_has_never_heard_of() -> None:
    [found] = findings("user-ben-0001 is in that room")
    assert (found.check, found.requirement) == (Check.NO_OTHERS_DATA_IN_ERRORS, "hub/all/12")
    assert found.came == "it shows the id of ben: user-ben-0001"


def test_somebody_elses_token_is_a_secret_and_is_not_shown_whole() -> None:
    [found] = findings("use token-of-ben-0001")
    assert found.check is Check.NO_SECRETS_IN_ERRORS
    assert "token-of-ben-0001" not in found.came


@pytest.mark.parametrize(
    ("message", "known", "said"),
    [
        ("user-ben-0001 is in that room", ["user-ben-0001"], "x"),
        ("there is no user-ben-0001", [], "user-ben-0001"),
        ("user-ana-0001 is in no room", [], "x"),
        ("user-ben-00012 is no user", [], "x"),
        ("no", [], "x"),
    ],
)
def test_what_one_knows_or_has_said_is_no_leak(message: str, known: list[str], said: str) -> None:
    assert findings(message, *known, said=said) == []
