"""Cold start of the command, CPU of the whole process; 1 = `python -c pass`. Smallest of many runs."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Sequence

RUNS = 15
# As on a user's machine: bytecode is written at the first run and read after it.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
TARGETS = {"import authwhy": 1.5, "authwhy --help": 4.5, "explain one text": 6.0}


def cpu_ms(command: Sequence[str]) -> float:
    """The least CPU time of RUNS runs, user and system, in milliseconds."""
    best = float("inf")
    for _ in range(RUNS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, env=ENVIRONMENT)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        best = min(best, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return best * 1000


def main() -> None:
    """Print each start as a ratio."""
    python = [sys.executable]
    commands = {
        "python -c pass": [*python, "-c", "pass"],
        "click hello": [*python, "-c", "import click\n@click.command()\ndef hello(): click.echo('hi')\nhello()"],
        "import authwhy": [*python, "-c", "import authwhy"],
        "authwhy --help": [*python, "-m", "authwhy", "--help"],
        "explain one text": [*python, "-m", "authwhy", "explain", "Signature has expired"],
    }
    base = cpu_ms(commands["python -c pass"])
    for name, command in commands.items():
        ratio = cpu_ms(command) / base
        target = f"   target <= {TARGETS[name]}" if name in TARGETS else ""
        print(f"{name:20} {ratio:6.2f}{target}")


if __name__ == "__main__":
    main()
