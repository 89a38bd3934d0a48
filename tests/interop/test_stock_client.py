"""JavaScript's stock client plays a full session of space against our server."""

import pytest

from .conftest import RunNode


@pytest.mark.parametrize("transports", ["websocket", "polling,websocket", "polling"])
def test_a_full_session(run_node: RunNode, url: str, transports: str) -> None:
    assert "= the session was as promised" in run_node("space_session.js", url, transports)
