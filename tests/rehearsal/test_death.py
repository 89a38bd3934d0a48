"""A server that is killed amid its work goes on where it ended: nothing acknowledged is lost, nothing happens twice."""

import itertools
import re
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from protocols import dongne, gateway, gopang
from protocols.contract import Ack, Protocol
from reference_server.gate import DEVELOPMENT_SECRET, Gate
from reference_server.rules.gopang_bank import OPENING_BALANCE
from reference_server.served import SERVED
from reference_server.world import World
from simulators.connection import Connection
from simulators.endpoint import Endpoint
from simulators.engine import Engine, SyncConnection
from simulators.received import Answer
from tests.reference_server.house import http

from .command import Running

WITHIN_S = 20.0
"""Nobody waits for so long but on a machine that does something else."""
LOBBY = "00000000-0000-4000-9000-000000000001"
ASKER, NEAR, FAR = "visitor-mina", "local-aewol", "local-ilchul"
"""In dongne; the second lives where the first asks about, the third at the other end of the island."""


@contextmanager
def served(protocol: Protocol, journal: Path, *words: str) -> Iterator[tuple[str, Running]]:
    """Run `rehearsal serve` with a journal; gives its URL, and the process, which may be dead by the end."""
    with Running("serve", protocol.name, "--port", "0", "--journal", str(journal), *words) as running:
        found = re.search(r"http://\S+", running.line_with("Listening on"))
        assert found is not None
        yield found[0], running


def token(protocol: Protocol, person: int) -> str:
    claims = list(SERVED[protocol.name].claims(World.built_in()))[person]
    return Gate(protocol, DEVELOPMENT_SECRET).mint(claims)


def connect(
    engine: Engine, url: str, protocol: Protocol, bearer: str, answered: Callable[[Answer], None] | None = None
) -> SyncConnection:
    endpoint = Endpoint(url=url, auth={"token": bearer})
    opening = Connection.open(endpoint, protocol, "somebody", patience_s=WITHIN_S, on_answer=answered)
    return SyncConnection(engine, engine.submit(opening))


def read(url: str, bearer: str) -> Any:
    reply = http(url, headers={"Authorization": f"Bearer {bearer}"})
    assert reply.status == 200
    return reply.json()


def until(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + WITHIN_S
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.005)


def kill(running: Running, *connections: SyncConnection) -> None:
    """Kill it at once, and hear what it had said by then."""
    running.process.kill()
    assert running.process.wait(WITHIN_S) < 0
    for connection in connections:
        connection.wait_closed(WITHIN_S)


def test_every_message_that_was_acked_outlives_gateway(tmp_path: Path) -> None:
    """And a message that is sent again, since nobody knows what became of it, is there once."""
    acks: list[Ack | None] = []
    said = [gateway.SendMessage(roomId=LOBBY, clientMsgId=str(uuid.uuid4()), content=f"{n}") for n in range(1000)]
    mina, jun = token(gateway.PROTOCOL, 0), token(gateway.PROTOCOL, 1)
    with Engine() as engine:
        with served(gateway.PROTOCOL, tmp_path) as (url, running):
            speaker = connect(engine, url, gateway.PROTOCOL, mina, lambda answer: acks.append(answer.ack))
            engine.call(lambda: [speaker.connection.ask_raw(each.event_name, *each.to_args()) for each in said])
            until(lambda: len(acks) >= 50)
            kill(running, speaker)
        accepted = {ack.clientMsgId for ack in acks if isinstance(ack, gateway.SendMessageAck)}
        assert 50 <= len(accepted) == len(acks)

        with served(gateway.PROTOCOL, tmp_path) as (url, _running):
            kept = _history(url, jun)
            assert accepted <= set(kept)
            assert kept == [each.clientMsgId for each in said[: len(kept)]]
            speaker = connect(engine, url, gateway.PROTOCOL, mina)
            for each in said[len(kept) - 20 : len(kept) + 20]:
                assert speaker.call(each, within_s=WITHIN_S).ack == gateway.SendMessageAck(
                    clientMsgId=each.clientMsgId, status="ACCEPTED"
                )
            assert _history(url, jun) == [each.clientMsgId for each in said[: len(kept) + 20]]
            speaker.close()


