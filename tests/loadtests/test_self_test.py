"""The proofs of the instrument tell a run that saw what it must from one that did not."""

import pytest
from hdrh.histogram import HdrHistogram

from loadtests.results.record import Asked, Delivery, Record, Total
from loadtests.self_test.proof import PROOFS, USERS, Proof
from tests.loadtests.timing import times

FREEZING, SILENT, LOSING = PROOFS


def record(acks: HdrHistogram, *, name: str = "sendMessage", failures: int = 0, lost: int = 0) -> Record:
    rows = [
        Total(kind=kind, name=event, count=acks.get_total_count(), failures=failures, times=acks)
        for kind, event in (("ack", name), ("deliver", "newMessage"))
    ]
    asked = Asked(target="", protocols=[], cast={}, shape="steady", seed=1, users=1, rate=1, for_s=1)
    return Record.model_validate(
        {
            "began": "2026-01-01T00:00:00Z",
            "lasted_s": 1,
            "asked": asked,
            "moments": [],
            "totals": rows,
            "failures": [],
            "sent": {},
            "deliveries": [Delivery(cause="sendMessage", heard="newMessage", expected=5000, lost=lost)],
            "lag": times().histogram(),
            "examples": [],
            "slo": [],
        }
    )


SLOW = times(*[10] * 97, 5600, 5700, 5800).histogram()
QUICK = times(*[10] * 99, 5800).histogram()
LATE = times(*[10_000] * USERS).histogram()
EARLY = times(*[10_000] * (USERS - 2), 500, 500).histogram()


@pytest.mark.parametrize(
    ("proof", "seen", "right"),
    [
        (FREEZING, record(SLOW), [True, True]),
        (FREEZING, record(QUICK), [False, False]),
        (SILENT, record(LATE, name="joinRoom", failures=USERS), [True, True]),
        (SILENT, record(LATE, name="joinRoom", failures=USERS - 1), [False, True]),
        (SILENT, record(EARLY, name="joinRoom", failures=USERS), [True, False]),
        (LOSING, record(QUICK, lost=154), [True, True]),
        (LOSING, record(QUICK, lost=156), [True, False]),
        (LOSING, record(QUICK, lost=0), [True, False]),
    ],
)
def test_what_must_be_seen_is_told_from_what_was(proof: Proof, seen: Record, right: list[bool]) -> None:
    assert [finding.is_right for finding in proof.judge(seen, 1)] == [*right, True]
    assert [finding.is_right for finding in proof.judge(seen, 0)] == [*right, False]
