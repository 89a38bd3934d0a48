"""What one client says and others hear: nobody may be sent what is no JSON because somebody else said it."""

import json
from functools import partial
from typing import Final, Never

from conformance.wire.bench import Bench
from conformance.wire.malformed.input import AT, End, malformed

NO_JSON: Final = "wire/robust/5"


async def _relays(argument: str, bench: Bench) -> None:
    name = bench.own_event("broadcast")
    ben = await bench.socket("ben")
    ann = await bench.socket("ann")
    ben.inbox.clear()
    ann.send(f'42{AT}["{name}",{argument}]'.replace(AT, bench.at))
    await bench.is_not_dead(ann)
    for _ in range(2):
        await bench.serves(ben, "who hears something goes on")
    for message in ben.inbox:
        text = message if isinstance(message, str) else ""
        if text.startswith("42"):
            try:
                json.loads(text[text.index("[") :], parse_constant=_refuse)
            except ValueError as error:
                bench.broken("others hear JSON, or nothing", f"ben was sent {text[:100]!r}: {error}", NO_JSON)


def _refuse(constant: str) -> Never:
    raise ValueError(f"{constant} is no JSON")


CASES: Final = tuple(
    malformed(f"ws/relay/{name}", End.SERVES, "robust/5", partial(_relays, argument))
    for name, argument in {
        "beyond-double": "1e999",
        "beyond-double-negative": "-1e999",
        "beyond-double-inside": '{"a":[1e999]}',
        "not-a-number": "NaN",
        "infinity": "Infinity",
        "lone-surrogate": '"\\ud800"',
        "lone-surrogate-as-key": '{"\\udc00":1}',
        "great-integer": "123456789012345678901234567890",
        "nul": '"\\u0000"',
        "line-separator": '"\\u2028\\u2029"',
        "record-separator": '"\\u001e4abc"',
        "proto": '{"__proto__":{"polluted":1}}',
        "placeholder": '{"_placeholder":true,"num":0}',
        "depth-30": "[" * 30 + "]" * 30,
    }.items()
)
