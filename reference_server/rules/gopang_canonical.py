r"""The one way to write a JSON value down before it is hashed, so that whoever has the value finds the same hash.

This is a promise to clients. Canonical JSON is the value as UTF-8 text with the keys of every object sorted by code
point, without a blank between tokens, and with only those characters escaped that JSON demands (`"`, `\` and U+0000 to
1F, in the short form where there is one). Numbers are integers, in plain digits. In Python that is
`json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)`, in JavaScript `JSON.stringify` of the
value with its keys sorted. Its hash is SHA-256, written as 64 lower-case hexadecimal digits.
"""

import hashlib
import json

from protocols.contract import Json


def canonical(value: Json) -> bytes:
    """Return the canonical JSON of a value that came out of JSON, and therefore can go back."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def fingerprint(value: Json) -> str:
    """Return the SHA-256 of a value's canonical JSON: 64 hexadecimal digits."""
    return hashlib.sha256(canonical(value)).hexdigest()
