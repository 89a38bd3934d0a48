"""People of the open model come at their rate, stay their while, and are those of the cast."""

from collections import Counter
from itertools import pairwise
from random import Random
from statistics import fmean, pvariance

import pytest

from loadtests.arrivals import Arrival, arrivals
from loadtests.plan import Plan

PEOPLE = (("hub", "talker", 3.0), ("hub", "visitor", 1.0))


def come(*, rate: float, for_s: float, plan: Plan | None = None) -> list[Arrival]:
    return list(arrivals(Random(1), PEOPLE, rate=rate, stay_s=10, for_s=for_s, plan=plan))


def test_they_come_as_a_poisson_process_does_and_stay_exponentially_long() -> None:
    everybody = come(rate=5, for_s=2000)
    assert len(everybody) == pytest.approx(10_000, rel=0.05)
    gaps = [later.at_s - earlier.at_s for earlier, later in pairwise(everybody)]
    assert min(gaps) >= 0
    assert fmean(gaps) == pytest.approx(0.2, rel=0.05)
    assert pvariance(gaps) == pytest.approx(0.04, rel=0.1)
    stays = [one.stay_s for one in everybody]
    assert fmean(stays) == pytest.approx(10, rel=0.05)
    assert pvariance(stays) == pytest.approx(100, rel=0.1)


def test_they_are_those_of_the_cast_in_its_proportion_and_the_same_every_time() -> None:
    everybody = come(rate=5, for_s=2000)
    kinds = Counter((one.protocol, one.kind) for one in everybody)
    assert kinds["hub", "talker"] == pytest.approx(3 * kinds["hub", "visitor"], rel=0.1)
    assert everybody == come(rate=5, for_s=2000)


def test_a_plan_says_how_many_of_them_come_when() -> None:
    by_tenth = Counter(int(one.at_s / 200) for one in come(rate=5, for_s=2000, plan=Plan.named("spike")))
    assert by_tenth[1] == pytest.approx(200, rel=0.3)
    assert by_tenth[4] == pytest.approx(1000, rel=0.15)
    assert by_tenth[8] == pytest.approx(200, rel=0.3)
