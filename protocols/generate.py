"""From the contract to Python: writes `protocols/NAME.py`, one frozen class per event, ack and shape, and the tables.

datamodel-code-generator makes the classes from the schemas; what it cannot know (wire names, operations, requirements)
is written here as plain literals, so that a reader and a type checker see the whole contract in one file.
"""

import subprocess
import sys
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from protocols.bundle import SHARED, bundle, bundle_text
from protocols.document import load
from protocols.errors import SpecError, UsageError
from protocols.page import page
from protocols.schema import ANNOTATIONS

TEMPLATES = Path(__file__).parent / "templates"
INSTALL = "generating needs more packages: pip install 'socketio-rehearsal[generate]'"
HEADER = '''"""{title}: {description}

Generated from spec/protocols/{name}.yaml by `rehearsal spec generate`. Do not edit.
"""

# ruff: noqa: E501, RUF100 -- tables stand in single lines

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import MISSING, ConfigDict, Field
from typing_extensions import TypeAliasType

from protocols.contract import (
    Ack, Action, Audience, Condition, Event, Handshake, JsonSchema,
    Level, Operation, Payload, Protocol, Refusal, Requirement, Trigger
)
'''


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the document: its class-like key, its wire name, and the schema of its payload."""

    key: str
    name: str
    schema: str | None
    summary: str
    base: str

    def class_body(self, schema: Mapping[str, Any] | None) -> str:
        """Return the lines that tell an event's class its wire name, and what its schema says beside its fields."""
        event = self.base == "Event"
        lines = [f'event_name: ClassVar[str] = "{self.name}"'] if event else []
        if schema is not None and _is_object(schema):
            lines += ["is_object: ClassVar[bool] = True"] if event and not schema.get("properties") else []
            lines += _OPEN if _is_open(schema) else []
        return "".join(f"\n    {line}" for line in lines) + "\n" if lines else ""


def generate(source: Path) -> str:
    """Return the text of `protocols/NAME.py` for the document `spec/protocols/NAME.yaml`.

    Raises SpecError when the document cannot be used, UsageError when what generating needs is not installed.
    """
    document: Mapping[str, Any] = bundle([load(source)])
    messages = list(_messages(document))
    text = HEADER.format(name=source.stem, title=document["info"]["title"], description=_prose(document))
    text += _classes(document["components"]["schemas"], messages)
    text += _tables(source.stem, document, {message.key: message for message in messages})
    return _format(text)


def _prose(document: Mapping[str, Any]) -> str:
    """Return what a document says it is about, for want of more its title."""
    info: Mapping[str, str] = document["info"]
    return info.get("description", info["title"])


def outputs(spec: Path, package: Path, pages: Path) -> dict[Path, str]:
    """Return all that follows from the sources in `spec/protocols`: a module and a page each, and the whole document.

    What people have written at the head of a page is kept.
    """
    sources = sorted(path for path in (spec / "protocols").glob("*.yaml") if path.name != SHARED)
    modules = {package / f"{source.stem}.py": generate(source) for source in sources}
    for source in sources:
        path = pages / f"{source.stem}.md"
        modules[path] = page(source, path.read_text("utf-8") if path.exists() else "")
    return {**modules, spec / "asyncapi.yaml": bundle_text(spec)}


def stale(wanted: Mapping[Path, str]) -> list[Path]:
    """Return those of the wanted files that are missing or say something else; none when nothing has drifted."""
    return [path for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text]


def _messages(document: Mapping[str, Any]) -> Iterator[Message]:
    """Yield every event and ack; a message that no operation carries is an ack."""
    summaries = {_last(op["messages"][0]): op.get("summary", "") for op in document["operations"].values()}
    for prefixed, message in document["components"]["messages"].items():
        key = _bare(prefixed)
        yield Message(
            key=key,
            name=message["name"],
            schema=_last(message["payload"]) if "payload" in message else None,
            summary=summaries.get(key) or message.get("summary") or f"What {key} carries",
            base="Event" if key in summaries else "Ack",
        )


