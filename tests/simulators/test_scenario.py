"""Casts and who plays what where."""

import pytest

from protocols.errors import UsageError
from simulators.people import Identity
from simulators.scenario import KINDS, PER_SCOPE, Cast, Scenario

MINA = Identity(token="t", id="mina", nickname="Mina", role="OWNER")
JUN = Identity(token="t", id="jun", nickname="Jun", role="STAFF")


def plan(cast: str, *, seed: int = 1, posts: list[tuple[str, Identity]] | None = None) -> Scenario:
    return Scenario.plan(
        Cast.parse(cast, "space"), protocol="space", seed=seed, scope=lambda n: f"s{n}", posts=posts or [], ramp_s=4.0
    )


def test_a_cast_is_read() -> None:
    cast = Cast.parse("player=20, guest=5,player=1", "space")
    assert cast.counts == {"player": 21, "guest": 5}
    assert str(cast) == "21 players, 5 guests"
    assert str(Cast.parse("heckler=1,staff=2", "space")) == "1 heckler, 2 staff"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "not a kind and a number"),
        ("player", "not a kind and a number"),
        ("player=many", "not a kind and a number"),
        ("player=-1", "not a kind and a number"),
        ("players=5", "did you mean player?"),
        ("dragon=1", "there is player, guest, staff, heckler"),
        ("player=0", "0 people"),
        ("player=20001", "20001 people"),
    ],
)
def test_casts_that_cannot_be(text: str, complaint: str) -> None:
    with pytest.raises(UsageError) as refused:
        Cast.parse(text, "space")
    assert complaint in str(refused.value)


@pytest.mark.parametrize("protocol", KINDS)
def test_the_usual_cast_is_about_twenty_who_behave(protocol: str) -> None:
    cast = Cast.usual(protocol)
    assert 20 <= cast.size <= 25
    assert "heckler" not in cast.counts


def test_a_cast_tells_what_it_speaks() -> None:
    assert Cast.speakers("talker=2") == ["hub"]
    assert Cast.speakers("heckler=1") == list(KINDS)
    with pytest.raises(UsageError, match="nobody is a 'dragon' in hub"):
        Cast.speakers("talker=1,dragon=1")
    with pytest.raises(UsageError, match="did you mean asker"):
        Cast.speakers("askr=1")


def test_about_twenty_share_a_space() -> None:
    scenario = plan("player=50,guest=10")
    spaces = [actor.scope for actor in scenario.actors]
    assert set(spaces) == {"s0", "s1", "s2"}
    assert max(spaces.count(space) for space in set(spaces)) <= PER_SCOPE + 1


def test_staff_plays_where_it_is_staff_and_has_company() -> None:
    scenario = plan("player=30,staff=2", posts=[("plaza", MINA), ("studio", JUN)])
    assert scenario.staff == {"staff-1": MINA, "staff-2": JUN}
    assert {actor.scope for actor in scenario.actors if actor.kind == "staff"} == {"plaza", "studio"}
    assert {actor.scope for actor in scenario.actors if actor.kind == "player"} == {"plaza", "studio"}


def test_more_staff_than_there_is() -> None:
    with pytest.raises(UsageError, match="2 staff, but the target has 1"):
        plan("staff=2", posts=[("plaza", MINA)])


def test_everybody_comes_within_the_ramp() -> None:
    assert all(0 <= actor.due_s <= 4.0 for actor in plan("player=100").actors)


def test_one_seed_one_play_and_another_seed_another() -> None:
    first, same, other = ([actor.due_s for actor in plan("player=5,guest=2", seed=seed).actors] for seed in (1, 1, 2))
    assert first == same != other


def test_one_more_guest_changes_nothing_for_the_players() -> None:
    few, more = (plan(f"player=5,guest={guests}") for guests in (1, 2))
    assert [actor.due_s for actor in few.actors] == [actor.due_s for actor in more.actors][:6]
