"""`authwhy causes`: the vocabulary, and the page of one cause."""

from __future__ import annotations

import click

from authwhy.causes import Cause, Kind, meta


def _complete(context: click.Context, parameter: click.Parameter, start: str) -> list[str]:
    """Causes that begin so, for the shell."""
    return [cause.value for cause in Cause if cause.value.startswith(start)]


@click.command(name="causes")
@click.argument("code", required=False, shell_complete=_complete)
@click.option("--format", "form", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True)
def command(code: str | None, form: str) -> int:
    """List the causes, or show the page of one: what happened, proof, fix, prevention."""
    if code is None:
        click.echo(_list(form), nl=False)
        return 0
    known = code.strip().lower().replace("-", "_").removeprefix("causes/")
    if known not in Cause._value2member_map_:
        from difflib import get_close_matches

        near = get_close_matches(known, [cause.value for cause in Cause], n=3, cutoff=0.5)
        hint = f"; did you mean {', '.join(near)}?" if near else "; authwhy causes lists them all"
        raise click.UsageError(f"no cause is called {code!r}{hint}")
    click.echo(_page(Cause(known), form), nl=False)
    return 0


def _list(form: str) -> str:
    if form == "json":
        import json

        rows = [{"cause": cause.value, "kind": meta(cause).kind.value, "title": meta(cause).title} for cause in Cause]
        return json.dumps(rows, indent=2) + "\n"
    lines: list[str] = []
    for kind in Kind:
        lines.append(f"## {kind.value}\n" if form == "markdown" else kind.value)
        for cause in Cause:
            if meta(cause).kind == kind:
                entry = f"- `{cause.value}`: " if form == "markdown" else f"  {cause.value:<34}"
                lines.append(entry + meta(cause).title)
        lines.append("")
    return "\n".join(lines)


def _page(cause: Cause, form: str) -> str:
    from authwhy.causes.schema import read_page

    page = read_page(cause.value)
    if form == "json":
        import msgspec

        return msgspec.json.format(msgspec.json.encode(page), indent=2).decode() + "\n"
    sides = " or ".join(page.side)
    head = f"{page.code}: {page.title}"
    facts = f"kind {page.kind} · {page.level} · {sides} must act · HTTP {page.status} · outsiders learn: {page.public}"
    fixes = [f"{fix.who}: {fix.do}" + (f"\n    $ {fix.check}" if fix.check else "") for fix in page.fixes]
    if form == "markdown":
        return f"# {head}\n\n{facts}\n\n{page.body}"
    return f"{head}\n{facts}\n\n" + "\n".join(fixes) + f"\n\n{page.body}"
