"""The island that simulated people live on, and what they ask and answer there."""

import math
from dataclasses import dataclass
from random import Random
from typing import Final, NamedTuple

EARTH_M: Final = 6_371_000.0
"""The sphere on which the contract measures distances."""


class Place(NamedTuple):
    """A place in degrees."""

    lat: float
    lng: float

    def moved(self, metres: float, bearing: float) -> "Place":
        """Return the place so many metres away; the bearing is in radians, clockwise from north."""
        lat = self.lat + math.degrees(metres * math.cos(bearing) / EARTH_M)
        lng = self.lng + math.degrees(metres * math.sin(bearing) / (EARTH_M * math.cos(math.radians(self.lat))))
        return Place(round(lat, 5), round(lng, 5))


def distance_m(one: Place, other: Place) -> float:
    """Return the great-circle distance in metres."""
    north, east = math.radians(other.lat - one.lat), math.radians(other.lng - one.lng)
    lats = math.cos(math.radians(one.lat)) * math.cos(math.radians(other.lat))
    return 2 * EARTH_M * math.asin(math.sqrt(math.sin(north / 2) ** 2 + lats * math.sin(east / 2) ** 2))


REGIONS: Final[dict[str, tuple[Place, ...]]] = {
    "애월": (Place(33.4628, 126.3094), Place(33.4597, 126.3098), Place(33.4508, 126.3050)),
    "한림": (Place(33.4102, 126.2690), Place(33.3940, 126.2396)),
    "제주시": (Place(33.4996, 126.5312), Place(33.5170, 126.5260), Place(33.5115, 126.5260), Place(33.4890, 126.4983)),
    "조천": (Place(33.5342, 126.6346), Place(33.5432, 126.6694)),
    "구좌": (Place(33.5217, 126.8527), Place(33.5563, 126.7959)),
    "성산": (Place(33.4459, 126.9130), Place(33.4612, 126.9340), Place(33.4240, 126.9300)),
    "표선": (Place(33.3262, 126.8325),),
    "남원": (Place(33.2796, 126.7194), Place(33.2716, 126.6920)),
    "서귀포": (Place(33.2541, 126.5601), Place(33.2500, 126.5636), Place(33.2450, 126.4117)),
    "안덕": (Place(33.2453, 126.3343), Place(33.2414, 126.3133)),
    "대정": (Place(33.2196, 126.2513),),
}
"""Where people are in each of the eleven regions: town halls, markets, beaches."""


def somewhere(region: str, random: Random, *, within_m: float = 1200.0) -> Place:
    """Return a place near one of a region's."""
    spread = within_m * math.sqrt(random.random())  # as many on each square metre
    return random.choice(REGIONS[region]).moved(spread, random.uniform(0.0, 2 * math.pi))


def region_of(scope: str) -> str:
    """Return the region that people of a scope live in: the one of that name, or always the same other one."""
    return scope if scope in REGIONS else Random(scope).choice(list(REGIONS))


@dataclass(frozen=True, slots=True)
class Matter:
    """Something to ask."""

    title: str
    content: str
    hashtags: tuple[str, ...]
    category: str


MATTERS: Final = (
    Matter("지금 주차할 곳 있나요?", "공영주차장이 꽉 찼어요. 근처에 다른 곳 아시는 분?", ("주차", "교통"), "교통"),
    Matter("버스가 안 와요", "20분째 기다리는데 안 오네요. 노선이 바뀌었나요?", ("버스", "교통"), "교통"),
    Matter("문 연 약국 있을까요?", "아이가 열이 나요.", ("약국",), "생활"),
    Matter("혼자 먹기 좋은 식당", "조용하고 창가 자리 있는 곳이면 좋겠어요.", ("맛집",), "맛집"),
    Matter("일몰이 잘 보이는 카페?", "", ("카페", "노을"), "맛집"),
    Matter("오늘 파도 어때요?", "초보인데 서핑해도 될까요?", ("서핑", "바다"), "바다"),
    Matter("지금 낚시 되나요", "물때를 아시는 분 계신가요?", ("낚시", "바다"), "바다"),
    Matter("오름 입구가 어디예요?", "지도에는 길이 두 개로 나와요.", ("오름", "등산"), "여행"),
    Matter("안개가 심한가요?", "중산간도로 넘어가려고 해요.", ("날씨",), "날씨"),
    Matter("Is the market open today?", "We are on our way from the airport.", ("시장",), "생활"),
    Matter("전기차 충전소 자리", "지금 비어 있는 곳 아시면 알려 주세요!", ("충전소", "전기차"), "교통"),
    Matter("강아지와 갈 수 있는 해변", "목줄은 꼭 할게요 🐶", ("반려동물", "바다"), "여행"),
)

REPLIES: Final = (
    "네, 조금 전에 지나왔는데 괜찮았어요.",
    "시장 뒤편으로 가면 자리가 있어요.",
    "오늘은 쉬는 날이에요. 내일 오전에 다시 열어요.",
    "안개가 꽤 짙어요, 천천히 오세요.",
    "지금 바람이 세서 어렵겠어요.",
    "큰길 건너 파란 지붕 옆이에요 😊",
    "Just passed by, it is open until seven.",
    "저도 궁금했는데 감사합니다.",
)
