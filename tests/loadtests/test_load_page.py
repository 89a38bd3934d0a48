"""What docs/load.md shows can be had: its shape, its objectives, its network, and the names that it tells."""

import re
from pathlib import Path

from loadtests.network import Network
from loadtests.plan import SHAPES, Plan
from loadtests.results.slo import NAMED, Objectives

PAGE = (Path(__file__).parents[2] / "docs" / "load.md").read_text("utf-8")
SHAPE, OBJECTIVES = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def test_the_shape_of_the_page_is_one(tmp_path: Path) -> None:
    (tmp_path / "shape.toml").write_text(SHAPE)
    plan = Plan.named(str(tmp_path / "shape.toml"))
    assert [round(plan.users_at(part), 2) for part in (0, 0.1, 0.2, 0.6, 0.7, 1)] == [0, 0.25, 0.5, 0.5, 1, 1]
    assert plan.storm is not None
    assert plan.rooms is not None


def test_the_objectives_of_the_page_are_some(tmp_path: Path) -> None:
    (tmp_path / "slo.toml").write_text(OBJECTIVES)
    objectives = Objectives.named(str(tmp_path / "slo.toml"), "gateway")
    assert objectives.users == 200
    assert set(objectives.ack) == {"sendMessage", "*"}
    assert objectives.abort_on is not None
    assert objectives.abort_on.lost == "20%"


def test_every_shape_and_all_objectives_with_a_name_are_told() -> None:
    assert tuple(sorted(re.findall(r"^\| `(\w+)` \| (?:all|more|a fifth)", PAGE, re.MULTILINE))) == SHAPES
    for name in NAMED:
        assert f"`{name}`" in PAGE


def test_the_network_of_the_page_is_one() -> None:
    (text,) = re.findall(r"`--network (\S+)`", PAGE)
    assert Network.parse(text) == Network(latency_s=0.05, jitter_s=0.02, cut_per_s=0.1)
