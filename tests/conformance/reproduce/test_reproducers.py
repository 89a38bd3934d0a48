"""A failure leaves scripts that show it to anybody: on the faulty server they do, on the whole one they do not."""

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import TypeAlias

import pytest

from conformance.defects import defects_of
from conformance.playground import Options
from conformance.reproduce.files import Reproducer, Reproducers
from conformance.runner import Finished
from conformance.verdict import Outcome, Verdict
from tests.conformance.reproduce.alone import Ended, run_node, run_python
from tests.faults.fault import Fault
from tests.faults.judging import judging
from tests.faults.registry import fault_named
from tests.faults.serving import serving
from tests.faults.subjects import Play, cases, settings

PATIENCE = 2.0
SHOWN = {
    "space/PartyLeak": "something comes that must not",
    "gateway/Unacknowledged": "something does not come",
    "gateway/AcknowledgedTwice": "an ack comes that nobody asked for",
    "space/InvalidDisconnects": "a connection ends",
    "hub/TokensAreForEver": "nobody is refused",
    "space/ContentNotTrimmed": "a value is another",
    "space/ClientIdTrusted": "a value is another's",
    "hub/FieldsOfItsOwn": "a key is too many",
    "dongne/NewcomerMissing": "an item of a list is missing",
    "gateway/ShortPages": "a list is too short, after much was said in turns",
    "hub/CountsNobody": "a number is too small",
    "gopang/HashOfTheIdAlone": "a hash is that of something else",
    "hub/MessagesToTheRefused": "something comes to who was refused",
    "gopang/AckFirst": "one thing comes before another",
    "hub/LeavingIsSlow": "all things together come in another order",
    "dongne/TypingEndsTooSoon": "something comes by itself, too early",
    "space/AFewMore": "too many come, from an address of their own",
    "hub/TheDeadLive": "a handshake says something else",
    "hub/PollersHearTwice": "it is so over polling",
    "hub/Framed": "an answer over HTTP is another",
    "hub/SecondJoinKills": "the server dies",
    "wire/NotFoundInstead": "bytes over HTTP are answered otherwise",
    "wire/NothingIsWrong": "bytes over a WebSocket are answered otherwise",
    "wire/AcksTwice": "bytes are answered twice, to who shows a token",
    "wire/AllPay": "somebody else is disconnected",
    "wire/PingsForPongs": "pings come too often",
}
"""Faulty servers over all protocols and the wire, one for each kind of symptom."""

Whole: TypeAlias = Callable[[str], str]


@pytest.fixture(scope="module")
def whole() -> Iterator[Whole]:
    """Give the URL of a server without a fault, one for each protocol that is asked for."""
    with ExitStack() as stack:

        @cache
        def url_of(protocol: str) -> str:
            return stack.enter_context(serving(settings(protocol))).url

        yield url_of


@pytest.mark.parametrize("name", SHOWN)
def test_a_failure_is_shown_by_its_scripts_alone(name: str, whole: Whole, tmp_path: Path) -> None:
    if shutil.which("node") is None:
        pytest.skip("scripts for Node need Node.js")
    fault = fault_named(name)
    reproducer = _reproducer(fault, tmp_path)
    python, node = tmp_path / reproducer.python, tmp_path / reproducer.node
    # Each language has a faulty server of its own: some of them do not outlast the first script.
    with (
        serving(settings(fault.protocol), [name]) as faulty,
        serving(settings(fault.protocol), [name]) as another,
        ThreadPoolExecutor() as at_once,
    ):
        right = whole(fault.protocol)
        runs = {
            "Python, faulty": at_once.submit(run_python, python, faulty.url),
            "Node, faulty": at_once.submit(run_node, node, another.url),
            "Python, whole": at_once.submit(run_python, python, right),
            "Node, whole": at_once.submit(run_node, node, right),
        }
        ended: dict[str, Ended] = {who: future.result() for who, future in runs.items()}

    codes = {who: one.code for who, one in ended.items()}
    assert codes == {"Python, faulty": 1, "Node, faulty": 1, "Python, whole": 0, "Node, whole": 0}, ended
    for script in (python, node):
        assert len(script.read_text().splitlines()) <= 40, script.read_text()


def _reproducer(fault: Fault, folder: Path) -> Reproducer:
    """Judge a faulty server until it fails at its requirement, and write what shows that."""
    with judging(fault.protocol, Options(seed=0), faults=[fault.name], patience=PATIENCE) as play:
        found = _first_failure(play, fault)
    [written] = Reproducers(folder).write(defects_of([found], lambda verdict: True), {}).values()
    assert not written.unshown
    return written


def _first_failure(play: Play, fault: Fault) -> Verdict:
    address = fault.case or fault.requirement
    suspects = [case for case in cases(fault.protocol) if case.is_under(address) and not case.is_slow]
    for case in sorted(suspects, key=lambda case: (case.is_random, case.kind == "scene")):
        for event in play([case]):
            for verdict in event.verdicts if isinstance(event, Finished) else ():
                if verdict.outcome is Outcome.FAIL and fault.requirement in (verdict.requirement, *verdict.also):
                    return verdict
    pytest.fail(f"{fault.name} went unnoticed")
