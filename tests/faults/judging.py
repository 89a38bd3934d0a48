"""Has the judge play on a server of ours, whole or with faults in it, as a target file would describe it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from conformance.playground import Options
from reference_server.mode import Mode
from tests.faults.patience import UNHURRIED
from tests.faults.serving import serving
from tests.faults.subjects import Play, playing, settings, target


@contextmanager
def judging(
    subject: str,
    options: Options,
    *,
    faults: Sequence[str] = (),
    patience: float = UNHURRIED,
    time_scale: float = 1.0,
    redis_url: str = "",
    mode: Mode = Mode.PRODUCTION,
) -> Iterator[Play]:
    """Serve a protocol, or what the wire needs, with these faults in it by name; gives what plays cases there."""
    how = settings(subject, time_scale=time_scale, redis_url=redis_url, mode=mode)
    with (
        serving(how, faults) as served,
        playing(subject, target(subject, served.url, patience=patience, settings=how), options) as play,
    ):
        yield play
