"""Servers in Node that die, or hang, of one input: it is named, the server is brought back, and the rest is tried."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.checks import Check
from conformance.playground import Options
from conformance.process import Life, examine
from conformance.runner import Finished, RunEvent, TargetDied, run
from conformance.suite import ground, suite_of
from conformance.verdict import Outcome, Verdict
from rehearsal.check import Request, check
from rehearsal.target_options import TargetOptions
from simulators.engine import Engine
from simulators.tables import read_table
from simulators.target import Target
from tests.free_port import free_port

from .conftest import HERE
from .served import served

SECRET = "rehearsal-development-secret-known-to-everybody"
Fragile = Callable[..., Target]


@pytest.fixture
def fragile(node: str) -> Fragile:
    """Return a target file's content for the fragile server in some manner, which the judge starts."""

    def made(*manner: str, script: str = "fragile.js", deaths: int = 2) -> Target:
        port = free_port()
        start = (node, str(HERE / script), str(port), *manner)
        return read_table(
            Target,
            {
                "url": f"http://127.0.0.1:{port}",
                "protocol": "hub",
                "namespace": "/",
                "process": {"start": start, "ready": "listening on", "deaths": deaths},
                "people": {
                    "guests": {
                        "id": "guest-{run}-{n}",
                        "jwt": {
                            "secret": SECRET,
                            "claims": {"id": "{id}", "nickname": "{nickname}", "email": "{id}@example.org"},
                        },
                    }
                },
                "scope": {"lacks": ["notification", "hub/notification", "hub/http"]},
            },
        )

    return made


def played(target: Target, *addresses: str, budget_s: float = 1.0) -> list[RunEvent]:
    cases = suite_of(target.protocol).select(addresses)
    with ground(target, Options(seed=1, budget_s=budget_s)) as playground:
        return list(run(playground, cases))


def verdicts(events: list[RunEvent]) -> list[Verdict]:
    return [verdict for event in events if isinstance(event, Finished) for verdict in event.verdicts]


def killers(events: list[RunEvent]) -> dict[str, Verdict]:
    return {one.case: one for one in verdicts(events) if one.check is Check.SERVER_SURVIVES}


def test_a_server_that_dies_of_null_is_judged_to_the_end_with_each_killing_input_named(fragile: Fragile) -> None:
    addresses = ["hub/join_room", "hub/typing/invalid", "hub/typing/valid", "hub/all/order"]
    events = played(fragile(), *addresses)

    ended = [event.case for event in events if isinstance(event, Finished)]
    assert {case.address for case in ended} == {case.address for case in suite_of("hub").select(addresses)}
    assert not any(isinstance(event, TargetDied) for event in events)
    found = killers(events)
    assert found.keys() >= {"hub/join_room/invalid/type/null", "hub/typing/invalid/type/null"}
    for address, verdict in found.items():
        operation = address.split("/")[1]
        assert verdict.requirement == "hub/all/1"
        assert 'it died: ended with code 1: "TypeError: Cannot read properties of ' in verdict.came
        assert f"> {operation}" in verdict.came
        assert any(f"> {operation}" in line for line in verdict.conversation)
        assert verdict.conversation[-1] == f"! {verdict.came}"
    others = {one.case for one in verdicts(events) if one.outcome is Outcome.PASS}
    assert others >= {"hub/join_room/valid", "hub/typing/valid", "hub/all/order"}
    assert {one.outcome for one in verdicts(events)} <= {Outcome.PASS, Outcome.SKIP, Outcome.FAIL}


def test_what_has_ended_it_often_enough_is_set_aside(fragile: Fragile) -> None:
    events = played(fragile(deaths=1), "hub/join_room/invalid", "hub/join_room/arguments", "hub/join_room/valid")

    assert list(killers(events)) == ["hub/join_room/invalid/type/null"]
    [arguments] = [one for one in verdicts(events) if one.case == "hub/join_room/arguments"]
    assert arguments.outcome is Outcome.SKIP
    assert arguments.reason.startswith("set aside: 1 inputs of join_room have ended the target")
    untried = [event.untried for event in events if isinstance(event, Finished) and event.case.kind == "invalid"]
    assert any("set aside" in reason for reason in untried[0].values())
    assert "hub/join_room/valid" in {one.case for one in verdicts(events) if one.outcome is Outcome.PASS}


def test_one_that_hangs_is_told_from_one_that_has_died(fragile: Fragile) -> None:
    target = replace(fragile("hangs", deaths=1), patience=1.0)
    events = played(target, "hub/send_message/invalid", "hub/send_message/valid")

    [verdict] = killers(events).values()
    assert "it hangs: it takes connections, and has answered nothing for" in verdict.came
    assert "> send_message" in verdict.came
    assert "hub/send_message/valid" in {one.case for one in verdicts(events) if one.outcome is Outcome.PASS}


def test_random_conversations_go_on_after_a_death(fragile: Fragile) -> None:
    events = played(fragile(deaths=1), "hub/leave_room/random", budget_s=6.0)

    assert {one.outcome for one in verdicts(events)} <= {Outcome.PASS, Outcome.FAIL}
    assert not any(isinstance(event, TargetDied) for event in events)
    for verdict in killers(events).values():
        assert verdict.requirement == "hub/all/1"
        assert any("> leave_room" in line for line in verdict.conversation)


def test_one_that_cannot_be_brought_back_is_reported_with_what_was_found(
    fragile: Fragile, node: str, tmp_path: Path
) -> None:
    with served(node, HERE / "fragile.js") as url:
        path = tmp_path / "target.toml"
        path.write_text(
            f'url = "{url}"\nprotocol = "hub"\nnamespace = "/"\n[people.guests]\nid = "guest-{{run}}-{{n}}"\n'
            f'jwt = {{ secret = "{SECRET}", '
            'claims = { id = "{id}", nickname = "{nickname}", email = "{id}@example.org" } }\n'
        )
        request = Request(
            where=TargetOptions(file=path),
            addresses=("hub/join_room/invalid", "hub/conversation/random"),
            options=Options(seed=1),
        )
        ears = Ears()
        assert check(request, [ears]) == 2

    died = [event for event in ears.events if isinstance(event, TargetDied)]
    assert len(died) == 1
    assert "cannot be brought back: nobody has said how the target is started" in died[0].reason
    assert list(killers(ears.events)) == ["hub/join_room/invalid/type/null"]
    assert died[0] is ears.events[-1]


class Ears:
    """Keeps what a run tells."""

    def __init__(self) -> None:
        self.events: list[RunEvent] = []

    def hear(self, event: RunEvent, tally: object) -> None:
        self.events.append(event)

    def end(self, report: object) -> None:
        """Keep nothing of the report."""


def test_an_end_that_comes_late_is_laid_to_the_input_that_brings_it_about(fragile: Fragile) -> None:
    """The server answers first and dies then, so that others may have been tried meanwhile."""
    events = played(fragile(script="belated.js", deaths=1), "hub/typing/arguments")

    [verdict] = killers(events).values()
    assert verdict.case == "hub/typing/arguments/null"
    assert any("> typing null" in line for line in verdict.conversation)
    assert "TypeError: null is no object" in verdict.came


def test_one_that_is_slow_lives(node: str) -> None:
    """What answers late, but does, is neither dead nor hangs."""
    with served(node, HERE / "belated.js", "0", "slow") as url, Engine() as engine:
        target = Target.at(url, protocol="hub", namespace="/")
        condition = engine.submit(examine(target, hang_s=120.0))

    assert condition.life is Life.SLOW
    assert "it is slow: a handshake took" in condition.words