def _classes(schemas: Mapping[str, Any], messages: list[Message]) -> str:
    """Return the classes: a schema that has a message's own name is that message, any other is inherited from.

    A message whose schema is no object, and so no class, has it as the type of its one field `value`.
    """
    shapes = {_bare(name): _followed(schema, schemas) for name, schema in schemas.items()}
    own = {
        message.key: message
        for message in messages
        if message.schema == message.key and _is_object(shapes[message.key])
    }
    lent = [message for message in messages if message.key not in own]
    if clash := {message.key for message in lent} & shapes.keys():
        names = ", ".join(sorted(clash))
        raise SpecError(f"a schema has the name of a message that does not carry it, or not as an object: {names}")
    text = _models(schemas, shapes, own)
    for message in lent:
        shape = shapes[message.schema] if message.schema else None
        body = message.class_body(shape)
        if shape is None:
            bases = message.base
        elif _is_object(shape):
            bases = f"{message.schema}, {message.base}"
        else:
            bases, body = message.base, f"{body}    is_value: ClassVar[bool] = True\n\n    value: {message.schema}\n"
        text += f'\n\nclass {message.key}({bases}):\n    """{message.summary}."""\n{body}\n'
    return text


_OPEN = ('model_config = ConfigDict(extra="allow")',)


