"""Deliveries are tried again, and never in anybody's way."""

import asyncio
import io
import json
import threading
import time
from collections.abc import Awaitable, Callable
from functools import partial
from http.server import BaseHTTPRequestHandler

import aiohttp
import pytest

from reference_server.effects import Delivery
from reference_server.logs import Log
from reference_server.outbox import WEBHOOK, Outbox, Patience

from .house import WITHIN_S, answer, receiver, reply

QUICK = Patience(attempts=4, first_pause_s=0.01, answer_within_s=2.0)


def deliver(
    url: str, test: Callable[[Outbox], Awaitable[None]], *, patience: Patience = QUICK, capacity: int = 100
) -> list[str]:
    """Run a test on a started outbox, let everything be delivered, and return the messages that were logged."""
    stream = io.StringIO()

    async def run() -> None:
        outbox = Outbox({WEBHOOK: url}, Log(stream, json=True, debug=False), capacity=capacity, patience=patience)
        async with aiohttp.ClientSession() as client:
            outbox.start(client)
            await test(outbox)
            await outbox.stop(WITHIN_S)

    asyncio.run(run())
    return [json.loads(line)["message"] for line in stream.getvalue().splitlines()]


async def put_three(outbox: Outbox) -> None:
    for number in range(3):
        outbox.put(WEBHOOK, {"number": number})


def test_what_is_put_arrives_in_order() -> None:
    with receiver(answer(204)) as there:
        assert deliver(there.url, put_three) == []
        assert there.bodies == [{"number": 0}, {"number": 1}, {"number": 2}]


def test_a_receiver_that_fails_twice_hears_of_it_a_third_time() -> None:
    with receiver(lambda number, handler: reply(handler, 500 if number < 2 else 200)) as there:
        assert deliver(there.url, put_three) == []
        assert there.bodies == [{"number": 0}] * 3 + [{"number": 1}, {"number": 2}]


def test_pauses_double() -> None:
    patience = Patience(first_pause_s=0.5, longest_pause_s=3)
    assert [patience.pause_s(failures) for failures in range(1, 6)] == [0.5, 1, 2, 3, 3]


def test_a_receiver_that_asks_for_a_pause_gets_it() -> None:
    def busy_once(number: int, handler: BaseHTTPRequestHandler) -> None:
        came.append(time.monotonic())
        reply(handler, 429 if number == 0 else 200, headers={"Retry-After": "1"})

    came: list[float] = []
    with receiver(busy_once) as there:
        assert deliver(there.url, put_three) == []
        assert [body["number"] for body in there.bodies] == [0, 0, 1, 2]
    assert came[1] - came[0] >= 1


def test_what_is_refused_for_good_is_not_repeated() -> None:
    with receiver(answer(400)) as there:
        lost = deliver(there.url, put_three)
        assert [body["number"] for body in there.bodies] == [0, 1, 2]
    assert lost == ["the webhook could not be reached, a delivery is lost: HTTP 400"] * 3


def test_nobody_there_is_given_up_with_a_line() -> None:
    with receiver(answer()) as there:
        pass  # its port is free again
    lost = deliver(there.url, put_three)
    assert lost == ["the webhook could not be reached, a delivery is lost: ClientConnectorError"] * 3


def test_a_receiver_that_hangs_costs_its_sender_only() -> None:
    released = threading.Event()

    async def look_at_the_clock(outbox: Outbox) -> None:
        began = time.monotonic()
        for _ in range(50):
            await put_three(outbox)
            await asyncio.sleep(0)
        assert time.monotonic() - began < 5.0  # to wait for each would take 7.5 s
        released.set()

    def hang(_number: int, _handler: object) -> None:
        released.wait(WITHIN_S)

    with receiver(hang) as there:
        patience = Patience(attempts=1, answer_within_s=0.05)
        lines = deliver(there.url, look_at_the_clock, patience=patience, capacity=3)
    assert "too much is waiting for the webhook: the oldest is dropped" in lines


def test_when_it_is_full_the_oldest_goes() -> None:
    async def put_many(outbox: Outbox) -> None:
        for number in range(10):
            outbox.put(WEBHOOK, {"number": number})

    with receiver(answer()) as there:
        lines = deliver(there.url, put_many, capacity=2)
        assert there.bodies == [{"number": 8}, {"number": 9}]
    assert lines == ["too much is waiting for the webhook: the oldest is dropped"] * 8


def test_stopping_does_not_wait_for_a_dead_receiver() -> None:
    with receiver(answer(500)) as there:

        async def run() -> None:
            outbox = Outbox({WEBHOOK: there.url}, Log(io.StringIO(), json=True, debug=False))
            async with aiohttp.ClientSession() as client:
                outbox.start(client)
                outbox.put(WEBHOOK, {})
                began = time.monotonic()
                await outbox.stop(0.1)
                assert time.monotonic() - began < WITHIN_S  # all attempts would take over a minute

        asyncio.run(run())


def test_a_channel_without_an_address_takes_nothing() -> None:
    outbox = Outbox({WEBHOOK: ""}, Log(io.StringIO(), json=True, debug=False))
    outbox.put(WEBHOOK, {})
    outbox.put("unheard of", {})


@pytest.mark.parametrize(
    ("status", "delivery"),
    [(204, Delivery.DELIVERED), (503, Delivery.FAILED), (429, Delivery.FAILED), (400, Delivery.POINTLESS)],
)
def test_who_wants_to_be_told_is_told_of_one_attempt(status: int, delivery: Delivery) -> None:
    told: list[Delivery] = []

    async def put(outbox: Outbox) -> None:
        outbox.put(WEBHOOK, {"number": 0}, told.append)

    with receiver(answer(status)) as there:
        assert deliver(there.url, put) == []
        assert there.bodies == [{"number": 0}]
    assert told == [delivery]


def test_who_is_dropped_or_has_nobody_to_deliver_to_is_told_so() -> None:
    told: list[tuple[int, Delivery]] = []

    def note(number: int, delivery: Delivery) -> None:
        told.append((number, delivery))

    async def put_many(outbox: Outbox) -> None:
        for number in range(3):
            outbox.put(WEBHOOK, {}, partial(note, number))
        outbox.put("unheard of", {}, partial(note, 9))

    with receiver(answer()) as there:
        deliver(there.url, put_many, capacity=2)
    assert told == [
        (0, Delivery.FAILED),
        (9, Delivery.NOBODY),
        (1, Delivery.DELIVERED),
        (2, Delivery.DELIVERED),
    ]
