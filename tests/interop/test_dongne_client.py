"""JavaScript's stock client plays a full session of dongne against our server."""

import io

import pytest

from reference_server.gate import DEVELOPMENT_SECRET
from reference_server.serve import running
from reference_server.settings import Settings

from .conftest import RunNode


@pytest.mark.parametrize("transports", ["websocket", "polling,websocket", "polling"])
def test_a_full_session(run_node: RunNode, transports: str) -> None:
    with running(Settings(port=0, protocols=("dongne",), time_scale=10.0), log_stream=io.StringIO()) as url:
        told = run_node("dongne_session.js", url, transports, DEVELOPMENT_SECRET)
    assert "= the session was as promised" in told