def _history(url: str, bearer: str) -> list[str]:
    """Read the clientMsgIds of the lobby, the oldest first."""
    found: list[str] = []
    after = "0" * 26
    while page := read(f"{url}/rooms/{LOBBY}/messages?limit=100&after={after}", bearer)["messages"]:
        assert all(before["messageId"] < behind["messageId"] for before, behind in itertools.pairwise(page))
        found += [message["clientMsgId"] for message in page]
        after = page[-1]["messageId"]
    return found


def test_the_money_of_gopang_is_all_there_and_what_it_recorded_is_verified(tmp_path: Path) -> None:
    """What was acknowledged and under way is completed by the next process, once."""
    acks: list[Ack | None] = []
    payments, mina, jun = 20, token(gopang.PROTOCOL, 0), token(gopang.PROTOCOL, 1)
    pay = gopang.TransactionCreate(receiverId="user-jun", amount=1000)
    with Engine() as engine:
        with served(gopang.PROTOCOL, tmp_path) as (url, running):
            payer = connect(engine, url, gopang.PROTOCOL, mina, lambda answer: acks.append(answer.ack))
            receiver = connect(engine, url, gopang.PROTOCOL, jun)
            for part in (1, 2):
                engine.call(lambda: [payer.connection.ask_raw(pay.event_name, *pay.to_args()) for _ in range(payments)])
                until(lambda part=part: len(acks) == part * payments)  # type: ignore[misc]
                if part == 1:
                    receiver.expect(gopang.OpenhashRecord, within_s=WITHIN_S)
            kill(running, payer, receiver)
        assert all(isinstance(ack, gopang.TransactionCreateAck) and ack.success for ack in acks)
        records = [heard.event for heard in receiver.heard() if isinstance(heard.event, gopang.OpenhashRecord)]
        assert records

        with served(gopang.PROTOCOL, tmp_path, "--time-scale", "20") as (url, _running):
            payer = connect(engine, url, gopang.PROTOCOL, mina)
            for record in records:
                answer = payer.call(gopang.OpenhashVerifyRequest(value=record.hashValue), within_s=WITHIN_S)
                told = gopang.OpenhashVerifyAck(
                    hashValue=record.hashValue, verified=True, layer=record.layer, recordedAt=record.timestamp
                )
                assert answer.ack == told
            until(lambda: _balance(url, jun) >= OPENING_BALANCE + 2 * payments * pay.amount)
            moved = 2 * payments * pay.amount
            assert (_balance(url, mina), _balance(url, jun)) == (OPENING_BALANCE - moved, OPENING_BALANCE + moved)
            payer.close()


def _balance(url: str, bearer: str) -> int:
    return int(read(f"{url}/accounts/me", bearer)["balance"])


def test_the_last_stage_of_dongnes_questions_still_comes_and_the_first_not_again(tmp_path: Path) -> None:
    """The first process takes its time, the next one hurries: three seconds after its start the last stage is due."""
    aewol = dongne.Location(lat=33.4628, lng=126.3094)
    tokens = {name: Gate(dongne.PROTOCOL, DEVELOPMENT_SECRET).mint({"userId": name}) for name in (ASKER, NEAR, FAR)}
    titles = [f"주차할 곳 {number}" for number in range(5)]
    with Engine() as engine:
        with served(dongne.PROTOCOL, tmp_path) as (url, running):
            asker, near = (connect(engine, url, dongne.PROTOCOL, tokens[name]) for name in (ASKER, NEAR))
            for title in titles:
                asker.emit(dongne.CreateQuestion(title=title, location=aewol))
            first = [near.expect(dongne.NewQuestionNotification, within_s=WITHIN_S) for _ in titles]
            kill(running, asker, near)
        assert [(each.question.title, each.priority) for each in first] == [(title, "IMMEDIATE") for title in titles]

        with served(dongne.PROTOCOL, tmp_path, "--time-scale", "40") as (url, _running):
            near, far = (connect(engine, url, dongne.PROTOCOL, tokens[name]) for name in (NEAR, FAR))
            last = [far.expect(dongne.NewQuestionNotification, within_s=WITHIN_S) for _ in titles]
            assert sorted((each.question.title, each.priority) for each in last) == [
                (title, "FINAL") for title in titles
            ]
            for each in (near, far):
                each.fence(within_s=WITHIN_S)
                assert [heard for heard in each.heard() if heard.name == "new_question_notification"] == []
                each.close()
