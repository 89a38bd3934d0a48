"""A search ends with its time, keeps the shortest conversation, and loses neither a broken promise nor a crash."""

import time
from collections.abc import Callable

import pytest
from hypothesis import assume, given, seed
from hypothesis import strategies as st

from conformance.checks import Check
from conformance.playground import Playground
from conformance.search import SETTINGS, Over, Search
from conformance.verdict import Broken

NUMBERS = st.lists(st.integers(0, 1000), max_size=20)


def begin(ground: Playground, budget_s: float) -> Search:
    ground.deadline = time.monotonic() + budget_s
    ground.stage = None
    return Search(ground)


def search(found: Search, play: Callable[[list[int]], None]) -> None:
    """Draw lists of numbers and play each; a list is the conversation that shows what is wrong with it."""

    def test(numbers: list[int]) -> None:
        found.go_on()
        with found.watching(lambda broken: (len(numbers), tuple(map(str, numbers)))):
            play(numbers)

    found.ground.found.clear()
    found.run(lambda number: seed(number)(SETTINGS(given(NUMBERS)(test)))())


def shown(ground: Playground) -> dict[str, tuple[str, ...]]:
    """Return what was found: the requirement, and the conversation that shows it."""
    return {found.broken.requirement: found.conversation for found in ground.found}


def wrong(requirement: str = "toy/talk/1") -> Broken:
    return Broken(requirement, "small numbers", "a large one")


def test_nothing_found_ends_with_the_time(honest: Playground) -> None:
    began = time.monotonic()
    search(begin(honest, 0.3), lambda numbers: time.sleep(0.001))
    assert time.monotonic() - began >= 0.3


def test_no_time_at_all(honest: Playground) -> None:
    found = begin(honest, 0.0)
    with pytest.raises(Over):
        found.go_on()
    search(found, lambda numbers: pytest.fail("there is no time to play"))


def test_a_target_that_does_not_always_answer_alike_ends_a_round_and_no_search(
    honest: Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was drawn for the same beginning differs then, which Hypothesis takes for a fault of ours."""
    found = begin(honest, 60.0)
    monkeypatch.setattr(honest, "known", {wrong().key})
    rounds: list[int | str] = []

    def play(number: int | str) -> None:
        calls: list[int] = []
        rounds.append(number)
        if len(rounds) == 3:
            honest.deadline = 0.0

        def test(data: st.DataObject) -> None:
            calls.append(1)
            with found.watching(lambda broken: (1, ("a line",))):
                if len(calls) % 2:
                    data.draw(st.booleans())
                    data.draw(st.booleans())
                else:
                    raise wrong()  # before anything was drawn
            found.go_on()

        seed(number)(SETTINGS(given(st.data())(test)))()

    found.run(play)
    assert len(rounds) == 3


def test_what_is_found_is_shrunk_and_shown(honest: Playground) -> None:
    def play(numbers: list[int]) -> None:
        if sum(numbers) > 1500:
            raise wrong()

    search(begin(honest, 2.0), play)
    [numbers] = shown(honest).values()
    assert len(numbers) == 2
    assert sum(map(int, numbers)) == 1501


def test_one_defect_does_not_hide_the_next_and_each_is_shrunk_by_itself(honest: Playground) -> None:
    found = begin(honest, 60.0)

    def play(numbers: list[int]) -> None:
        if found.is_shrinking is False and len(shown_so_far) == 2:
            honest.deadline = 0.0  # that is all
        if len(numbers) > 4:
            shown_so_far.add("long")
            raise wrong("toy/talk/1")
        if sum(numbers) > 2000:
            shown_so_far.add("large")
            raise wrong("toy/talk/2")

    shown_so_far: set[str] = set()
    search(found, play)
    assert {requirement: len(numbers) for requirement, numbers in shown(honest).items()} == {
        "toy/talk/1": 5,
        "toy/talk/2": 3,
    }


def test_what_was_known_before_is_only_counted(honest: Playground) -> None:
    found = begin(honest, 60.0)
    played: list[bool] = []

    def play(numbers: list[int]) -> None:
        played.append(found.is_shrinking)
        if len(played) == 300:
            honest.deadline = 0.0
        if len(numbers) > 3:
            raise wrong()

    honest.known.add(wrong().key)
    search(found, play)
    honest.known.clear()
    assert not any(played)
    [met] = honest.found
    assert 1 < met.times < 300


def test_once_found_only_the_same_promise_is_followed(honest: Playground) -> None:
    found = begin(honest, 2.0)

    def play(numbers: list[int]) -> None:
        if len(numbers) > 3:
            raise wrong("toy/talk/1")
        if found.is_shrinking:
            raise wrong("toy/talk/2")

    search(found, play)
    assert {requirement: len(numbers) for requirement, numbers in shown(honest).items()} == {"toy/talk/1": 4}


def test_what_a_target_does_only_once_is_found_all_the_same(honest: Playground) -> None:
    found = begin(honest, 2.0)

    def play(numbers: list[int]) -> None:
        if len(numbers) > 3 and not found.is_shrinking:
            raise wrong()

    search(found, play)
    assert len(shown(honest)["toy/talk/1"]) > 3


def test_a_crash_ends_the_search_and_is_not_lost_with_the_time(honest: Playground) -> None:
    played = 0

    def play(numbers: list[int]) -> None:
        nonlocal played
        played += 1
        if len(numbers) > 3:
            raise ZeroDivisionError("ours")

    began = time.monotonic()
    with pytest.raises(ZeroDivisionError, match="ours"):
        search(begin(honest, 60.0), play)
    assert time.monotonic() - began < 10.0
    assert played < 1000


def test_a_crash_while_shrinking_does_not_hide_what_was_found(honest: Playground) -> None:
    found = begin(honest, 2.0)

    def play(numbers: list[int]) -> None:
        if found.is_shrinking:
            raise ZeroDivisionError("ours")
        if len(numbers) > 3:
            raise wrong()

    search(found, play)
    assert "toy/talk/1" in shown(honest)


def test_a_draw_that_came_to_nothing_is_no_crash(honest: Playground) -> None:
    search(begin(honest, 0.3), lambda numbers: assume(len(numbers) > 3) and None)


def test_the_same_seed_finds_the_same(honest: Playground) -> None:
    def first(limit: int) -> list[int]:
        drawn: list[list[int]] = []

        def play(numbers: list[int]) -> None:
            drawn.append(numbers)
            if len(drawn) == limit:
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            search(begin(honest, 60.0), play)
        return [number for numbers in drawn for number in numbers]

    assert first(30) == first(30)


@pytest.mark.parametrize(("times", "is_told"), [(1, False), (2, False), (1_000, True)])
def test_what_is_late_is_told_when_it_comes_again(honest: Playground, times: int, is_told: bool) -> None:
    found = begin(honest, 60.0)
    late: list[list[int]] = []
    played: list[bool] = []

    def play(numbers: list[int]) -> None:
        played.append(found.is_hurried)
        if len(late) < times and sum(numbers) > 100:
            late.append(numbers)
            raise Broken("toy/talk/1", "it in time", "late", check=Check.ACK_IN_TIME)
        if len(late) >= times or len(played) > 100:
            honest.deadline = 0.0  # that is all

    search(found, play)

    assert [one.broken.requirement for one in honest.found] == (["toy/talk/1"] if is_told else [])
    assert not any(played), "who looks for what is late must not hurry"
