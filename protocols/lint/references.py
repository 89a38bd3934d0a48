"""Rules about `$ref`: each names something that exists, and stands alone."""

import re
from collections.abc import Iterator

from protocols.document import Place
from protocols.errors import SpecError, shorten
from protocols.lint.finding import Finding
from protocols.schema import DATA

# What may be referred to: things with a name of their own.
_WHOLE = re.compile(
    r"/components/(messages|schemas)/[^/]+|/channels/[^/]+(/messages/[^/]+)?|/servers/[^/]+|(/x-requirements)?/[^/]+"
)

# Keys whose value is data, in which `$ref` is no reference.
_DATA = DATA | {"where", "x-conditions"}


def references(place: Place) -> Iterator[Finding]:
    """Check every reference at or below a place."""
    if place.ref is not None:
        yield from _reference(place, place.ref)
        return
    for key, child in place.items():
        if key not in _DATA or place.key == "properties":
            yield from references(child)


def _reference(place: Place, ref: str) -> Iterator[Finding]:
    if extra := [key for key, _ in place.items() if key != "$ref"]:
        yield Finding.at(
            place[extra[0]],
            "ref-siblings",
            f"{', '.join(extra)} beside $ref is lost on tools that put the target in its place",
            "Move it into what is referred to, or give this shape a schema of its own",
        )
    try:
        target = place.document.resolve(ref)
    except SpecError as error:
        yield Finding.at(
            place["$ref"], "dangling-ref", str(error), "Correct the reference, or write what it should name"
        )
        return
    if not _WHOLE.fullmatch(target.pointer):
        remedy = "Refer to something that has a name of its own: a schema, message, channel, server or requirement"
        yield Finding.at(place["$ref"], "wrong-ref", f"{shorten(ref)} is a part of something else", remedy)
    try:
        place.follow()
    except SpecError as error:
        if "refers to itself" in str(error):
            yield Finding.at(
                place["$ref"], "circular-ref", f"{shorten(ref)} leads back to itself", "Let it name something definite"
            )
