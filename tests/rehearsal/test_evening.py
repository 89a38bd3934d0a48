"""An evening of dongne on paper, a short one."""

import io

import pytest
from rich.console import Console

from protocols.errors import UsageError
from rehearsal.evening import STAGES, Evening, spend, tell


@pytest.fixture(scope="module")
def evening() -> Evening:
    return spend(300, hours=0.5, seed=3)


def test_one_seed_one_evening() -> None:
    first, same, other = (spend(50, hours=1 / 6, seed=seed) for seed in (1, 1, 2))
    assert first.outcome == same.outcome
    assert first.asked == same.asked
    assert first.outcome.digest != other.outcome.digest


def test_all_is_heard_that_should_be() -> None:
    tally = spend(80, hours=0.5, seed=1, accounting=True).outcome.tally
    assert tally is not None
    assert (tally.examples, tally.faults) == ([], 0)
    assert tally.total("delivered") > 500


def test_questions_are_told_of_in_stages_and_to_nobody_twice(evening: Evening) -> None:
    assert len(evening.asked) > 20
    for question in evening.asked.values():
        told = [name for names in question.told.values() for name in names]
        assert len(told) == len(set(told))
        assert len(question.told.get("IMMEDIATE", ())) <= 10
    assert set(STAGES) == {stage for question in evening.asked.values() for stage in question.told}


def test_the_figures_add_up(evening: Evening) -> None:
    answered = [question for question in evening.asked.values() if question.answered_s is not None]
    assert 0 < len(answered) <= evening.answers
    assert sum(evening.first_by.values()) <= len(answered)
    assert 0 < len(evening.accepted) <= len(answered)
    slow = [
        question
        for question in evening.asked.values()
        if question.at_s + 601 < evening.for_s
        and (question.answered_s is None or question.answered_s - question.at_s > 600)
    ]
    assert evening.slow == len(slow) > 0


def test_an_evening_is_told_in_two_tables_and_ends_with_its_digest(evening: Evening) -> None:
    file = io.StringIO()
    tell(evening, Console(file=file, width=100))
    text = file.getvalue()
    assert text.startswith("An evening of dongne: 300 users, 0.5 h of their time, seed 3\n")
    every = next(line for line in text.splitlines() if line.strip().startswith("all "))
    asked, minute, five, ten, later, not_yet = (int(word) for word in every.split() if word.isdecimal())
    assert asked == len(evening.asked)
    assert minute <= five <= ten
    assert ten + later + not_yet == asked
    first_stage = next(line for line in text.splitlines() if "IMMEDIATE" in line)
    assert first_stage.split()[:3] == ["1", "IMMEDIATE", str(asked)]
    assert text.rstrip().endswith(evening.outcome.digest)


def test_an_evening_when_nobody_asks_has_no_shares() -> None:
    file = io.StringIO()
    tell(Evening(1, 60.0, 1), Console(file=file, width=100))
    assert "–" in file.getvalue()


def test_more_people_than_there_are() -> None:
    with pytest.raises(UsageError, match="2000 users are too many: the built-in world has 12"):
        spend(2000, hours=1, seed=1)
