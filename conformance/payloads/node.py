"""A place in a schema as the makers of payloads read it: `$ref` followed, and no keyword that they would pass over."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from protocols.contract import Json, JsonSchema, Protocol
from protocols.errors import SpecError

JsonObject: TypeAlias = dict[str, Json]

KEYWORDS = frozenset(
    {"type", "enum", "const", "format", "pattern", "minLength", "maxLength", "minimum", "maximum"}
    | {"items", "minItems", "maxItems", "uniqueItems", "properties", "required", "additionalProperties"}
    | {"oneOf", "anyOf"}
)
"""The closed subset of JSON Schema, beside `$ref`; a schema with any other is refused."""

_REF = "#/$defs/"


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One schema, and the name that it has in its protocol; empty for one without."""

    protocol: Protocol
    keywords: JsonSchema
    name: str = ""

    @classmethod
    def of(cls, protocol: Protocol, schema: JsonSchema) -> "Node":
        """Read a schema, or follow the `$ref` that it is; raises SpecError for what is outside the subset."""
        name = ""
        while "$ref" in schema:
            if len(schema) > 1:
                raise SpecError(f"{protocol.name}: keywords beside $ref {schema['$ref']}: {sorted(schema)}")
            name = str(schema["$ref"]).removeprefix(_REF)
            schema = protocol.schemas[name]
        if unknown := schema.keys() - KEYWORDS:
            raise SpecError(f"{protocol.name}: {name or 'a schema'} has keywords outside the subset: {sorted(unknown)}")
        if _branches(schema) and schema.keys() - {"type", "oneOf", "anyOf"}:
            raise SpecError(f"{protocol.name}: {name or 'a schema'} has keywords beside oneOf or anyOf")
        return cls(protocol, schema, name)

    @classmethod
    def named(cls, protocol: Protocol, name: str) -> "Node":
        """Read one of the protocol's schemas."""
        return cls.of(protocol, {"$ref": _REF + name})

    @property
    def types(self) -> tuple[str, ...]:
        """The JSON types that it names, in its order; none where its branches decide."""
        match self.keywords:
            case {"type": str(only)}:
                return (only,)
            case {"type": list(several)}:
                return tuple(several)
            case {"enum": list(values)}:
                return tuple(dict.fromkeys(map(type_of, values)))
            case {"const": value}:
                return (type_of(value),)
            case {"properties": _}:
                return ("object",)
            case {"oneOf": _} | {"anyOf": _}:
                return ()
            case _:
                raise SpecError(f"{self.protocol.name}: {self.name or 'a schema'} says no type: {self.keywords}")

    @property
    def properties(self) -> Mapping[str, JsonSchema]:
        """The members that an object may have, by name."""
        properties: Mapping[str, JsonSchema] = self.keywords.get("properties", {})
        return properties

    @property
    def required(self) -> tuple[str, ...]:
        """The members that an object must have."""
        return tuple(self.keywords.get("required", ()))

    @property
    def branches(self) -> list["Node"]:
        """The schemas under `oneOf` or `anyOf`."""
        return [self.of(self.protocol, branch) for branch in _branches(self.keywords)]

    def member(self, name: str) -> "Node":
        """Return the schema of one member."""
        return self.of(self.protocol, self.properties[name])

    @property
    def items(self) -> "Node":
        """What an array's items are."""
        if "items" not in self.keywords:
            raise SpecError(f"{self.protocol.name}: {self.name or 'an array'} says nothing of its items")
        return self.of(self.protocol, self.keywords["items"])

    @property
    def extra(self) -> "Node | None":
        """What members without a name of their own are; None where there may be none, or anything."""
        schema = self.keywords.get("additionalProperties", True)
        return None if isinstance(schema, bool) else self.of(self.protocol, schema)

    def only(self, json_type: str) -> "Node":
        """Return the same schema, narrowed to one of its types."""
        return Node(self.protocol, {**self.keywords, "type": json_type}, self.name)

    def accepts(self, value: Json) -> bool:
        """Whether a value is known to be valid here; a schema without a name accepts nothing for certain."""
        return bool(self.name) and not self.protocol.faults(self.name, value)


def type_of(value: Json) -> str:
    """Return the narrowest JSON Schema type of a value; `1.0` is an integer there, `True` is not."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case str():
            return "string"
        case int() | float():
            return "integer" if value == value // 1 else "number"
        case Mapping():
            return "object"
        case _:
            return "array"


def is_of(value: Json, types: tuple[str, ...]) -> bool:
    """Whether a value is of one of these types."""
    narrowest = type_of(value)
    return narrowest in types or (narrowest == "integer" and "number" in types)


def _branches(schema: JsonSchema) -> list[JsonSchema]:
    return [*schema.get("oneOf", ()), *schema.get("anyOf", ())]
