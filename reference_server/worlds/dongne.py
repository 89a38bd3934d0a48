"""Who there is in dongne before anybody connects: neighbours with their places, fields and settings, and the admins.

Nobody registers in dongne, so whoever is not in the world does not exist (`dongne/handshake/2`).
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field, field_validator, model_validator

from protocols.dongne import RegionCode
from reference_server.worlds.part import Part

MAX_USERS: Final = 10_000
"""As many as the contract's `room_users` can name."""

# The bounds of the contract, so that nobody in the world breaks it by existing. U+FEFF is blank in the contract's
# regular expressions, and not in Pydantic's.
Id: TypeAlias = Annotated[str, Field(min_length=1, max_length=64)]
Nickname: TypeAlias = Annotated[str, Field(min_length=1, max_length=20, pattern="[^\\s\ufeff]")]
Hashtag: TypeAlias = Annotated[str, Field(min_length=1, max_length=30, pattern="[^\\s\ufeff]")]
Channel: TypeAlias = Literal["socket", "push", "email", "sms"]

CENTRES: Final[Mapping[RegionCode, tuple[float, float]]] = {
    "애월": (33.4628, 126.3094),
    "한림": (33.4102, 126.2690),
    "제주시": (33.4996, 126.5312),
    "조천": (33.5342, 126.6346),
    "구좌": (33.5217, 126.8527),
    "성산": (33.4459, 126.9130),
    "표선": (33.3262, 126.8325),
    "남원": (33.2796, 126.7194),
    "서귀포": (33.2541, 126.5601),
    "안덕": (33.2453, 126.3343),
    "대정": (33.2196, 126.2513),
}
"""Latitude and longitude of the middle of each region: where its town hall is."""


class Position(Part):
    """A place on the earth, in degrees."""

    lat: Annotated[float, Field(ge=-90, le=90)]
    lng: Annotated[float, Field(ge=-180, le=180)]


class NotificationSettings(Part):
    """By what a user wants to be told of things."""

    immediate_alerts: bool = True
    """Whether a question nearby may be told at once (stage 1)."""
    channels: tuple[Channel, ...] = ("socket", "push")


class DongneUser(Part):
    """Somebody who may connect. With a `count`, so many who are alike but for the `{n}` in their texts, from 1 on."""

    id: Id
    nickname: Nickname
    admin: bool = False
    """Whether they hear how the service does; an admin answers nothing."""
    local_verified: bool = False
    expert_tags: tuple[Hashtag, ...] = ()
    """The fields of an expert; nobody without any is one."""
    region: RegionCode | None = None
    """Where they live; those of a `count` without it live all over the island, in one region after the other."""
    position: Position | None = None
    """Where they are until they say otherwise; without it in their region, and without that nowhere."""
    device_token: Annotated[str, Field(max_length=200)] = ""
    email: Annotated[str, Field(max_length=254)] = ""
    phone: Annotated[str, Field(max_length=20)] = ""
    notification_settings: NotificationSettings = NotificationSettings()
    count: Annotated[int, Field(ge=1, le=MAX_USERS)] | None = None

    @model_validator(mode="after")
    def _can_be_told_apart(self) -> "DongneUser":
        if self.count is not None and ("{n}" not in self.id or self.position is not None):
            raise ValueError("so many users have an id with {n} in it, and no position in common")
        return self

    def each(self) -> "Iterator[DongneUser]":
        """Yield everybody for whom this stands, each with a position of their own."""
        if self.count is None:
            yield self if self.position is not None or self.region is None else self._placed(self.region, 0)
            return
        for n in range(1, self.count + 1):
            texts = {name: getattr(self, name).replace("{n}", str(n)) for name in _NUMBERED}
            region = self.region or list(CENTRES)[(n - 1) % len(CENTRES)]
            numbered = self.model_copy(update={**texts, "count": None, "region": region})
            yield numbered._placed(region, n)

    def _placed(self, region: RegionCode, n: int) -> "DongneUser":
        """Put somebody into a region; the n-th around its middle, within 2.5 km, so that nobody stands on another."""
        lat, lng = CENTRES[region]
        metres, turn = 100 * math.sqrt(n % 625), n * _GOLDEN_ANGLE
        north = metres * math.cos(turn) / _METRES_PER_DEGREE
        east = metres * math.sin(turn) / (_METRES_PER_DEGREE * math.cos(math.radians(lat)))
        position = Position(lat=round(lat + north, 6), lng=round(lng + east, 6))
        return self.model_copy(update={"region": region, "position": position})


class DongneWorld(Part):
    """The section `dongne` of a world file."""

    users: tuple[DongneUser, ...] = ()

    @field_validator("users")
    @classmethod
    def _are_all(cls, tables: Sequence[DongneUser]) -> Sequence[DongneUser]:
        users = tuple(user for table in tables for user in table.each())
        if len(users) > MAX_USERS:
            raise ValueError(f"{len(users)} users; at most {MAX_USERS} have room in one question")
        if len({user.id for user in users}) < len(users):
            raise ValueError("two users have one id; give each of them its own")
        return users


_NUMBERED: Final = ("id", "nickname", "device_token", "email", "phone")
_METRES_PER_DEGREE: Final = 111_195.0
_GOLDEN_ANGLE: Final = math.pi * (3 - math.sqrt(5))
