"""A page about one protocol, for people: `docs/protocols/NAME.md`, drawn from the contract below a head of their own.

It says of each event what it carries, who hears what because of it, how it is refused, and what is promised, and draws
who tells whom. Nothing stands in it that does not stand in the contract.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from protocols.bundle import bundle
from protocols.document import load

MARK: Final = "<!-- From here on this page is written by `make generate`, from spec/protocols/{name}.yaml. -->"

Node = Mapping[str, Any]

_AUDIENCES: Final = {
    "sender": "the sender",
    "room": "everybody in {room}",
    "others": "the others in {room}",
    "user": "every socket of {user}",
    "users": "every socket of {user}",
    "peers": "everybody but the sender's own sockets",
    "namespace": "everybody connected",
}


def page(source: Path, existing: str = "") -> str:
    """Return the text of the page for `spec/protocols/NAME.yaml`.

    What stands above the mark in the `existing` page is kept. Raises SpecError when the document cannot be used.
    """
    document: Node = bundle([load(source)])
    mark = MARK.format(name=source.stem)
    head = (
        existing.partition(mark)[0].rstrip()
        if mark in existing
        else f"# {source.stem}\n\n{document['info']['description']}"
    )
    return "\n".join([head, "", mark, "", *_Page(source.stem, document).lines()]).rstrip() + "\n"


class _Page:
    """The part that is written, line by line."""

    def __init__(self, name: str, document: Node) -> None:
        self._name = name
        self._channel: Node = document["channels"][name]
        self._operations: Node = document["operations"]
        self._messages: Node = document["components"]["messages"]
        self._schemas: Node = document["components"]["schemas"]

    def lines(self) -> Iterator[str]:
        received = {key: op for key, op in self._operations.items() if op["action"] == "receive"}
        sent = {key: op for key, op in self._operations.items() if op["action"] == "send"}
        yield from self._connecting()
        yield from ("## What clients say", "", *self._index(received))
        for key, operation in received.items():
            yield from self._received(key, operation)
        yield from ("## What the server says", "", *self._index(sent))
        for operation in sent.values():
            yield from (f"### `{self._event(operation)}` from the server", "", self._summary(operation), "")
            yield from self._carries(operation)
        yield from self._promises()
        yield from self._shapes()

    # ---- connecting ----------------------------------------------------------------------------------------------

    def _connecting(self) -> Iterator[str]:
        yield from ("## Connecting", "")
        yield f"The namespace is `{self._channel['address']}`; a server of this protocol alone has it at `/`."
        if handshake := self._channel.get("x-handshake"):
            places = "`auth.token`" + (" or `Authorization: Bearer`" if handshake.get("header") else "")
            yield f"A JSON Web Token (HS256) stands in {places}; its claims are {self._link(handshake['claims'])}."
            yield from ("", "| the token | `connect_error` says |", "| --- | --- |")
            for case, words in (("is missing", "missing"), ("has expired", "expired"), ("is not valid", "invalid")):
                yield f"| {case} | {handshake[words]} |"
        yield ""
        if connect := self._channel.get("x-connect"):
            yield from ("Because somebody has connected:", "", *self._hears(connect))
        gone = self._channel.get("x-disconnect")
        if isinstance(gone, str):
            event = self._event(self._operations[f"{self._name}.{gone.rpartition('.')[2]}"])
            yield from (f"A connection that ends does what `{event}` does.", "")
        elif gone:
            yield from ("Because a connection has ended:", "", *self._hears(gone))
        if conditions := self._channel.get("x-conditions"):
            yield from ("In the tables below:", "", "| condition | means |", "| --- | --- |")
            yield from (f"| {name} | {meaning} |" for name, meaning in conditions.items())
            yield ""

    # ---- events --------------------------------------------------------------------------------------------------

    def _index(self, operations: Node) -> Iterator[str]:
        yield from ("| event | carries | |", "| --- | --- | --- |")
        for operation in operations.values():
            reference = self._payload(operation)
            carried = self._link(reference) if reference else "–"
            yield f"| `{self._event(operation)}` | {carried} | {self._summary(operation)} |"
        yield ""

    def _received(self, key: str, operation: Node) -> Iterator[str]:
        yield from (f"### `{self._event(operation)}`", "", self._summary(operation), "")
        yield from self._carries(operation)
        if "reply" in operation:
            yield from self._acknowledged(operation)
        if rate := operation.get("x-rate"):
            yield from (
                f"At most {rate['per-second']} a second are handled; the surplus is dropped, the last one wins.",
                "",
            )
        if derived := operation.get("x-server-derived"):
            yield from (f"What it says in {_listed(f'`{name}`' for name in derived)} the server knows better.", "")
        if triggers := operation.get("x-triggers"):
            yield from (*self._hears(triggers), *self._drawn(operation, triggers))
        if refusals := operation.get("x-errors"):
            yield from self._refused(refusals)
        yield from _promised(self._name, operation.get("x-requirements", ()))

    def _carries(self, operation: Node) -> Iterator[str]:
        carried = self._payload(operation)
        if carried is None:
            yield from ("It carries nothing.", "")
        else:
            yield from self._shape(carried)

    def _acknowledged(self, operation: Node) -> Iterator[str]:
        ack = self._message(operation["reply"])
        asked = operation["x-ack"]
        must = "has to be asked for and" if asked["required"] else "where it is asked for,"
        fields = _fields(asked.get("where", {}))
        shape = self._link(ack["payload"]) + (fields and f" with {fields}")
        yield from (f"The ack {must} comes within {asked['timeout-ms']} ms: {shape}.", "")

    def _hears(self, triggers: Iterable[Node]) -> Iterator[str]:
        yield from ("| who | hears | when | within |", "| --- | --- | --- | --- |")
        for trigger in triggers:
            fields = _fields(trigger.get("where", {}))
            heard = f"`{self._event(self._operations[trigger['operation']])}`{fields and f' with {fields}'}"
            if trigger.get("then") == "disconnect":
                heard += ", and is disconnected"
            if trigger.get("level", "MUST") != "MUST":
                heard += f" ({trigger['level']})"
            when = _listed(trigger.get("when", ())) or "always"
            yield f"| {_audience(trigger)} | {heard} | {when} | {trigger['within-ms']} ms |"
        yield ""

    def _drawn(self, operation: Node, triggers: Iterable[Node]) -> Iterator[str]:
        """Draw who tells whom, for Mermaid: a line for each event, from top to bottom as the contract lists them."""
        audiences = {_audience(trigger): f"P{number}" for number, trigger in enumerate(triggers)}
        audiences = {who: "S" if who == _AUDIENCES["sender"] else alias for who, alias in audiences.items()}
        yield from (
            "```mermaid",
            "sequenceDiagram",
            "    participant S as the sender",
            "    participant R as the server",
        )
        yield from (f"    participant {alias} as {_plain(who)}" for who, alias in audiences.items() if alias != "S")
        yield f"    S->>R: {self._event(operation)}"
        for trigger in triggers:
            event = self._event(self._operations[trigger["operation"]])
            condition = _listed(trigger.get("when", ()))
            optional = f" (if {condition})" if condition else ""
            yield f"    R->>{audiences[_audience(trigger)]}: {event}{optional}"
        if "reply" in operation:
            yield "    R-->>S: ack"
        yield from ("```", "")

    def _refused(self, refusals: Iterable[Node]) -> Iterator[str]:
        yield from ("| refused when | the sender hears | code |", "| --- | --- | --- |")
        for refusal in refusals:
            told = "the failing ack" if refusal.get("ack") else f"`{self._event(self._operations[refusal['event']])}`"
            fields = _fields(refusal.get("where", {}))
            told += fields and f" with {fields}"
            if refusal.get("then") == "disconnect":
                told += ", and is disconnected"
            yield f"| {_listed(refusal['when'])} | {told} | {refusal['code']} |"
        yield ""

    # ---- promises and shapes ---------------------------------------------------------------------------------------

    def _promises(self) -> Iterator[str]:
        yield from ("## What is promised besides", "")
        yield from _promised(self._name, self._channel.get("x-requirements", ()))

    def _shapes(self) -> Iterator[str]:
        yield from ("## Shapes", "")
        yield from ("Objects have the fields that stand here and no others, unless it says so.", "")
        for key, schema in sorted(self._schemas.items(), key=lambda item: _last(item[0])):
            yield from (f"### {_last(key)}", "")
            yield from self._table(schema)

    def _shape(self, reference: Node) -> Iterator[str]:
        key = reference["$ref"].rpartition("/")[2]
        schema = self._schemas[key]
        yield f"{self._link(reference)}:"
        yield ""
        yield from self._table(schema, described=False)

    def _table(self, schema: Node, *, described: bool = True) -> Iterator[str]:
        if described and (words := schema.get("description")):
            yield from (_line(words), "")
        if schema.get("type") != "object":
            said = self._type(schema)
            yield from (f"{said[:1].upper()}{said[1:]}.", "")
            return
        is_open = schema.get("additionalProperties") is True
        if not schema.get("properties"):
            yield from ("An object with any fields." if is_open else "An empty object.", "")
            return
        yield from ("| field | type | |", "| --- | --- | --- |")
        for name, field in schema["properties"].items():
            optional = "" if name in schema.get("required", ()) else "optional; "
            default = f"{field['default']!r} when absent; " if "default" in field else ""
            words = (optional + default + _line(field.get("description", ""))).strip("; ")
            yield f"| `{name}` | {self._type(field)} | {words} |"
        yield from ("", "Other fields may stand beside these.", "") if is_open else ("",)

    def _type(self, schema: Node) -> str:
        """Say in a few words what a schema allows."""
        if "$ref" in schema:
            return self._link(schema)
        for union in ("oneOf", "anyOf"):
            if union in schema:
                return " or ".join(map(self._type, schema[union]))
        if "const" in schema:
            return f"`{schema['const']}`"
        if "enum" in schema:
            return " \\| ".join(f"`{value}`" for value in schema["enum"])
        kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        if kinds[0] == "array":
            return f"list of {self._type(schema['items'])}" + _range(schema, "minItems", "maxItems", " of them")
        unit = " characters" if kinds[0] == "string" else ""
        bounds = _range(schema, "minLength", "maxLength", unit) or _range(schema, "minimum", "maximum", "")
        shape = f" like `{schema['pattern'].replace('|', chr(92) + '|')}`" if "pattern" in schema else ""
        return " or ".join(kinds) + (f" ({schema['format']})" if "format" in schema else "") + bounds + shape

    # ---- names -----------------------------------------------------------------------------------------------------

    def _message(self, operation: Node) -> Node:
        message: Node = self._messages[self._key(operation)]
        return message

    def _key(self, operation: Node) -> str:
        bare = operation["messages"][0]["$ref"].rpartition("/")[2]
        return bare if bare in self._messages else f"{self._name}.{bare}"

    def _event(self, operation: Node) -> str:
        return str(self._message(operation)["name"])

    def _payload(self, operation: Node) -> Node | None:
        return self._message(operation).get("payload")

    def _summary(self, operation: Node) -> str:
        return str(operation.get("summary", "")).rstrip(".") + "."

    def _link(self, reference: Node) -> str:
        name = _last(reference["$ref"])
        return f"[{name}](#{name.lower()})"


def _audience(trigger: Node) -> str:
    places = {"room": f"`{trigger.get('room')}`", "user": f"`{trigger.get('user')}`"}
    return _AUDIENCES[trigger["to"]].format(**places)


def _fields(where: Mapping[str, object]) -> str:
    return ", ".join(f"`{name}` = {_value(value)}" for name, value in where.items())


def _value(value: object) -> str:
    return f"`{value}`" if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)


def _promised(protocol: str, requirements: Iterable[Node]) -> Iterator[str]:
    for item in requirements:
        yield f"- **{protocol}/{item['id']}** {item['level']}: {_line(item['text'])}"
    yield ""


def _range(schema: Node, low: str, high: str, unit: str) -> str:
    match schema.get(low), schema.get(high):
        case None, None:
            return ""
        case None, most:
            return f", at most {most}{unit}"
        case least, None:
            return f", at least {least}{unit}"
        case least, most:
            return f", {least}{unit}" if least == most else f", {least} to {most}{unit}"


def _listed(items: Iterable[str]) -> str:
    return " and ".join(items)


def _line(text: str) -> str:
    return " ".join(str(text).split()).replace("|", "\\|")


def _plain(text: str) -> str:
    """Leave out what Mermaid would read as its own."""
    return text.replace("`", "").replace("{", "").replace("}", "").replace(";", ",").replace("#", "")


def _last(key: str) -> str:
    return key.rpartition("/")[2].rpartition(".")[2]
