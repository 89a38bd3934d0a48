"""References are followed across files, and whatever leads nowhere says where it stands."""

from pathlib import Path

import pytest

from protocols.document import Document, load
from protocols.errors import SpecError

FILES = {
    "desk.yaml": """\
a/b: {x~y: [10, 20]}
local: {$ref: '#/a~1b'}
chain: {$ref: '#/local'}
far: {$ref: 'sub/other.yaml#/Thing'}
gone: {$ref: '#/a~1b/z'}
lost: {$ref: 'nowhere.yaml#/Thing'}
remote: {$ref: 'https://example.org/x.yaml#/Thing'}
broken: {$ref: 'broken.yaml#/Thing'}
circle: {$ref: '#/round'}
round: {$ref: '#/circle'}
via: {$ref: '#/gone'}
""",
    "sub/other.yaml": "Thing: {$ref: '../desk.yaml#/a~1b/x~0y'}\n",
    "broken.yaml": "Thing: [\n",
}


@pytest.fixture
def desk(tmp_path: Path) -> Document:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return load(tmp_path / "desk.yaml")


def test_references_are_followed_to_their_end(desk: Document) -> None:
    assert desk.top["chain"].follow().node == {"x~y": [10, 20]}
    far = desk.top["far"].follow()
    assert (far.node, far.pointer, far.line, far.key) == ([10, 20], "/a~1b/x~0y", 1, "x~y")
    assert far.document is desk, "a file is read once, however it is spelled"
    assert str(far) == f"{desk.path}:1"


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("gone", "desk.yaml:5: '#/a~1b/z' names nothing: /a~1b has no z"),
        ("via", "desk.yaml:5: '#/a~1b/z' names nothing"),
        ("lost", "nowhere.yaml:1: cannot be read: No such file or directory"),
        ("remote", "'https://example.org/x.yaml#/Thing' is remote"),
        ("broken", "broken.yaml:2: not YAML"),
        ("circle", "desk.yaml:9: '#/round' refers to itself"),
    ],
)
def test_references_that_lead_nowhere(desk: Document, key: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        desk.top[key].follow()
    assert message in str(caught.value)
    assert desk.top.find(key) is None


def test_places_know_their_children(desk: Document) -> None:
    top = desk.top
    items = top["a/b"]["x~y"]
    assert [child.node for child in items.values()] == [10, 20]
    assert [place.pointer for place in top["a/b"].walk()] == ["/a~1b", "/a~1b/x~0y", "/a~1b/x~0y/0", "/a~1b/x~0y/1"]
    assert items["1"].node == 20
    assert items.get("2") is items.get("x") is items["0"].get("y") is None
    assert top.find("far", "1") == items["1"], "references are followed on the way"
    assert list(items["0"].items()) == []
    with pytest.raises(SpecError, match=r"desk\.yaml:1: /a~1b has no 'nothing'"):
        top["a/b"]["nothing"]


def test_what_does_not_exist_stands_on_its_nearest_ancestor(desk: Document) -> None:
    assert desk.line("/chain/$ref/deeper") == 3
    assert desk.line("/nothing") == 1


def test_names_tell_files_apart(desk: Document) -> None:
    assert desk.top["chain"].name == "desk.chain"
    assert desk.top["far"].document.resolve("sub/other.yaml#/Thing").name == "other.Thing"
