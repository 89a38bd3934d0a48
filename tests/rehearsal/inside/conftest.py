"""A whole server to play on: what a scene inside needs of it is how patient one is."""

import io
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from conformance.playground import Options, Playground
from conformance.suite import ground
from reference_server.serve import running
from reference_server.settings import Settings
from simulators.target import Target
from tests.faults.patience import UNHURRIED


@pytest.fixture(scope="module")
def outer() -> Iterator[Playground]:
    """Give one on which what is wrong is found soon."""
    with _opened(1.5) as played:
        yield played


@pytest.fixture(scope="module")
def unhurried() -> Iterator[Playground]:
    """Give one on which what is right may take its time while other tests keep the machine busy."""
    with _opened(UNHURRIED) as played:
        yield played


@contextmanager
def _opened(patience: float) -> Iterator[Playground]:
    with (
        running(Settings(port=0), log_stream=io.StringIO()) as url,
        ground(Target.at(url, patience=patience), Options(seed=0)) as played,
    ):
        yield played
