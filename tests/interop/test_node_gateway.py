"""The gateway of examples/node-gateway is right, and whoever says otherwise of a right server cries wolf."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.verdict import Outcome
from simulators.target import Target
from tests.faults.patience import UNHURRIED
from tests.reference_server.redis_server import RedisServer

from .conftest import Install
from .served import judged, served

EXAMPLE = Path(__file__).parents[2] / "examples" / "node-gateway"
NOT_TRIED = {"gateway/durability/1", "gateway/presence/5"}
"""It forgets all when it ends, as its README says; and that somebody is gone after 60 s takes those."""
OF_REDIS = {f"gateway/{name}" for name in ("presence/1", "presence/2", "presence/3", "presence/4", "heartbeat/2")}


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis where there is one; else nobody looks for presence."""
    if not RedisServer.INSTALLED:
        yield ""
        return
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server.url
    server.stop()


@pytest.fixture(scope="module")
def target(node: str, install: Install, redis_url: str) -> Iterator[Target]:
    install(EXAMPLE)
    redis = {"REDIS_URL": redis_url} if redis_url else {}
    with served(node, EXAMPLE / "src" / "main.js", PORT="0", **redis) as url:
        target = Target.load(EXAMPLE / "target.toml", url=url, patience=UNHURRIED)
        yield replace(target, redis_url=redis_url)


def test_nothing_is_wrong_with_it(target: Target) -> None:
    verdicts = judged(target)

    assert [verdict for verdict in verdicts if verdict.outcome not in {Outcome.PASS, Outcome.SKIP}] == []
    played = {verdict.requirement for verdict in verdicts if verdict.outcome is Outcome.PASS}
    skipped = {verdict.requirement for verdict in verdicts} - played
    assert skipped == NOT_TRIED | (set() if target.redis_url else OF_REDIS)
