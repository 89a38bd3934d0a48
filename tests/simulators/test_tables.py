"""Tables of TOML: what is read, and what is said of every mistake."""

from pathlib import Path

import pytest
from pydantic.dataclasses import dataclass

from protocols.errors import UsageError
from simulators.tables import TABLE, read_table, read_toml


@dataclass(frozen=True, kw_only=True, config=TABLE)
class Wheel:
    spokes: int = 8


@dataclass(frozen=True, kw_only=True, config=TABLE)
class Car:
    name: str
    weight: float = 1.0
    wheels: tuple[Wheel, ...] = ()


def test_what_is_not_said_is_as_usual() -> None:
    car = read_table(Car, {"name": "Pony", "weight": 2, "wheels": [{}, {"spokes": 5}]})
    assert car == Car(name="Pony", weight=2.0, wheels=(Wheel(), Wheel(spokes=5)))


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ({}, "car.toml: name: is missing; add it"),
        ({"nmae": "Pony", "name": "Pony"}, "car.toml: nmae: unknown key; did you mean name?"),
        ({"name": "Pony", "q": 1}, "car.toml: q: unknown key; there is name, weight, wheels"),
        ({"name": 5}, "car.toml: name: Input should be a valid string"),
        ({"name": "Pony", "weight": "2"}, "car.toml: weight: Input should be a valid number"),
        ({"name": "Pony", "wheels": [{"spoke": 5}]}, "car.toml: wheels.0.spoke: unknown key; did you mean spokes?"),
    ],
)
def test_mistakes_name_the_file_the_key_and_the_remedy(table: dict[str, object], complaint: str) -> None:
    with pytest.raises(UsageError) as refused:
        read_table(Car, table, "car.toml: ")
    assert str(refused.value) == complaint


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(UsageError) as refused:
        read_table(Car, {"weight": "2", "q": 1})
    assert len(str(refused.value).splitlines()) == 3


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(None, "no such file"), (b"name = ", "is no TOML"), (b'name = "\xff"', "is no UTF-8")],
)
def test_files_that_cannot_be_read(tmp_path: Path, content: bytes | None, complaint: str) -> None:
    path = tmp_path / "car.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=complaint) as refused:
        read_toml(path)
    assert str(path) in str(refused.value)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_toml(tmp_path)
