"""Each change of changes.yaml is one edit of base.yaml, and is judged as the table says."""

from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from protocols.bundle import bundle, dump
from protocols.diff import Change, Kind, compare
from protocols.document import load
from protocols.errors import SpecError
from protocols.lint import lint

HERE = Path(__file__).parent
BASE = HERE / "base.yaml"
TEXT = BASE.read_text(encoding="utf-8")


class Edit(NamedTuple):
    """One edit of base.yaml, and what it means."""

    name: str
    kind: str
    address: str
    old: str
    new: str


EDITS = [Edit(**edit) for edit in yaml.safe_load((HERE / "changes.yaml").read_text(encoding="utf-8"))]


def test_the_corpus_starts_from_a_clean_document() -> None:
    assert lint(BASE) == []
    assert compare(BASE, BASE) == []
    assert len({edit.name for edit in EDITS}) == len(EDITS) > 30


@pytest.mark.parametrize("edit", EDITS, ids=[edit.name for edit in EDITS])
def test_each_change_is_judged_as_the_corpus_says(edit: Edit, tmp_path: Path) -> None:
    assert TEXT.count(edit.old) == 1, "the edit is ambiguous"
    (tmp_path / "desk.yaml").write_text(TEXT.replace(edit.old, edit.new), encoding="utf-8")
    expected = [] if edit.kind == "none" else [(edit.kind, edit.address)]
    changes = compare(BASE, tmp_path / "desk.yaml")
    assert [(change.kind, change.address) for change in changes] == expected, changes
    # The same change is found where both documents are bundles, whose keys have prefixes.
    for name, path in (("old", BASE), ("new", tmp_path / "desk.yaml")):
        (tmp_path / f"{name}.yaml").write_text(dump(bundle([load(path)])), encoding="utf-8")
    assert compare(tmp_path / "old.yaml", tmp_path / "new.yaml") == changes


def test_events_and_protocols_that_come_and_go(tmp_path: Path) -> None:
    fewer = load(BASE).root
    assert isinstance(fewer, dict)
    operations = fewer["operations"]
    assert isinstance(operations, dict)
    del operations["emitError"], operations["onLeave"]
    (tmp_path / "fewer.yaml").write_text(dump(fewer), encoding="utf-8")
    assert compare(BASE, tmp_path / "fewer.yaml") == [
        Change(Kind.BREAKING, "desk/emitError", "the event error was removed"),
        Change(Kind.BREAKING, "desk/leave/1", "the MUST was removed"),
        Change(Kind.BREAKING, "desk/onLeave", "the event leave was removed"),
    ]
    assert compare(tmp_path / "fewer.yaml", BASE) == [
        Change(Kind.REVIEW, "desk/leave/1", "a MUST was added"),
        Change(Kind.COMPATIBLE, "desk/emitError", "the event error was added"),
        Change(Kind.COMPATIBLE, "desk/onLeave", "the event leave was added"),
    ]
    (tmp_path / "none.yaml").write_text("channels: {}\noperations: {}\n", encoding="utf-8")
    assert compare(BASE, tmp_path / "none.yaml") == [Change(Kind.BREAKING, "desk", "the protocol was removed")]
    assert compare(tmp_path / "none.yaml", BASE) == [Change(Kind.COMPATIBLE, "desk", "the protocol was added")]


def test_a_broken_payload_comes_with_an_example_that_shows_it(tmp_path: Path) -> None:
    text = TEXT.replace("text: {type: string, maxLength: 20}", "text: {type: string, maxLength: 10}")
    (tmp_path / "desk.yaml").write_text(text, encoding="utf-8")
    [change] = compare(BASE, tmp_path / "desk.yaml")
    assert change.witness == '{"text": "a rather long one", "topic": "life"}'
    assert str(change).endswith(f"no longer admits all that it did (such as {change.witness})")


def test_without_an_example_the_witness_is_a_schema(tmp_path: Path) -> None:
    (tmp_path / "desk.yaml").write_text(
        TEXT.replace("[question, remark]", "[question, remark, joke]"), encoding="utf-8"
    )
    [change] = compare(BASE, tmp_path / "desk.yaml")
    assert change.witness is not None
    assert '"joke"' in change.witness


def test_an_ack_that_a_client_writes_is_judged_the_other_way_round(tmp_path: Path) -> None:
    """The server may ask for an ack too: then it is what clients write that has to stay admitted."""
    reply = (
        "    reply:\n      channel: {$ref: '#/channels/deskAcks'}\n"
        "      messages: [{$ref: '#/channels/deskAcks/messages/AskAck'}]\n    x-ack: {required: false, timeout-ms: 9}\n"
    )
    old = TEXT.replace("    summary: Somebody asked something\n", reply)
    (tmp_path / "old.yaml").write_text(old, encoding="utf-8")
    (tmp_path / "new.yaml").write_text(
        old.replace("minimum: 1, maximum: 9", "minimum: 1, maximum: 10"), encoding="utf-8"
    )
    changes = compare(tmp_path / "old.yaml", tmp_path / "new.yaml")
    assert [(change.kind, change.address) for change in changes] == [
        (Kind.BREAKING, "desk/onAsk/ack"),
        (Kind.COMPATIBLE, "desk/emitAsked/ack"),
    ]


def test_a_handshake_that_asks_for_more_or_takes_more(tmp_path: Path) -> None:
    """The edits of the corpus go one way; these are what it is to undo two of them."""
    handshake = TEXT[TEXT.index("    x-handshake:") : TEXT.index("    x-connect:")]
    (tmp_path / "open.yaml").write_text(TEXT.replace(handshake, ""), encoding="utf-8")
    [asked] = compare(tmp_path / "open.yaml", BASE)
    assert (asked.kind, asked.address) == (Kind.BREAKING, "desk/x-handshake")
    (tmp_path / "bare.yaml").write_text(TEXT.replace("      header: true\n", ""), encoding="utf-8")
    [taken] = compare(tmp_path / "bare.yaml", BASE)
    assert (taken.kind, taken.address) == (Kind.COMPATIBLE, "desk/x-handshake")


def test_a_document_that_is_not_clean_is_refused(tmp_path: Path) -> None:
    (tmp_path / "desk.yaml").write_text(TEXT.replace("messages/AskAck'}]", "messages/AskAcks'}]"), encoding="utf-8")
    with pytest.raises(SpecError, match=r"desk\.yaml:49: .*AskAcks' names nothing"):
        compare(BASE, tmp_path / "desk.yaml")
