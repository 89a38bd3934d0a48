"""What space answers over HTTP, and who may have it."""

from typing import cast

import pytest

from protocols import space
from protocols.contract import Json
from reference_server.effects import Gone
from reference_server.mode import Mode
from reference_server.rules.space_commands import (
    CreateGuest,
    EventType,
    LeaveVisit,
    LogGuestEvent,
    ReadEvents,
    VerifyGuest,
)
from reference_server.rules.space_log import ENTRIES, LONGEST_STAY_MS

from .stage import START_MS, Stage, join


@pytest.fixture
def stage() -> Stage:
    return Stage()


def read(stage: Stage, limit: int = 100) -> list[dict[str, Json]]:
    """Return the log of the plaza as its owner reads it."""
    reply = stage.order(ReadEvents("plaza", "auth-mina", limit))
    assert reply.status == 200
    return cast("dict[str, list[dict[str, Json]]]", reply.value)["events"]


def test_a_guest_session_is_made_and_opens_its_space(stage: Stage) -> None:
    reply = stage.order(CreateGuest("plaza", "Gil"))
    assert reply.status == 201
    body = cast("dict[str, str]", reply.value)
    assert set(body) == {"sessionToken", "participantId", "nickname"}
    assert body["sessionToken"].startswith("guest-")
    stage.connect("g")
    stage.say("g", join("plaza", body["sessionToken"]))
    joined = stage.heard("g")[0]
    assert isinstance(joined, space.RoomJoined)
    assert joined.yourPlayerId == body["participantId"]


@pytest.mark.parametrize("nickname", ["", " ", "\x85", "\ufeff", "n" * 21, "\ud800"])
def test_no_guest_is_called_what_others_cannot_be_told(stage: Stage, nickname: str) -> None:
    reply = stage.order(CreateGuest("plaza", nickname))
    assert reply.status == 400
    assert cast("dict[str, dict[str, Json]]", reply.value)["error"]["code"] == "E3001"


def test_two_guests_are_two(stage: Stage) -> None:
    assert stage.guest() != stage.guest()


def test_a_session_is_verified_for_its_own_space_alone(stage: Stage) -> None:
    token, participant = stage.guest("plaza", "Gil")
    reply = stage.order(VerifyGuest(token, "plaza"))
    assert reply.status == 200
    assert reply.value == {"valid": True, "participantId": participant, "nickname": "Gil", "role": "PARTICIPANT"}
    for wrong in (VerifyGuest(token, "studio"), VerifyGuest("guest-x", "plaza"), VerifyGuest("dev-x", "plaza")):
        value = cast("dict[str, Json]", stage.order(wrong).value)
        assert value["valid"] is False
        assert set(value) == {"valid", "error"}


def test_a_user_is_verified_with_its_role(stage: Stage) -> None:
    value = cast("dict[str, Json]", stage.order(VerifyGuest("auth-jun", "plaza")).value)
    assert (value["participantId"], value["role"]) == ("user-jun", "STAFF")


@pytest.mark.parametrize("event_type", ["ENTER", "EXIT", "CHAT"])
def test_a_guest_may_log_what_it_does(stage: Stage, event_type: EventType) -> None:
    token, participant = stage.guest()
    reply = stage.order(LogGuestEvent(token, "plaza", event_type, {"words": 3}))
    entry = {
        "spaceId": "plaza",
        "eventType": event_type,
        "timestamp": START_MS,
        "path": "guest",
        "participantId": participant,
        "nickname": "Gil",
        "payload": {"words": 3},
    }
    assert (reply.status, reply.value) == (201, {"event": entry})
    assert read(stage) == [entry]


@pytest.mark.parametrize("token", ["guest-x", "auth-mina", ""])
def test_only_a_guest_of_that_space_may_log_there(stage: Stage, token: str) -> None:
    assert stage.order(LogGuestEvent(token, "plaza", "CHAT")).status == 401
    other, _ = stage.guest("studio")
    assert stage.order(LogGuestEvent(other, "plaza", "CHAT")).status == 401
    assert read(stage) == []


