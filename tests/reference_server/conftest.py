"""The engine that drives the clients of all tests here, and a server that most of them share the shape of."""

from collections.abc import Iterator

import pytest

from simulators.engine import Engine

from .house import House, open_house


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    with Engine() as running:
        yield running


@pytest.fixture
def house(engine: Engine) -> Iterator[House]:
    with open_house(engine) as house:
        yield house
