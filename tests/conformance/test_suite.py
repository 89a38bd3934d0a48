"""All cases of a protocol by address, and a ground to play them on."""

import io
from dataclasses import replace

import pytest
from pydantic import JsonValue

from conformance import suite
from conformance.playground import Options
from conformance.runner import Finished, run
from conformance.suite import SUITES, ground, suite_of
from conformance.verdict import Outcome
from protocols import hub
from protocols.errors import TargetUnreachable, UsageError
from reference_server.serve import running
from reference_server.settings import Settings
from simulators.people_config import Account, Jwt, PeopleConfig, Way
from simulators.target import Target

SUITE = suite_of("space")


def addresses(*selected: str) -> list[str]:
    return [case.address for case in SUITE.select(selected)]


def test_addresses_are_unique_and_the_same_every_time() -> None:
    once, again = ([case.address for case in SUITE.cases()] for _ in range(2))
    assert once == again
    assert len(set(once)) == len(once)


def test_what_is_selected_is_selected_in_the_order_of_the_suite() -> None:
    assert addresses() == [case.address for case in SUITE.cases()]
    assert addresses("space") == addresses()
    jump = addresses("space/player:jump")
    assert jump == [address for address in addresses() if address.startswith("space/player:jump/")]
    assert addresses("space/player:jump/") == jump
    assert addresses("space/player:jump", "space/player:jump/valid") == jump


def test_a_requirement_selects_what_cites_it() -> None:
    assert addresses("space/move/2") == ["space/move/surplus"]
    for address in addresses("space/party/4"):
        [case] = [case for case in SUITE.cases() if case.address == address]
        assert "space/party/4" in case.cites


def test_an_address_ends_at_a_slash() -> None:
    assert not set(addresses("space/all/1")) & {"space/all/too-big"}
    with pytest.raises(UsageError, match="no case and no requirement is called 'space/player'"):
        addresses("space/player")


@pytest.mark.parametrize("address", ["", "space/", "spac", "gateway", "space/jump/99", "SPACE"])
def test_what_selects_nothing_is_refused(address: str) -> None:
    if address == "space/":
        assert addresses(address) == addresses()
        return
    with pytest.raises(UsageError, match="`rehearsal check --list --cases` shows them all"):
        addresses("space/player:jump", address)


@pytest.mark.parametrize("address", SUITE.untested)
def test_what_cannot_be_tested_says_why(address: str) -> None:
    with pytest.raises(UsageError, match=f"^{address} is not tested: "):
        addresses(address)


def test_every_suite_is_found_by_the_name_of_its_protocol() -> None:
    for one in SUITES:
        assert suite_of(one.protocol.name) is one


def test_a_protocol_without_a_suite_is_told_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suite, "SUITES", (SUITE,))
    with pytest.raises(UsageError, match=r"^hub cannot be judged yet: it has no suite; there is one for space$"):
        suite_of("hub")


def test_a_wrong_token_in_the_file_is_no_failure_of_the_target() -> None:
    users = tuple(Account(id=f"user-{n}", nickname="Ana", token=f"auth-{n}") for n in range(4))
    with running(Settings(port=0, protocols=("space",)), log_stream=io.StringIO()) as url:
        target = replace(Target.at(url, patience=0.3), people=PeopleConfig(users=users))
        with ground(target, Options(seed=1)) as playground:
            [case] = [case for case in SUITE.cases() if case.address == "space/player:jump/valid"]
            [finished] = [event for event in run(playground, [case]) if isinstance(event, Finished)]
    assert {verdict.outcome for verdict in finished.verdicts} == {Outcome.UNKNOWN}
    assert "UsageError: the target refused user-0's session" in finished.verdicts[0].reason


def test_no_ground_where_the_credentials_of_the_file_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suite, "SUITES", (replace(SUITE, protocol=hub.PROTOCOL),))
    claims: dict[str, JsonValue] = {"id": "{id}", "email": "a@example.org", "nickname": "Ana"}
    guests = Way(jwt=Jwt(claims=claims, secret="a secret that the target does not share"))
    with running(Settings(port=0, protocols=("hub",)), log_stream=io.StringIO()) as url:
        target = replace(Target.at(url, protocol="hub"), people=PeopleConfig(guests=guests))
        with (
            pytest.raises(UsageError, match=r"refused guest-0's session: Invalid token; is it right in \[people\]\?"),
            ground(target, Options()),
        ):
            pytest.fail("nobody may enter")


def test_no_ground_where_nobody_is() -> None:
    with pytest.raises(TargetUnreachable), ground(Target.at("http://127.0.0.1:9", patience=0.3), Options()):
        pytest.fail("there is nobody")
