"""`rehearsal token`: a session to connect with, for the protocols that want a JSON Web Token."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import orjson
import typer

from protocols.contract import Json
from protocols.errors import UsageError
from rehearsal.parameters import examples, from_environment, protocol_name

EPILOG = examples(
    "rehearsal token --protocol hub --user mina@example.org",
    "rehearsal token --protocol gopang --claim userId=u1 --claim email=u1@example.org --claim userType=individual",
    "rehearsal token --protocol dongne --claim userId=u1 --expires 60",
    "rehearsal token --protocol gateway --claim sub=7 --claim email=ana@example.org --secret-env JWT_SECRET",
)


def token(
    protocol: Annotated[
        str, typer.Option("--protocol", parser=protocol_name, metavar="NAME", help="What the token is for.")
    ],
    claim: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="What it says of its bearer, text where the contract wants text, else JSON; may be repeated.",
            show_default=False,
        ),
    ] = None,
    user: Annotated[
        str,
        typer.Option(
            metavar="WHO", help="Somebody of the world, by id, email or nickname; their claims.", show_default=False
        ),
    ] = "",
    world: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="The world that knows them; the built-in one when absent.", show_default=False
        ),
    ] = None,
    expires: Annotated[int, typer.Option(metavar="SECONDS", min=1, help="How long it is valid.")] = 3600,
    secret_env: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Environment variable with the secret; the built-in one for development when absent.",
            show_default=False,
        ),
    ] = "",
) -> None:
    """Print a signed token (HS256), valid from now on.

    Clients send it as `auth: {token}` when they connect. Whether its bearer exists is the server's to say.
    """
    from protocols import PROTOCOLS
    from reference_server.gate import DEVELOPMENT_SECRET, Gate

    secret = from_environment(secret_env) or DEVELOPMENT_SECRET
    contract = PROTOCOLS[protocol]
    shape = {} if contract.handshake is None else contract.schemas[contract.handshake.claims]["properties"]
    claims = {**_claims_of(protocol, user, world), **dict(_claim(text, shape) for text in claim or ())}
    typer.echo(Gate(contract, secret).mint(claims, expires))


def _claims_of(protocol: str, user: str, world: Path | None) -> Mapping[str, Json]:
    """Return what a world knows of somebody, nothing where nobody is named; raises UsageError."""
    from reference_server.served import SERVED
    from reference_server.world import World

    if not user:
        return {}
    known = list(SERVED[protocol].claims(World.built_in() if world is None else World.load(world)))
    for claims in known:
        if user in claims.values():
            return claims
    names = [str(next(iter(claims.values()))) for claims in known[:3]]
    raise UsageError(
        f"{protocol} knows no {user!r}; " + (f"there is {', '.join(names)}, and others" if names else "it knows nobody")
    )


def _claim(text: str, shape: dict[str, dict[str, object]]) -> tuple[str, Json]:
    """Read `userId=u1`; raises BadParameter."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise typer.BadParameter(f"{text!r} is no claim; write it like userId=u1")
    if shape.get(name, {}).get("type", "string") == "string" or "$ref" in shape.get(name, {}):
        return name, value
    try:
        return name, orjson.loads(value)
    except orjson.JSONDecodeError:
        return name, value
