"""The reader takes JSON's values only, and remembers where each stands."""

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocols.bundle import dump
from protocols.errors import SpecError
from protocols.strict_yaml import Node, plain, read

JSON: st.SearchStrategy[Node] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def test_every_node_has_its_line(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("# first\na: {b/c: 1}\nlist:\n- x\n-\n  y~: [1,\n    2]\n", encoding="utf-8")
    root, lines = read(path)
    assert root == {"a": {"b/c": 1}, "list": ["x", {"y~": [1, 2]}]}
    assert lines == {"": 1, "/a": 2, "/a/b~1c": 2, "/list": 3, "/list/0": 4, "/list/1": 6, "/list/1/y~0": 6} | {
        "/list/1/y~0/0": 6,
        "/list/1/y~0/1": 7,
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("False", False),
        ("on", "on"),
        ("yes", "yes"),
        ("2026-11-21", "2026-11-21"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("010", 10),
        ("0o17", 15),
        ("0xff", 255),
        ("-3", -3),
        ("+.5", 0.5),
        ("1e3", 1000.0),
        ("<<", "<<"),
        ("=", "="),
    ],
)
def test_unquoted_words_mean_what_yaml_1_2_says(text: str, value: Node) -> None:
    assert plain(text) == value
    assert type(plain(text)) is type(value)


@pytest.mark.parametrize("quote", ["'", '"'])
def test_quoted_words_are_strings(quote: str, tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(f"[{quote}null{quote}, {quote}1{quote}]", encoding="utf-8")
    assert read(tmp_path / "x.yaml")[0] == ["null", "1"]


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("a: 1\nb: 2\na: 3", 3, "'a' stands here twice, first on line 1"),
        ("a: &x 1\nb: *x", 2, "alias *x"),
        ("a: !!str 1", 1, "tag tag:yaml.org,2002:str"),
        ("a: !include x", 1, "tag !include"),
        ("a: 1\n---\nb: 2", 2, "a second document begins"),
        ("a: .inf", 1, ".inf is no JSON number"),
        ("a: 1e999", 1, "1e999 is no JSON number"),
        ("a: 1\n? [b]\n: 2", 2, "a key has to be a string"),
        ("a: 1\n? {b: 1}\n: 2", 2, "a key has to be a string"),
        ("a: 1\nb: [", 3, "not YAML"),
        ("a: 1\n\tb: 1", 2, "not YAML"),
        ("\x07", 1, "not YAML"),
        ("[" * 65 + "]" * 65, 1, "nested deeper than 64 levels"),
        ("[" * 100_000, 1, ""),
    ],
)
def test_what_is_refused_is_refused_with_its_line(text: str, line: int, reason: str, tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        read(tmp_path / "x.yaml")
    assert str(caught.value).startswith(f"{tmp_path}/x.yaml:{line}: {reason}")


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"a: \xe9")
    for name in ("missing.yaml", "latin.yaml", "."):
        with pytest.raises(SpecError, match=r":1: cannot be read: "):
            read(tmp_path / name)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(value=st.dictionaries(st.text(), JSON, max_size=4))
def test_what_we_write_is_what_we_read(value: dict[str, Node], tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(dump(value), encoding="utf-8", newline="\n")
    assert json.dumps(read(tmp_path / "x.yaml")[0]) == json.dumps(value)


def test_what_we_write_other_readers_read_too(tmp_path: Path) -> None:
    value: dict[str, Node] = {"on": "yes", "1e3": "1e3", "no": [1.5, "1.5", None, "~"]}
    assert yaml.safe_load(dump(value)) == value
