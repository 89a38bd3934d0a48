"""Servers that the commands are tried on."""

from collections.abc import Iterator

import pytest

from reference_server.mode import Mode
from reference_server.serve import running
from reference_server.settings import Settings
from reference_server.world import World
from tests.faults.space import WhisperToAll


@pytest.fixture(scope="session")
def whole() -> Iterator[str]:
    """Give the URL of a correct server."""
    with running(Settings(port=0)) as url:
        yield url


@pytest.fixture(scope="session")
def alone() -> Iterator[str]:
    """Give the URL of a server that has one protocol, at `/`."""
    with running(Settings(port=0, protocols=("hub",))) as url:
        yield url


@pytest.fixture(scope="session")
def gossip() -> Iterator[str]:
    """Give the URL of a server that tells whispers to everybody."""
    with running(Settings(port=0), [WhisperToAll(World.built_in(), Mode.PRODUCTION)]) as url:
        yield url
