"""The command `authwhy` in click. Each subcommand lives in its own module and is imported only when it is used."""

from __future__ import annotations

from importlib import import_module

import click

from authwhy.app.cli.inputs import EXIT_INTERRUPTED

COMMANDS = {
    "causes": "List the causes, or show the page of one.",
    "code": "Look up what a system's error code means.",
    "demo": "Explain a failure that comes with authwhy.",
    "explain": "Say why authentication failed: cause, proof, fix.",
    "run": "Run a command; explain it when authentication fails.",
}
EPILOG = """\b
Examples:
  authwhy explain "AADSTS700016: Application with identifier ... was not found"
  curl -sv https://api.example/orders 2>&1 | authwhy explain -
  authwhy explain request.har --jwks keys.json --audience https://api.example
  authwhy run -- curl -H "Authorization: Bearer $TOKEN" https://api.example/orders
"""


class LazyGroup(click.Group):
    """Knows every subcommand by name and one line; imports the one that runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, sorted."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of the command."""
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"authwhy.app.cli.{cmd_name}").command
        return command if isinstance(command, click.Command) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """A sentence where a command should stand was meant for explain."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(f"no such command {args[0][:60]!r}; to explain a text: authwhy explain {args[0][:60]!r}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]}, epilog=EPILOG)
@click.version_option(package_name="authwhy", message="%(prog)s %(version)s")
def cli() -> None:
    """authwhy says why authentication failed: the cause, the proof, the fix."""


def run() -> int:
    """Run the command of this process; click's own endings become exit statuses, all others are main's."""
    try:
        status = cli.main(standalone_mode=False, prog_name="authwhy")
    except click.exceptions.Abort:
        status = EXIT_INTERRUPTED
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    return status if isinstance(status, int) else 0
