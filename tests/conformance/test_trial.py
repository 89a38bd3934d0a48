"""Examples are tried one after another: each has its own verdict, and none that fails hides the next."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from conformance.case import Case, Skipped
from conformance.cast import Cast
from conformance.checks import Check
from conformance.playground import Playground
from conformance.runner import Finished, parts, run
from conformance.trial import ALIKE, MOST, ONCE_MORE, try_each
from conformance.verdict import Broken, Outcome

CASE = Case(address="space/toy/many", subject="toy", kind="valid", cites=("space/jump/1",), play=lambda _: None)


class Series:
    """A case of several examples that notes what it tries, and on which of its stages."""

    def __init__(self, *examples: str, ending: BaseException | None = None, last: tuple[str, ...] = ()) -> None:
        self.case = replace(CASE, examples=examples, play=self.play)
        self.tried: list[str] = []
        self.stages: list[Cast] = []
        self.raising: dict[str, list[BaseException]] = {}
        self.ending = ending
        self.last = last

    def fails(self, example: str, *errors: BaseException) -> "Series":
        self.raising[example] = list(errors)
        return self

    def play(self, ground: Playground) -> None:
        async def attempt(cast: Cast, example: str) -> None:
            self.tried.append(example)
            if cast not in self.stages:
                self.stages.append(cast)
            if errors := self.raising.get(example):
                raise errors.pop(0)

        async def end(cast: Cast) -> None:
            if self.ending is not None:
                raise self.ending

        try_each(ground, attempt, end, last=self.last)

    def on(self, ground: Playground) -> Finished:
        [finished] = [event for event in run(ground, [self.case]) if isinstance(event, Finished)]
        return finished


def broken(about: str = "", check: Check = Check.LAW) -> Broken:
    return Broken("space/jump/1", "a jump", "nothing", check=check, about=about)


def failures(finished: Finished) -> list[str]:
    return [verdict.case for verdict in finished.verdicts if verdict.outcome is Outcome.FAIL]


@pytest.fixture
def ground(honest: Playground) -> Playground:
    honest.known.clear()
    return honest


def test_all_on_one_stage_where_nothing_is_wrong(ground: Playground) -> None:
    series = Series("a", "b", "c")
    finished = series.on(ground)
    assert (series.tried, len(series.stages)) == (["a", "b", "c"], 1)
    assert [(verdict.case, verdict.outcome) for verdict in finished.verdicts] == [("space/toy/many", Outcome.PASS)]
    assert not finished.untried


def test_one_that_fails_has_its_own_address_and_the_next_ones_a_new_stage(ground: Playground) -> None:
    series = Series("a", "b", "c", "d").fails("b", broken("b")).fails("d", broken("d"))
    finished = series.on(ground)
    assert (series.tried, len(series.stages)) == (["a", "b", "c", "d"], 2)
    assert failures(finished) == ["space/toy/many/b", "space/toy/many/d"]
    assert {verdict.outcome for verdict in finished.verdicts} == {Outcome.FAIL}


def test_the_rest_is_left_when_the_same_came_often_enough(ground: Playground) -> None:
    series = Series(*(f"one/{number}" for number in range(9)))
    for example in series.case.examples:
        series.fails(example, broken("one"))
    finished = series.on(ground)
    assert len(failures(finished)) == ALIKE
    assert len(finished.untried) == 9 - ALIKE
    assert all("enough was found" in why for why in finished.untried.values())


def test_what_is_not_alike_goes_on_to_a_limit(ground: Playground) -> None:
    series = Series(*(f"kind-{number}/x" for number in range(2 * MOST)))
    for example in series.case.examples:
        series.fails(example, broken("one"))
    assert len(failures(series.on(ground))) == MOST


def test_what_comes_to_light_in_the_end_takes_the_whole_case(ground: Playground) -> None:
    assert failures(Series("a", "b", ending=broken()).on(ground)) == ["space/toy/many"]
    assert failures(Series("a", ending=broken()).on(ground)) == ["space/toy/many/a"]


def test_after_some_a_new_stage_begins(ground: Playground) -> None:
    series = Series("a", "b", "c", last=("b",))
    series.on(ground)
    assert len(series.stages) == 2


@pytest.mark.parametrize(("times", "found"), [(ONCE_MORE, []), (ONCE_MORE + 1, ["space/toy/many/b"])])
def test_what_is_late_counts_when_it_is_late_again(ground: Playground, times: int, found: list[str]) -> None:
    series = Series("a", "b", "c").fails("b", *(broken("b", Check.LATE_DELIVERY) for _ in range(times)))
    finished = series.on(ground)
    assert failures(finished) == found
    assert series.tried[-1] == "c"


def test_what_cannot_be_tried_here_is_left_out_with_the_reason(ground: Playground) -> None:
    finished = Series("a", "b", "c").fails("b", Skipped("too few people")).on(ground)
    assert finished.untried == {"b": "too few people"}
    assert {verdict.outcome for verdict in finished.verdicts} == {Outcome.PASS}


def test_the_same_reason_twice_is_the_reason_of_all(ground: Playground) -> None:
    series = Series("a", "b", "c", "d")
    for example in ("a", "b"):
        series.fails(example, Skipped("too few people"))
    finished = series.on(ground)
    assert (series.tried, set(finished.untried)) == (["a", "b"], {"a", "b", "c", "d"})
    assert {(verdict.outcome, verdict.reason) for verdict in finished.verdicts} == {(Outcome.SKIP, "too few people")}


def test_a_crash_of_ours_ends_the_case_and_keeps_what_was_found(ground: Playground) -> None:
    series = Series("a", "b", "c").fails("a", broken()).fails("b", ZeroDivisionError("ours"))
    finished = series.on(ground)
    assert failures(finished) == ["space/toy/many/a"]
    assert finished.untried == dict.fromkeys(("b", "c"), "the case ended before that was known")
    series = Series("a", "b").fails("a", ZeroDivisionError("ours"))
    assert {verdict.outcome for verdict in series.on(ground).verdicts} == {Outcome.UNKNOWN}


# ---- as cases of their own -----------------------------------------------------------------------------------------


def test_each_example_has_its_part_of_what_became_of_a_case(ground: Playground) -> None:
    series = Series("a", "b", "c").fails("a", broken("a")).fails("b", Skipped("too few people"))
    told = {part.case.address: {verdict.outcome for verdict in part.verdicts} for part in parts(series.on(ground))}
    assert told == {
        "space/toy/many/a": {Outcome.FAIL},
        "space/toy/many/b": {Outcome.SKIP},
        "space/toy/many/c": {Outcome.PASS},
    }


def test_what_only_the_case_can_tell_is_a_part_too(ground: Playground) -> None:
    [*each, last] = parts(Series("a", "b").fails("b", ZeroDivisionError("ours")).on(ground))
    assert [part.verdicts[0].outcome for part in each] == [Outcome.PASS, Outcome.SKIP]
    assert (last.case.address, last.verdicts[0].outcome) == ("space/toy/many", Outcome.UNKNOWN)


# ---- which are chosen ----------------------------------------------------------------------------------------------

MANY = replace(CASE, examples=("type/x", "type/x/null", "type/y", "plain"))


@pytest.mark.parametrize(
    ("addresses", "chosen"),
    [
        (["space/toy/many/plain"], ("plain",)),
        (["space/toy/many/type"], ("type/x", "type/x/null", "type/y")),
        (["space/toy/many/type/"], ("type/x", "type/x/null", "type/y")),
        (["space/toy/many/type/x"], ("type/x",)),
        (["space/toy/many/plain", "space/toy/many/type/y"], ("type/y", "plain")),
        (["space/toy"], MANY.examples),
        (["space/jump/1"], MANY.examples),
    ],
)
def test_an_address_selects_one_example_or_all_below_it(addresses: list[str], chosen: tuple[str, ...]) -> None:
    part = MANY.part(addresses)
    assert part is not None
    assert part.examples == chosen


@pytest.mark.parametrize("address", ["space/toy/many/typ", "space/toy/many/none", "space/whisper"])
def test_other_addresses_select_nothing(address: str) -> None:
    assert MANY.part([address]) is None


# ---- haste ---------------------------------------------------------------------------------------------------------


def hasty(ground: Playground, error: Broken) -> tuple[list[bool], Callable[[Playground], None]]:
    """Return a play whose stage has not waited in full, unless it is told to; and on what it went."""
    unhurried: list[bool] = []

    def play(played: Playground) -> None:
        async def act() -> None:
            async with played.cast() as cast:
                unhurried.append(cast.stage.missed is not played.missed)
                cast.stage.was_hasty = cast.stage.missed is played.missed
                raise error

        played.run(act())

    return unhurried, play


def test_nothing_new_is_said_of_who_was_not_waited_for_in_full(ground: Playground) -> None:
    unhurried, play = hasty(ground, broken("new"))
    [finished] = [event for event in run(ground, [replace(CASE, play=play)]) if isinstance(event, Finished)]
    assert (unhurried, failures(finished)) == ([False, True], ["space/toy/many"])


def test_what_is_known_is_said_at_once(ground: Playground) -> None:
    ground.known.add(broken("old").key)
    unhurried, play = hasty(ground, broken("old"))
    [finished] = [event for event in run(ground, [replace(CASE, play=play)]) if isinstance(event, Finished)]
    assert (unhurried, failures(finished)) == ([False], ["space/toy/many"])
