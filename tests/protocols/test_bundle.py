"""The bundle needs no other file, says what the sources say, and is written the same way every time."""

from pathlib import Path

import pytest

from protocols.bundle import bundle, bundle_text
from protocols.diff import compare
from protocols.document import Document, load
from protocols.errors import SpecError
from protocols.lint import lint

ROOT = Path(__file__).parent.parent.parent
SPEC = ROOT / "spec"
FIXTURES = Path(__file__).parent / "lint"
DESK = (FIXTURES / "valid.yaml").read_text(encoding="utf-8")
SHARED = (FIXTURES / "shared.yaml").read_text(encoding="utf-8")


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    """A contract of two protocols, whose keys are all the same."""
    sources = tmp_path / "protocols"
    sources.mkdir()
    (sources / "common.yaml").write_text(SHARED, encoding="utf-8")
    desk = DESK.replace("shared.yaml", "common.yaml")
    (sources / "desk.yaml").write_text(desk, encoding="utf-8")
    bar = desk.replace("/desk", "/bar").replace("  desk:", "  bar:").replace("deskAcks", "barAcks")
    (sources / "bar.yaml").write_text(bar.replace("title: desk", "title: bar"), encoding="utf-8")
    return tmp_path


def written(text: str, path: Path) -> Document:
    path.write_text(text, encoding="utf-8")
    return load(path)


def test_our_own_bundle_is_clean_and_says_what_the_sources_say(tmp_path: Path) -> None:
    path = tmp_path / "asyncapi.yaml"
    path.write_text(bundle_text(SPEC), encoding="utf-8")
    assert lint(path) == []
    for source in (SPEC / "protocols").glob("*.yaml"):
        if source.name != "common.yaml":
            assert [change for change in compare(source, path) if change.what != "the protocol was added"] == []


def test_protocols_with_the_same_names_do_not_meet(spec: Path) -> None:
    document = written(bundle_text(spec), spec / "asyncapi.yaml")
    assert lint(spec / "asyncapi.yaml") == []
    assert [key for key, _ in document.top["channels"].items()] == ["bar", "barAcks", "desk", "deskAcks"]
    assert [key for key, _ in document.top["servers"].items()] == ["bar.local", "desk.local"]
    schemas = [key for key, _ in document.top["components"]["schemas"].items()]
    assert schemas.count("common.Id") == 1
    assert {"bar.Ask", "desk.Ask"} < set(schemas)
    ask = document.top["operations"]["desk.onAsk"]
    assert ask["x-triggers"]["0"]["operation"].node == "desk.emitAsked"
    assert ask["x-errors"]["1"]["event"].node == "desk.emitError"
    assert document.top["channels"]["desk"]["x-disconnect"].node == "desk.onLeave"
    source = load(spec / "protocols" / "desk.yaml").top["operations"]["onAsk"]
    assert ask["x-triggers"]["0"]["where"].node == source["x-triggers"]["0"]["where"].node
    assert document.top["info"]["title"].node == "bar, desk"
    assert document.top["info"]["license"].node == {"name": "MIT"}


def test_no_reference_leaves_the_bundle(spec: Path) -> None:
    document = written(bundle_text(spec), spec / "asyncapi.yaml")
    references = [place for place in document.top.walk() if place.ref is not None]
    assert len(references) > 20
    for place in references:
        assert (place.ref or "").startswith("#/")
        assert place.follow().document is document
    requirement = document.top["channels"]["desk"]["x-requirements"]["0"]
    assert requirement.node == {"id": "all/1", "level": "MUST", "text": "Nothing breaks."}


def test_bundling_is_deterministic_and_a_bundle_bundles_into_itself(spec: Path) -> None:
    for folder in (spec, SPEC):
        text = bundle_text(folder)
        assert text == bundle_text(folder)
        document = written(text, spec / "again.yaml")
        assert bundle([document]) == document.root


def test_what_cannot_be_joined(spec: Path) -> None:
    sources = spec / "protocols"
    (sources / "inn.yaml").write_text((sources / "bar.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(SpecError, match=r"inn\.yaml:14: bar stands in the bundle already"):
        bundle_text(spec)
    (sources / "inn.yaml").write_text(
        "info: {title: x, version: '1'}\nasyncapi: 3.1.0\nchannels: {c: {$ref: 'nowhere.yaml#/c'}}", encoding="utf-8"
    )
    with pytest.raises(SpecError, match=r"inn\.yaml:3: .*nowhere\.yaml:1: cannot be read"):
        bundle_text(spec)
    with pytest.raises(SpecError, match="holds no protocol"):
        bundle_text(sources)
