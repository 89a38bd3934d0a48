"""Opens a ground for the judge on a server of ours, whole or with faults in it, as a target file would describe it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from conformance.playground import Options, Playground
from conformance.suite import ground
from reference_server.mode import Mode
from reference_server.settings import Settings
from simulators.target import Target
from tests.faults.patience import UNHURRIED
from tests.faults.serving import serving


@contextmanager
def judging(
    protocol: str,
    options: Options,
    *,
    faults: Sequence[str] = (),
    patience: float = UNHURRIED,
    time_scale: float = 1.0,
    redis_url: str = "",
    mode: Mode = Mode.PRODUCTION,
) -> Iterator[Playground]:
    """Serve one protocol afresh, with these faults in it by their names, and open a ground there."""
    settings = Settings(port=0, protocols=(protocol,), time_scale=time_scale, redis_url=redis_url, mode=mode)
    with serving(settings, faults) as served:
        told = Target.at(served.url, protocol=protocol, patience=patience, time_scale=time_scale, mode=mode.value)
        with ground(replace(told, redis_url=redis_url), options) as played:
            yield played
