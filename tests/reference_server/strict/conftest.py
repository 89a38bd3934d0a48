"""What holds after every test: nothing that a client did made the server print a traceback."""

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def no_traceback(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    if request.node.get_closest_marker("logs_errors") is None:
        records = caplog.get_records("call")
        assert [record.getMessage() for record in records if record.exc_info or record.levelname == "ERROR"] == []


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "logs_errors: something other than the client is at fault here, and that is logged in full"
    )
