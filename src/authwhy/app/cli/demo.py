"""`authwhy demo`: explain a real failure that comes with authwhy, and say how to hand in one's own."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from authwhy.app.cli.options import format_option
from authwhy.app.cli.output import show

FOLDER = Path(__file__).resolve().parent.parent / "demo"
INTRO = """An API refuses a fresh token with a bare 401. At hand: what `curl -v` printed, and the API's settings.

  authwhy explain curl.txt --config orders.env      (both are in {folder})
"""
OUTRO = """
Your own: {program} explain "the error text"
          curl -sv https://api.example/orders 2>&1 | {program} explain -
          {program} run -- curl https://api.example/orders
"""


@click.command(name="demo")
@format_option
def command(form: str) -> int:
    """Explain a failure that comes with authwhy: a curl transcript recorded from a real server, and its settings."""
    from authwhy.face import explain

    recorded, settings = ((FOLDER / name).read_text("utf-8") for name in ("curl.txt", "orders.env"))
    if form == "text":
        click.echo(INTRO.format(folder=_short(FOLDER)))
    status = show(explain(recorded, config=settings), form)
    if form == "text":
        click.echo(OUTRO.format(program=_short(Path(sys.argv[0]))), nl=False)
    return status


def _short(path: Path) -> str:
    """The path as a person here would type it."""
    if not path.exists() or path.name == "__main__.py":
        return "authwhy"
    inside = path.resolve().is_relative_to(Path.cwd().resolve()) and Path("pyproject.toml").exists()
    if inside:
        return str(path.resolve().relative_to(Path.cwd().resolve()))
    return path.name if path.name == "authwhy" else str(path)
