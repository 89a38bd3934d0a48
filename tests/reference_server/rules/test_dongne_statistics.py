"""First answers are counted overall, per region and for urgent questions."""

from hypothesis import given
from hypothesis import strategies as st

from reference_server.rules.dongne_statistics import REGIONS, SLOW_MS, Statistics

ANSWERS = st.lists(
    st.tuples(st.sampled_from((*REGIONS, "", "육지")), st.booleans(), st.integers(0, 2 * SLOW_MS) | st.none()),
    max_size=40,
)


@given(ANSWERS)
def test_every_figure_is_that_of_the_plain_list(questions: list[tuple[str, bool, int | None]]) -> None:
    statistics = Statistics()
    for region, urgent, after_ms in questions:
        statistics.asked(region, urgent)
        if after_ms is not None:
            statistics.answered(region, urgent, after_ms)
    figures = statistics.snapshot()
    assert figures["overall"] == expected([after_ms for _, _, after_ms in questions])
    assert figures["urgent"] == expected([after_ms for _, urgent, after_ms in questions if urgent])
    assert figures["locationBasedResponseTime"] == {
        region: expected([after_ms for place, _, after_ms in questions if place == region]) for region in REGIONS
    }


def expected(times: list[int | None]) -> dict[str, float]:
    first = [time for time in times if time is not None]
    within = {minutes: sum(time <= minutes * 60_000 for time in first) for minutes in (1, 5, 10)}
    return {
        "questionCount": len(times),
        "answeredCount": len(first),
        "averageTime": sum(first) // len(first) if first else 0,
        **{f"under{minutes}MinCount": count for minutes, count in within.items()},
        **{f"under{m}MinRate": round(100 * count / len(times), 1) if times else 0 for m, count in within.items()},
    }


def test_the_borders_belong_to_the_better_side() -> None:
    statistics = Statistics()
    for after_ms in (60_000, 60_001, 300_000, 300_001, SLOW_MS, SLOW_MS + 1):
        statistics.asked("애월", False)
        statistics.answered("애월", False, after_ms)
    figures = statistics.region("애월")
    assert (figures["under1MinCount"], figures["under5MinCount"], figures["under10MinCount"]) == (1, 3, 5)
    assert statistics.snapshot()["under10MinuteResponseRate"] == 83.3
    assert statistics.snapshot()["urgentQuestionResponseTime"] == 0
