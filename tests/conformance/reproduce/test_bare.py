"""Scripts below the events: short, whole, and without what belongs to one run or to nobody else."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.reproduce import bare
from conformance.reproduce.language import MAX_LINES
from conformance.reproduce.tape import ENDED, Heard, Said, Tape, without
from conformance.reproduce.trace import Token

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


SIGNED = replace(
    TAPE,
    lines=(
        *TAPE.lines[:3],
        Said("ben", "message", ('40/hub,{"token":"a.signed.one"}',)),
        Heard("ben", '42["hello",{"at":1796054286872,"day":"2026-11-30T15:58:06.872Z","id":"N18qQ8uuvdaySdv1AAAB"}]'),
    ),
    signed={"a.signed.one": Token((("sub", "ben"),), "", "HS256", 60, "known-to-everybody", "")},
)
EVERYTHING = replace(
    SIGNED,
    lines=(
        *TAPE.lines,
        *SIGNED.lines,
        Said("ann", "half", (b"POST",)),
        Said("ann", "pause"),
        Said("ann", "hangup"),
        Said("ben", "cut"),
        *[Said("ben", "bytes", (b"3",))] * 5000,
        *[Said("ben", "message", (f"40/{'n' * 50}{number},",)) for number in range(5000)],
    ),
    hears_pings=True,
    silent=frozenset({"ben"}),
)
TAPES = {
    "with everything": EVERYTHING,
    "with credentials": TAPE,
    "signed": SIGNED,
    "deadly": replace(TAPE, ends_it=True),
    "over TLS": replace(TAPE, url="https://localhost:9", ends_it=True),
}
WRITERS = (bare.python, bare.node)


def test_neither_sessions_nor_credentials_stand_in_a_script() -> None:
    for text in (write(TAPE, ["about"]) for write in WRITERS):
        assert SID not in text
        assert SECRET not in text
        assert "REHEARSAL_CREDENTIALS" in text
        assert len(text.splitlines()) <= MAX_LINES
        assert "a" * 100 not in text


def test_what_everybody_can_sign_is_signed_when_it_is_needed() -> None:
    for text in (write(SIGNED, ["about"]) for write in WRITERS):
        assert "a.signed.one" not in text
        assert "known-to-everybody" in text
        assert "REHEARSAL_CREDENTIALS" not in text
        assert len(text.splitlines()) <= MAX_LINES
    assert "Needs nothing else" in bare.needs(SIGNED)


def test_everything_at_once_is_short() -> None:
    for text in (write(EVERYTHING, ["what", "came", "needs"]) for write in WRITERS):
        assert len(text.splitlines()) <= MAX_LINES
        assert len(text) < 10_000


def test_what_is_another_each_time_is_not_compared() -> None:
    for text in (write(SIGNED, ["about"]) for write in WRITERS):
        assert "N18qQ8uuvdaySdv1AAAB" not in text
        assert "2026-11-30T" not in text
        assert "1796054286872" not in text
        assert "hello" in text


@pytest.mark.parametrize("tape", TAPES.values(), ids=TAPES)
def test_scripts_can_be_read_by_their_languages(tape: Tape, tmp_path: Path) -> None:
    compile(bare.python(tape, ["about"]), "script.py", "exec")
    if shutil.which("node") is None:
        pytest.skip("scripts for Node need Node.js")
    script = tmp_path / "script.js"
    script.write_text(bare.node(tape, ["about"]))

    assert subprocess.run(["node", "--check", script], check=False, capture_output=True).stderr == b""
