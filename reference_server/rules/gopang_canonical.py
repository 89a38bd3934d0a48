r"""The one way to write a JSON value down before it is hashed, so that whoever has the value finds the same hash.

This is a promise to clients. Canonical JSON is the value as UTF-8 text with the keys of every object sorted by code
point, without a blank between tokens, and with only those characters escaped that JSON demands (`"`, `\` and U+0000 to
1F, in the short form where there is one). Numbers stand as ECMAScript writes them, so `1.0` is `1` and `1e3` is `1000`:
a client in JavaScript cannot tell these apart. All of it is RFC 8785, but for keys with characters beyond U+FFFF, which
that sorts elsewhere. Its hash is SHA-256, written as 64 lower-case hexadecimal digits.
"""

import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from protocols.contract import Json

_EXACT: Final = 2**53
"""Up to here every integer is a double of its own."""
_PLAIN_DIGITS: Final = 21
"""ECMAScript, Number::toString: longer integers get an exponent."""


def canonical(value: Json) -> bytes:
    """Return the canonical JSON of a value that came out of JSON, and therefore can go back."""
    return _written(value).encode()


def fingerprint(value: Json) -> str:
    """Return the SHA-256 of a value's canonical JSON: 64 hexadecimal digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


def _written(value: Json) -> str:
    match value:
        case bool() | None | str():
            return json.dumps(value, ensure_ascii=False)
        case int() if abs(value) <= _EXACT:
            return str(value)
        case int() | float():
            return _number(float(value))
        case Mapping():
            return "{" + ",".join(f"{_written(key)}:{_written(value[key])}" for key in sorted(value)) + "}"
        case _:
            return "[" + ",".join(map(_written, value)) + "]"


def _number(value: float) -> str:
    """Return a double as ECMAScript writes it; `repr` finds the same digits, and puts the point elsewhere."""
    if value == 0:
        return "0"
    _, figures, exponent = Decimal(repr(abs(value))).normalize().as_tuple()
    assert isinstance(exponent, int)  # JSON knows neither infinities nor NaN
    digits, point = "".join(map(str, figures)), len(figures) + exponent
    if len(digits) <= point <= _PLAIN_DIGITS:
        text = digits + "0" * (point - len(digits))
    elif 0 < point <= _PLAIN_DIGITS:
        text = f"{digits[:point]}.{digits[point:]}"
    elif -6 < point <= 0:
        text = f"0.{'0' * -point}{digits}"
    else:
        text = f"{digits[0]}{'.' + digits[1:] if digits[1:] else ''}e{point - 1:+d}"
    return f"-{text}" if value < 0 else text