def _followed(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a schema is in the end, where it is nothing but a reference to another."""
    while "$ref" in schema:
        schema = schemas[schema["$ref"].rsplit("/", 1)[-1]]
    return schema


def _is_object(schema: Mapping[str, Any]) -> bool:
    """Whether a schema becomes a class; one that says but the shape of its values is a mapping."""
    is_mapping = "properties" not in schema and isinstance(schema.get("additionalProperties"), Mapping)
    return schema.get("type") == "object" and not is_mapping


def _is_open(schema: Mapping[str, Any]) -> bool:
    """Whether objects of a schema may have other fields than it names; those are kept as they came."""
    return schema.get("additionalProperties", True) is not False


def _models(schemas: Mapping[str, Any], shapes: Mapping[str, Any], own: Mapping[str, Message]) -> str:
    """Let datamodel-code-generator write a class or an alias for each schema; our header has the imports already."""
    try:
        from datamodel_code_generator import InputFileType, PythonVersion
        from datamodel_code_generator import generate as generate_models
        from datamodel_code_generator.enums import DataModelType, TargetPydanticVersion
        from datamodel_code_generator.parser import LiteralType
    except ImportError as error:
        raise UsageError(INSTALL) from error
    bodies = {key: f"\n    {_OPEN[0]}\n" for key, shape in shapes.items() if _is_object(shape) and _is_open(shape)}
    bodies |= {key: message.class_body(shapes[key]) for key, message in own.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        text = generate_models(
            {"$defs": {name: _without_formats(schema) for name, schema in _definitions(schemas).items()}},
            input_file_type=InputFileType.JsonSchema,
            output_model_type=DataModelType.PydanticV2BaseModel,
            target_python_version=PythonVersion.PY_311,
            target_pydantic_version=TargetPydanticVersion.V2_14,
            base_class="protocols.contract.Payload",
            base_class_map={key: f"protocols.contract.{message.base}" for key, message in own.items()},
            custom_template_dir=TEMPLATES,
            extra_template_data=defaultdict(dict, {key: {"class_body": body} for key, body in bodies.items()}),
            use_annotated=True,
            field_constraints=True,
            enum_field_as_literal=LiteralType.All,
            use_missing_sentinel=True,
            strict_nullable=True,
            use_schema_description=True,
            use_generic_container_types=True,
            use_standard_collections=True,
            use_union_operator=True,
            use_type_alias=True,
            use_double_quotes=True,
            disable_timestamp=True,
            formatters=[],  # its own formatter follows the settings of whatever folder it runs in
        )
    return _without_imports(str(text))


def _without_imports(text: str) -> str:
    """Drop everything before the first class or alias, and the alias that stands for the document as a whole."""
    kept = [block for block in text.split("\n\n\n") if not block.lstrip().startswith(("#", "from ", "Model = "))]
    return "\n\n\n" + "\n\n\n".join(kept)


def _definitions(schemas: Mapping[str, Any]) -> dict[str, Any]:
    return {_bare(name): _relocate(schema) for name, schema in sorted(schemas.items())}


def _relocate(node: Any) -> Any:
    """Point `#/components/schemas/X` at `#/$defs/X`, as jsonschema-rs and the model generator want it."""
    if isinstance(node, Mapping):
        return {key: f"#/$defs/{_last(node)}" if key == "$ref" else _relocate(value) for key, value in node.items()}
    return [_relocate(item) for item in node] if isinstance(node, list) else node


def _without_formats(node: Any) -> Any:
    """Leave formats to the gate: a class keeps a uuid or a time as the text that came, not as what it stands for."""
    if isinstance(node, Mapping):
        is_format = isinstance(node.get("format"), str)  # else it is a property of that name
        return {key: _without_formats(value) for key, value in node.items() if not (is_format and key == "format")}
    return [_without_formats(item) for item in node] if isinstance(node, list) else node


def _tables(name: str, document: Mapping[str, Any], messages: Mapping[str, Message]) -> str:
    """Return the module's tables: who may say what, the promises, and the protocol that holds them all."""
    operations: Mapping[str, Any] = document["operations"]
    channel = document["channels"][name]
    directions: dict[str, list[str]] = {"receive": [], "send": []}
    for operation in operations.values():
        directions[operation["action"]].append(_last(operation["messages"][0]))
    requirements = [*channel.get("x-requirements", [])]
    for operation in operations.values():
        requirements += operation.get("x-requirements", [])
    schemas = {key: _without_prose(schema) for key, schema in _definitions(document["components"]["schemas"]).items()}
    return f"""

Inbound: TypeAlias = {" | ".join(directions["receive"])}
Outbound: TypeAlias = {" | ".join(directions["send"])}

OPERATIONS = ({"".join(_operation(name, _bare(key), op, messages) + "," for key, op in operations.items())})

REQUIREMENTS = ({"".join(_requirement(name, item) + "," for item in requirements)})

# fmt: off
SCHEMAS: dict[str, JsonSchema] = {{
{"".join(f"    {key!r}: {schema!r},{chr(10)}" for key, schema in schemas.items())}}}
# fmt: on

PROTOCOL = Protocol(
    name={name!r},
    title={_prose(document)!r},
    namespace={channel["address"]!r},
    operations=OPERATIONS,
    requirements=REQUIREMENTS,
    {_comings_and_goings(name, channel)}
    conditions={channel.get("x-conditions", {})!r},
    schemas=SCHEMAS,
)
"""


def _comings_and_goings(protocol: str, channel: Mapping[str, Any]) -> str:
    """Return the arguments that say who may connect, and what connecting and vanishing cause."""
    arguments: dict[str, str] = {}
    if "x-handshake" in channel:
        arguments["handshake"] = _handshake(channel["x-handshake"])
    if "x-connect" in channel:
        arguments["connect"] = _tuple(_trigger(protocol, item) for item in channel["x-connect"])
    match channel.get("x-disconnect", ""):
        case str(operation):
            arguments["disconnect"] = repr(_bare(operation))
        case triggers:
            arguments["disconnected"] = _tuple(_trigger(protocol, item) for item in triggers)
    return "".join(f"{key}={value}, " for key, value in arguments.items())


def _handshake(handshake: Mapping[str, Any]) -> str:
    return _call(
        "Handshake",
        claims=repr(_last(handshake["claims"])),
        missing=repr(handshake["missing"]),
        expired=repr(handshake["expired"]),
        invalid=repr(handshake["invalid"]),
        header=handshake.get("header") and "True",
    )


def _without_prose(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Drop the keywords that refuse nothing, also from the schemas inside this one."""
    return {key: _inner(key, value) for key, value in schema.items() if key not in ANNOTATIONS}


def _inner(keyword: str, value: Any) -> Any:
    match keyword, value:
        case "properties", Mapping():  # its keys are names, which may be those of keywords
            return {name: _without_prose(child) for name, child in value.items()}
        case (("oneOf" | "anyOf"), list()):
            return [_without_prose(branch) for branch in value]
        case (("items" | "additionalProperties"), Mapping()):
            return _without_prose(value)
        case _:
            return value


def _operation(protocol: str, key: str, operation: Mapping[str, Any], messages: Mapping[str, Message]) -> str:
    message = messages[_last(operation["messages"][0])]
    rate = operation.get("x-rate", {})
    ack = messages[_last(operation["reply"]["messages"][0])] if "reply" in operation else None
    asked = operation.get("x-ack", {})
    derived, requirements = operation.get("x-server-derived", ()), operation.get("x-requirements", ())
    return _call(
        "Operation",
        id=repr(key),
        action=f"Action.{operation['action'].upper()}",
        event=message.key,
        schema=repr(message.schema),
        summary=repr(message.summary),
        ack=ack and ack.key,
        ack_schema=ack and repr(ack.schema),
        ack_required=asked.get("required") and "True",
        ack_timeout_ms=asked.get("timeout-ms"),
        ack_where=asked.get("where") and repr(asked["where"]),
        ack_requirement=_address(protocol, asked),
        requires=_tuple(map(_condition, operation.get("x-requires", ()))),
        triggers=_tuple(_trigger(protocol, item) for item in operation.get("x-triggers", ())),
        refusals=_tuple(_refusal(protocol, item) for item in operation.get("x-errors", ())),
        server_derived=_tuple(map(repr, derived)),
        rate_per_second=rate.get("per-second"),
        rate_requirement=_address(protocol, rate),
        requirements=_tuple(repr(f"{protocol}/{item['id']}") for item in requirements),
    )


def _trigger(protocol: str, trigger: Mapping[str, Any]) -> str:
    return _call(
        "Trigger",
        operation=repr(_bare(trigger["operation"])),
        to=f"Audience.{trigger['to'].upper()}",
        within_ms=trigger["within-ms"],
        room=trigger.get("room") and repr(trigger["room"]),
        user=trigger.get("user") and repr(trigger["user"]),
        when=_tuple(map(_condition, trigger.get("when", ()))),
        where=trigger.get("where") and repr(trigger["where"]),
        level=trigger.get("level") and f"Level.{trigger['level']}",
        disconnects=trigger.get("then") == "disconnect" and "True",
        requirement=_address(protocol, trigger),
    )


def _refusal(protocol: str, refusal: Mapping[str, Any]) -> str:
    return _call(
        "Refusal",
        operation=repr(_bare(refusal.get("event", ""))),
        code=repr(refusal["code"]),
        by_ack=refusal.get("ack") and "True",
        when=_tuple(map(_condition, refusal.get("when", ()))),
        where=refusal.get("where") and repr(refusal["where"]),
        disconnects=refusal.get("then") == "disconnect" and "True",
        requirement=_address(protocol, refusal),
    )


def _requirement(protocol: str, item: Mapping[str, Any]) -> str:
    return _call(
        "Requirement",
        address=repr(f"{protocol}/{item['id']}"),
        level=f"Level.{item['level']}",
        text=repr(item["text"].strip()),
    )


def _condition(text: str) -> str:
    return f"Condition.parse({text!r})"


def _address(protocol: str, item: Mapping[str, Any]) -> str | None:
    return repr(f"{protocol}/{item['requirement']}") if "requirement" in item else None


def _call(name: str, **arguments: object) -> str:
    """Return a constructor call; what is empty is left to its default."""
    return f"{name}({', '.join(f'{key}={value}' for key, value in arguments.items() if value)})"


def _tuple(items: Iterable[str]) -> str:
    text = "".join(f"{item}, " for item in items)
    return text and f"({text})"


def _last(reference: Mapping[str, str]) -> str:
    return _bare(reference["$ref"].rsplit("/", 1)[-1])


def _bare(key: str) -> str:
    """Drop the prefix that the bundle gives every key: `space.JoinSpace` is `JoinSpace` in a module of its own."""
    return key.rpartition(".")[2]


# The project's own, said here, so that another project's settings do not change what is written.
_STYLE = (
    "--isolated",
    "--line-length=120",
    "--target-version=py311",
    "--config=lint.isort.known-first-party=['protocols']",
)


def _format(text: str) -> str:
    """Format as the rest of the project is, so that the committed file passes the project's own checks."""
    for arguments in (["check", "--fix", "--quiet", "--select=F401,I"], ["format", "--quiet"]):
        command = [sys.executable, "-m", "ruff", *arguments, *_STYLE, "--stdin-filename=generated.py", "-"]
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)  # noqa: S603 - our own arguments
        if done.returncode != 0:
            raise UsageError(INSTALL if "No module named" in done.stderr else f"ruff: {done.stderr.strip()}")
        text = done.stdout
    return text
