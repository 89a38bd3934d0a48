"""Payloads are checked, rules asked, effects carried out in order: over a real socket, with rules that do as told."""

import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from reference_server.clock import ManualClock
from reference_server.effects import (
    Acknowledge,
    Connected,
    Delivery,
    Drop,
    Effect,
    Emit,
    Enter,
    Entry,
    Garbled,
    Gone,
    Later,
    Leave,
    Note,
    Notify,
    Question,
    Receipt,
    Said,
    Stamp,
    acknowledge,
)
from reference_server.serve import running
from reference_server.settings import Settings
from simulators.endpoint import Endpoint, TransportName
from simulators.engine import Engine, SyncConnection

from .house import WITHIN_S, answer, receiver
from .toy import PROTOCOL, Done, Heard, Ring, Say, Toy, Wrong

Behaviour = Callable[[Entry, Stamp], Iterator[Effect]]


class Theatre:
    def __init__(self, url: str, engine: Engine, rules: Toy, log: io.StringIO) -> None:
        self.url, self.engine, self.rules, self.log = url, engine, rules, log

    def connect(self, transport: TransportName = "websocket") -> SyncConnection:
        endpoint = Endpoint(url=self.url, namespace="/toy", transport=transport, auth={"who": "me"})
        return SyncConnection.open(self.engine, endpoint, PROTOCOL, "somebody")

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.getvalue().splitlines()]


@contextmanager
def theatre(engine: Engine, rules: Toy, **options: Any) -> Iterator[Theatre]:
    log = io.StringIO()
    settings = Settings(**{"port": 0, "json_logs": True, **options})
    with running(settings, [rules], log_stream=log) as url:
        yield Theatre(url, engine, rules, log)


def heard(connection: SyncConnection) -> list[tuple[str, list[Any]]]:
    """Return everything that has been heard so far, and consume it."""
    connection.fence(within_s=WITHIN_S)
    return [(received.name, list(received.arguments)) for received in connection.drain()]


def test_entries_come_in_the_order_of_the_wire(engine: Engine) -> None:
    with theatre(engine, Toy()) as house:
        somebody = house.connect()
        for number in range(50):
            somebody.emit(Say(text=str(number)))
        somebody.fence(within_s=WITHIN_S)
        somebody.close()
    entries = [entry for entry, _ in house.rules.entries]
    connected, *said, gone = entries
    assert connected == Connected(somebody.sid, {"who": "me"}, address="127.0.0.1")
    assert said == [Said(somebody.sid, Say(text=str(number))) for number in range(50)]
    assert isinstance(gone, Gone)
    assert gone.sid == somebody.sid
    times = [stamp.now_ms for _, stamp in house.rules.entries]
    assert times == sorted(times)


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("say", []),
        ("say", [None]),
        ("say", [[]]),
        ("say", [{"text": 1}]),
        ("say", [{"text": "x", "more": 1}]),
        ("say", [{"text": "x"}, {"text": "x"}]),
        ("say", [{"text": b"x"}]),
        ("say", [b"x"]),
        ("say", [{"text": "\ud800"}]),
        ("Say", [{"text": "x"}]),
        ("heard", [{"text": "x"}]),
        ("nothing of the kind", []),
        ("", []),
    ],
)
def test_what_breaks_the_contract_is_garbled(engine: Engine, name: str, args: list[object]) -> None:
    with theatre(engine, Toy()) as house:
        somebody = house.connect()
        somebody.emit_raw(name, *args)
        assert [event for event, _ in heard(somebody)] == ["wrong"]
        (entry,) = [entry for entry, _ in house.rules.entries if not isinstance(entry, Connected)]
        assert isinstance(entry, Garbled)
        assert (entry.sid, entry.event_name) == (somebody.sid, name)
        somebody.close()


def test_a_long_event_name_is_cut(engine: Engine) -> None:
    with theatre(engine, Toy()) as house:
        somebody = house.connect()
        somebody.emit_raw("x" * 500_000)
        reason = somebody.expect(Wrong, within_s=WITHIN_S).reason
        assert len(reason) < 200
        (entry,) = [entry for entry, _ in house.rules.entries if isinstance(entry, Garbled)]
        assert entry.event_name == "x" * 100
        somebody.close()


