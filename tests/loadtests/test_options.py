"""The options of the locustfile come to what they say, and what cannot be is said."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

import pytest

from loadtests.network import Network
from loadtests.options import Options, add_options
from protocols.errors import UsageError
from simulators.hearing import Validate
from simulators.scenario import Cast

URL = "http://127.0.0.1:3001"


def parsed(*words: str) -> Namespace:
    """What Locust would have read, with the options of its own that matter here."""
    parser = ArgumentParser()
    add_options(parser)
    found = parser.parse_args(words)
    found.num_users, found.spawn_rate, found.run_time = None, 2.0, 60
    return found


def test_with_no_options_the_usual_people_of_space_come() -> None:
    options = Options.read(parsed(), URL)
    assert options.target.protocol == "space"
    assert options.cast == Cast.usual("space")
    assert options.users is None
    assert options.shape == "steady"
    assert options.validate is Validate.SAMPLE
    assert (options.plan, options.arrivals, options.objectives, options.network, options.report) == (None,) * 5


def test_a_cast_says_which_protocol_and_how_many() -> None:
    options = Options.read(parsed("--cast", "talker=30,visitor=5"), URL)
    assert options.target.protocol == "hub"
    assert options.users == 35


def test_everything_else_is_read() -> None:
    options = Options.read(
        parsed(
            *("--protocol", "gateway", "--shape", "storm", "--arrivals", "2.5", "--stay", "90s", "--slo", "gateway"),
            *("--network", "latency=5ms", "--validate", "none", "--report", "r", "--view", "plain", "--seed", "7"),
        ),
        URL,
    )
    assert options.plan is not None
    assert options.plan.storm is not None
    assert (options.plan.storm.part, options.plan.storm.every_s) == (0.5, 10)
    assert (options.arrivals, options.stay_s, options.seed, options.view) == (2.5, 90, 7, "plain")
    assert options.objectives is not None
    assert options.objectives.lost == "0%"
    assert options.network == Network(latency_s=0.005)
    assert options.validate is Validate.NONE
    assert options.report == Path("r")


def test_a_target_file_admits_people_of_its_protocol_alone(tmp_path: Path) -> None:
    path = tmp_path / "target.toml"
    path.write_text(f'url = "{URL}"\nprotocol = "hub"\n')
    options = Options.read(parsed("--target", str(path)), None)
    options.admit("hub")
    with pytest.raises(UsageError, match="is about hub, and these users speak space"):
        options.admit("space")


@pytest.mark.parametrize(
    ("words", "host", "error"),
    [
        ((), None, "name the target"),
        (("--arrivals", "0"), URL, "nobody would come"),
        (("--network", "latency=5ms"), "https://example.org", "use http"),
        (("--cast", "nobody=1"), URL, "nobody is a 'nobody'"),
        (("--stay", "long"), URL, "is no duration"),
    ],
)
def test_what_cannot_be_is_said(words: tuple[str, ...], host: str | None, error: str) -> None:
    with pytest.raises(UsageError, match=error):
        Options.read(parsed(*words), host)
