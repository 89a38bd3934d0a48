"""A Redis for what others read of a server."""

from collections.abc import Iterator

import pytest

from tests.reference_server.redis_server import RedisServer


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if not RedisServer.INSTALLED:
        pytest.skip("what others read is seen in a Redis of the test's own: install redis-server")
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server.url
    server.stop()
