"""On what terms a target is judged: what it does not claim, how it refuses, and how much it takes at a time."""

from typing import Literal, TypeAlias

from pydantic import JsonValue, field_validator
from pydantic.dataclasses import dataclass

from simulators.tables import TABLE, wrong

HandshakeRefusal: TypeAlias = Literal["disconnect", "http"]


@dataclass(frozen=True, kw_only=True, config=TABLE)
class Refusals:
    """What counts as a refusal besides what the contract says; that something is refused stays demanded."""

    handshake: tuple[HandshakeRefusal, ...] = ()
    """`disconnect`: admitted and disconnected at once; `http`: an HTTP status before anything of Socket.IO."""
    event: str = ""
    """An event of this name, whatever it carries, such as the `exception` of NestJS."""
    ack: dict[str, JsonValue] | None = None
    """An ack with these fields, such as `{ status = "error" }`."""
    disconnect: bool = False
    """Being disconnected."""

    @field_validator("ack")
    @classmethod
    def _tells_it_apart(cls, ack: dict[str, JsonValue] | None) -> dict[str, JsonValue] | None:
        return wrong('say by which field it is known: { status = "error" }') if ack == {} else ack


@dataclass(frozen=True, kw_only=True, config=TABLE)
class Scope:
    """Of what the contract promises, how much a target claims."""

    lacks: tuple[str, ...] = ()
    """Names of events, and addresses of requirements or of cases by any beginning, that it does not claim to have."""

    def reason(self, *names: str) -> str:
        """Return why whatever has one of these names or addresses is not tried; empty where it is claimed."""
        for lack in self.lacks:
            if any(name == lack or name.startswith(lack.rstrip("/") + "/") for name in names):
                return f"claimed missing: {lack} stands in [scope] of the target file"
        return ""


@dataclass(frozen=True, kw_only=True, config=TABLE)
class Limits:
    """How much a target takes, and how soon."""

    connects_per_minute: int | None = None
    """How many connections it lets one make; None for any number."""
    settles_ms: float = 0.0
    """How long what nobody hears of may take to have its effect, such as joining an empty room."""

    @field_validator("connects_per_minute")
    @classmethod
    def _is_possible(cls, number: int | None) -> int | None:
        return number if number is None or number >= 1 else wrong(f"{number} must be at least 1")

    @field_validator("settles_ms")
    @classmethod
    def _is_short(cls, wait_ms: float) -> float:
        return wait_ms if 0 <= wait_ms <= 10_000 else wrong(f"{wait_ms:g} must be 0 to 10000 milliseconds")
