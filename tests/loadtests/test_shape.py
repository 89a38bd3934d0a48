"""Shapes are what their tables say, and people of the open model come and stay as they should."""

from pathlib import Path
from random import Random
from statistics import fmean, pvariance

import pytest

from loadtests.plan import SHAPES, Plan
from loadtests.shape import ArrivalShape, PlannedShape, poisson
from protocols.errors import UsageError


class Timed:
    """A shape's clock, moved by hand."""

    now_s = 0.0

    def get_run_time(self) -> float:
        return self.now_s


class Planned(Timed, PlannedShape):
    pass


class Arriving(Timed, ArrivalShape):
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


def test_people_of_the_open_model_come_at_their_rate_and_stay_their_while() -> None:
    shape = Arriving(None, rate=5, stay_s=10, most=1000, for_s=3000, seed=1)
    present = []
    while (now := shape.tick()) is not None:
        present.append(now[0])
        shape.now_s += 1
    assert shape.arrived == pytest.approx(15_000, rel=0.03)
    # By Little's law; one who comes within a second is counted from its end on.
    assert fmean(present[100:]) == pytest.approx(50, rel=0.1)


def test_who_finds_it_full_goes_away() -> None:
    shape = Arriving(None, rate=50, stay_s=1000, most=20, for_s=100, seed=1)
    for shape.now_s in (0, 1, 2):
        assert shape.tick() == (20, 20)


def test_poisson_numbers_vary_as_much_as_their_mean() -> None:
    random = Random(1)
    drawn = [poisson(3.5, random) for _ in range(5000)]
    assert fmean(drawn) == pytest.approx(3.5, rel=0.05)
    assert pvariance(drawn) == pytest.approx(3.5, rel=0.1)
    assert poisson(0, random) == 0
