"""What shows a fault: tests of values, of lists in whatever order, and what is wrong with an order."""

from functools import partial

import pytest

from conformance import symptom
from conformance.symptom import EACH, Symptom, miscounted, misplaced
from protocols.contract import Json

HASH = "aa58fba8483623bed37c1b02edfccbdd9a53123837c20bfa4cb4049993a2872e"
"""Of `{"a":"é","b":1}`."""
ROOM: Json = {"users": [{"id": "ana", "age": 7}, {"id": "ben", "age": 3}], "size": 2}


@pytest.mark.parametrize(
    ("test", "holds"),
    [
        (symptom.Test(("users", EACH, "id"), "is", ["ana", "ben"]), True),
        (symptom.Test(("users", EACH, "id"), "is not", ["ben", "ana"]), True),
        (symptom.Test(("users", EACH, "id"), "lacks", "ana"), False),
        (symptom.Test(("users", EACH, "id"), "has", "cho"), False),
        (symptom.Test(("users", EACH, "age"), "falls"), True),
        (symptom.Test(("users", EACH, "id"), "falls"), False),
        (symptom.Test(("users", EACH, "name"), "is not", ["ana", "ben"]), True),
        (symptom.Test(("users", 0, "id"), "has", "an"), True),
        (symptom.Test(("users", 0, "id"), "has", "ben"), False),
        (symptom.Test(("users", EACH, "id"), "strays from", ["ben", "cho", "ana"]), True),
        (symptom.Test(("users", EACH, "id"), "strays from", ["ana", "cho", "ben"]), False),
        (symptom.Test(("users", EACH, "id"), "repeats", ["ana", "ben"]), False),
        (symptom.Test((), "repeats", ["ana"]), False),
        (symptom.Test(("size",), "is under", 3), True),
        (symptom.Test(("size",), "is under", 2), False),
        (symptom.Test(("size",), "is over", "1"), False),
        (symptom.Test(("nothing",), "is over", 1), False),
        (symptom.Test(("size",), "is no hash of its", ["size"]), True),
    ],
)
def test_a_test_is_of_what_stands_at_its_path(test: symptom.Test, *, holds: bool) -> None:
    assert test.holds(ROOM) is holds


def test_a_list_repeats_what_is_in_it_more_than_once() -> None:
    assert symptom.Test((), "repeats", ["a"]).holds(["a", "b", "a"])
    assert not symptom.Test((), "repeats", ["b", "c"]).holds(["a", "b", "a"])


def test_a_hash_is_that_of_the_fields_with_sorted_keys() -> None:
    hashed: dict[str, Json] = {"b": 1, "a": "é", "hash": HASH[::-1]}

    assert symptom.Test(("hash",), "is no hash of its", ["a", "b"]).holds(hashed)
    assert not symptom.Test(("hash",), "is no hash of its", ["a", "b"]).holds({**hashed, "hash": HASH})


@pytest.mark.parametrize(
    ("wanted", "came", "shown"),
    [
        (["a", "b"], ["a"], symptom.Test(("users",), "lacks", "b")),
        (["a"], ["a", "c"], symptom.Test(("users",), "has", "c")),
        (["a"], ["a", "a"], symptom.Test(("users",), "is long", 2)),
        (["a", "b"], ["b", "a"], symptom.Test(("users",), "is not", ["a", "b"])),
    ],
)
def test_a_list_shows_what_is_wrong_with_it(wanted: list[Json], came: list[Json], shown: symptom.Test) -> None:
    assert Symptom.listed("ana", "room", ("users",), wanted, came).tests == (shown,)


def said(text: str) -> Symptom:
    return Symptom.heard("ana", "said", symptom.Test(("text",), "is", text), times=1)


def test_what_comes_too_often_or_never_or_too_early_is_told_apart() -> None:
    wrong = partial(misplaced, ["a", "b", "c"], one=said)
    [twice], [missing], [order] = wrong(["a", "b", "b", "c"]), wrong(["a", "c"]), wrong(["b", "a", "c"])

    assert (twice.gathers, twice.tests) == (("text",), (symptom.Test((), "repeats", ["a", "b", "c"]),))
    assert (missing.tests, missing.is_missing) == (said("b").tests, True)
    assert (order.gathers, order.tests) == (("text",), (symptom.Test((), "strays from", ["a", "b", "c"]),))
    assert wrong(["a", "b", "c"]) == []


def test_an_order_of_what_no_field_names_is_that_of_two() -> None:
    wrong = partial(misplaced, ["one", "two", "three"], one=lambda name: Symptom.heard("ana", name, times=1))
    assert [(again.names, again.times) for again in wrong(["one", "two", "two", "three"])] == [(("two",), 2)]
    for came in (["two", "one", "three"], ["two", "three", "one"]):
        [order] = wrong(came)
        assert order.later is not None
        assert (order.names, order.later.names) == (("two",), ("one",))


def test_too_many_and_too_few_are_counted_whichever_they_are() -> None:
    wrong = partial(miscounted, ["jump 0", "chat 0", "jump 1"], one=said)
    [many], [few] = wrong(["jump 0", "chat 0", "jump 1", "jump 1"]), wrong(["jump 1", "chat 0"])
    [one_of_them] = wrong(["jump 1", "chat 0", "jump 1"])

    assert (many.tests, many.times, many.is_missing) == (said("jump").tests, 3, False)
    assert (few.tests, few.times, few.is_missing) == (said("jump").tests, 2, True)
    assert one_of_them.tests == said("jump 0").tests
    assert wrong(["jump 0", "chat 0", "jump 1"]) == []
