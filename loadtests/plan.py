"""How many people are there when, in which rooms, and what befalls them: a small table of TOML.

    stages = [{ for = 0.5, users = 1.0 }, { for = 0.5, users = 1.0, at-once = true }]
    storm = { part = 0.5, every = "10s" }
    rooms = { zipf = 1.0 }

`for` is a part of the run's time, `users` a part of its users: a stage goes there in a straight line from where the
last one ended, or at once. In the open model it is the rate of arrivals that follows this line.
"""

from itertools import accumulate
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import Field, field_validator, model_validator
from pydantic.dataclasses import dataclass

from loadtests.durations import seconds
from protocols.errors import UsageError
from simulators.tables import TABLE, read_table, read_toml, wrong

_FOLDER: Final = Path(__file__).with_name("shapes")
SHAPES: Final = tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))
"""Those that have a name."""
_SLACK: Final = 0.001


def _hyphens(table: Any) -> Any:
    """Write a table's keys as Python does: TOML says `at-once`, and `for` is a word of Python."""
    if isinstance(table, dict):
        return {{"for": "for_"}.get(key, key.replace("-", "_")): _hyphens(value) for key, value in table.items()}
    return [_hyphens(each) for each in table] if isinstance(table, list) else table


@dataclass(frozen=True, kw_only=True, config=TABLE)
class Stage:
    """One stretch of a run."""

    for_: Annotated[float, Field(gt=0, le=1)]
    users: Annotated[float, Field(ge=0, le=1)]
    at_once: bool = False


@dataclass(frozen=True, kw_only=True, config=TABLE)
class Storm:
    """Again and again, a part of all lose their TCP connections, and come back at once."""

    part: Annotated[float, Field(gt=0, le=1)]
    every: str

    @field_validator("every")
    @classmethod
    def _is_duration(cls, text: str) -> str:
        try:
            return text if seconds(text) > 0 else wrong("must be more than nothing")
        except UsageError as error:
            wrong(str(error))

    @property
    def every_s(self) -> float:
        """Seconds from one to the next."""
        return seconds(self.every)


@dataclass(frozen=True, kw_only=True, config=TABLE)
class Rooms:
    """How people are spread over rooms."""

    zipf: Annotated[float, Field(ge=0, le=5)]
    """The n-th room is 1 / n ** zipf as often chosen as the first."""


@dataclass(frozen=True, kw_only=True, config=TABLE)
class Plan:
    """What a shape is."""

    stages: tuple[Stage, ...]
    storm: Storm | None = None
    rooms: Rooms | None = None

    @model_validator(mode="after")
    def _fills_the_time(self) -> Self:
        whole = sum(stage.for_ for stage in self.stages)
        return (
            self
            if abs(whole - 1) < _SLACK
            else wrong(f"the parts of the time that stages are `for` make {whole:g}, not 1")
        )

    def users_at(self, part: float) -> float:
        """Return which part of the users is there when this part of the time is over."""
        before = 0.0
        for stage, end in zip(self.stages, accumulate(stage.for_ for stage in self.stages), strict=True):
            if part < end:
                done = 1.0 if stage.at_once else 1 - (end - part) / stage.for_
                return before + (stage.users - before) * done
            before = stage.users
        return before

    @classmethod
    def named(cls, name: str) -> Self:
        """Return a built-in shape, or the one in a file that ends with `.toml`; raises UsageError."""
        if name in SHAPES:
            path = _FOLDER / f"{name}.toml"
        elif name.endswith(".toml"):
            path = Path(name)
            if not path.exists():
                raise UsageError(f"{path}: there is no such file; the shapes with a name are {', '.join(SHAPES)}")
        else:
            raise UsageError(f"there is no shape {name!r}; there is {', '.join(SHAPES)}, or name a FILE.toml")
        return read_table(cls, _hyphens(read_toml(path)), f"{path}: ")
