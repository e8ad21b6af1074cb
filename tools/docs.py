"""Build the docs site from the same pages the program reads: `make docs`. `--check` builds it aside and compares.

Pages that are generated: one a cause, one a lexicon system, the list of both, and the command reference (docs/cli.md
is checked in, so that a change of `--help` shows in the diff).
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import docs_run
from click.testing import CliRunner

from authwhy.app.cli.group import COMMANDS, cli
from authwhy.causes.schema import KINDS, Page, read_pages
from authwhy.lexicon.build import Source, read_all
from authwhy.lexicon.row import System

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
CLI_PAGE = DOCS / "cli.md"


def cli_page() -> str:
    """The command reference: what `--help` really prints at 90 columns."""
    parts = ["# Command reference\n", "Generated from `--help` by `make docs`; CI compares.\n"]
    for words in ([], *([name] for name in sorted(COMMANDS))):
        shown = " ".join(["authwhy", *words])
        result = CliRunner().invoke(cli, [*words, "--help"], prog_name="authwhy", terminal_width=90)
        parts.append(f"## {shown}\n\n```text\n{result.output.rstrip()}\n```\n")
    return "\n".join(parts)


def cause_page(page: Page) -> str:
    """One cause: its row of the vocabulary, then its prose, then its fixes as a table."""
    fixes = "\n".join(
        f"- **{fix.who}** ({fix.applicability}{f', when {fix.when}' if fix.when else ''}): {fix.do}"
        + (f"\n    `{fix.check}`" if fix.check else "")
        for fix in page.fixes
    )
    row = (
        f"| kind | level | who must act | HTTP status | outsiders learn |\n|---|---|---|---|---|\n"
        f"| {page.kind} | {page.level}{' of ' + ', '.join(page.refines) if page.refines else ''} "
        f"| {' or '.join(page.side)} | {page.status} | `{page.public}` |\n"
    )
    details = f"\nDetails: {', '.join(f'`{detail}`' for detail in page.details)}\n" if page.details else ""
    sources = f"\nReferences: {', '.join(page.rfc)}\n" if page.rfc else ""
    return f"# {page.code}\n\n*{page.title}.*\n\n{row}{details}{sources}\n{page.body}\n## In short\n\n{fixes}\n"


def system_page(system: System, sources: tuple[Source, ...]) -> str:
    """One lexicon system: what it says and what that means."""
    lines = [f"# {system.title}\n", system.summary.strip(), ""]
    if system.docs:
        lines.append(f"Documentation: <{system.docs}>\n")
    lines += ["| says | means | source |", "|---|---|---|"]
    for source in sources:
        row = source.row
        code = f"**{row.code}** " if row.code else ""
        means = ", ".join(f"[{cause.value}](../causes/{cause.value}.md)" for cause in row.causes) or row.outcome
        look = f"<br>look at: {_cell(row.look)}" if row.look else ""
        lines.append(f"| {code}`{_cell(row.pattern)}` | {means}{look} | {_cell(row.source)} |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("`", "'").replace("<", "&lt;")


def stage(target: Path) -> None:
    """Everything mkdocs reads, written and generated, in one folder."""
    shutil.copytree(DOCS, target)
    pages = read_pages()
    (target / "causes").mkdir()
    for page in pages:
        (target / "causes" / f"{page.code}.md").write_text(cause_page(page), "utf-8")
    (target / "causes" / "index.md").write_text("\n".join(_cause_list(pages)), "utf-8")
    (target / "lexicon").mkdir()
    files = read_all()
    for system, sources in files:
        (target / "lexicon" / f"{system.system}.md").write_text(system_page(system, sources), "utf-8")
    index = ["# What systems say\n", "| system | rows | protocol |", "|---|---|---|"]
    index += [f"| [{s.title}]({s.system}.md) | {s.rows} | {s.protocol} |" for s, _ in files]
    (target / "lexicon" / "index.md").write_text("\n".join(index) + "\n", "utf-8")
    shutil.copy(ROOT / "CONTRIBUTING.md", target / "contributing.md")


def _cause_list(pages: tuple[Page, ...]) -> Iterator[str]:
    yield "# Causes\n"
    for kind in KINDS:
        yield f"## {kind}\n"
        yield from (f"- [{page.code}]({page.code}.md): {page.title}" for page in pages if page.kind == kind)
        yield ""


def build(site: Path) -> int:
    """Run mkdocs, strictly: a broken link fails."""
    with tempfile.TemporaryDirectory() as scratch:
        stage(Path(scratch) / "docs")
        config = (ROOT / "mkdocs.yml").read_text("utf-8")
        (Path(scratch) / "mkdocs.yml").write_text(config, "utf-8")
        command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(site)]
        return subprocess.run([*command, "--config-file", str(Path(scratch) / "mkdocs.yml")], check=False).returncode


def run_examples() -> int:
    """Run every page that shows Python or requests, each in a process of its own; return how many are not true."""
    pages = [path for path in (ROOT / "README.md", *sorted(DOCS.rglob("*.md"))) if docs_run.runs(path)]
    command = [sys.executable, str(ROOT / "tools/docs_run.py")]
    return sum(subprocess.run([*command, str(path)], check=False).returncode != 0 for path in pages)


def main() -> int:
    """Build into site/, or with --check build aside, compare the command reference and run the examples."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    if not parser.parse_args().check:
        CLI_PAGE.write_text(cli_page(), "utf-8")
        status = build(ROOT / "site")
        print("site/index.html" if status == 0 else "the site was not built")
        return status
    stale = not CLI_PAGE.is_file() or CLI_PAGE.read_text("utf-8") != cli_page()
    if stale:
        print("docs/cli.md differs from --help; run: make docs")
    with tempfile.TemporaryDirectory() as site:
        return 1 if (build(Path(site)) or run_examples() or stale) else 0


if __name__ == "__main__":
    sys.exit(main())
