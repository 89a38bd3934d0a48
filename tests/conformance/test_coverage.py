"""What a run has exercised is counted by keyword: what was tried going in, what was heard coming out."""

from conformance.case import Case
from conformance.cases import contract_cases
from conformance.coverage import Coverage, Hearing, Row, Way
from conformance.expectation import Heard
from conformance.person import Person
from protocols import hub
from protocols.contract import Protocol
from simulators import wire
from simulators.received import Received

PROTOCOL = hub.PROTOCOL
CASES = {case.address: case for case in contract_cases(PROTOCOL)}


def rows(coverage: Coverage, event: str, way: Way = Way.IN) -> dict[str, Row]:
    return {row.keyword: row for row in coverage.rows() if row.event == event and row.way is way}


def heard(name: str, *arguments: object, protocol: Protocol = PROTOCOL) -> Heard:
    return Heard({Person("ana"): [Received(name, 0, wire.Event.of(name, *arguments), protocol)]})


def test_before_anything_is_tried_all_is_to_do() -> None:
    for row in Coverage(PROTOCOL).rows():
        assert (row.valid, row.invalid, row.is_covered) == (0, 0, False)
        assert (row.of_valid + row.of_invalid > 0) is (row.way is Way.IN)


def test_each_example_of_a_case_counts_for_its_keyword() -> None:
    coverage = Coverage(PROTOCOL)
    case: Case = CASES["hub/typing/invalid"]
    coverage.take(case, [example for example in case.examples if example.startswith("required/")], {})
    found = rows(coverage, "typing")
    assert found["maxLength"].invalid == found["maxLength"].of_invalid > 0
    assert found["required"].invalid == 0 < found["required"].of_invalid
    assert not found["maxLength"].is_covered  # its valid ones are still to do
    coverage.take(CASES["hub/typing/valid"], [], {})
    assert rows(coverage, "typing")["maxLength"].is_covered


def test_other_kinds_of_case_try_no_keyword() -> None:
    coverage = Coverage(PROTOCOL)
    for case in CASES.values():
        if case.kind not in {"valid", "invalid"}:
            coverage.take(case, [], {})
    assert not any(row.valid or row.invalid for row in coverage.rows())


def test_what_is_heard_counts_for_the_keywords_that_it_obeys() -> None:
    coverage, hearing = Coverage(PROTOCOL), Hearing()
    hearing.note(heard("typing", {"userId": "a", "nickname": "ana", "isTyping": True}))
    coverage.take(CASES["hub/typing/valid"], [], hearing.taken())
    found = rows(coverage, "typing", Way.OUT)
    assert found["required"].valid == found["type"].valid == 1
    assert coverage.heard()[Way.OUT, "typing"] == 1
    assert coverage.heard()[Way.OUT, "message"] == 0
    assert hearing.taken() == {}


def test_what_breaks_its_schema_counts_for_the_keyword_that_it_breaks() -> None:
    coverage, hearing = Coverage(PROTOCOL), Hearing()
    hearing.note(heard("typing", {"userId": 7, "nickname": "ana"}))
    hearing.note(heard("no_such_event", {}))
    coverage.take(CASES["hub/typing/valid"], [], hearing.taken())
    found = rows(coverage, "typing", Way.OUT)
    assert (found["required"].invalid, found["type"].invalid, found["required"].valid) == (1, 1, 0)
