"""What a test came to decides its exit code, also where nobody came."""

from argparse import ArgumentParser
from pathlib import Path

from locust.env import Environment

from loadtests.options import Options, add_options
from loadtests.session import Session
from loadtests.workers.share import Second, Share


def begin(report: Path) -> tuple[Session, Environment]:
    parser = ArgumentParser()
    add_options(parser)
    parsed = parser.parse_args(["--protocol", "hub", "--report", str(report)])
    vars(parsed).update(num_users=1, spawn_rate=1.0, run_time=1)
    environment = Environment(parsed_options=parsed)
    options = Options.read(parsed, "http://127.0.0.1:3001")
    return Session(environment, options, [("hub", "talker", 1.0)]), environment


def test_one_to_which_nobody_came_could_not_tell(tmp_path: Path) -> None:
    session, environment = begin(tmp_path)
    session.finish()
    assert environment.process_exit_code == 2
    assert (tmp_path / "load.html").exists()


def test_of_one_to_which_somebody_came_locust_decides(tmp_path: Path) -> None:
    session, environment = begin(tmp_path)
    session.recorder.include("local", Share(seconds={1: Second(times={"connect websocket": {2000: 1}})}))
    session.finish()
    assert environment.process_exit_code is None
