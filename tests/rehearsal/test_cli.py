"""The command line: its help, its versions, and how it ends when something is wrong."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from rehearsal.cli import main
from rehearsal.help_docs import commands, help_of
from simulators.target import Target

from .command import COMMAND, Running, rehearsal


@pytest.fixture
def taken() -> Iterator[int]:
    """Give a port that somebody else listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_alone_it_shows_what_it_can_do() -> None:
    ended = rehearsal()

    assert (ended.code, ended.err) == (0, "")
    for command in ("serve", "check http://127.0.0.1:3001", "simulate http://127.0.0.1:3001", "spec lint", "demo"):
        assert f"rehearsal {command}" in ended.out


def test_version() -> None:
    assert rehearsal("--version").out == f"rehearsal {version('socketio-rehearsal')}\n"


@pytest.mark.parametrize("command", [*commands()])
def test_every_command_has_help_with_examples(command: str) -> None:
    text = help_of(command)
    _, examples = text.split("Examples:\n")

    assert f"Usage: {command} " in text
    assert all(line.startswith("    rehearsal ") for line in examples.splitlines())


MISTAKES = {
    "unknown command": (["chekc"], "No such command 'chekc'. Did you mean 'check'?"),
    "unknown option": (["check", "--bugdet", "5s"], "No such option: --bugdet"),
    "no URL": (["check"], "which server? Give its URL"),
    "URL without scheme": (["check", "127.0.0.1:3001"], "write it like http://127.0.0.1:3001"),
    "URL without host": (["check", "http://"], "is no URL of a Socket.IO server"),
    "URL with a path": (["simulate", "http://127.0.0.1:9/space"], "a namespace goes into --namespace"),
    "nobody there": (["check", "http://127.0.0.1:9"], "http://127.0.0.1:9 cannot be reached"),
    "unknown address": (
        ["check", "--list", "space/wisper"],
        "'space/wisper'; `rehearsal check --list --cases` shows them all",
    ),
    "unknown protocol": (["check", "http://127.0.0.1:9", "--protocol", "spcae"], "did you mean space?"),
    "unknown protocol to serve": (["serve", "spcae"], "did you mean space?"),
    "no duration": (["check", "http://127.0.0.1:9", "--budget", "soon"], "write it like 500ms, 30s or 2m"),
    "no target file": (["check", "--target", "no.toml"], "no.toml: there is no such file"),
    "no TOML": (["check", "--target", "README.md"], "README.md: is no TOML"),
    "unwritable report": (["check", "http://127.0.0.1:9", "--report", "README.md"], "cannot be written"),
    "unknown cast": (["simulate", "http://127.0.0.1:9", "--cast", "plyer=1"], "did you mean player?"),
    "no number": (["serve", "--port", "many"], "Invalid value for '--port'"),
    "no port": (["serve", "--port", "70000"], "port 70000 does not exist"),
    "no world": (["serve", "--world", "no.yaml", "--port", "0"], "no.yaml"),
    "open to strangers": (["serve", "--host", "0.0.0.0", "--port", "0"], "--test-credentials"),
    "no origin": (["serve", "--origin", "localhost", "--port", "0"], "is no origin of a web page"),
    "no contract": (["spec", "lint", "nowhere"], "there is no contract in nowhere"),
    "no contract here": (["spec", "generate"], "there is no contract in spec"),
    "no document": (["spec", "diff", "a.yaml", "b.yaml"], "a.yaml: there is no such document"),
}


@pytest.mark.parametrize(("words", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_line_and_exit_2(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "README.md").write_text("[no TOML\n")
    with pytest.raises(SystemExit) as ended:
        main(words)

    out, err = capsys.readouterr()
    assert ended.value.code == 2
    assert said in err
    assert err.startswith("error: ")
    assert err.count("\n") == 1, err
    assert out == ""


def test_acceptance_nobody_there() -> None:
    ended = rehearsal("check", "http://127.0.0.1:9")

    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)


def test_nobody_to_simulate_at_is_one_line_and_exit_2() -> None:
    ended = rehearsal("simulate", "http://127.0.0.1:9", "--for", "1s")

    assert ended.code == 2
    assert (ended.out + ended.err).count("\n") == 1
    assert "http://127.0.0.1:9 cannot be reached" in ended.out + ended.err


def test_a_port_in_use_is_one_line_and_exit_2(taken: int) -> None:
    ended = rehearsal("serve", "--port", str(taken))

    assert ended.code == 2
    assert (
        ended.err == f"error: 127.0.0.1:{taken} is in use already; choose another port (--port), or 0 for a free one\n"
    )


def test_a_crash_of_ours_keeps_its_traceback(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text(
        "import rehearsal.commands.demo, rehearsal.cli, rehearsal.output\n"
        "def crash(): raise ZeroDivisionError('ours')\n"
        "rehearsal.commands.demo.output = crash\n"
        "rehearsal.cli.main(['demo'])\n"
    )
    done = subprocess.run(
        [sys.executable, tmp_path / "broken.py"], capture_output=True, text=True, check=False, timeout=60
    )

    assert done.returncode == 1
    assert done.stderr.startswith("Traceback (most recent call last):")
    assert done.stderr.endswith("ZeroDivisionError: ours\n")


def test_a_reader_who_goes_away_is_no_crash() -> None:
    command = f"{COMMAND} check --list | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False, timeout=60)

    assert done.stdout.startswith("space/")
    assert done.stderr == ""


def test_serve_ends_on_ctrl_c() -> None:
    with Running("serve", "space", "--port", "0") as server:
        assert "http://127.0.0.1:" in server.line_with("Listening on")
        server.line_with("Ctrl-C")
        ended = server.interrupt()

    assert ended.code == 0
    assert "Traceback" not in ended.err


def test_ctrl_c_ends_it_without_a_word(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Target, "at", interrupted)
    with pytest.raises(SystemExit) as ended:
        main(["simulate", "http://127.0.0.1:9"])
    assert ended.value.code == 130
    assert capsys.readouterr() == ("", "")


def test_it_is_ready_for_ctrl_c_before_it_imports_what_takes_time() -> None:
    script = "import sys, rehearsal.cli; print({'typer', 'rich', 'protocols', 'asyncio'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
