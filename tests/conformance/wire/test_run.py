"""Our own server keeps whatever the documents ask; and what a run says of one that dies, grows or is too hasty."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest

from conformance.checks import Check
from conformance.playground import Options
from conformance.reproduce.tape import CREDENTIALS, Said
from conformance.runner import Finished, TargetDied, TargetRevived
from conformance.verdict import Outcome
from conformance.wire.run import run, wire_ground
from conformance.wire.suite import CASES, WITHHELD, select
from protocols.errors import TargetUnreachable, UsageError
from reference_server.strict import session
from simulators.process import Process
from simulators.target import Target
from simulators.wire_config import WireConfig
from tests.free_port import free_port

from .echoing import strict
from .lies import closes_everybody
from .servers import judged, plain, served

MORTAL = Path(__file__).with_name("mortal.py")
BESIDE = [case.address for case in CASES if case.is_beside]
SCENES = [case.address for case in CASES if case.kind == "scene" and not case.is_beside]
FAMILIES = sorted({case.address.rpartition("/")[0] for case in CASES if case.address.startswith("wire/malformed/")})


@pytest.mark.parametrize("addresses", [SCENES, FAMILIES, BESIDE], ids=["scenes", "malformed", "beside"])
def test_our_server_keeps_them_all(addresses: list[str]) -> None:
    server = strict(ping_interval=0.5, ping_timeout=8.0) if addresses is BESIDE else strict()
    with served(server) as url:
        verdicts = judged(url, *addresses)
    assert [one for one in verdicts if one.outcome > Outcome.PASS] == []
    skipped = {one.case for one in verdicts if one.outcome is Outcome.SKIP and one.requirement != "wire/robust/4"}
    assert skipped <= {
        f"wire/malformed/ws/deflate/{name}" for name in ("compressed", "compressed-garbage", "compressed-bomb")
    }


def test_every_input_has_an_address_of_its_own() -> None:
    addresses = [case.address for case in CASES]
    assert len(set(addresses)) == len(addresses)
    assert sum(address.startswith("wire/malformed/ws/") for address in addresses) > 200
    assert sum(address.startswith("wire/malformed/polling/") for address in addresses) > 80
    assert WITHHELD


def test_an_address_that_selects_nothing_is_refused() -> None:
    assert [case.address for case in select(["wire/close/4"])] == ["wire/close/a-close-frame"]
    with pytest.raises(UsageError, match="wire/clos"):
        select(["wire/clos"])


def test_a_close_that_the_heartbeat_may_have_caused_shows_nothing() -> None:
    """python-socketio leaves such a socket open and dead, until its ping times out; a second later that looks well."""
    server = plain()
    server.eio.ping_interval, server.eio.ping_timeout = 1, 1
    with served(server) as url:
        (verdict,) = judged(url, "wire/close/a-close-packet-over-websocket")
    assert verdict.outcome is Outcome.UNKNOWN
    assert "the heartbeat closes what does not answer" in verdict.reason


def test_what_needs_events_of_the_server_says_so() -> None:
    with served(strict()) as url:
        verdicts = judged(url, "wire/event/an-echo", "wire/malformed/ws/relay/infinity", wire=WireConfig())
    assert {one.outcome for one in verdicts} == {Outcome.SKIP}
    assert all("name one in the target file" in one.reason for one in verdicts)


def test_credentials_are_not_shown() -> None:
    wire = WireConfig(auth={"token": "sesame"})
    with served(plain()) as url:
        (verdict,) = judged(url, "wire/close/a-close-packet-over-websocket", patience=1.0, wire=wire)
    assert "ann > 40{…}" in verdict.conversation
    assert "sesame" not in str(verdict)


def test_credentials_stand_in_no_tape_whoever_shows_them() -> None:
    """The stranger who says something wrong shows none; the witness that is not served any more has shown them."""
    wire = WireConfig(auth={"token": "sesame"})
    with mock.patch.object(session.Session, "fail", closes_everybody), served(strict()) as url:
        verdicts = judged(url, "wire/malformed/ws/engine/letters", wire=wire)
    (tape,) = (one.tape for one in verdicts if one.check is Check.STILL_SERVED)
    assert tape is not None
    assert any(isinstance(line, Said) and line.who == "witness" for line in tape.lines)
    said = [part for line in tape.lines if isinstance(line, Said) for part in line.parts]
    assert any(isinstance(part, str) and CREDENTIALS in part for part in said)
    assert "sesame" not in str(tape)


def test_who_does_not_speak_engine_io_cannot_be_judged() -> None:
    with (
        pytest.raises(TargetUnreachable, match="cannot be reached"),
        wire_ground(Target.at("http://127.0.0.1:1"), Options()),
    ):
        pass


def test_a_namespace_that_does_not_let_us_in_is_said() -> None:
    with served(strict()) as url:
        target = Target.at(url, namespace="/nowhere")
        with pytest.raises(UsageError, match="Invalid namespace"), wire_ground(target, Options()):
            pass


@contextmanager
def mortal(how: str) -> Iterator[str]:
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, MORTAL, how], stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        process.communicate()


def test_a_death_names_the_input() -> None:
    with mortal("dies") as url, wire_ground(Target.at(url), Options()) as ground:
        events = list(run(ground, select(["wire/malformed/ws/event", "wire/malformed/ws/packet"])))
    finished = [event for event in events if isinstance(event, Finished)]
    (verdict,) = finished[-1].verdicts
    assert (verdict.requirement, verdict.outcome) == ("wire/robust/3", Outcome.FAIL)
    assert verdict.case == "wire/malformed/ws/packet/empty"
    assert "ann > 4" in verdict.conversation
    assert isinstance(events[-1], TargetDied)


def test_who_is_brought_back_is_judged_to_the_end() -> None:
    port = free_port()
    start = (sys.executable, str(MORTAL), "dies", str(port))
    target = replace(Target.at(f"http://127.0.0.1:{port}"), process=Process(start=start, ready=str(port)))
    cases = select(["wire/malformed/ws/packet/empty", "wire/close/a-close-packet-over-websocket"])
    with wire_ground(target, Options()) as ground:
        events = list(run(ground, [*reversed(cases)]))
    ended = {
        one.case.address: max(verdict.outcome for verdict in one.verdicts)
        for one in events
        if isinstance(one, Finished)
    }
    assert list(ended.values()) == [Outcome.FAIL, Outcome.PASS]
    assert [type(one) for one in events[1:4]] == [Finished, TargetDied, TargetRevived]


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="only Linux tells how much memory a process holds")
def test_growth_names_the_input() -> None:
    with mortal("grows") as url:
        verdicts = judged(url, "wire/malformed/ws/packet/letters", wire=WireConfig())
    (failed,) = [one for one in verdicts if one.outcome is Outcome.FAIL]
    assert failed.requirement == "wire/robust/4"
    assert "it grew by 1" in failed.came
    assert failed.check is Check.MEMORY_FLAT