def test_a_user_may_log_its_exit(stage: Stage) -> None:
    reply = stage.order(LeaveVisit("plaza", "auth-sora"))
    assert reply.status == 200
    (entry,) = read(stage)
    assert (entry["eventType"], entry["userId"], entry["path"]) == ("EXIT", "user-sora", "visit")
    assert "stayMs" not in entry
    guest, _ = stage.guest()
    assert stage.order(LeaveVisit("plaza", guest)).status == 401
    assert len(read(stage)) == 1


@pytest.mark.parametrize(
    ("space_id", "bearer", "status", "code"),
    [
        ("plaza", "auth-mina", 200, None),
        ("plaza", "auth-jun", 200, None),
        ("plaza", "auth-sora", 403, "E1003"),
        ("plaza", "auth-nobody", 401, "E1001"),
        ("plaza", "", 401, "E1001"),
        ("nowhere", "auth-mina", 404, "E3010"),
    ],
)
def test_owner_and_staff_read_the_log_and_nobody_else(
    stage: Stage, space_id: str, bearer: str, status: int, code: str | None
) -> None:
    reply = stage.order(ReadEvents(space_id, bearer))
    assert reply.status == status
    body = cast("dict[str, dict[str, Json]]", reply.value)
    assert body.get("error", {}).get("code") == code


@pytest.mark.parametrize("politely", [True, False])
def test_coming_and_going_is_logged_for_guests_and_users_each_by_its_path(stage: Stage, politely: bool) -> None:
    guest, participant = stage.guest()
    stage.connect("g", "u")
    stage.say("g", join("plaza", guest))
    stage.say("u", join("plaza", "auth-sora"))
    stage.wait(5_000)
    for sid in ("g", "u"):
        if politely:
            stage.say(sid, space.LeaveSpace())
        stage.enter(Gone(sid))
    log = read(stage)
    assert [(entry["eventType"], entry["path"], entry.get("participantId", entry.get("userId"))) for entry in log] == [
        ("ENTER", "guest", participant),
        ("ENTER", "visit", "user-sora"),
        ("EXIT", "guest", participant),
        ("EXIT", "visit", "user-sora"),
    ]
    assert [entry.get("stayMs") for entry in log] == [None, None, 5_000, 5_000]
    assert log == stage.logged()


def test_development_sessions_are_not_logged() -> None:
    stage = Stage(Mode.DEVELOPMENT)
    stage.connect("a", "b")
    stage.say("a", join("plaza", "dev-a", "a"))
    stage.say("b", join("plaza", None, "b"))
    stage.enter(Gone("a"))
    stage.enter(Gone("b"))
    assert read(stage) == stage.logged() == []


def test_stays_over_a_day_are_left_out_of_the_statistics(stage: Stage) -> None:
    for stay_ms in (1_000, 3_000, LONGEST_STAY_MS, LONGEST_STAY_MS + 1):
        stage.seat("sora")
        stage.wait(stay_ms)
        stage.enter(Gone("sora"))
    body = cast("dict[str, Json]", stage.order(ReadEvents("plaza", "auth-mina")).value)
    assert body["statistics"] == {
        "stays": 3,
        "totalMs": LONGEST_STAY_MS + 4_000,
        "meanMs": (LONGEST_STAY_MS + 4_000) // 3,
        "longestMs": LONGEST_STAY_MS,
        "leftOut": 1,
    }


def test_the_log_is_bounded_and_read_from_its_end(stage: Stage) -> None:
    token, _ = stage.guest()
    for number in range(ENTRIES + 5):
        stage.order(LogGuestEvent(token, "plaza", "CHAT", {"number": number + 1}))
    assert [entry["payload"] for entry in read(stage, 2)] == [
        {"number": ENTRIES + 4},
        {"number": ENTRIES + 5},
    ]
    kept = read(stage, 10 * ENTRIES)
    assert (len(kept), kept[0]["payload"]) == (ENTRIES, {"number": 6})


def test_a_space_that_nobody_owns_is_told_to_the_external_log_only(stage: Stage) -> None:
    stage.seat("sora", space_id="nowhere")
    assert [entry["eventType"] for entry in stage.logged()] == ["ENTER"]
    assert stage.order(ReadEvents("nowhere", "auth-mina")).status == 404
