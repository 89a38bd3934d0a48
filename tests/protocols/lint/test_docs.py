"""docs/spec.md names every rule and explains every extension, with an example that has its shape."""

import re
from pathlib import Path

import jsonschema_rs
import pytest
import yaml

from protocols.lint.bounds import FORMATS
from protocols.lint.channels import RESERVED
from protocols.lint.extensions import SHAPES
from protocols.schema import KEYWORDS

HERE = Path(__file__).parent
DOCS = (HERE.parent.parent.parent / "docs" / "spec.md").read_text(encoding="utf-8")
FAULTS = yaml.safe_load((HERE / "faults.yaml").read_text(encoding="utf-8"))
# Where an extension may say more on what is received, that is its shape here.
EXTENSIONS = {key: shape for shapes in reversed([*SHAPES.values()]) for key, shape in shapes.items()}


def section(title: str, level: int) -> str:
    """Return the text of one section."""
    marks = "#" * level
    found = re.search(rf"^{marks} {re.escape(title)}\n(.*?)(?=^#{{1,{level}}} |\Z)", DOCS, re.DOTALL | re.MULTILINE)
    assert found is not None, title
    return found[1]


def test_every_rule_stands_in_the_table() -> None:
    cells = re.findall(r"^\| (`[^|]*) \|", section("Lint", 2), re.MULTILINE)
    documented = [rule for cell in cells for rule in re.findall(r"`([a-z-]+)`", cell)]
    assert len(documented) == len(set(documented))
    assert set(documented) == {fault["rule"] for fault in FAULTS} | {"circular-ref"}


def test_the_extensions_explained_are_the_extensions_there_are() -> None:
    assert set(re.findall(r"^### `(x-[a-z-]+)`$", DOCS, re.MULTILINE)) == EXTENSIONS.keys()


@pytest.mark.parametrize("key", EXTENSIONS)
def test_the_example_of_an_extension_has_its_shape(key: str) -> None:
    example = re.search(r"```yaml\n(.*?)```", section(f"`{key}`", 3), re.DOTALL)
    assert example is not None
    document = yaml.safe_load(example[1])
    assert list(document) == [key]
    jsonschema_rs.Draft202012Validator(EXTENSIONS[key]).validate(document[key])


def test_the_subset_is_the_one_that_is_documented() -> None:
    text = re.search(r"Allowed are `([^`]*)`", section("Schemas", 3))
    assert text is not None
    assert set(text[1].split()) == KEYWORDS
    assert all(name in section("Schemas", 3) for name in FORMATS)
    assert all(name in section("Lint", 2) for name in RESERVED)
