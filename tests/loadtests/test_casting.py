"""Who comes gets the first free place, and a life that follows from the seed."""

from collections import Counter

import pytest

from loadtests.casting import Casting, zipf
from protocols.errors import UsageError
from simulators.actor import Act, Actor
from simulators.people import Identity
from simulators.scenario import PER_SCOPE
from simulators.target import Target

TARGET = Target.at("http://127.0.0.1:3001", namespace="/")


def casting(seed: str = "1") -> Casting:
    return Casting(TARGET, seed=seed, run="r")


def life(actor: Actor) -> list[tuple[float, Act]]:
    """What somebody does in their first half minute, hearing nothing."""
    actor.connected(Identity(token="t", id="i", nickname="n"), 0.0)
    return list(actor.act(30.0))


def test_spaces_fill_one_after_the_other() -> None:
    cast = casting()
    scopes = [cast.give("player").scope for _ in range(PER_SCOPE + 1)]
    assert scopes == [*["rehearsal-r-0"] * PER_SCOPE, "rehearsal-r-1"]


def test_a_place_that_was_left_is_given_to_the_next_under_a_new_name() -> None:
    cast = casting()
    everybody = [cast.give("player") for _ in range(2 * PER_SCOPE)]
    cast.take_back(everybody[3])
    cast.take_back(everybody[30])
    assert cast.seated == 2 * PER_SCOPE - 2
    newcomers = [cast.give("guest") for _ in range(3)]
    assert [newcomer.scope for newcomer in newcomers] == ["rehearsal-r-0", "rehearsal-r-1", "rehearsal-r-2"]
    assert len({actor.name for actor in [*everybody, *newcomers]}) == 2 * PER_SCOPE + 3


def test_devices_of_one_person_are_in_one_place_whichever_comes_first() -> None:
    cast = Casting(Target.at("http://127.0.0.1:3001", namespace="/", protocol="gopang"), seed="1", run="r")
    messengers = [cast.give("messenger") for _ in range(PER_SCOPE - 1)]
    tablets = [cast.give("tablet") for _ in range(PER_SCOPE + 10)]
    messengers += [cast.give("messenger") for _ in range(11)]
    assert len({actor.scope for actor in messengers}) > 1
    assert {actor.session_of: actor.scope for actor in messengers} == {each.session_of: each.scope for each in tablets}


def test_the_kinds_are_those_of_a_cast() -> None:
    cast = casting()
    assert [cast.give(kind).kind for kind in ("player", "guest", "heckler")] == ["player", "guest", "heckler"]


def test_staff_comes_with_its_session_to_its_space_and_leaves_it_to_the_next() -> None:
    mina = Identity(token="t", id="user-mina", nickname="Mina", role="OWNER")
    cast = Casting(TARGET, seed="1", run="r", posts=[("plaza", mina)])
    first = cast.give("staff")
    assert (first.scope, first.identity) == ("plaza", mina)
    with pytest.raises(UsageError, match="no more staff"):
        cast.give("staff")
    assert cast.seated == 1
    cast.take_back(first)
    assert cast.give("staff").identity == mina


def test_who_shares_a_session_has_the_number_of_whose_it_is() -> None:
    cast = Casting(Target.at("http://127.0.0.1:3001", namespace="/", protocol="gopang"), seed="1", run="r")
    messengers = [cast.give("messenger") for _ in range(2)]
    tablets = [cast.give("tablet") for _ in range(2)]
    assert [tablet.session_of for tablet in tablets] == [messenger.name for messenger in messengers]


def test_the_same_seed_gives_the_same_life_and_another_seed_another() -> None:
    first, same, other = (casting(seed).give("heckler") for seed in ("1/0", "1/0", "1/1"))
    assert life(first) == life(same) != life(other)


def test_rooms_by_zipf_are_unequal_and_the_same_every_time() -> None:
    space_of = zipf(1.0, people=1000, seed="1")
    sizes = Counter(space_of(place) for place in range(1000))
    assert max(sizes) < 50, "as many as they would fill by twenties"
    first, second, tenth = sizes[0], sizes[1], sizes[9]
    assert first > 1.5 * second > 1.5 * tenth
    assert first == pytest.approx(1000 / sum(1 / n for n in range(1, 51)), rel=0.15)
    assert [space_of(place) for place in range(20)] == [zipf(1.0, people=1000, seed="1")(n) for n in range(20)]


def test_without_an_exponent_all_rooms_are_as_likely() -> None:
    sizes = Counter(map(zipf(0.0, people=400, seed="1"), range(20_000)))
    assert len(sizes) == 20
    assert max(sizes.values()) < 1.3 * min(sizes.values())
