"""The map that simulated players walk on, and what they say there."""

from dataclasses import dataclass
from typing import Final

Point = tuple[float, float]

WAYPOINTS: Final[tuple[Point, ...]] = (
    (2.0, 2.0), (20.0, 3.0), (38.0, 2.5), (6.0, 14.0), (20.0, 15.0), (33.0, 12.0),
    (3.0, 27.0), (19.0, 26.0), (37.0, 28.0), (12.0, 8.0), (28.0, 21.0), (11.0, 21.0),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Zone:
    """A party zone of the map: a circle."""

    id: str
    name: str
    center: Point
    radius: float

    def holds(self, x: float, y: float) -> bool:
        """Say whether a point lies in it."""
        return (x - self.center[0]) ** 2 + (y - self.center[1]) ** 2 <= self.radius**2


ZONES: Final = (
    Zone("zone-fountain", "By the fountain", (20.0, 15.0), 3.0),
    Zone("zone-stage", "무대 앞", (37.0, 28.0), 2.5),
    Zone("zone-library", "도서관", (3.0, 27.0), 2.5),
)

LINES: Final = (
    "안녕하세요!",
    "오늘 날씨 좋네요",
    "여기 처음 왔어요",
    "같이 분수대로 가실래요?",
    "ㅋㅋㅋㅋ",
    "잠깐만요, 금방 갈게요",
    "혹시 무대는 어디예요?",
    "반가워요 😊",
    "Hi everyone!",
    "Nice to meet you",
    "Is anybody at the stage already?",
    "brb",
    "Which way to the library?",
    "haha, same here",
    "See you by the fountain",
    "Wait for me, please",
)

PARTY_NAMES: Final = ("성산 등반대", "Night owls", "보물찾기", "Fountain club", "점심 모임", "The early birds")


def zone_at(x: float, y: float) -> Zone | None:
    """Return the zone in which a point lies."""
    return next((zone for zone in ZONES if zone.holds(x, y)), None)
