"""The conformance suite as a pytest plugin: `pytest --pyargs conformance --target URL` gives one test for each case.

It is loaded by every pytest run of everybody who has installed us. So without `--target` it does nothing, and whatever
it needs is imported only with it.
"""

from pathlib import Path
from typing import Final

import pytest

_HERE: Final = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    """Say what is to be judged, and how."""
    group = parser.getgroup("rehearsal", "conformance of a Socket.IO server (pytest --pyargs conformance --target URL)")
    group.addoption("--target", metavar="URL|FILE", help="The server, or a target.toml that says how to reach it.")
    group.addoption("--rehearsal-protocol", metavar="NAME", help="What it speaks; space when absent.")
    group.addoption("--rehearsal-seed", type=int, metavar="N", help="Repeats what chance did under the same seed.")
    group.addoption(
        "--rehearsal-budget", type=float, default=60.0, metavar="SECONDS", help="Time for random cases, in all."
    )
    group.addoption("--rehearsal-strict", action="store_true", help="Let a broken SHOULD fail.")
    group.addoption("--rehearsal-slow", action="store_true", help="Try what takes minutes, too.")


def pytest_configure(config: pytest.Config) -> None:
    """Refuse what cannot be judged before anything is collected."""
    if config.getoption("--target"):
        from conformance.items import configure

        configure(config)


def pytest_collect_directory(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Take this package for the suite, when there is something to judge."""
    if path != _HERE or not parent.config.getoption("--target"):
        return None
    from conformance.items import SuiteDirectory

    return SuiteDirectory.from_parent(parent, path=path)
