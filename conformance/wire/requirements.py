"""What any Socket.IO server promises, by address; the words stand in requirements.toml beside this module."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic.dataclasses import dataclass

from protocols.contract import Level, Protocol, Requirement
from simulators.tables import TABLE, read_table, read_toml

_FILE: Final = Path(__file__).with_name("requirements.toml")


@dataclass(frozen=True, config=TABLE)
class _Text:
    level: Level
    text: str


@dataclass(frozen=True, config=TABLE)
class _Texts:
    topics: Mapping[str, tuple[_Text, ...]]


def _requirements() -> list[Requirement]:
    texts = read_table(_Texts, {"topics": read_toml(_FILE)}, f"{_FILE}: ")
    return [
        Requirement(address=f"wire/{topic}/{number}", level=one.level, text=one.text)
        for topic, of_topic in texts.topics.items()
        for number, one in enumerate(of_topic, 1)
    ]


PROTOCOL: Final = Protocol(
    name="wire",
    title="Engine.IO 4 and Socket.IO 5",
    namespace="/",
    operations=[],
    requirements=_requirements(),
    conditions={},
    schemas={},
)
"""Requirements, and nothing that an application says."""
