"""Servers that verify sessions wrongly are failed there."""

import re
from collections.abc import Iterator
from dataclasses import replace

import aiohttp
import pytest

from conformance.playground import Playground
from reference_server import verify
from reference_server.effects import Answer, Effect, Entry, Said, Stamp
from reference_server.mode import Mode
from reference_server.rules.space import Space
from reference_server.settings import Settings
from rehearsal.inside import sessions

from .broken import Started, TalksSlowly, failure


class FailsOpen(Space):
    """Takes silence of the verifier for a yes."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(entry, Said) and entry.answer is not None and entry.answer.failed:
            entry = replace(entry, answer=Answer(valid=True, claims={"participantId": "anybody", "nickname": "eve"}))
        yield from super().handle(entry, stamp)


class AsksAboutAll(Space):
    """Lets the verifier vouch for dev-* too."""

    def __init__(self, *arguments: object, **options: object) -> None:
        super().__init__(*arguments, **options)  # type: ignore[arg-type]  # those of Space, whatever they are
        self._sessions.is_own = lambda token: token == ""  # type: ignore[method-assign]  # that is what is broken


def test_a_server_that_never_knows_development(outer: Playground) -> None:
    strict = Started(settings=lambda settings: replace(settings, mode=Mode.PRODUCTION))
    failure(outer, sessions.session__development, strict)


@pytest.mark.parametrize("setting", ["test_credentials", "seed"])
def test_a_setting_that_switches_the_mode(unhurried: Playground, setting: str) -> None:
    def weaken(settings: Settings) -> Settings:
        return replace(settings, mode=Mode.DEVELOPMENT) if getattr(settings, setting) else settings

    found = failure(unhurried, sessions.session__no_setting_weakens_it, Started(settings=weaken))
    assert setting in found.came
    assert "space/session/1" in found.also


def test_a_verifier_that_may_vouch_for_dev(unhurried: Playground) -> None:
    found = failure(unhurried, sessions.session__no_setting_weakens_it, Started(rules=AsksAboutAll))
    assert "verify_url" in found.came


@pytest.mark.parametrize(
    "wrong",
    [Started(settings=lambda settings: replace(settings, verify_url="")), Started(rules=FailsOpen)],
    ids=["never asks", "fails open"],
)
def test_a_verifier_that_is_not_heeded(outer: Playground, wrong: Started) -> None:
    failure(outer, sessions.session__external_verifier, wrong)


# Where both verifiers are cut off too soon, either of them may be the one that is noticed first.
@pytest.mark.parametrize(
    ("limit_s", "came"),
    [(0.5, r"^slow |^after [01]\."), (2.2, r"^slow |^after 2\."), (5.0, "^stuck did not hear error")],
)
def test_a_verifier_that_has_another_time(
    outer: Playground, monkeypatch: pytest.MonkeyPatch, limit_s: float, came: str
) -> None:
    monkeypatch.setattr(verify, "_LIMIT", aiohttp.ClientTimeout(total=limit_s))
    found = failure(outer, sessions.session__verifier_hangs)
    assert re.search(came, found.came)


def test_a_verifier_that_everybody_waits_for(outer: Playground) -> None:
    found = failure(outer, sessions.session__verifier_hangs, Started(rules=TalksSlowly))
    assert "the quickest took" in found.came
