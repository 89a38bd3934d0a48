"""How gopang hashes: canonical JSON, its SHA-256, and Merkle roots, written once more from the contract's words."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from protocols.contract import Json

_EXACT: Final = 2**53
"""Beyond this an integer is whatever double is nearest, as for ECMAScript."""


def fingerprint(value: Json) -> str:
    """Return the SHA-256 of a value's canonical JSON, in lowercase hexadecimal."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def canonical(value: Json) -> str:
    """Return a value with its keys sorted by code point, no white space, and numbers as ECMAScript writes them."""
    match value:
        case Mapping():
            return "{" + ",".join(f"{canonical(key)}:{canonical(value[key])}" for key in sorted(value)) + "}"
        case list() | tuple():
            return "[" + ",".join(map(canonical, value)) + "]"
        case float():
            return _double(value)
        case int() if not isinstance(value, bool) and abs(value) > _EXACT:
            return _double(float(value))
        case _:
            return json.dumps(value, ensure_ascii=False)


def _double(value: float) -> str:
    """Write the shortest digits of a double: plain from 1e-6 to below 1e21, otherwise with an exponent."""
    if value == 0:
        return "0"
    if 1e-6 <= abs(value) < 1e21:
        return format(Decimal(repr(value)).normalize(), "f")
    digits, _, exponent = f"{Decimal(repr(value)).normalize():e}".partition("e")
    return f"{digits}e{int(exponent):+d}"


def merkle_root(hashes: Sequence[str]) -> str:
    """Return the root over hashes in their order; a node without a neighbour goes up as it is (`gopang/openhash/6`)."""
    level = [bytes.fromhex(one) for one in hashes]
    while len(level) > 1:
        pairs = (level[index : index + 2] for index in range(0, len(level), 2))
        level = [hashlib.sha256(b"".join(pair)).digest() if len(pair) == 2 else pair[0] for pair in pairs]
    return level[0].hex()
