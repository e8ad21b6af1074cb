"""Put the real demo run and the real counts into README.md; `make generate` runs it, `--check` compares."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from authwhy.lexicon.build import read_all

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"


def demo() -> str:
    """What `authwhy demo` prints from the project's folder."""
    program = str(Path(sys.executable).with_name("authwhy").relative_to(ROOT))
    environment = {**os.environ, "COLUMNS": "96", "NO_COLOR": "1"}
    command = [program, "demo"]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout


def current() -> str:
    """README.md as it should be."""
    text = README.read_text("utf-8")
    files = read_all()
    rows = sum(len(sources) for _, sources in files)
    text = re.sub(r"(?s)(failure that comes with authwhy:\n\n```text\n).*?(```)", lambda m: m[1] + demo() + m[2], text)
    return re.sub(
        r"what \S+ error texts and codes of \S+ systems",
        f"what {rows // 1000 * 1000:,}+ error texts and codes of {len(files) // 10 * 10}+ systems",
        text,
    )


def main() -> int:
    """Write README.md, or with --check say whether it is stale."""
    wanted = current()
    if README.read_text("utf-8") == wanted:
        return 0
    if "--check" in sys.argv:
        print("README.md is stale; run: make generate")
        return 1
    README.write_text(wanted, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
