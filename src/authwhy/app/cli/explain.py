"""`authwhy explain`: hand it whatever you have."""

from __future__ import annotations

import click

from authwhy.app.cli.answer import WrongUsage, answer
from authwhy.app.cli.options import format_option

EPILOG = """\b
Examples:
  authwhy explain "jwt.exceptions.InvalidAudienceError: Audience doesn't match"
  authwhy explain curl-output.txt token.txt jwks.json --audience https://api.example
  kubectl get pods 2>&1 | authwhy explain -
  authwhy explain --token-file token.txt --secret-file secret.txt --at 2026-01-31T14:00:00Z
  authwhy explain 8f14e45fceea167a --events /var/log/orders/events.jsonl
  authwhy explain last --events /var/log/orders/events.jsonl

\b
Exit status: 0 a cause was found; 1 none could be determined, or it is no authentication
failure; 2 wrong usage; 3 input unreadable; 130 interrupted.
"""


FILE = click.Path()  # so that shells complete file names


@click.command(name="explain", epilog=EPILOG)
@click.argument("inputs", nargs=-1, metavar="[INPUT]...", type=click.Path())
@format_option
@click.option("--at", metavar="TIME", help="Check as of this time: 2026-01-31T14:02:11Z or seconds since 1970.")
@click.option("--token-file", metavar="FILE", type=FILE, help="A file that holds the token.")
@click.option("--secret-file", metavar="FILE", type=FILE, help="A file that holds the shared secret a proof needs.")
@click.option("--jwks", metavar="FILE", type=FILE, help="The key set the verifier uses (JWK Set).")
@click.option("--retired-jwks", metavar="FILE", type=FILE, help="A key set that was in use before.")
@click.option("--issuer", multiple=True, help="The issuer the verifier expects; may be given again.")
@click.option("--audience", multiple=True, help="The audience the verifier expects; may be given again.")
@click.option(
    "--config", metavar="FILE", type=FILE, help="The verifier's configuration (TOML, JSON, YAML or KEY=value)."
)
@click.option(
    "--events",
    metavar="FILE",
    type=FILE,
    help="Explain the event with the reference INPUT (or `last`) in FILE; without INPUT list the last failures.",
)
@click.pass_context
def command(
    ctx: click.Context,
    inputs: tuple[str, ...],
    form: str,
    at: str | None,
    token_file: str | None,
    secret_file: str | None,
    jwks: str | None,
    retired_jwks: str | None,
    issuer: tuple[str, ...],
    audience: tuple[str, ...],
    config: str | None,
    events: str | None,
) -> int:
    """Say why authentication failed.

    INPUT is an error text, a file, or - for standard input: curl -v output, a raw HTTP exchange, a HAR, a token, a key
    set, a certificate, a log, configuration. Several pieces together often prove what one alone only suggests.
    With --events it is the reference of a refusal by guard, as the public answer shows it, or `last`.
    Secrets are redacted before anything else happens and never printed.
    """
    try:
        return answer(
            inputs,
            format=form,
            at=at,
            token_file=token_file,
            secret_file=secret_file,
            jwks=jwks,
            retired_jwks=retired_jwks,
            issuer=issuer,
            audience=audience,
            config=config,
            events=events,
        )
    except WrongUsage as error:
        if not inputs and not token_file:
            click.echo(ctx.get_help(), err=True)
        raise click.UsageError(str(error)) from None
