"""JavaScript's stock client plays a full session of gopang against our server."""

import io

import pytest

from reference_server.gate import DEVELOPMENT_SECRET
from reference_server.serve import running
from reference_server.settings import Settings

from .conftest import RunNode


@pytest.mark.parametrize("transports", ["websocket", "polling,websocket", "polling"])
def test_a_full_session(run_node: RunNode, transports: str) -> None:
    # Four times as fast, so that nobody waits long for the steps of a transaction.
    with running(Settings(port=0, protocols=("gopang",), time_scale=4), log_stream=io.StringIO()) as url:
        told = run_node("gopang_session.js", url, transports, DEVELOPMENT_SECRET)
    assert "= the session was as promised" in told
