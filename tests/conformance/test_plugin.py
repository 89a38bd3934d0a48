"""The suite as pytest runs it, in a process of its own, at a reference server that is running here."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from conformance.suite import suite_of
from reference_server.mode import Mode
from reference_server.serve import running
from reference_server.settings import Settings
from reference_server.world import World
from tests.faults.space import MovesUnlimited, WhisperToAll

[VALID] = [case.examples for case in suite_of("space").cases() if case.address == "space/chat:message/valid"]


@pytest.fixture(scope="module")
def whole() -> Iterator[str]:
    with running(Settings(port=0)) as url:
        yield url


@pytest.fixture(scope="module")
def gossip() -> Iterator[str]:
    with running(Settings(port=0), [WhisperToAll(World.built_in(), Mode.PRODUCTION)]) as url:
        yield url


@pytest.fixture(scope="module")
def restless() -> Iterator[str]:
    with running(Settings(port=0), [MovesUnlimited(World.built_in(), Mode.PRODUCTION)]) as url:
        yield url


def judge(folder: Path, target: str, *options: str) -> tuple[int, str]:
    """Run `pytest --pyargs conformance` in an empty project; returns the exit code and what was printed."""
    # Other people's plugins take longer to load than most of these tests to run.
    alone = ("--disable-plugin-autoload", "-p", "conformance.plugin")
    return pytest_in(folder, *alone, "--pyargs", "conformance", "--target", target, "-rA", *options)


def pytest_in(folder: Path, *options: str) -> tuple[int, str]:
    (folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


def outcomes(text: str, word: str) -> list[str]:
    return [line.split()[1].removeprefix("::") for line in text.splitlines() if line.startswith(f"{word} ")]


def test_each_case_is_a_test_named_by_its_address(tmp_path: Path, whole: str) -> None:
    code, text = judge(tmp_path, whole, "-k", "space/chat:message/valid or space/session/development")

    assert code == 0, text
    assert outcomes(text, "PASSED") == [f"space/chat:message/valid/{example}" for example in VALID]
    assert 'say mode = "development"' in text
    assert f"{len(VALID)} passed, 1 skipped" in text


def test_one_example_is_one_test(tmp_path: Path, whole: str) -> None:
    code, text = judge(tmp_path, whole, "-k", "space/chat:message/invalid/required/content")

    assert code == 0, text
    assert outcomes(text, "PASSED") == ["space/chat:message/invalid/required/content"]


def test_a_broken_promise_fails_with_its_conversation_and_how_to_repeat_it(tmp_path: Path, gossip: str) -> None:
    code, text = judge(tmp_path, gossip, "-k", "space/whisper:send/valid/plain", "--rehearsal-seed", "5")

    assert code == 1
    assert outcomes(text, "FAILED") == ["space/whisper:send/valid/plain"]
    assert "space/whisper/1 MUST A whisper is heard by its target, and by nobody else." in text
    assert "ana > whisper:send" in text
    assert f"--target {gossip} --rehearsal-seed 5 -k 'space/whisper:send/valid/plain'" in text
    assert "Traceback" not in text


@pytest.mark.parametrize(("options", "code"), [((), 0), (("--rehearsal-strict",), 1)])
def test_a_broken_should_fails_only_when_strict(
    tmp_path: Path, restless: str, options: Sequence[str], code: int
) -> None:
    ended, text = judge(tmp_path, restless, "-k", "space/move/surplus", *options)

    assert ended == code, text
    assert "space/move/2 SHOULD" in text
    assert ("broken, and does not count" in text) is (code == 0)


def test_a_known_failure_is_expected(tmp_path: Path, gossip: str) -> None:
    (tmp_path / "target.toml").write_text(f'url = "{gossip}"\nknown_failures = ["space/whisper/1", "space/jump/1"]\n')
    code, text = judge(tmp_path, "target.toml", "-k", "whisper:send/valid/plain or (jump and not random)")

    assert code == 0, text
    assert outcomes(text, "XFAIL") == ["space/whisper:send/valid/plain"]
    assert "1 xfailed" in text


def test_random_cases_share_the_budget(tmp_path: Path, whole: str) -> None:
    options = ("-k", "random and player", "--rehearsal-budget", "2", "--durations=0", "--durations-min=0.3")
    code, text = judge(tmp_path, whole, *options)

    assert code == 0, text
    durations = [float(line.split("s ")[0]) for line in text.splitlines() if "s setup" in line]
    assert len(durations) == 2
    assert 1.6 < sum(durations) < 15


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("nowhere", "'nowhere' is no URL of a Socket.IO server"),
        ("http://127.0.0.1:9", "http://127.0.0.1:9 cannot be reached"),
        ("missing.toml", "missing.toml: there is no such file"),
    ],
)
def test_what_cannot_be_judged_is_said_in_a_line(tmp_path: Path, target: str, said: str) -> None:
    code, text = judge(tmp_path, target, "-k", "space/chat:message/valid")

    assert code == pytest.ExitCode.USAGE_ERROR
    assert said in text
    assert "Traceback" not in text


def test_a_crash_of_ours_is_an_error_with_its_traceback(tmp_path: Path, whole: str) -> None:
    (tmp_path / "conftest.py").write_text(
        "from conformance.suite import suite_of\n"
        "def crash(ground): raise ZeroDivisionError('ours')\n"
        "suite = suite_of('space')\n"
        "case = suite.promises[0]\n"
        "object.__setattr__(case, 'play', crash)\n"
    )
    code, text = judge(tmp_path, whole, "-k", "space/session/refused")

    assert code == 1
    assert outcomes(text, "ERROR") == ["space/session/refused"]
    assert "ZeroDivisionError: ours" in text


def test_without_a_target_nothing_is_imported_or_collected(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text(
        "import json, pathlib, sys\n"
        "def test_own():\n"
        "    ours = {'protocols', 'simulators', 'reference_server', 'conformance'}\n"
        "    loaded = [name for name in sys.modules if name.split('.')[0] in ours]\n"
        "    pathlib.Path('loaded.json').write_text(json.dumps(sorted(loaded)))\n"
    )
    code, text = pytest_in(tmp_path)

    assert code == 0, text
    assert json.loads((tmp_path / "loaded.json").read_text()) == ["conformance", "conformance.plugin"]
    code, _ = pytest_in(tmp_path, "--pyargs", "conformance")
    assert code == pytest.ExitCode.NO_TESTS_COLLECTED
