"""What is said in part, cut or hung up on is so in scripts, too: python-socketio minds it, our own server does not."""

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from conformance.reproduce import bare
from conformance.verdict import Outcome
from tests.conformance.reproduce.alone import Ended, run_node, run_python
from tests.conformance.wire.echoing import strict
from tests.conformance.wire.servers import judged, plain, served

CASES = {
    "wire/polling/two-posts-at-a-time": "half of a request",
    "wire/polling/a-poll-that-is-broken-off": "a request that is hung up on",
    "wire/upgrade/one-that-dies-before-its-probe": "a WebSocket that is cut",
}
SERVERS: dict[str, Callable[[], object]] = {"faulty": plain, "whole": strict}


@pytest.mark.parametrize("case", CASES)
def test_a_script_breaks_off_what_the_judge_did(case: str, tmp_path: Path) -> None:
    if shutil.which("node") is None:
        pytest.skip("scripts for Node need Node.js")
    with served(plain()) as url:
        tape = next(one.tape for one in judged(url, case, patience=1.0) if one.outcome is Outcome.FAIL)
    assert tape is not None
    python, node = tmp_path / "script.py", tmp_path / "script.js"
    python.write_text(bare.python(tape, ["about"]))
    node.write_text(bare.node(tape, ["about"]))

    with ExitStack() as stack, ThreadPoolExecutor() as at_once:
        runs = {
            f"{language}, {state}": at_once.submit(run, script, stack.enter_context(served(server())))
            for state, server in SERVERS.items()
            for language, run, script in (("Python", run_python, python), ("Node", run_node, node))
        }
        ended: dict[str, Ended] = {who: future.result() for who, future in runs.items()}

    codes = {who: one.code for who, one in ended.items()}
    assert codes == {"Python, faulty": 1, "Node, faulty": 1, "Python, whole": 0, "Node, whole": 0}, ended
