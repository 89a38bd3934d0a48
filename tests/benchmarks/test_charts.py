import itertools
from xml.etree import ElementTree

import pytest

from benchmarks import charts
from benchmarks.endless import State
from benchmarks.growth import Idle
from benchmarks.medians import Run
from benchmarks.plot import chart

SVG = "{http://www.w3.org/2000/svg}"


def test_points_stand_where_their_values_are() -> None:
    drawn = ElementTree.fromstring(chart("a < b", "x", "y", {"one": [(10, 1), (100, 10), (1000, 100)]}))
    places = [(float(dot.attrib["cx"]), float(dot.attrib["cy"])) for dot in drawn.iter(f"{SVG}circle")]
    (left, bottom), (middle, half), (right, top) = places
    assert (middle - left, bottom - half) == pytest.approx((right - middle, half - top))  # a decade is a decade
    assert left < middle < right
    assert bottom > half > top
    assert "a < b" in [text.text for text in drawn.iter(f"{SVG}text")]


def test_names_do_not_stand_upon_one_another() -> None:
    drawn = ElementTree.fromstring(chart("", "", "", {str(n): [(1, 5), (10, 5)] for n in range(5)}))
    heights = {text.text: float(text.attrib["y"]) for text in drawn.iter(f"{SVG}text")}
    named = sorted(heights[str(n)] for n in range(5))
    assert all(below - above >= 12 for above, below in itertools.pairwise(named))


@pytest.mark.parametrize("line", [[], [(1, 0)], [(-1, 1)]])
def test_what_no_logarithm_has_is_refused(line: list[tuple[float, float]]) -> None:
    with pytest.raises(ValueError, match="above 0"):
        chart("", "", "", {"": line})


def test_the_same_figures_make_the_same_bytes() -> None:
    users = [Idle(100, 1.5, 20.0, 0.0), Idle(1000, 1.5, 18.0, 0.01)]
    states = [State("hub", 10, 5.0, 0.0), State("hub", 100, 5.0, 2.0)]
    rooms = {"ours": [(10, Run(9.5, 1, 1, 1)), (100, Run(9, 1, 1, 1))]}
    drawn = [charts.of_users(users) | charts.of_rooms(rooms) | charts.of_states(states) for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert len(drawn[0]) == 4
