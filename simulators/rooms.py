"""How places to play in are made and entered over HTTP, where a target has its own ways of that."""

from pydantic import field_validator, model_validator
from pydantic.dataclasses import dataclass

from simulators.credentials import SHOWN
from simulators.http_calls import HttpCall
from simulators.tables import TABLE, one_or_many, wrong
from simulators.templates import check


@dataclass(frozen=True, kw_only=True, config=TABLE)
class Rooms:
    """HTTP calls that are made in somebody's name, with their credentials."""

    make: tuple[HttpCall, ...] = ()
    """Makes a new place called `{name}`, and picks its `id`; whoever makes it is in it."""
    join: tuple[HttpCall, ...] = ()
    """Lets somebody into the place `{room}`."""

    @field_validator("make", "join", mode="before")
    @classmethod
    def _are_calls(cls, calls: object) -> object:
        return one_or_many(calls)

    @model_validator(mode="after")
    def _names_what_it_makes(self) -> "Rooms":
        picked = {name for call in self.make for name in call.pick or {}}
        if self.make and "id" not in picked:
            wrong('make: must say where the id of the new place stands: pick = {id = "/id"}')
        return self

    def check(self, details: frozenset[str]) -> None:
        """Refuse templates that speak of anything but a session, the place, and these details."""
        for kind, calls, place in (("make", self.make, "name"), ("join", self.join, "room")):
            known = SHOWN | details | {place, "run"}
            for call in calls:
                check(f"rooms.{kind}", call.templates, known)
                known |= (call.pick or {}).keys()
