"""`rehearsal serve`: a server that keeps every promise, to build a client against."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from rehearsal.output import output
from rehearsal.parameters import examples, from_environment, protocol_name

EPILOG = examples(
    "rehearsal serve",
    "rehearsal serve space --port 4000 --mode development",
    "rehearsal serve --host 0.0.0.0 --world world.yaml --origin https://app.example.org",
    "rehearsal serve gateway --redis redis://127.0.0.1:6379 --journal ./journal",
    "rehearsal serve --time-scale 60 --seed 1 --json-logs",
)


def serve(
    protocols: Annotated[
        list[str] | None,
        typer.Argument(
            parser=protocol_name,
            metavar="PROTOCOL",
            help="What to serve: one gets the namespace /, several (or all, when none is named) each their own.",
            show_default=False,
        ),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 for any free one.")] = 3001,
    mode: Annotated[
        Literal["production", "development"],
        typer.Option(help="In development, who is not verified is let in with a warning."),
    ] = "production",
    time_scale: Annotated[float, typer.Option(help="How much faster than the clock the protocols' time passes.")] = 1.0,
    seed: Annotated[
        int | None, typer.Option(help="Makes every id predictable; drawn anew when absent.", show_default=False)
    ] = None,
    json_logs: Annotated[bool, typer.Option("--json-logs", help="Log in lines of JSON.")] = False,
    world: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Users and spaces, instead of those for testing.", show_default=False),
    ] = None,
    test_credentials: Annotated[
        bool, typer.Option("--test-credentials", help="Accept the public test tokens although others can connect.")
    ] = False,
    origin: Annotated[
        list[str] | None,
        typer.Option(
            help="Whose web pages may connect, such as the default http://localhost:3000; may be repeated.",
            show_default=False,
        ),
    ] = None,
    verify_url: Annotated[
        str, typer.Option(metavar="URL", help="Who is asked whether a session is valid.", show_default=False)
    ] = "",
    event_log_url: Annotated[
        str, typer.Option(metavar="URL", help="Where every ENTER and EXIT is posted.", show_default=False)
    ] = "",
    webhook_url: Annotated[
        str,
        typer.Option(
            metavar="URL", envvar="DISCORD_ERROR_WEBHOOK_URL", help="Discord webhook for errors.", show_default=False
        ),
    ] = "",
    jwt_secret_env: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="Environment variable with the secret that tokens are signed with.", show_default=False
        ),
    ] = "",
    service_token_env: Annotated[
        str,
        typer.Option(metavar="NAME", help="Environment variable with the token of internal HTTP.", show_default=False),
    ] = "",
    journal: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Keeps every entry, so that the next start goes on.", show_default=False),
    ] = None,
    redis: Annotated[
        str,
        typer.Option(metavar="URL", help="A Redis for presence and caches that others read.", show_default=False),
    ] = "",
    block: Annotated[
        list[str] | None,
        typer.Option(metavar="ADDRESS", help="Whom not to let in; may be a network, or repeated.", show_default=False),
    ] = None,
    max_connections: Annotated[int, typer.Option(help="How many gopang serves at a time.")] = 100,
    monitoring_url: Annotated[
        str, typer.Option(metavar="URL", help="Where dongne's slow answers are posted.", show_default=False)
    ] = "",
    push_url: Annotated[
        str, typer.Option(metavar="URL", help="Who delivers push notifications.", show_default=False)
    ] = "",
    email_url: Annotated[str, typer.Option(metavar="URL", help="Who delivers e-mail.", show_default=False)] = "",
    sms_url: Annotated[str, typer.Option(metavar="URL", help="Who delivers text messages.", show_default=False)] = "",
    tls_certificate: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Certificate chain in PEM, for https.", show_default=False)
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Its private key in PEM.", show_default=False)
    ] = None,
) -> None:
    """Run the reference server until Ctrl-C.

    It knows test users, so that a client can connect at once: some tokens are shown when it starts, `rehearsal token`
    makes others. Unless only this machine can connect, they open nothing without --test-credentials.
    """
    from reference_server.mode import Mode
    from reference_server.serve import run
    from reference_server.settings import Settings

    settings = Settings(
        protocols=tuple(protocols or ()),
        host=host,
        port=port,
        mode=Mode(mode),
        time_scale=time_scale,
        seed=seed,
        json_logs=json_logs,
        world=world,
        test_credentials=test_credentials,
        verify_url=verify_url,
        event_log_url=event_log_url,
        webhook_url=webhook_url,
        jwt_secret=from_environment(jwt_secret_env),
        service_token=from_environment(service_token_env),
        journal=journal,
        redis_url=redis,
        blocked=frozenset(block or ()),
        max_connections=max_connections,
        monitoring_url=monitoring_url,
        push_url=push_url,
        email_url=email_url,
        sms_url=sms_url,
        tls_certificate=tls_certificate,
        tls_key=tls_key,
    )
    if origin:
        settings = replace(settings, origins=tuple(origin))
    raise typer.Exit(run(settings, output()))
