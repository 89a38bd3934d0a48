"""What shows that a transaction goes on after it was cancelled: whatever comes after that, or that again."""

import pytest

from conformance.models.gopang_signs import after_cancel
from conformance.person import Person
from protocols import gopang

ANA = Person("ana")


@pytest.mark.parametrize(("status", "times", "is_ordered"), [("cancelled", 2, False), ("completed", 1, True)])
def test_more_of_a_transaction_than_its_cancellation(status: str, times: int, *, is_ordered: bool) -> None:
    more = gopang.TransactionStatus.model_validate({"transactionId": "t-1", "status": status, "updatedAt": 1})
    symptom = after_cancel(ANA, more)

    assert (symptom.times, symptom.later is not None) == (times, is_ordered)
