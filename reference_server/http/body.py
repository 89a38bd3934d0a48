"""Reads what an HTTP request brings, strictly: one JSON object of a known shape, of bounded size."""

import asyncio
from collections.abc import Mapping

import jsonschema_rs
import orjson
from aiohttp import web

from protocols.contract import Json, JsonSchema
from reference_server.gate import BadToken, Gate
from reference_server.http.refusal import UNAUTHORIZED, Refused

MAX_BODY = 16 * 1024
READ_S = 10.0
"""How long a body may take to arrive: whoever sends half of one must not keep its connection for good."""


class Shape:
    """What a body must look like: `properties` by name, those of `required` at least, and no others."""

    def __init__(
        self, properties: Mapping[str, JsonSchema], required: list[str], schemas: Mapping[str, JsonSchema]
    ) -> None:
        self._validator = jsonschema_rs.Draft202012Validator(
            {
                "type": "object",
                "properties": dict(properties),
                "required": required,
                "additionalProperties": False,
                "$defs": dict(schemas),
            },
            validate_formats=True,
            mask="the value",  # it may be a password, and answers are kept in many a log
        )

    async def read(self, request: web.Request) -> Mapping[str, Json]:
        """Return the body of a request.

        Raises Refused: 415 for another type than JSON (which a page could send without asking leave) or a compressed
        one, 413 for too much of it, 408 for one that takes too long, 400 for what is no JSON or has another shape.
        """
        if request.content_type != "application/json":
            raise Refused(415, "The body must be application/json")
        if request.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise Refused(415, "The body must not be compressed")  # a small one could become a large one
        body = await _read(request)
        try:
            value: Json = orjson.loads(body)
        except orjson.JSONDecodeError:
            raise Refused(400, "The body is not JSON") from None
        self.check(value)
        assert isinstance(value, dict)
        return value

    def check(self, value: Json) -> None:
        """Raise Refused, and say where the shape is broken, without quoting what stands there."""
        error = next(iter(self._validator.iter_errors(value)), None)
        if error is not None:
            where = "/".join(map(str, error.instance_path)) or "body"
            raise Refused(400, f"{where}: {error.message}"[:500])


def bearer(headers: Mapping[str, str]) -> str:
    """Return the token of `Authorization: Bearer <token>`; empty where there is none."""
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def bearer_claims(request: web.Request, gate: Gate) -> Mapping[str, Json]:
    """Return what the bearer token of a request says; raises Refused with 401 where it opens nothing."""
    try:
        return gate.verify(bearer(request.headers)).claims
    except BadToken as bad:
        raise Refused(401, str(bad), UNAUTHORIZED) from None


async def _read(request: web.Request) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(READ_S):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > MAX_BODY:
                    raise Refused(413, f"The body is longer than {MAX_BODY} bytes")
    except TimeoutError:
        raise Refused(408, f"The body did not arrive within {READ_S:g} s") from None
    return bytes(body)
