"""Who is near: the index finds what a plain look at everything finds, anywhere on the earth."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_server.rules.dongne_places import EARTH_RADIUS_M, Near, PlaceIndex, Point, distance_m, region_of
from reference_server.worlds.dongne import CENTRES

AEWOL = Point(33.4628, 126.3094)

_ON_JEJU = st.builds(Point, st.floats(33.2, 33.56), st.floats(126.15, 126.97))
_ANYWHERE = st.builds(Point, st.floats(-90, 90), st.floats(-180, 180))
_AT_THE_EDGES = st.builds(
    Point,
    st.sampled_from([-90.0, -89.995, 0.0, 33.46, 89.995, 90.0]),
    st.sampled_from([-180.0, -179.99, 0.0, 179.99, 180.0]),
)
_POINTS = st.one_of(_ON_JEJU, _ANYWHERE, _AT_THE_EDGES)


@given(st.lists(_POINTS, max_size=40), _POINTS, st.sampled_from([0.0, 100.0, 2000.0, 3000.0, 5000.0, 400_000.0, 3e7]))
def test_the_index_finds_what_a_plain_scan_finds(points: list[Point], center: Point, radius_m: float) -> None:
    index = PlaceIndex()
    for number, point in enumerate(points):
        index.put(f"{number:02}", point)
    scan = sorted(Near(distance_m(center, point), f"{number:02}") for number, point in enumerate(points))
    near = [found for found in scan if found.distance_m <= radius_m]
    assert index.nearest(center, radius_m, len(points)) == near
    assert index.nearest(center, radius_m, 3) == near[:3]


@given(st.lists(st.tuples(st.sampled_from("abc"), _POINTS | st.none()), max_size=20), _POINTS)
def test_what_moved_is_found_only_where_it_went(moves: list[tuple[str, Point | None]], center: Point) -> None:
    index, places = PlaceIndex(), dict[str, Point]()
    for name, point in moves:
        if point is None:
            index.remove(name)
            places.pop(name, None)
        else:
            index.put(name, point)
            places[name] = point
    assert {near.name for near in index.within(center, math.pi * EARTH_RADIUS_M)} == places.keys()
    assert len(index) == len(places)


@pytest.mark.parametrize(
    ("one", "other", "metres"),
    [
        (Point(0, 0), Point(0, 1), math.radians(1) * EARTH_RADIUS_M),
        (Point(0, 0), Point(0, 180), math.pi * EARTH_RADIUS_M),
        (Point(90, 0), Point(90, 77), 0.0),
        (Point(0, 179.5), Point(0, -179.5), math.radians(1) * EARTH_RADIUS_M),
        # Dol hareubang at Jeju's town hall to Seogwipo's, as other calculators have it.
        (Point(33.4996, 126.5312), Point(33.2541, 126.5601), 27_430.0),
    ],
)
def test_distances_are_great_circle(one: Point, other: Point, metres: float) -> None:
    assert distance_m(one, other) == pytest.approx(metres, rel=1e-3, abs=1e-6)
    assert distance_m(one, other) == distance_m(other, one)


def test_every_region_has_its_middle_and_the_sea_has_none() -> None:
    assert {region_of(Point(*middle)) for middle in CENTRES.values()} == set(CENTRES)
    assert region_of(Point(33.3617, 126.5292)) is not None  # the summit of Hallasan
    assert (
        region_of(Point(33.2450, 126.4117)) == "서귀포"
    )  # Jungmun, though Andeok's town hall is nearer than the city's
    assert region_of(Point(37.5665, 126.9780)) is None  # Seoul
