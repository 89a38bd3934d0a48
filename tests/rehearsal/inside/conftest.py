"""A whole server to play on: what a scene inside needs of it is how patient one is."""

import io
from collections.abc import Iterator

import pytest

from conformance.playground import Options, Playground
from conformance.suite import ground
from reference_server.serve import running
from reference_server.settings import Settings
from simulators.target import Target


@pytest.fixture(scope="module")
def outer() -> Iterator[Playground]:
    with (
        running(Settings(port=0), log_stream=io.StringIO()) as url,
        ground(Target.at(url, patience=1.5), Options(seed=0)) as played,
    ):
        yield played
