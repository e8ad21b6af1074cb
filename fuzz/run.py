"""Throw hostile text at every parser: `make fuzz`, or `python fuzz/run.py --target har --seconds 60 --seed 7`.

Each run mutates the seeds of a target with a seeded generator, so a failure can be repeated. A target fails when it
raises, when it breaks a promise of its own (`check`), or when one input takes longer than a second.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import traceback
from importlib import import_module
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from fuzz.interface import Target
from fuzz.mutate import mutated

TARGETS = (
    "certificate",
    "challenge",
    "curl_command",
    "curl_verbose",
    "decode",
    "documents",
    "har",
    "http_exchange",
    "jwt",
    "keys",
    "redact",
    "settings",
    "shell_words",
    "token",
    "trace",
)
MAX_SECONDS = 1.0


def load(name: str) -> Target:
    """The module of a target."""
    module: Target = import_module(f"fuzz.targets.{name}")
    return module


def run(name: str, seconds: float, seed: int) -> str | None:
    """Fuzz one target for a while; returns what failed, or None."""
    target = load(name)
    generator = random.Random(f"{name} {seed}")  # noqa: S311  not for secrets
    end = time.monotonic() + seconds
    count = 0
    for text in target.SEEDS:
        if failure := attempt(target, text):
            return f"{name}: a seed fails\n{failure}"
    while time.monotonic() < end:
        count += 1
        text = mutated(target.SEEDS, generator)
        if failure := attempt(target, text):
            return f"{name}: run {count} of seed {seed}\n{failure}\ninput: {shrunk(target, text)!r}"
    print(f"{name:14} {count:7,} inputs", flush=True)
    return None


def attempt(target: Target, text: str) -> str | None:
    """What went wrong with one input, or None."""
    start = time.process_time()
    try:
        target.check(text)
    except Exception:  # noqa: BLE001  any exception is what we look for
        return traceback.format_exc(limit=-6)
    spent = time.process_time() - start
    return f"took {spent:.1f} s for {len(text):,} characters" if spent > MAX_SECONDS else None


def shrunk(target: Target, text: str) -> str:
    """A shorter input that fails as well: pieces are left out as long as that works, for half a minute."""
    end = time.monotonic() + 30
    size = len(text) // 2
    while size:
        at = 0
        while at < len(text) and time.monotonic() < end:
            shorter = text[:at] + text[at + size :]
            if attempt(target, shorter):
                text = shorter
            else:
                at += size
        size //= 2
    return text


def main() -> int:
    """Run the chosen targets, all by default."""
    parser = argparse.ArgumentParser(description="fuzz the parsers")
    parser.add_argument("--target", choices=TARGETS, action="append")
    parser.add_argument("--seconds", type=float, default=4.0, help="for each target")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    failures = [failure for name in chosen.target or TARGETS if (failure := run(name, chosen.seconds, chosen.seed))]
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
