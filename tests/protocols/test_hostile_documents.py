"""Whatever a document holds, the tools answer: with findings, or with SpecError, never with a crash."""

import copy
import json
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocols.bundle import bundle
from protocols.diff import compare
from protocols.document import load
from protocols.errors import SpecError
from protocols.lint import lint
from protocols.strict_yaml import Node

LINT = Path(__file__).parent / "lint"
VALID = LINT / "valid.yaml"
TREE = load(VALID).root
POINTERS = [place.pointer for place in load(VALID).top.walk() if place.pointer]

JUNK: st.SearchStrategy[Node] = st.sampled_from(
    [None, True, 0, -1, 1.5, "", "x", "#/", "{payload.", "not ", [], [[]], {}, {"": {}}, {"$ref": "#"}, {"$ref": "x"}]
)
Edit: TypeAlias = tuple[str, tuple[Node] | None]
"""Where, and what to put there instead; None takes it away."""
EDITS: st.SearchStrategy[list[Edit]] = st.lists(
    st.tuples(st.sampled_from(POINTERS), st.none() | st.tuples(JUNK)), min_size=1, max_size=3
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=EDITS)
def test_a_spoilt_document(edits: list[Edit], tmp_path: Path) -> None:
    tree = copy.deepcopy(TREE)
    for pointer, replacement in edits:
        _edit(tree, pointer, replacement)
    spoilt = tmp_path / "desk.yaml"
    (tmp_path / "shared.yaml").write_text((LINT / "shared.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    spoilt.write_text(json.dumps(tree, indent=1), encoding="utf-8")

    findings = lint(spoilt)
    for ask in (lambda: compare(VALID, spoilt), lambda: compare(spoilt, VALID), lambda: bundle([load(spoilt)])):
        try:
            ask()
        except SpecError:
            assert findings, "what the lint lets pass can be bundled and compared"


@pytest.mark.parametrize(
    "text", ["", "1", "[]", "text", "{}", "asyncapi: 3.1.0", "channels: 1", "components: {schemas: []}"]
)
def test_a_document_that_is_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8")
    assert lint(tmp_path / "x.yaml")
    with pytest.raises(SpecError):
        bundle([load(tmp_path / "x.yaml")])


def _edit(node: Node, pointer: str, replacement: tuple[Node] | None) -> None:
    """Replace or delete what a pointer names; an earlier edit may have taken it away."""
    *way, last = (step.replace("~1", "/").replace("~0", "~") for step in pointer[1:].split("/"))
    for step in way:
        if isinstance(node, dict):
            node = node.get(step)
        elif isinstance(node, list):
            node = node[int(step)] if step.isdigit() and int(step) < len(node) else None
    if isinstance(node, dict) and last in node:
        if replacement is None:
            del node[last]
        else:
            node[last] = replacement[0]
    elif isinstance(node, list) and last.isdigit() and int(last) < len(node):
        node[int(last) : int(last) + 1] = [] if replacement is None else [replacement[0]]
