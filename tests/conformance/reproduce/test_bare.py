"""Scripts below the events: short, whole, and without what belongs to one run or to nobody else."""

import shutil
import subprocess
from pathlib import Path

import pytest

from conformance.reproduce import bare
from conformance.reproduce.language import MAX_LINES
from conformance.reproduce.tape import ENDED, Heard, Said, Tape, without

SID, SECRET = "k3nS8-of-one-run", '{"token":"of-nobody-else"}'
TAPE = Tape(
    url="http://127.0.0.1:9",
    path="/socket.io/",
    lines=(
        Said("ann", "request", (b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\n\r\n",)),
        Heard("ann", f'200 0{{"sid":"{SID}"}}'),
        Said("ben", "websocket", (f"GET /socket.io/?sid={SID} HTTP/1.1\r\n\r\n".encode(),)),
        Said("ben", "message", (without(f"40/hub,{SECRET}", SECRET),)),
        Said("ben", "message", (b"\x00\xff",)),
        Said("ben", "bytes", (b"\x81" + b"a" * 5000,)),
        Heard("ben", ENDED),
    ),
    lasted_s=0.5,
)


def test_neither_sessions_nor_credentials_stand_in_a_script() -> None:
    for text in (bare.python(TAPE, ["about"]), bare.node(TAPE, ["about"])):
        assert SID not in text
        assert SECRET not in text
        assert "REHEARSAL_CREDENTIALS" in text
        assert len(text.splitlines()) <= MAX_LINES
        assert "a" * 100 not in text


def test_scripts_can_be_read_by_their_languages(tmp_path: Path) -> None:
    compile(bare.python(TAPE, ["about"]), "script.py", "exec")
    if shutil.which("node") is None:
        pytest.skip("scripts for Node need Node.js")
    script = tmp_path / "script.js"
    script.write_text(bare.node(TAPE, ["about"]))

    assert subprocess.run(["node", "--check", script], check=False, capture_output=True).stderr == b""
