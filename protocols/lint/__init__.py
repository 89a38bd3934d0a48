"""What is wrong with a contract document: first AsyncAPI's own schema, then the conventions of docs/spec.md."""

from collections.abc import Iterator
from pathlib import Path

from protocols.document import Document, Place, load
from protocols.lint.channels import channels, messages
from protocols.lint.extensions import extensions, requirement_shape
from protocols.lint.finding import Finding
from protocols.lint.operations import operations
from protocols.lint.promises import Promises
from protocols.lint.references import references
from protocols.lint.schemas import reachable, schemas
from protocols.lint.structure import structure

__all__ = ["Finding", "lint"]

_ASYNCAPI = frozenset({"asyncapi", "info", "servers", "channels", "operations", "components"})


def lint(path: Path) -> list[Finding]:
    """Return everything that is wrong with one document, and with the shared schemas that it uses.

    A file with none of AsyncAPI's own keys holds shared schemas and requirements, and is judged as such.
    Raises SpecError where the file is no readable YAML; whatever else it holds is a finding.
    """
    document = load(path)
    is_shared = isinstance(document.root, dict) and document.root and not document.root.keys() & _ASYNCAPI
    return _sorted(_shared(document) if is_shared else _protocol(document))


def _shared(document: Document) -> Iterator[Finding]:
    for key, place in document.top.items():
        if key == "x-requirements":
            for requirement in place.values():
                yield from requirement_shape(requirement)
        else:
            yield from schemas(place)


def _protocol(document: Document) -> Iterator[Finding]:
    top = document.top
    yield from structure(document)
    yield from references(top)
    yield from extensions(top)
    yield from channels(top)
    yield from messages(top)
    yield from operations(top)
    yield from Promises(top).check()
    yield from _schemas(top)


def _schemas(top: Place) -> Iterator[Finding]:
    section, carried = top.find("components", "schemas"), top.find("components", "messages")
    own = list(section.values()) if section else []
    needed = [payload for message in carried.values() if (payload := message.get("payload"))] if carried else []
    namespaces = top.find("channels")
    for channel in namespaces.values() if namespaces else ():
        if (handshake := channel.get("x-handshake")) is not None and (claims := handshake.get("claims")) is not None:
            needed.append(claims)
    used = reachable(needed)
    for place in own:
        if place.pointer not in {schema.pointer for schema in used if schema.document is top.document}:
            remedy = "Let a message, a handshake or another used schema refer to it, or remove it"
            yield Finding.at(place, "unused-schema", f"nothing needs {place.key}", remedy)
    foreign = [schema for schema in used if schema.document is not top.document]
    for place in own + foreign:
        yield from schemas(place)


# A reference that leads nowhere makes its target look unused, and its owner bare: rule -> the rules that come first.
_LOST = frozenset({"dangling-ref", "wrong-ref", "message-channel", "ack-channel", "one-message", "inline-object"})
_CAUSES = {"unused-message": _LOST, "unused-schema": _LOST, "where": _LOST}


def _sorted(found: Iterator[Finding]) -> list[Finding]:
    """Put the official schema's findings first, then go by file and line; each once."""
    unique = dict.fromkeys(found)
    # Where one of our rules speaks about the very node, it knows better what to do.
    ours = {(finding.file, finding.pointer) for finding in unique if finding.rule != "structure"}
    rules = {finding.rule for finding in unique}
    kept = [
        finding
        for finding in unique
        if not (finding.rule == "structure" and (finding.file, finding.pointer) in ours)
        and not rules & _CAUSES.get(finding.rule, frozenset())
    ]
    return sorted(kept, key=lambda finding: (finding.rule != "structure", str(finding.file), finding.line))
