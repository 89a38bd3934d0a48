"""The section `dongne` of a world file: who exists, and where they are before they say so."""

from collections import Counter

import pytest
from pydantic import ValidationError

from protocols import dongne
from reference_server.rules.dongne_places import Point, distance_m, region_of
from reference_server.world import World
from reference_server.worlds.dongne import CENTRES, MAX_USERS, DongneUser, DongneWorld


def test_the_built_in_world_lives_all_over_the_island() -> None:
    users = World.built_in().dongne.users
    residents = [user for user in users if user.id.startswith("resident-")]
    assert Counter(user.region for user in residents).keys() == CENTRES.keys()
    assert len(residents) >= 1000, "as many as must be served at the same time"
    assert len({user.position for user in residents}) == len(residents), "nobody stands on another"
    for user in users:
        assert user.position is not None
        here = Point(user.position.lat, user.position.lng)
        assert user.region in (None, region_of(here)), user
    assert sum(user.admin for user in users) >= 2
    assert all(user.expert_tags for user in users if user.id.startswith("expert-"))


def test_all_of_a_count_are_alike_but_for_their_number_and_place() -> None:
    alike = DongneUser(id="r-{n}", nickname="주민 {n}", region="성산", email="{n}@example.com", count=700)
    users = DongneWorld(users=(alike,)).users
    assert [(user.id, user.nickname, user.email) for user in users[:2]] == [
        ("r-1", "주민 1", "1@example.com"),
        ("r-2", "주민 2", "2@example.com"),
    ]
    far = [
        distance_m(Point(*CENTRES["성산"]), Point(user.position.lat, user.position.lng))
        for user in users
        if user.position
    ]
    assert len(far) == 700
    assert max(far) <= 2500


def test_whoever_has_no_position_is_in_their_region_or_nowhere() -> None:
    at_home, nowhere = DongneWorld(
        users=(DongneUser(id="a", nickname="A", region="대정"), DongneUser(id="b", nickname="B"))
    ).users
    assert (at_home.position is not None, nowhere.position) == (True, None)
    assert at_home.position is not None
    assert (at_home.position.lat, at_home.position.lng) == CENTRES["대정"]


@pytest.mark.parametrize(
    ("users", "problem"),
    [
        ([{"id": "a", "nickname": "A"}, {"id": "a", "nickname": "B"}], "two users have one id"),
        ([{"id": "a", "nickname": "A", "count": 2}], "{n}"),
        ([{"id": "a-{n}", "nickname": "A", "count": 2, "position": {"lat": 0, "lng": 0}}], "position"),
        ([{"id": f"{n}-{{n}}", "nickname": "A", "count": MAX_USERS // 2 + 1} for n in "ab"], "at most"),
        ([{"id": "a", "nickname": " \ufeff"}], "nickname"),
        ([{"id": "a", "nickname": "A", "region": "서울"}], "region"),
        ([{"id": "a", "nickname": "A", "notification_settings": {"channels": ["pigeon"]}}], "channels"),
    ],
)
def test_what_cannot_be_is_refused(users: list[dict[str, object]], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem.replace("{", r"\{")):
        DongneWorld.model_validate({"users": users})


def test_everybody_can_be_told_of() -> None:
    for user in World.built_in().dongne.users:
        ref = dongne.UserRef(id=user.id, nickname=user.nickname)
        assert dongne.PROTOCOL.faults("UserRef", ref.to_json()) == []
        for tag in user.expert_tags:
            assert dongne.PROTOCOL.faults("Hashtag", tag) == []
