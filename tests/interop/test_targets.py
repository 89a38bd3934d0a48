"""The target files of examples/targets, each tried on the server that it is for, as the judge starts it."""

import io
from pathlib import Path

import pytest

from conformance.verdict import Outcome
from reference_server.serve import running
from reference_server.settings import Settings
from simulators.target import Target
from tests.faults.patience import UNHURRIED
from tests.free_port import free_port

from .conftest import Install
from .served import judged

TARGETS = Path(__file__).parents[2] / "examples" / "targets"
TRIED = ["hub/handshake", "hub/join_room/arguments", "hub/typing/valid", "hub/typing/state", "hub/notification"]
TRIED += ["hub/all/in-one-breath"]


@pytest.fixture
def elsewhere(tmp_path: Path, install: Install) -> "Elsewhere":
    install(TARGETS)
    return Elsewhere(tmp_path)


class Elsewhere:
    """Writes target files anew for another port, so that nobody else is there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def target(self, name: str, *changes: tuple[str, str]) -> Target:
        """Return what a file says, once some of its words are changed."""
        text = (TARGETS / f"{name}.toml").read_text()
        port = text.split('url = "http://127.0.0.1:', 1)[1].split('"', 1)[0]
        for old, new in ((port, str(free_port())), ("[process]", f'[process]\ncwd = "{TARGETS}"'), *changes):
            assert old in text
            text = text.replace(old, new)
        path = self._folder / f"{name}.toml"
        path.write_text(text)
        return Target.load(path, patience=UNHURRIED)


@pytest.mark.parametrize(
    ("name", "skipped"),
    [
        ("plain", set()),
        ("nest-like", set()),
        ("mounted", {"foreign", "expired", "claims"}),
        ("accounts", {"foreign", "expired", "claims"}),
    ],
)
def test_nothing_is_wrong_with_them(elsewhere: Elsewhere, name: str, skipped: set[str]) -> None:
    verdicts = judged(elsewhere.target(name), TRIED)

    wrong = [verdict for verdict in verdicts if verdict.outcome not in {Outcome.PASS, Outcome.SKIP}]
    assert wrong == []
    idle = {verdict.case.split("/")[2] for verdict in verdicts if verdict.outcome is Outcome.SKIP}
    assert idle >= skipped
    played = {verdict.case for verdict in verdicts if verdict.outcome is Outcome.PASS}
    assert played >= {"hub/handshake/missing", "hub/handshake/malformed", "hub/typing/valid", "hub/typing/state"}
    assert not any(case.startswith("hub/notification/") for case in played)  # it does not claim to have any


def test_what_the_file_does_not_allow_is_a_fault(elsewhere: Elsewhere) -> None:
    """The server that refuses as NestJS does breaks the contract, unless its file says that this counts."""
    strict = elsewhere.target("nest-like", ('handshake = ["disconnect"]', ""), ('event = "exception"', ""))
    verdicts = judged(strict, ["hub/handshake/missing", "hub/typing/state"])

    broken = {"/".join(verdict.case.split("/")[:3]) for verdict in verdicts if verdict.outcome is Outcome.FAIL}
    assert broken == {"hub/handshake/missing", "hub/typing/state"}


def test_our_own_server() -> None:
    with running(Settings(port=0), log_stream=io.StringIO()) as url:
        target = Target.load(TARGETS / "reference.toml", url=url, patience=UNHURRIED)
        verdicts = judged(target, ["space/chat:message/valid", "space/whisper/nowhere"])

    assert verdicts
    assert [verdict for verdict in verdicts if verdict.outcome not in {Outcome.PASS, Outcome.SKIP}] == []
