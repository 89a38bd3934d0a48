"""A server that is started again with its journal goes on where the last one ended, however that was."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.contract import Json
from protocols.errors import UsageError
from reference_server.clock import ManualClock
from reference_server.effects import (
    Answer,
    Connected,
    Delivery,
    Effect,
    Entry,
    Garbled,
    Gone,
    Later,
    Notify,
    Said,
    Stamp,
)
from reference_server.journal import Journal, seeded_entropy
from reference_server.journal_file import JournalFile
from reference_server.rules.dongne_center import Attempted, Channel, Errand
from reference_server.rules.space_commands import FlushMove, LogGuestEvent
from reference_server.serve import running
from reference_server.settings import Settings
from simulators.endpoint import Endpoint
from simulators.engine import Engine, SyncConnection

from .house import WITHIN_S
from .toy import PROTOCOL, Say, Toy

TEXT = st.text(st.characters(), max_size=5)
"""Lone surrogates too: what is garbled may hold anything."""
JSON: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=4,
)
ENTRIES: st.SearchStrategy[Entry] = st.one_of(
    st.builds(Connected, TEXT, JSON, st.dictionaries(TEXT, JSON, max_size=2), st.none() | st.integers(), TEXT),
    st.builds(
        Said,
        TEXT,
        st.builds(Say, text=st.text(max_size=5)),
        st.none() | st.builds(Answer, st.booleans(), st.dictionaries(TEXT, st.text(max_size=2)), TEXT),
        st.none() | st.integers(0, 2**53),
    ),
    st.builds(Garbled, TEXT, TEXT, TEXT, st.none() | st.integers(0, 9)),
    st.builds(Gone, TEXT, TEXT),
    st.builds(LogGuestEvent, st.just("t"), st.just("s"), st.just("CHAT"), st.dictionaries(st.text(), st.integers())),
)


@given(entries=st.lists(ENTRIES, max_size=5), now_ms=st.integers(0, 2**48), entropy=st.binary(min_size=32, max_size=32))
def test_what_is_read_is_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, entries: list[Entry], now_ms: int, entropy: bytes
) -> None:
    path = tmp_path_factory.mktemp("journal") / "toy.jsonl"
    stamp = Stamp(now_ms, entropy)
    with JournalFile(path, PROTOCOL) as file:
        for entry in entries:
            file.append(entry, stamp)
    with JournalFile(path, PROTOCOL) as file:
        assert list(file.read()) == [(entry, stamp) for entry in entries]


ERRAND = Errand(user_id="u1", notice_id="n1", channel=Channel.PUSH)


class Promising(Toy):
    """Puts something off for a second at each word."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        yield from super().handle(entry, stamp)
        if isinstance(entry, Said):
            yield Later(1000, FlushMove(str(entry.event.to_json()["text"]), stamp.fresh("id")))
            if entry.ack is not None:
                raise ZeroDivisionError


def journal(path: Path, clock: ManualClock) -> tuple[Journal, Promising]:
    rules = Promising()
    return Journal(rules, clock, seeded_entropy(1, "toy"), JournalFile(path, PROTOCOL)), rules


def test_the_state_comes_back_and_what_was_put_off_is_still_to_come(tmp_path: Path) -> None:
    clock = ManualClock(5000)
    first, rules = journal(tmp_path / "toy.jsonl", clock)
    first.enter(Connected("a"))
    first.enter(Connected("b"))
    first.enter(Said("a", Say(text="one")))
    clock.advance(400)
    first.enter(Said("b", Say(text="two"), ack=1))  # crashes after it has put something off
    first.enter(Gone("a"))
    rung = next(
        effect.command for effect in first.enter(Said("b", Say(text="three"))).effects if isinstance(effect, Later)
    )
    first.enter(rung)
    first.close()

    second, again = journal(tmp_path / "toy.jsonl", late := ManualClock(100))
    left = second.resume()
    assert again.entries == rules.entries
    assert left.sids == ("b",)
    assert [(due, command.space_id) for due, command in left.timers if isinstance(command, FlushMove)] == [
        (6000, "one"),
        (6400, "two"),
    ]
    assert late.now_ms() == 5400
    [later] = second.enter(Said("b", Say(text="four"))).effects
    assert isinstance(later, Later)
    assert isinstance(later.command, FlushMove)
    ids = [stamp.fresh("id") for entry, stamp in again.entries]
    assert len(set(ids)) == len(ids) == 8  # the same seed, and nothing twice
    second.close()


