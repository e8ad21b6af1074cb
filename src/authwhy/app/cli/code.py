"""`authwhy code SYSTEM CODE`: what a vendor's error code means in the vocabulary."""

from __future__ import annotations

import click

from authwhy.causes import meta
from authwhy.lexicon.match import lexicon
from authwhy.lexicon.row import Row, System
from authwhy.render.words import printable


@click.command(name="code")
@click.argument("system")
@click.argument("code", required=False)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(system: str, code: str | None, form: str) -> int:
    """Look up what CODE means when SYSTEM says it, such as `authwhy code entra AADSTS50076`.

    SYSTEM may be left out when the code itself is unmistakable: `authwhy code AADSTS50076`.
    """
    book = lexicon()
    if code is None:
        wanted, rows = None, book.by_code(system)
        code = system
        if not rows and (known := _known(system, book.systems())):
            click.echo(_about(known), nl=False)
            return 0
    else:
        wanted = _system(system, book.systems())
        rows = tuple(row for row in book.by_code(code) if row.system == wanted.system)
    if not rows:
        where = f"{wanted.title} is known, but not its code" if wanted else "no system says"
        click.echo(f"{where} {printable(code)}", err=True)
        return 1
    click.echo(_json(rows) if form == "json" else _text(rows), nl=False)
    return 0


def _known(name: str, systems: tuple[System, ...]) -> System | None:
    wanted = _plain(name)
    return next((one for one in systems if wanted in map(_plain, (one.system, *one.aliases))), None)


def _plain(name: str) -> str:
    return name.strip().lower().replace("-", "_").replace(" ", "_")


def _about(system: System) -> str:
    return f"{system.title} ({system.system}): {system.rows} rows\n{system.summary.strip()}\n{system.docs}\n"


def _system(name: str, systems: tuple[System, ...]) -> System:
    found = _known(name, systems)
    if found is not None:
        return found
    from difflib import get_close_matches

    names = [known for system in systems for known in (system.system, *system.aliases)]
    near = get_close_matches(_plain(name), names, n=3, cutoff=0.5)
    hint = f"; did you mean {', '.join(near)}?" if near else ""
    raise click.UsageError(f"no system is called {name!r}{hint}")


def _text(rows: tuple[Row, ...]) -> str:
    lines: list[str] = []
    for row in {(one.system, " ".join(one.pattern.split()).lower(), one.causes): one for one in rows}.values():
        causes = " or ".join(cause.value for cause in row.causes) or row.outcome.replace("_", " ")
        detail = f" ({row.detail.replace('_', ' ')})" if row.detail else ""
        lines.append(f"{row.system} {row.code}: {causes}{detail}")
        lines.append(f"  says      {row.pattern}")
        lines += [f"  means     {cause.value}: {meta(cause).title}" for cause in row.causes]
        if row.look:
            lines.append(f"  look at   {row.look}")
        lines.append(f"  source    {row.source}")
        lines += [f"  page      authwhy causes {cause.value}" for cause in row.causes[:1]]
    return "\n".join(lines) + "\n"


def _json(rows: tuple[Row, ...]) -> str:
    import msgspec

    return msgspec.json.format(msgspec.json.encode(rows), indent=2).decode() + "\n"
