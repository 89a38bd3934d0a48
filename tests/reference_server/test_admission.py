"""How often one address may try."""

import pytest

from reference_server import admission
from reference_server.admission import BLOCKED, RATE_LIMIT, Admission


class Watch:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def admits(limit: Admission, address: str) -> bool:
    return limit.refusal(address) == ""


@pytest.fixture
def watch() -> Watch:
    return Watch()


def test_the_hundred_and_first_attempt_of_a_minute_is_refused(watch: Watch) -> None:
    limit = Admission(100, (), watch)
    assert not any(limit.refusal("192.0.2.1") for _ in range(100))
    assert limit.refusal("192.0.2.1") == RATE_LIMIT
    assert admits(limit, "192.0.2.2")  # another address has its own hundred


def test_a_minute_later_it_may_try_again(watch: Watch) -> None:
    limit = Admission(2, (), watch)
    assert [admits(limit, "192.0.2.1") for _ in range(3)] == [True, True, False]
    watch.now = 59.9
    assert limit.refusal("192.0.2.1") == RATE_LIMIT  # refused attempts are attempts
    watch.now = 120.0
    assert admits(limit, "192.0.2.1")


def test_the_window_slides(watch: Watch) -> None:
    limit = Admission(2, (), watch)
    for watch.now, admitted in ((0, True), (50, True), (59, False), (111, True)):
        assert admits(limit, "192.0.2.1") is admitted


def test_only_the_exempt_address_itself_is_exempt(watch: Watch) -> None:
    limit = Admission(1, {"127.0.0.1", "::1"}, watch)
    assert all(admits(limit, address) for address in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] * 5)
    assert [admits(limit, "127.0.0.2") for _ in range(2)] == [True, False]


def test_a_network_of_ipv6_addresses_counts_as_one(watch: Watch) -> None:
    limit = Admission(2, (), watch)
    assert [admits(limit, f"2001:db8::{number}") for number in range(1, 4)] == [True, True, False]
    assert admits(limit, "2001:db8:0:1::1")


def test_the_table_of_addresses_is_bounded(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "MAX_ADDRESSES", 3)
    limit = Admission(1, (), watch)
    for last in range(1, 4):
        admits(limit, f"192.0.2.{last}")
    assert limit.refusal("192.0.2.1") == RATE_LIMIT  # still known, and now the one heard of last
    admits(limit, "192.0.2.4")  # pushes out 192.0.2.2
    assert limit.refusal("192.0.2.1") == RATE_LIMIT
    assert admits(limit, "192.0.2.2")


def test_blocked_networks_are_not_let_in_and_others_are(watch: Watch) -> None:
    limit = Admission(9, ("192.0.2.7",), watch, blocked=("192.0.2.0/24", "2001:db8::1"))
    for address in ("192.0.2.7", "192.0.2.255", "::ffff:192.0.2.1", "2001:db8::1"):
        assert limit.refusal(address) == BLOCKED
    for address in ("192.0.3.1", "2001:db8::2", "", "unix:"):
        assert admits(limit, address)