def test_a_last_line_that_is_cut_off_is_dropped_and_written_over(tmp_path: Path) -> None:
    path = tmp_path / "toy.jsonl"
    first, _ = journal(path, ManualClock())
    first.enter(Connected("a"))
    first.close()
    path.write_bytes(path.read_bytes() + b'{"now": 7, "entr')
    second, _ = journal(path, ManualClock())
    assert second.resume().sids == ("a",)
    second.enter(Connected("b"))
    second.close()
    third, _ = journal(path, ManualClock())
    assert third.resume().sids == ("a", "b")
    third.close()


@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        "[]",
        json.dumps({"now": 1, "entropy": "00", "entry": "Connected", "of": {"who": 1}}),
        json.dumps({"now": 1, "entropy": "00", "said": ["a", "shout", [], None, None]}),
        json.dumps({"now": 1, "entropy": "00", "said": ["a", "say", [{"text": 7}], None, None]}),
        json.dumps({"now": 1, "entropy": "00", "command": "rules.space:Space", "of": {}}),
        json.dumps({"now": 1, "entropy": "00", "command": "rules.nowhere:Ring", "of": {}}),
    ],
)
def test_what_no_server_wrote_is_told_with_its_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "toy.jsonl"
    path.write_text(line + "\n")
    rules, _ = journal(path, ManualClock())
    with pytest.raises(UsageError, match=rf"{path}:1: no entry of toy"):
        rules.resume()
    rules.close()


def test_two_servers_do_not_share_one(tmp_path: Path) -> None:
    with JournalFile(tmp_path / "toy.jsonl", PROTOCOL):
        assert (tmp_path / "toy.jsonl").stat().st_mode & 0o777 == 0o600
        with pytest.raises(UsageError, match="another server writes"):
            JournalFile(tmp_path / "toy.jsonl", PROTOCOL)
    with pytest.raises(UsageError, match="cannot be opened"):
        JournalFile(tmp_path / "toy.jsonl" / "toy.jsonl", PROTOCOL)


def test_a_server_goes_on_with_what_another_promised(engine: Engine, tmp_path: Path) -> None:
    settings = Settings(port=0, journal=tmp_path, json_logs=True, time_scale=20)

    def connect(url: str) -> SyncConnection:
        return SyncConnection.open(engine, Endpoint(url=url, namespace="/toy"), PROTOCOL, "somebody")

    with running(settings, [Promising()], log_stream=io.StringIO()) as url:
        connect(url).emit(Say(text="x"))
    with running(settings, [again := Promising()], log_stream=io.StringIO()) as url:
        somebody = connect(url)
        somebody.fence(within_s=WITHIN_S)
        somebody.close()
    kinds = [type(entry).__name__ for entry, _ in again.entries]
    assert kinds[:3] == ["Connected", "Said", "Gone"]


def test_a_delivery_of_which_nobody_heard_has_failed(tmp_path: Path) -> None:
    class Delivering(Toy):
        def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
            if isinstance(entry, Said):
                yield Notify("push", {}, Attempted(errand=ERRAND))

    def begin() -> Journal:
        return Journal(Delivering(), ManualClock(), file=JournalFile(tmp_path / "toy.jsonl", PROTOCOL))

    first = begin()
    first.enter(Said("a", Say(text="x")))
    first.enter(Said("a", Say(text="y")))
    first.enter(Attempted(errand=ERRAND, delivery=Delivery.DELIVERED))
    first.close()
    second = begin()
    assert [command for _, command in second.resume().timers] == [Attempted(errand=ERRAND)]
    second.close()
