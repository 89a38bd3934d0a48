"""`rehearsal load` as a person has it: it ends well, leaves a record, and says in one line what cannot be."""

import json
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from rehearsal.application import run
from rehearsal.load import Load
from simulators.target import Target

from .command import Running, rehearsal


def test_the_instrument_sees_what_is_wrong_with_three_servers() -> None:
    ended = rehearsal("load", "--self-test", env={"COLUMNS": "120"}, within_s=150)
    assert ended.code == 0, ended.out + ended.err
    assert ended.out.count(" right") == 9
    assert "The instrument sees what it must." in ended.out


def test_ctrl_c_ends_it_early_with_what_was_measured(whole: str, tmp_path: Path) -> None:
    words = ("load", whole, "--protocol", "space", "--users", "4", "--for", "10m", "--report", str(tmp_path))
    with Running(*words) as load:
        load.line_with("heard/s")
        ended = load.interrupt()
    assert "Traceback" not in ended.err
    record = json.loads((tmp_path / "load.json").read_text())
    assert 0 < record["lasted_s"] < 300


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ((), "which server? Give its URL"),
        (("http://127.0.0.1:1",), "cannot be reached"),
        (("http://127.0.0.1:1", "--protocol", "space", "--shape", "rump"), "there is no shape 'rump'"),
        (("http://127.0.0.1:1", "--protocol", "space", "--slo", "hub"), "--slo hub is about hub"),
        (("http://127.0.0.1:1", "--protocol", "space", "--network", "loss=1%"), "is no fault of a network"),
        (("http://127.0.0.1:1", "--protocol", "space", "--cast", "plyer=1"), "did you mean player?"),
        (("https://127.0.0.1:1", "--protocol", "space", "--network", "latency=1ms"), "use http"),
        (("http://127.0.0.1:1", "--protocol", "space", "--stay", "long"), "'long' is no duration"),
    ],
)
def test_what_cannot_be_is_one_clear_line(
    words: tuple[str, ...], error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["load", *words]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert error in said
    assert len(said.splitlines()) == 1


def test_without_locust_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "locust", None)  # so Python says that there is none
    assert run(["load", "http://127.0.0.1:1", "--protocol", "space"]) == 2
    assert capsys.readouterr().err == "error: load tests need Locust: pip install 'socketio-rehearsal[load]'\n"


def test_it_is_a_front_to_locust_and_no_more() -> None:
    load = Load(target=Target.at("http://t", protocol="hub"), for_s=90, seed=7, cast="talker=30", shape="ramp")
    words = load.words()
    assert words[2] == "locust"
    assert "--spawn-rate" not in words, "a shape decides how quickly they come"
    for option, value in (("--users", "30"), ("--run-time", "90s"), ("--seed", "7"), ("--protocol", "hub")):
        assert words[words.index(option) + 1] == value


def test_its_processes_meet_at_a_port_of_their_own() -> None:
    words = Load(target=Target.at("http://t", protocol="hub"), for_s=90, seed=7, processes=2).words()
    said = {option: value for option, value in pairwise(words) if option.startswith("--")}
    assert said["--processes"] == "2"
    assert said["--master-bind-port"] == said["--master-port"] != "5557"
    assert said["--master-bind-host"] == "127.0.0.1", "and nobody else's there"
