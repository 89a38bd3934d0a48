"""Reads report.json back, whoever wrote it: the shape that docs/conformance.md tells, as far as the page shows it.

What a target said stands in there word for word. From here on it is fit for a page: what cannot be seen, or cannot be
in a file at all, is written out as escapes.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from conformance.report.json import SCHEMA
from conformance.report.words import visible
from conformance.tally import Standing
from protocols.contract import Json
from protocols.errors import UsageError


class _Part(BaseModel):
    """Keys that a page does not know are none of its business: new ones may come."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Place(_Part):
    """What was judged."""

    url: str
    path: str
    namespace: str | None
    transport: str
    mode: str


class Circumstances(_Part):
    """When, how long and how it was judged."""

    started: datetime
    took_s: float
    seed: int
    budget_s: float
    slow: bool
    strict: bool
    addresses: tuple[str, ...]
    stopped: str


class Standpoint(_Part):
    """What became of one requirement."""

    address: str
    level: str
    text: str
    standing: Standing
    known_failure: bool
    reason: str
    cases: tuple[str, ...]


class Tried(_Part):
    """What became of one case."""

    address: str
    subject: str
    kind: str
    standing: Standing
    took_s: float


class Alone(_Part):
    """Files beside the report that show a defect with nothing of ours; or why there are none."""

    python: str = ""
    node: str = ""
    replay: str = ""
    unshown: str = ""


class Flaw(_Part):
    """One thing that is broken."""

    requirement: str
    level: str
    text: str
    check: str | None = None
    also: tuple[str, ...]
    counts: bool
    known: bool = False
    times: int = 1
    cases: tuple[str, ...]
    expected: str
    came: str
    conversation: tuple[str, ...]
    repeat: str
    reproducer: Alone | None = None


class Mended(_Part):
    """Something that was known to fail, and did not."""

    text: str


class Covered(_Part):
    """One keyword of one event's payload, and what was tried or heard of it."""

    event: str
    way: str
    keyword: str
    valid: int
    invalid: int
    of_valid: int
    of_invalid: int


class Times(_Part):
    """How often an event or an ack was heard."""

    event: str
    way: str
    times: int


class Exercised(_Part):
    """How much of the contract was exercised."""

    rows: tuple[Covered, ...]
    heard: tuple[Times, ...]


class Judged(_Part):
    """One protocol on one target."""

    protocol: str
    """What it was judged by; `wire` for what is below all protocols."""
    target: Place
    run: Circumstances
    exit_code: int
    counts: Mapping[Standing, int]
    requirements: tuple[Standpoint, ...]
    cases: tuple[Tried, ...]
    defects: tuple[Flaw, ...]
    mended: tuple[Mended, ...] = ()
    coverage: Exercised | None = None


class Tool(_Part):
    """Who judged."""

    name: str
    version: str


class Document(_Part):
    """One run, with every protocol that was judged in it."""

    name: str
    """What its target is called beside others."""
    tool: Tool
    exit_code: int
    reports: tuple[Judged, ...]


def read(path: Path) -> Document:
    """Return what stands in a file; raises UsageError for one that is no report of ours, or one of another shape."""
    try:
        whole: Json = json.loads(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise UsageError(f"{path} is no report: {error}") from None
    if not isinstance(whole, dict) or whole.get("schema") != SCHEMA:
        raise UsageError(f"{path} is no report of schema {SCHEMA}; move it away, or judge its target anew")
    try:
        return Document.model_validate(_seen({"name": path.stem, **whole}))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UsageError(f"{path} is no report: {where}: {first['msg']}") from None


def _seen(value: Json) -> Json:
    match value:
        case str():
            return visible(value)
        case list():
            return [_seen(item) for item in value]
        case dict():
            return {key: _seen(item) for key, item in value.items()}
    return value
