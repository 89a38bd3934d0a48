"""One server put together: what its parts do when they meet, over real sockets."""

import json
import time
from pathlib import Path

import pytest

from protocols import space
from protocols.errors import ConnectRefused, TargetUnreachable, UsageError
from reference_server.app import create_app
from reference_server.mode import Mode
from reference_server.settings import Settings
from simulators.endpoint import TransportName
from simulators.engine import Engine

from .house import WITHIN_S, answer, http, joining, open_house, receiver, reply

WORLD = """
users:
- {id: user-ann, nickname: Ann, token: auth-ann-of-our-own}
spaces:
- {id: office, name: The office, owner: user-ann}
"""


@pytest.mark.parametrize("transport", ["websocket", "polling", "upgrade"])
def test_people_meet(engine: Engine, transport: TransportName) -> None:
    with open_house(engine) as house:
        mina, jun = house.join("mina", transport=transport), house.join("jun", transport=transport)
        assert mina.expect(space.PlayerJoined, within_s=WITHIN_S).id == "user-jun"
        jun.emit(space.ChatMessageRequest(content="  안녕하세요  "))
        assert mina.expect(space.ChatMessageEvent, within_s=WITHIN_S).content == "안녕하세요"
        jun.close()
        assert mina.expect(space.PlayerLeft, within_s=WITHIN_S).id == "user-jun"


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_a_cut_connection_leaves_no_ghost(engine: Engine, transport: TransportName) -> None:
    """The address is all/8. A cut WebSocket is a clean end, and a poll that is cut is found without a heartbeat too."""
    with open_house(engine) as house:
        mina, jun = house.join("mina"), house.join("jun", transport=transport)
        jun.abort()
        assert mina.expect(space.PlayerLeft, within_s=WITHIN_S).id == "user-jun"
        assert house.players() == 1


def test_one_protocol_alone_owns_the_root_and_otherwise_each_its_own(engine: Engine) -> None:
    with open_house(engine, protocols=()) as house:
        house.join("mina")  # at /space
        house.namespace = "/"
        with pytest.raises(ConnectRefused, match="Invalid namespace"):
            house.connect()


def test_two_servers_in_one_process_do_not_know_of_each_other(engine: Engine) -> None:
    with open_house(engine) as one, open_house(engine, mode=Mode.DEVELOPMENT, protocols=()) as other:
        mina = one.join("mina")
        double = other.join("mina")
        double.emit(space.ChatMessageRequest(content="over here"))
        double.fence(within_s=WITHIN_S)
        mina.emit_raw("nonsense")
        mina.fence(within_s=WITHIN_S)
        mina.send_raw("garbage")
        mina.wait_closed(WITHIN_S)
        assert [received.name for received in mina.drain()] == ["proximity:changed", "chat:system", "error"]
        assert (one.players(), other.players()) == (0, 1)
        assert double.closed is None
        codes = [line.get("code") for line in one.lines()]
        assert codes.count("E2002") == 1  # the strict layer's line is in the log of the server it was said in
        assert "E2002" not in other.log.getvalue()


def test_time_runs_at_its_scale(engine: Engine) -> None:
    with open_house(engine, time_scale=3600) as house:
        before = time.time() * 1000
        mina = house.join("mina")
        time.sleep(0.05)
        mina.emit(space.ChatMessageRequest(content="x"))
        message = mina.expect(space.ChatMessageEvent, within_s=WITHIN_S)
        assert message.timestamp - before > 0.05 * 3600 * 1000


def test_a_seed_makes_ids_repeat(engine: Engine) -> None:
    def message_id(seed: int | None) -> str:
        with open_house(engine, seed=seed) as house:
            mina = house.join("mina")
            mina.emit(space.ChatMessageRequest(content="x"))
            return mina.expect(space.ChatMessageEvent, within_s=WITHIN_S).id

    assert message_id(7) == message_id(7)
    assert len({message_id(7), message_id(8), message_id(None), message_id(None)}) == 4


# ---- who gets in ----------------------------------------------------------------------------------------------------


def test_the_hundred_and_first_attempt_is_refused_in_so_many_words(engine: Engine) -> None:
    with open_house(engine, limit_exempt=frozenset(), attempts_per_minute=3) as house:
        house.connect(transport="websocket")
        house.connect(transport="polling")
        house.connect(transport="upgrade")  # one attempt, though it opens two connections
        with pytest.raises((ConnectRefused, TargetUnreachable)):
            house.connect()
        response = http(house.url + "/socket.io/?EIO=4&transport=polling")
        assert response.status == 429
        assert response.json()["message"] == "Rate limit exceeded"
        assert house.guests[0].closed is None  # who is in stays in
        line = house.lines()[0]
        assert (line["code"], line["level"]) == ("E2001", "warn")


def test_this_machine_is_never_locked_out(engine: Engine) -> None:
    with open_house(engine, attempts_per_minute=1) as house:
        for _ in range(5):
            house.connect()


@pytest.mark.parametrize("mode", list(Mode))
def test_test_tokens_are_for_loopback(mode: Mode) -> None:
    with pytest.raises(UsageError, match="--world FILE"):
        create_app(Settings(host="0.0.0.0", mode=mode))
    create_app(Settings(host="0.0.0.0", mode=mode, test_credentials=True))
    create_app(Settings(host="127.0.0.1", mode=mode))


