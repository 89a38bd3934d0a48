"""Somebody else says whose a session is, within three seconds or not at all."""

import asyncio
import threading
import time

import aiohttp
import pytest

from protocols.contract import Json
from reference_server import verify
from reference_server.effects import Answer, Question
from reference_server.verify import Verifier

from .house import WITHIN_S, Answering, Receiver, answer, receiver

QUESTION = Question("guest-1", "plaza")


def ask(answering: Answering, question: Question = QUESTION) -> tuple[Answer, Receiver]:
    async def run(url: str) -> Answer:
        async with aiohttp.ClientSession() as client:
            verifier = Verifier(url)
            verifier.start(client)
            return await verifier.ask(question)

    with receiver(answering) as there:
        return asyncio.run(run(there.url)), there


def test_the_claims_are_what_was_answered() -> None:
    claims: dict[str, Json] = {"valid": True, "participantId": "p", "nickname": "Mina"}
    said, there = ask(answer(200, claims))
    assert said == Answer(valid=True, claims=claims)
    assert there.bodies == [{"sessionToken": "guest-1", "spaceId": "plaza"}]


def test_no_is_an_answer_and_no_failure() -> None:
    said, _ = ask(answer(200, {"valid": False, "error": "expired"}))
    assert (said.valid, said.failed) == (False, "")


@pytest.mark.parametrize(
    "answering",
    [
        answer(500, {"valid": True}),
        answer(302, {"valid": True}),
        answer(200, {"valid": "yes"}),
        answer(200, {}),
        answer(200, [True]),
        answer(200, None),
        answer(200, {"valid": True, "filler": "x" * verify.MAX_ANSWER}),
    ],
)
def test_anything_else_is_a_failure(answering: Answering) -> None:
    said, _ = ask(answering)
    assert not said.valid
    assert said.failed


def test_three_seconds_are_all_it_has() -> None:
    released = threading.Event()
    began = time.monotonic()

    def hang(_number: int, _handler: object) -> None:
        released.wait(WITHIN_S)

    async def run(url: str) -> None:
        async with aiohttp.ClientSession() as client:
            verifier = Verifier(url)
            verifier.start(client)
            said = await verifier.ask(QUESTION)
            assert said == Answer(valid=False, failed="no answer within 3 s")
            assert time.monotonic() - began > 2.9
            released.set()

    with receiver(hang) as there:
        asyncio.run(run(there.url))


def test_nobody_there_is_a_failure_and_not_ready() -> None:
    with receiver(answer()) as there:
        pass

    async def run() -> None:
        async with aiohttp.ClientSession() as client:
            verifier = Verifier(there.url)
            verifier.start(client)
            assert (await verifier.ask(QUESTION)).failed == "ClientConnectorError"
            assert not await verifier.answers()

    asyncio.run(run())


def test_whoever_asks_whether_we_are_ready_does_not_make_us_ask_as_often() -> None:
    async def run(url: str) -> None:
        async with aiohttp.ClientSession() as client:
            verifier = Verifier(url)
            verifier.start(client)
            assert all([await verifier.answers() for _ in range(20)])

    with receiver(answer(405)) as there:
        asyncio.run(run(there.url))
        assert len(there.bodies) == 1
