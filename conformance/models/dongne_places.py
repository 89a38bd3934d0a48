"""Where the people of `dongne` are, and how far from each other, worked out apart from any server."""

import hashlib
import math
from typing import Final, NamedTuple

EARTH_RADIUS_M: Final = 6_371_000
"""`dongne/stage/12`."""
STEP: Final = 0.001
"""Degrees between two places where the judge puts people: a server that keeps positions to 100 m keeps these whole."""
SURELY_M: Final = 8_000
"""Who is so near to one of the eleven towns is on the island."""
SURELY_NOT_M: Final = 80_000
"""Who is so far from its middle is not."""


class Point(NamedTuple):
    """A place on the earth, in degrees."""

    lat: float
    lng: float

    def moved(self, north: int, east: int = 0) -> "Point":
        """Return the place so many steps away."""
        return Point(round(self.lat + north * STEP, 3), round(self.lng + east * STEP, 3))


MIDDLE: Final = Point(33.38, 126.55)
TOWNS: Final = (
    Point(33.463, 126.309),  # 애월
    Point(33.410, 126.269),  # 한림
    Point(33.500, 126.531),  # 제주시
    Point(33.534, 126.635),  # 조천
    Point(33.522, 126.853),  # 구좌
    Point(33.446, 126.913),  # 성산
    Point(33.326, 126.833),  # 표선
    Point(33.280, 126.719),  # 남원
    Point(33.254, 126.560),  # 서귀포
    Point(33.245, 126.334),  # 안덕
    Point(33.220, 126.251),  # 대정
)


def distance_m(one: Point, other: Point) -> float:
    """Return the great-circle distance in metres: the angle between two vectors from the middle of the earth."""
    a, b = _vector(one), _vector(other)
    cross = (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])
    return EARTH_RADIUS_M * math.atan2(math.hypot(*cross), math.fsum(x * y for x, y in zip(a, b, strict=True)))


def _vector(point: Point) -> tuple[float, float, float]:
    lat, lng = math.radians(point.lat), math.radians(point.lng)
    return math.cos(lat) * math.cos(lng), math.cos(lat) * math.sin(lng), math.sin(lat)


def on_island(point: Point) -> bool | None:
    """Say whether a place is on Jeju; None near its shores, where the pages draw no line."""
    if min(distance_m(point, town) for town in TOWNS) <= SURELY_M:
        return True
    return False if distance_m(point, MIDDLE) >= SURELY_NOT_M else None


def nowhere_else(key: str) -> Point:
    """Return a place for a case to play at where nobody else is: the same one for the same key, far from Jeju."""
    digest = hashlib.sha256(key.encode()).digest()
    north, east = (int.from_bytes(digest[at : at + 4]) / 2**32 for at in (0, 4))
    # South of the equator, and away from the poles and the date line, where steps would be no steps.
    return Point(round(-50 + 40 * north, 3), round(-170 + 340 * east, 3))
