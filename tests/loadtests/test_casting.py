"""Who comes gets the first free place, and a life that follows from the seed."""

from loadtests.casting import Casting
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


def test_the_kinds_are_those_of_a_cast() -> None:
    cast = casting()
    assert [cast.give(kind).kind for kind in ("player", "guest", "heckler")] == ["player", "guest", "heckler"]


def test_the_same_seed_gives_the_same_life_and_another_seed_another() -> None:
    first, same, other = (casting(seed).give("heckler") for seed in ("1/0", "1/0", "1/1"))
    assert life(first) == life(same) != life(other)