def test_with_a_verify_url_alone_the_test_tokens_open_nothing(engine: Engine) -> None:
    with receiver(answer(200, {"valid": False})) as there:
        with open_house(engine, host="0.0.0.0", verify_url=there.url) as house:
            mina = house.connect()
            mina.emit(joining("mina"))
            mina.expect(space.Error, within_s=WITHIN_S)
            assert mina.wait_closed(WITHIN_S)
        assert there.bodies == [{"sessionToken": "auth-mina-test", "spaceId": "plaza"}]


def test_a_world_of_ones_own(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "world.yaml"
    path.write_text(WORLD)
    with open_house(engine, host="0.0.0.0", world=path) as house:
        assert house.url.startswith("http://localhost:")
        house.join("ann", "office", token="auth-ann-of-our-own")
        stranger = house.connect()
        stranger.emit(joining("mina"))
        stranger.expect(space.Error, within_s=WITHIN_S)


def test_an_unknown_protocol_is_named_with_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"'spice'.*space"):
        create_app(Settings(protocols=("space", "spice")))


def test_a_world_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere\.yaml"):
        create_app(Settings(world=tmp_path / "nowhere.yaml"))


# ---- the outside ----------------------------------------------------------------------------------------------------


def test_somebody_else_may_say_whose_a_session_is(engine: Engine) -> None:
    claims = {"valid": True, "participantId": "p-7", "nickname": "Verified", "role": "PARTICIPANT"}
    with receiver(answer(200, claims)) as there, open_house(engine, verify_url=there.url) as house:
        somebody = house.connect()
        somebody.emit(joining("x", token="guest-of-theirs"))
        joined = somebody.expect(space.RoomJoined, within_s=WITHIN_S)
        assert (joined.yourPlayerId, joined.players[0].nickname) == ("p-7", "Verified")


def test_a_verify_url_that_fails_lets_nobody_in_and_is_reported(engine: Engine) -> None:
    with receiver(answer(500)) as there, open_house(engine, verify_url=there.url) as house:
        somebody = house.connect()
        somebody.emit(joining("x", token="guest-of-theirs"))
        somebody.expect(space.Error, within_s=WITHIN_S)
        somebody.wait_closed(WITHIN_S)
        assert ("error", "E4001") in [(line["level"], line.get("code")) for line in house.lines()]
        assert "of-theirs" not in house.log.getvalue()


def test_errors_reach_a_webhook_that_fails_twice(engine: Engine) -> None:
    with (
        receiver(answer(500)) as verify,
        receiver(lambda number, handler: reply(handler, 503 if number < 2 else 204)) as hook,
        open_house(engine, verify_url=verify.url, webhook_url=hook.url) as house,
    ):
        somebody = house.connect()
        somebody.emit(joining("x", token="guest-of-theirs"))
        somebody.wait_closed(WITHIN_S)
        *_, third = hook.wait(3)
        card = third["embeds"][0]
        assert (card["color"], card["fields"][0]) == (15158332, {"name": "Error Code", "value": "E4001"})
        assert "of-theirs" not in json.dumps(third)


def test_the_tenth_failed_authentication_is_an_alarm(engine: Engine) -> None:
    with receiver(answer(204)) as hook, open_house(engine, webhook_url=hook.url) as house:
        for number in range(10):
            assert hook.bodies == []
            somebody = house.connect()
            somebody.emit(joining("x", token=f"auth-guess-{number}"))
            somebody.wait_closed(WITHIN_S)
        (alarm,) = hook.wait(1)
        assert alarm["embeds"][0]["title"] == "Many authentication failures"


def test_comings_and_goings_reach_the_outside_log(engine: Engine) -> None:
    with receiver(answer(200)) as log:
        with open_house(engine, event_log_url=log.url) as house:
            mina = house.join("mina")
            mina.emit(space.LeaveSpace())
            mina.fence(within_s=WITHIN_S)
            house.join("jun")
        # The server has ended, and those who were still there have left with it.
        assert [(body["eventType"], body["userId"]) for body in log.wait(4)] == [
            ("ENTER", "user-mina"), ("EXIT", "user-mina"), ("ENTER", "user-jun"), ("EXIT", "user-jun"),
        ]  # fmt: skip


def test_a_log_that_nobody_answers_at_delays_no_leave(engine: Engine) -> None:
    with receiver(answer(200)) as log:
        pass
    with open_house(engine, event_log_url=log.url, webhook_url=log.url) as house:
        mina, jun = house.join("mina"), house.join("jun")
        jun.emit(space.LeaveSpace())
        mina.expect(space.PlayerLeft, within_s=WITHIN_S)  # all attempts to reach the log would take over a minute


def test_logs_are_lines_of_the_contract(engine: Engine) -> None:
    with open_house(engine) as house:
        somebody = house.connect()
        somebody.emit(joining("x", token="auth-guess-secret"))
        somebody.wait_closed(WITHIN_S)
        mina = house.join("mina")
        for _ in range(1000):
            mina.emit_raw("nonsense", {"sessionToken": "auth-also-secret"})
        mina.fence(within_s=WITHIN_S)
        lines = house.lines()
    assert 3 <= len(lines) < 40  # not one per packet
    for line in lines:
        assert set(line) - {"code"} == {"timestamp", "level", "message", "context"}
        assert line["level"] in {"info", "warn", "error"}
    failure = next(line for line in lines if line.get("code") == "E1001")
    assert failure["context"]["socketId"] == somebody.sid
    assert "secret" not in house.log.getvalue()
