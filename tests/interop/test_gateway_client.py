"""JavaScript's stock client plays a full session of gateway against our server."""

import io

import pytest

from reference_server.serve import running
from reference_server.settings import Settings

from .conftest import RunNode


@pytest.mark.parametrize("transports", ["websocket", "polling,websocket", "polling"])
def test_a_full_session(run_node: RunNode, transports: str) -> None:
    with running(Settings(port=0, protocols=("gateway",)), log_stream=io.StringIO()) as url:
        assert "= the session was as promised" in run_node("gateway_session.js", url, transports)
