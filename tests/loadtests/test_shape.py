"""Shapes are what their tables say."""

from pathlib import Path

import pytest

from loadtests.plan import SHAPES, Plan
from loadtests.shape import PlannedShape
from protocols.errors import UsageError


class Timed:
    """A shape's clock, moved by hand."""

    now_s = 0.0

    def get_run_time(self) -> float:
        return self.now_s


class Planned(Timed, PlannedShape):
    pass


@pytest.mark.parametrize(
    ("name", "users"),
    [
        ("ramp", [0, 0.5, 1, 1]),
        ("spike", [0.2, 0.2, 1, 0.2]),
        ("soak", [0, 1, 1, 1]),
        ("step", [0.2, 0.4, 0.6, 0.8]),
        ("storm", [0, 1, 1, 1]),
        ("zipf", [0, 1, 1, 1]),
    ],
)
def test_built_in_shapes(name: str, users: list[float]) -> None:
    plan = Plan.named(name)
    assert [plan.users_at(part) for part in (0, 0.25, 0.5, 0.75)] == pytest.approx(users)


def test_every_built_in_shape_is_tested_and_fills_the_time() -> None:
    assert SHAPES == ("ramp", "soak", "spike", "step", "storm", "zipf")
    assert [Plan.named(name).users_at(1) for name in SHAPES] == [1, 1, 0.2, 1, 1, 1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("stages = [{ for = 1.0 }]", "stages.0.users: is missing"),
        ("stages = [{ for = 0.5, users = 1.0 }]", "make 0.5, not 1"),
        ("stages = [{ for = 1.0, users = 1.0 }]\nstorm = { part = 0.5, every = '9' }", "'9' is no duration"),
        ("stages = [{ for = 1.0, users = 1.0 }]\nstrom = { part = 0.5 }", "unknown key; did you mean storm?"),
    ],
)
def test_a_file_that_is_no_shape_is_said_so(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "shape.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=words):
        Plan.named(str(path))


def test_names_that_are_none_are_said_so() -> None:
    with pytest.raises(UsageError, match=r"there is no shape 'rmap'; there is ramp, soak"):
        Plan.named("rmap")
    with pytest.raises(UsageError, match=r"nowhere.toml: there is no such file"):
        Plan.named("nowhere.toml")


def test_a_planned_shape_follows_its_plan_and_ends() -> None:
    shape = Planned(Plan.named("ramp"), users=100, for_s=20, rate=None)
    seen = []
    for shape.now_s in (0, 1, 5, 10, 19.9, 20):
        seen.append(shape.tick())
    assert seen == [(0, 1), (10, 10), (50, 40), (100, 50), (100, 1), None]
