"""What is made of passwords, and what it may cost others."""

import asyncio

import pytest

from reference_server.passwords import Busy, Passwords

CHEAP = 2


def test_a_password_matches_its_own_digest_alone() -> None:
    async def play() -> None:
        passwords = Passwords(cost=CHEAP)
        known = await passwords.digest("암호 1")
        assert await passwords.matches("암호 1", known)
        assert not await passwords.matches("암호 2", known)
        assert not await passwords.matches("암호 1", None)
        assert await passwords.digest("암호 1", known.salt) == known
        assert (await passwords.digest("암호 1")).salt != known.salt

    asyncio.run(play())


def test_the_event_loop_goes_on_meanwhile() -> None:
    async def play() -> int:
        digesting, turns = asyncio.create_task(Passwords().digest("password")), 0
        while not digesting.done():
            turns += 1
            await asyncio.sleep(0)
        return turns

    assert asyncio.run(play()) > 10


def test_who_comes_when_too_many_wait_is_told_so() -> None:
    async def play() -> None:
        passwords = Passwords(cost=CHEAP, max_waiting=3)
        crowd = await asyncio.gather(*(passwords.digest("password") for _ in range(5)), return_exceptions=True)
        assert [isinstance(each, Busy) for each in crowd] == [False, False, False, True, True]
        assert await passwords.digest("password")

    asyncio.run(play())


def test_a_wrong_password_and_an_unknown_account_are_the_same_work(monkeypatch: pytest.MonkeyPatch) -> None:
    salts: list[str] = []
    compute = Passwords._compute

    def counting(self: Passwords, password: str, salt: str) -> str:
        salts.append(salt)
        return compute(self, password, salt)

    async def play() -> None:
        passwords = Passwords(cost=CHEAP)
        known = await passwords.digest("right")
        salts.clear()
        await passwords.matches("wrong", known)
        await passwords.matches("wrong", None)

    monkeypatch.setattr(Passwords, "_compute", counting)
    asyncio.run(play())
    assert [len(salt) for salt in salts] == [32, 32]
