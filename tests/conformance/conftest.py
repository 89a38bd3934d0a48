"""A ground on an honest server, and one on a server with something wrong."""

import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from conformance.playground import Options, Playground
from conformance.suite import ground
from reference_server.mode import Mode
from reference_server.serve import running
from reference_server.settings import Settings
from reference_server.world import World
from simulators.target import Target
from tests.faults.space import Faulty

Faultily = Callable[..., AbstractContextManager[Playground]]


@pytest.fixture(scope="session")
def honest() -> Iterator[Playground]:
    """The whole reference server."""
    with (
        running(Settings(port=0), log_stream=io.StringIO()) as url,
        ground(Target.at(url), Options(seed=1)) as playground,
    ):
        yield playground


@pytest.fixture
def briefly(honest: Playground) -> Iterator[Playground]:
    """The same, with two seconds for random cases."""
    options, honest.options = honest.options, Options(seed=5, budget_s=2.0)
    yield honest
    honest.options = options


@pytest.fixture(scope="session")
def faultily() -> Faultily:
    """Opens a ground on a server with something wrong: `with faultily(PartyLeak, seed=1, budget_s=5.0) as ground:`."""

    @contextmanager
    def opened(
        fault: type[Faulty], *, seed: int = 1, budget_s: float = 10.0, patience: float = 1.0
    ) -> Iterator[Playground]:
        broken = fault(World.built_in(), Mode.PRODUCTION)
        with (
            running(Settings(port=0), [broken], log_stream=io.StringIO()) as url,
            ground(Target.at(url, patience=patience), Options(seed=seed, budget_s=budget_s)) as playground,
        ):
            yield playground

    return opened
