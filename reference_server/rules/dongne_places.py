"""Who and what is near a place on the earth, soon enough for ten thousand of them.

Things lie in cells of a hundredth of a degree: 1.1 km high, and 0.9 km wide on Jeju. A search looks into the cells that
its circle touches, so its cost follows those who are near, not those who are anywhere.
"""

import heapq
import math
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from protocols.dongne import RegionCode
from reference_server.worlds.dongne import CENTRES

EARTH_RADIUS_M: Final = 6_371_000.0
"""Distances are great-circle on a sphere of this radius (`stage/12`)."""
REACH_M: Final = 20_000.0
"""A place belongs to the region with the nearest middle, if that is no farther: this holds for all of the island."""

_CELLS_PER_DEGREE: Final = 100
_COLUMNS: Final = 360 * _CELLS_PER_DEGREE
_ROWS: Final = 180 * _CELLS_PER_DEGREE
_MARGIN: Final = 1e-7  # degrees, about a centimetre: rounding must not lose a cell, and one cell too many costs nothing


class Point(NamedTuple):
    """A place on the earth, in degrees."""

    lat: float
    lng: float


class Near(NamedTuple):
    """Something, and how many metres away it is. They sort by distance, then by name."""

    distance_m: float
    name: str


# The two cities are wider than the country towns around them: they have more than one middle.
_QUARTERS: Final[Sequence[tuple[RegionCode, tuple[float, float]]]] = (
    ("제주시", (33.4846, 126.4774)),  # Nohyeong
    ("제주시", (33.4912, 126.4316)),  # Oedo
    ("제주시", (33.5227, 126.5860)),  # Samyang
    ("서귀포", (33.2525, 126.5100)),  # the new town
    ("서귀포", (33.2501, 126.4245)),  # Jungmun
)
_MIDDLES: Final = [(region, Point(*middle)) for region, middle in (*CENTRES.items(), *_QUARTERS)]


def distance_m(one: Point, other: Point) -> float:
    """Return the great-circle distance of two places, in metres, by the haversine formula."""
    lat, other_lat = math.radians(one.lat), math.radians(other.lat)
    across = math.sin(math.radians(other.lng - one.lng) / 2)
    along = math.sin((other_lat - lat) / 2)
    half_chord = along * along + math.cos(lat) * math.cos(other_lat) * across * across
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(min(1.0, half_chord)))


def region_of(point: Point) -> RegionCode | None:
    """Return the region of Jeju that a place belongs to; None where it is not on the island."""
    reached, region = min((distance_m(point, middle), region) for region, middle in _MIDDLES)
    return region if reached <= REACH_M else None


class PlaceIndex:
    """Things with a name and a place each."""

    def __init__(self) -> None:
        """Begin with nothing anywhere."""
        self._cells: dict[tuple[int, int], dict[str, Point]] = {}  # (row, column) -> name -> place; never an empty one
        self._places: dict[str, Point] = {}  # name -> place

    def __len__(self) -> int:
        return len(self._places)

    def put(self, name: str, point: Point) -> None:
        """Put something at a place, and take it away from where it was."""
        self.remove(name)
        self._places[name] = point
        self._cells.setdefault(_cell(point), {})[name] = point

    def remove(self, name: str) -> None:
        """Take something away; nothing happens where it is nowhere."""
        point = self._places.pop(name, None)
        if point is None:
            return
        cell = _cell(point)
        del self._cells[cell][name]
        if not self._cells[cell]:
            del self._cells[cell]

    def within(self, center: Point, radius_m: float) -> Iterator[Near]:
        """Yield everything no farther than a radius, in no order."""
        for name, point in self._candidates(center, radius_m):
            if (distance := distance_m(center, point)) <= radius_m:
                yield Near(distance, name)

    def nearest(self, center: Point, radius_m: float, most: int) -> list[Near]:
        """Return what is nearest, at most so many and no farther than a radius, the nearest first."""
        return heapq.nsmallest(most, self.within(center, radius_m))

    def _candidates(self, center: Point, radius_m: float) -> Iterator[tuple[str, Point]]:
        """Yield everything in the cells that a circle touches, or all there is where these are more than there are."""
        high = math.degrees(radius_m / EARTH_RADIUS_M) + _MARGIN
        lowest, highest = _row(max(-90.0, center.lat - high)), _row(min(90.0, center.lat + high))
        first, columns = _columns(center, radius_m)
        if (highest - lowest + 1) * columns >= len(self._cells):
            yield from self._places.items()
            return
        for row in range(lowest, highest + 1):
            for column in range(first, first + columns):
                if (cell := self._cells.get((row, column % _COLUMNS))) is not None:
                    yield from cell.items()


def _cell(point: Point) -> tuple[int, int]:
    return _row(point.lat), _column(point.lng) % _COLUMNS


def _row(lat: float) -> int:
    return min(_ROWS - 1, math.floor((lat + 90) * _CELLS_PER_DEGREE))


def _column(lng: float) -> int:
    """Return the column of a longitude, east and west of the date line counted on: the table wraps them."""
    return math.floor((lng + 180) * _CELLS_PER_DEGREE)


def _columns(center: Point, radius_m: float) -> tuple[int, int]:
    """Return the first column that a circle touches, and how many they are: all of them where a pole is in it."""
    angle = radius_m / EARTH_RADIUS_M
    if math.radians(abs(center.lat)) + angle >= math.pi / 2:
        return 0, _COLUMNS
    wide = math.degrees(math.asin(math.sin(angle) / math.cos(math.radians(center.lat)))) + _MARGIN
    first = _column(center.lng - wide)
    return first, min(_COLUMNS, _column(center.lng + wide) - first + 1)
