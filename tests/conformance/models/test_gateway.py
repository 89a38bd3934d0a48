"""The judge of gateway where our own server never leads it: other shapes of lists, members alone, too few of them."""

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from conformance import symptom
from conformance.http import Reply
from conformance.models.gateway_cast import PAGE, listed, stands_twice
from conformance.playground import Options
from conformance.runner import Finished, run
from conformance.suite import ground, suite_of
from conformance.verdict import Broken, Outcome, Verdict
from reference_server.serve import running
from reference_server.settings import Settings
from simulators.people_config import PeopleConfig
from simulators.target import Target


def replied(body: str) -> Reply:
    response = SimpleNamespace(status=200, headers={}, method="GET", url=SimpleNamespace(path="/rooms"))
    return Reply(cast("Any", response), body.encode())


@pytest.mark.parametrize(
    ("body", "items"),
    [
        ('[{"id":"a"},{"id":"b"}]', [{"id": "a"}, {"id": "b"}]),
        ('{"rooms":[{"id":"a"}],"total":1}', [{"id": "a"}]),
        ('{"data":[]}', []),
        ("[]", []),
    ],
)
def test_a_list_may_stand_alone_or_in_an_object(body: str, items: object) -> None:
    assert listed(replied(body), "gateway/rooms/3") == items


@pytest.mark.parametrize("body", ["", "null", "7", "{}", '["a"]', '{"rooms":[],"more":[]}', '{"rooms":{}}', "<html>"])
def test_what_lists_nothing_is_broken(body: str) -> None:
    with pytest.raises(Broken, match="gateway/rooms/3: expected a JSON array"):
        listed(replied(body), "gateway/rooms/3")


def test_a_message_stands_twice_on_one_page_or_on_two() -> None:
    at = ("body", symptom.EACH, "messageId")
    [on_one] = stands_twice(at, ["a", "b", "b"], 1).tests
    [on_two] = stands_twice(at, [*map(str, range(PAGE)), "7"], 7).tests

    assert on_one == symptom.Test(at, "is", ["a", "b", "b"])
    assert on_two == symptom.Test(at, "has", "7")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running(Settings(port=0, protocols=("gateway",))) as url:
        yield url


def judged_with_users(url: str, number: int) -> list[Verdict]:
    """Play some cases on a target that lets no guests in and has so many users, who log in with their passwords."""
    reference = Target.at(url, protocol="gateway").sessions
    people = PeopleConfig(users=reference.users[:number], login=reference.login)
    cases = suite_of("gateway").select(["gateway/join/twice", "gateway/rooms/mine", "gateway/rooms/join"])
    with ground(replace(Target.at(url, protocol="gateway"), people=people), Options(seed=0)) as played:
        return [v for event in run(played, cases) if isinstance(event, Finished) for v in event.verdicts]


def test_members_need_no_guests(url: str) -> None:
    assert {verdict.outcome for verdict in judged_with_users(url, 8)} == {Outcome.PASS}


def test_too_few_members_say_so(url: str) -> None:
    verdicts = judged_with_users(url, 3)
    assert {verdict.outcome for verdict in verdicts} == {Outcome.SKIP}
    assert all("more people are needed than the target's 3 users" in verdict.reason for verdict in verdicts)
