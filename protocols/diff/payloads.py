"""What a changed payload means: whoever reads it has to understand all that the other side may write."""

import json
from collections.abc import Iterator, Sequence

import jsonschema_rs
from jsonschema_rs.canonical import CanonicalizationError, Containment

from protocols.diff.change import Change, breaking, compatible
from protocols.document import Place
from protocols.schema import standalone, validator


def payloads(old: Place, new: Place, address: str, *, client_writes: bool) -> Iterator[Change]:
    """Compare the payloads of two messages.

    What a client writes, the new schema has to cover: everything that was right still is. What a client reads, the old
    schema has to cover: nothing comes that it does not know. What cannot be proven counts as breaking.
    """
    before, after = old.get("payload"), new.get("payload")
    if before is None or after is None:
        if (before is None) != (after is None):
            yield breaking(address, "the payload appeared" if before is None else "the payload vanished")
        return
    examples = [place for message in (old, new) if (place := message.get("examples")) is not None]
    yield from shapes(before, after, address, "the payload", client_writes=client_writes, examples=examples)


def shapes(
    old: Place, new: Place, address: str, what: str, *, client_writes: bool, examples: Sequence[Place] = ()
) -> Iterator[Change]:
    """Compare two schemas as `payloads` does; `what` names the thing, and `examples` are lists of AsyncAPI's."""
    narrow, wide = (old, new) if client_writes else (new, old)
    covered, covers = _covers(wide, narrow), _covers(narrow, wide)
    if covered is Containment.YES:
        if covers is not Containment.YES:
            yield compatible(address, f"{what} admits {'more' if client_writes else 'less'}")
        return
    if covered is not Containment.NO:
        yield breaking(address, f"{what} changed, and nobody can prove that it still fits")
        return
    how = "no longer admits all that it did" if client_writes else "may be what was never said"
    yield breaking(address, f"{what} {how}", _witness(examples, narrow, wide))


def _canonical(schema: Place) -> jsonschema_rs.CanonicalSchema:
    return jsonschema_rs.canonicalize(standalone(schema), draft=jsonschema_rs.Draft202012, validate_formats=True)


def _covers(wide: Place, narrow: Place) -> Containment:
    return _canonical(wide).covers(_canonical(narrow))


def _witness(examples: Sequence[Place], narrow: Place, wide: Place) -> str | None:
    """Return an example that only `narrow` admits, or else the schema of all such values."""
    fits, misses = validator(narrow), validator(wide)
    for listed in examples:
        for example in listed.values():
            value = example.get("payload")
            if value is not None and fits.is_valid(value.node) and not misses.is_valid(value.node):
                return json.dumps(value.node, ensure_ascii=False)
    try:
        rest = _canonical(narrow).subtract(_canonical(wide)).to_json_schema()
    except CanonicalizationError:
        return None
    if isinstance(rest, dict):
        rest.pop("$schema", None)
    return json.dumps(rest, ensure_ascii=False, default=str)