def test_effects_go_out_in_order_and_the_ack_last(engine: Engine) -> None:
    def behave(entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(entry, Connected):
            yield Enter(entry.sid, "room")
        if isinstance(entry, Said):
            yield Emit(Heard(text="to you"), entry.sid)
            yield Emit(Heard(text="to all"), "room")
            yield Emit(Heard(text="to the others"), "room", skip=entry.sid)
            yield Leave(entry.sid, "room")
            yield Emit(Heard(text="without you"), "room")
            yield from acknowledge(entry, Done(ok=True))

    with theatre(engine, Toy(behave)) as house:
        one, other = house.connect(), house.connect("polling")
        assert one.call(Say(text="x"), within_s=WITHIN_S).ack == Done(ok=True)
        # The ack is the last thing sent, so all of it has been heard by now.
        assert [received.arguments[0]["text"] for received in one.drain()] == ["to you", "to all"]  # type: ignore[index, call-overload]
        texts = [args[0]["text"] for _, args in heard(other)]
        assert texts == ["to all", "to the others", "without you"]
        one.close()
        other.close()


def test_an_ack_may_come_later_and_only_who_asks_for_it_gets_one(engine: Engine) -> None:
    def behave(entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        match entry:
            case Said(event=Say(text="later")):
                yield Later(30, Ring(f"{entry.sid} {entry.ack}"))
            case Ring(name=name):
                sid, ack = name.split()
                yield Acknowledge(sid, int(ack), Done(ok=False))
            case Said():
                yield from acknowledge(entry, Done(ok=True))

    with theatre(engine, Toy(behave)) as house:
        somebody = house.connect()
        assert somebody.call(Say(text="later"), within_s=WITHIN_S).ack == Done(ok=False)
        somebody.emit(Say(text="no ack, please"))
        assert heard(somebody) == []
        somebody.close()
    acks = [entry.ack for entry, _ in house.rules.entries if isinstance(entry, Said)]
    assert [ack is None for ack in acks] == [False, True]


def test_an_ack_that_breaks_its_schema_and_one_for_somebody_gone_are_not_sent(engine: Engine) -> None:
    def behave(entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        match entry:
            case Said(ack=int(ack)):
                yield Acknowledge(entry.sid, ack, Done(ok=True, note="too long"))
                yield Acknowledge("nobody", ack, Done(ok=True))
                yield Acknowledge(entry.sid, ack, Done(ok=True))

    with theatre(engine, Toy(behave)) as house:
        somebody = house.connect()
        assert somebody.call(Say(text="x"), within_s=WITHIN_S).ack == Done(ok=True)
        somebody.close()
    assert [line["code"] for line in house.lines() if line["level"] == "error"] == ["E3501"]


def test_one_event_to_several_rooms_reaches_each_and_what_comes_between_is_itself(engine: Engine) -> None:
    def behave(entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(entry, Connected):
            yield Enter(entry.sid, f"room of {entry.sid}")
        if isinstance(entry, Said):
            same = Heard(text="same")
            yield Emit(same, entry.sid)
            yield Emit(same, f"room of {entry.sid}")
            yield Emit(Heard(text="other"), entry.sid)
            yield Emit(same, entry.sid)
            yield Emit(same, f"room of {entry.sid}", skip=entry.sid)

    with theatre(engine, Toy(behave)) as house:
        somebody = house.connect()
        somebody.emit(Say(text="x"))
        assert [args[0]["text"] for _, args in heard(somebody)] == ["same", "same", "other", "same"]
        somebody.close()


def test_who_is_dropped_hears_what_was_said_before(engine: Engine) -> None:
    def behave(entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(entry, Said):
            yield Emit(Heard(text="goodbye"), entry.sid)
            yield Drop(entry.sid)

    with theatre(engine, Toy(behave)) as house:
        somebody = house.connect()
        somebody.emit(Say(text="x"))
        somebody.expect(Heard, {"text": "goodbye"}, within_s=WITHIN_S)
        somebody.wait_closed(WITHIN_S)
    gone = [entry for entry, _ in house.rules.entries if isinstance(entry, Gone)]
    assert [entry.sid for entry in gone] == [somebody.sid]


def test_an_invalid_event_of_ours_is_not_sent(engine: Engine) -> None:
    def behave(entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(entry, Said):
            yield Emit(Heard(text="much longer than twenty characters"), entry.sid)
            yield Emit(Say(text="not ours to say"), entry.sid)
            yield Emit(Heard(text="fine"), entry.sid)

    with theatre(engine, Toy(behave)) as house:
        somebody = house.connect()
        somebody.emit(Say(text="x"))
        assert heard(somebody) == [("heard", [{"text": "fine"}])]
        assert [(line["level"], line["code"]) for line in house.lines()] == [("error", "E3501")] * 2
        somebody.close()


def test_a_crash_of_the_rules_costs_nobody_but_its_sender_anything(engine: Engine) -> None:
    def behave(entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(entry, Said):
            yield Emit(Heard(text="before"), entry.sid)
            if entry.event == Say(text="crash"):
                raise ZeroDivisionError

    with theatre(engine, Toy(behave)) as house:
        one, other = house.connect(), house.connect()
        one.emit(Say(text="crash"))
        assert [event for event, _ in heard(one)] == ["heard", "wrong"]
        for connection in (one, other):
            connection.emit(Say(text="fine"))
            assert heard(connection) == [("heard", [{"text": "before"}])]
        (line,) = house.lines()
        assert (line["level"], line["code"], line["message"]) == ("error", "E3500", "the rules failed at Said say")
        assert line["context"]["socketId"] == one.sid
        assert "ZeroDivisionError" in line["context"]["trace"]
        one.close()
        other.close()


def test_rules_that_crash_at_everything_still_let_people_come_and_go(engine: Engine) -> None:
    def behave(entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        raise ZeroDivisionError
        yield

    with theatre(engine, Toy(behave)) as house:
        for _ in range(3):
            somebody = house.connect()
            somebody.emit(Say(text="x"))
            somebody.fence(within_s=WITHIN_S)
            somebody.close()
    assert {line["code"] for line in house.lines()} == {"E3500"}


def test_notes_go_to_the_log_and_never_with_a_token(engine: Engine) -> None:
    def behave(entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(entry, Said):
            yield Note("warn", "no auth-mina-secret", "E1001", {"socketId": entry.sid, "token": "guest-secret"})

    with theatre(engine, Toy(behave)) as house:
        somebody = house.connect()
        somebody.emit(Say(text="x"))
        somebody.fence(within_s=WITHIN_S)
        (line,) = house.lines()
        assert (line["level"], line["code"], line["context"]["socketId"]) == ("warn", "E1001", somebody.sid)
        assert "secret" not in house.log.getvalue()
        somebody.close()


def test_later_comes_back_at_the_time_scale(engine: Engine) -> None:
    def behave(entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        match entry:
            case Said():
                yield Later(120_000, Ring(entry.sid))
            case Ring(name=sid):
                yield Emit(Heard(text="two minutes later"), sid)

    with theatre(engine, Toy(behave), time_scale=1000) as house:
        somebody = house.connect()
        began = time.monotonic()
        somebody.emit(Say(text="x"))
        somebody.expect(Heard, within_s=WITHIN_S)
        assert time.monotonic() - began >= 0.12  # and not two minutes
        (said, rang) = [stamp.now_ms for entry, stamp in house.rules.entries if not isinstance(entry, Connected)]
        assert rang - said >= 120_000
        somebody.close()


def test_a_clock_moved_by_hand_moves_the_rules(engine: Engine) -> None:
    def behave(entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(entry, Said):
            yield Later(60_000, Ring("an hour"))

    clock, rules = ManualClock(), Toy(behave)
    with running(Settings(port=0), [rules], clock=clock, log_stream=io.StringIO()) as url:
        somebody = Theatre(url, engine, rules, io.StringIO()).connect()
        somebody.emit(Say(text="x"))
        somebody.fence(within_s=WITHIN_S)
        clock.advance(59_999)
        assert not any(isinstance(entry, Ring) for entry, _ in rules.entries)
        clock.advance(1)
        entry, stamp = rules.entries[-1]
        assert (entry, stamp.now_ms) == (Ring("an hour"), 60_000)
        somebody.close()


@dataclass(frozen=True, slots=True)
class Delivered(Receipt):
    """How the only delivery here went."""

    number: int


@pytest.mark.parametrize(("status", "delivery"), [(200, Delivery.DELIVERED), (500, Delivery.FAILED)])
def test_a_receipt_comes_back_with_what_became_of_one_attempt(engine: Engine, status: int, delivery: Delivery) -> None:
    def behave(entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        match entry:
            case Said(sid=sid):
                yield Notify("webhook", {"for": sid}, Delivered(7))
            case Delivered():
                came.set()

    came = threading.Event()
    with receiver(answer(status)) as there, theatre(engine, Toy(behave), webhook_url=there.url) as house:
        somebody = house.connect()
        somebody.emit(Say(text="x"))
        assert came.wait(WITHIN_S)
        assert there.bodies == [{"for": somebody.sid}]
        assert house.rules.entries[-1][0] == Delivered(7, delivery=delivery)
        somebody.close()


def test_a_question_holds_up_nobody_but_who_raised_it(engine: Engine) -> None:
    asked, may_answer = threading.Event(), threading.Event()

    def answering(number: int, handler: Any) -> None:
        asked.set()
        assert may_answer.wait(WITHIN_S)
        answer(200, {"valid": True, "participantId": "p"})(number, handler)

    def behave(entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(entry, Said):
            yield Emit(Heard(text=str(entry.event.to_json()["text"])), entry.sid)

    rules = Toy(behave)
    rules.asks = lambda entry: (
        Question("token", "scope") if isinstance(entry, Said) and entry.event == Say(text="ask") else None
    )
    with receiver(answering) as there, theatre(engine, rules, verify_url=there.url) as house:
        one, other = house.connect(), house.connect()
        one.emit(Say(text="ask"))
        one.emit(Say(text="after"))
        assert asked.wait(WITHIN_S)
        other.emit(Say(text="meanwhile"))
        other.expect(Heard, {"text": "meanwhile"}, within_s=WITHIN_S)
        assert one.drain() == []
        may_answer.set()
        one.expect(Heard, {"text": "after"}, within_s=WITHIN_S)
        said = [entry for entry, _ in rules.entries if isinstance(entry, Said) and entry.sid == one.sid]
        assert [entry.event for entry in said] == [Say(text="ask"), Say(text="after")]
        assert said[0].answer is not None
        assert said[0].answer.claims == {"valid": True, "participantId": "p"}
        assert said[1].answer is None
        one.close()
        other.close()
