"""Who asks gopang over HTTP, and in which shape."""

from collections.abc import Iterator
from typing import Any

import pytest

from simulators.engine import Engine

from ..gopang_house import GopangHouse, open_gopang, token
from ..house import http

ASKED = {"ownerId": "user-mina", "dataType": "MEDICAL", "purpose": "검진", "expiresAt": 0}


@pytest.fixture(scope="module")
def house(engine: Engine) -> Iterator[GopangHouse]:
    with open_gopang(engine) as house:
        yield house


@pytest.mark.parametrize(
    ("bearer", "message"),
    [
        ("", "Authentication required"),
        ("rubbish", "Invalid token"),
        (token("jun", lifetime_s=-1), "Token expired"),
        (token("jun", secret="s" * 32), "Invalid token"),
    ],
)
def test_only_who_brings_a_valid_token_is_answered(house: GopangHouse, bearer: str, message: str) -> None:
    headers = {"Authorization": f"Bearer {bearer}"}
    for reply in (
        http(f"{house.url}/accounts/me", headers=headers),
        http(f"{house.url}/consents", "POST", ASKED, headers=headers),
    ):
        assert reply.status == 401
        assert reply.json()["error"]["message"] == message


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, 400),  # past
        ({"dataType": "SECRET"}, 400),
        ({"purpose": ""}, 400),
        ({"purpose": None}, 400),
        ({"expiresAt": "tomorrow"}, 400),
        ({"expiresAt": 1e300}, 400),
        ({"requesterId": "user-sora"}, 400),
        ({"ownerId": "user-jun"}, 400),  # oneself
        ({"ownerId": "nobody"}, 404),
    ],
)
def test_a_consent_that_cannot_be_asked_for(house: GopangHouse, change: dict[str, Any], status: int) -> None:
    reply = house.ask("jun", {**ASKED, **change})
    assert reply.status == status
    assert reply.json()["error"]["message"]


def test_everybody_begins_with_a_million(house: GopangHouse) -> None:
    assert [house.balance(name) for name in ("mina", "1000", "unheard-of")] == [1_000_000] * 3
