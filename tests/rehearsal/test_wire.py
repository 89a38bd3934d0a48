"""`rehearsal check --wire`: on our own server, and on python-socketio as it comes."""

import json
import shlex
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner, Result

from protocols.errors import TargetUnreachable, UsageError
from rehearsal.application import app
from tests.conformance.wire.servers import plain, served

PARTS = ("wire/close", "wire/malformed/ws/packet", "wire/ack/with-the-same-id")


def check(*words: str) -> Result:
    return CliRunner().invoke(app, ["check", *words])


def test_our_own_server_passes_with_nothing_but_its_url(whole: str) -> None:
    ended = check(whole, "--wire", "--verbose", *PARTS)

    assert ended.exit_code == 0, ended.output
    assert "    ann > 4abc\n" in ended.output
    assert "\nPASSED: " in ended.output
    assert "wire at http://127.0.0.1" in ended.output
    assert " passed, 1 skipped" in ended.output  # memory: this server is in the judge's own process


def test_what_is_broken_is_told_like_everything_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with served(plain()) as url:
        Path("target.toml").write_text(
            f'url = "{url}"\npatience = 1.0\nknown_failures = ["wire/close/1"]\n\n[wire]\nbroadcast = "say"\n'
        )
        options = ("--target", "target.toml", "--report", "reports", "--junit", "junit.xml")
        inputs = ("wire/close/a-close-packet-over-websocket", "wire/malformed/ws/relay/infinity")
        ended = check("--wire", *options, *inputs)
        report: Any = json.loads(Path("reports/report.json").read_text("utf-8"))["reports"][0]
        counting, known = report["defects"]
        again = check(*shlex.split(counting["repeat"])[2:])

    assert (ended.exit_code, again.exit_code) == (1, 1)
    assert "FAILED wire/robust/5 MUST  wire-promise  met by wire/malformed/ws/relay/infinity" in ended.output
    assert "WARNED wire/close/1 MUST" in ended.output
    assert (counting["requirement"], known["requirement"]) == ("wire/robust/5", "wire/close/1")
    assert report["target"]["protocol"] == "wire"
    assert counting["repeat"] == "rehearsal check wire/malformed/ws/relay/infinity --wire --target target.toml"
    names = [one.get("name") for one in ElementTree.parse("junit.xml").iter("testcase")]
    assert sorted(filter(None, names)) == sorted(inputs)


def test_the_list_needs_no_server() -> None:
    ended = check("--wire", "--list", "wire/close")

    assert ended.exit_code == 0
    assert "wire/close/1 MUST  `close` is" in ended.output
    assert "    wire/close/a-close-frame" in ended.output


def test_what_cannot_be_asked_is_said() -> None:
    url = "http://127.0.0.1:1"
    assert isinstance(check(url, "--wire", "--transport", "polling").exception, UsageError)
    assert isinstance(check(url, "--wire").exception, TargetUnreachable)
