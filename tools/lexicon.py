"""Check lexicon files while writing them, and see what matches a text.

`python tools/lexicon.py check [FILE…]` compiles the whole folder and proves each sample of the named files (all by
default); `python tools/lexicon.py match TEXT` shows every row that matches.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from authwhy.lexicon.build import FOLDER, LexiconError, Source, build_index, read_file
from authwhy.lexicon.match import PLAIN_WORDS, Hit, Lexicon, resolve
from authwhy.lexicon.match import match as find_all


def sample_problem(source: Source, hits: list[Hit]) -> str | None:
    """Why a sample does not prove its row, or None: the row itself must win, and nothing that says otherwise."""
    kept = resolve(hits)
    mine = [hit for hit in hits if (hit.row.system, hit.row.pattern) == (source.row.system, source.row.pattern)]
    if not mine:
        return "the row does not match its own sample"
    rivals = [hit for hit in kept if hit.row.causes != source.row.causes or hit.row.outcome != source.row.outcome]
    if source.row.system == PLAIN_WORDS:  # these give way to any system's own words
        rivals = [hit for hit in rivals if hit.row.system == PLAIN_WORDS]
    exact_rivals = [hit for hit in rivals if source.row.rank == "general" or hit.row.rank == "exact"]
    if exact_rivals:
        rival = exact_rivals[0].row
        return f"also {rival.system}: {rival.pattern!r} -> {', '.join(rival.causes) or rival.outcome}"
    return None


def compiled(folder: Path = FOLDER) -> tuple[Lexicon, list[str]]:
    """The lexicon of the folder as it is now; files that do not parse are left out and named."""
    problems: list[str] = []
    with tempfile.TemporaryDirectory() as scratch:
        for path in folder.glob("*.toml"):
            try:
                read_file(path)
            except LexiconError as error:
                problems.append(str(error))
                continue
            (Path(scratch) / path.name).write_bytes(path.read_bytes())
        index = Path(scratch) / "index.tsv"
        index.write_bytes(build_index(Path(scratch)))
        return Lexicon(index), problems


def check(files: list[Path]) -> int:
    """Print every problem of the named files; return how many."""
    lexicon, problems = compiled()
    names = {path.name for path in files}
    found = [problem for problem in problems if not names or problem.split(":")[0].split(" ")[0] in names]
    rows = 0
    for path in files or sorted(FOLDER.glob("*.toml")):
        try:
            _, sources = read_file(path)
        except LexiconError:
            continue
        rows += len(sources)
        for source in sources:
            problem = sample_problem(source, find_all(source.sample, lexicon))
            if problem:
                found.append(f"{source.where}: {source.row.pattern!r}\n    {problem}")
    print(*found, sep="\n")
    print(f"{rows} rows, {len(found)} problems")
    return len(found)


def main(arguments: list[str]) -> int:
    """Run one of the two commands."""
    match arguments:
        case ["check", *files]:
            return 1 if check([Path(file) for file in files]) else 0
        case ["match", text]:
            lexicon, _ = compiled()
            for hit in resolve(find_all(text, lexicon)):
                print(
                    f"{hit.row.system:20} {hit.row.rank:8} {','.join(hit.row.causes) or hit.row.outcome}: {hit.quote!r}"
                )
            return 0
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
