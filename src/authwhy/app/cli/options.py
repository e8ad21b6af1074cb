"""Options that several commands share."""

from __future__ import annotations

import click

from authwhy.render import FORMATS

format_option = click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="text for a terminal, plain for screen readers and tickets, json for programs, markdown for issues.",
)
