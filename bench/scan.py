"""Scan rate of the lexicon on 10 MB of log text, and what ten times the rows cost a look-up."""

from __future__ import annotations

import random
import tempfile
import time
from pathlib import Path

from authwhy.lexicon.build import INDEX
from authwhy.lexicon.match import Lexicon, match

SIZE = 10 << 20
LINES = (
    "2026-11-22T10:00:0{d} api[{n}]: GET /orders/{n} 200 {n} ms request={n}",
    "Nov 22 10:00:0{d} host sshd[{n}]: Accepted publickey for user{n} from 192.0.2.{d} port {n} ssh2",
    "Nov 22 10:00:0{d} host sshd[{n}]: Failed password for invalid user u{n} from 192.0.2.{d} port {n} ssh2",
    '192.0.2.{d} - - [22/Nov/2026:10:00:0{d} +0000] "GET /a/{n} HTTP/1.1" 401 {n} "-" "curl/8"',
    'level=info msg="worker {n} finished" took={n}ms',
)


def log_text(size: int) -> str:
    """Plausible log lines with changing numbers."""
    rng = random.Random(7)
    lines: list[str] = []
    total = 0
    while total < size:
        line = rng.choice(LINES).format(n=rng.randrange(10**6), d=rng.randrange(10))
        lines.append(line)
        total += len(line) + 1
    return "\n".join(lines)


def best(work: object, runs: int = 5) -> float:
    """The shortest of some runs, in seconds."""
    assert callable(work)
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def ten_times(folder: Path) -> Path:
    """An index of ten times the rows: each line again under nine other keys of the same length."""
    lines = INDEX.read_bytes().splitlines(keepends=True)
    more = [bytes([97 + copy]) + line[1:] if line[:1] != b"#" else line for copy in range(9) for line in lines]
    path = folder / "ten.tsv"
    path.write_bytes(b"".join(sorted(set(lines + more))))
    return path


def main() -> None:
    """Print MB a second and the ratio of a cold look-up."""
    text = log_text(SIZE)
    count = best(lambda: text.count("refused"))
    scan = best(lambda: match(text), 3)
    print(f"10 MB of log: {SIZE / scan / 1e6:.0f} MB/s; 1 = str.count of one word: {scan / count:.0f}")
    sample = 'psycopg2.OperationalError: FATAL: password authentication failed for user "raptor"'
    with tempfile.TemporaryDirectory() as folder:
        bigger = ten_times(Path(folder))
        one = best(lambda: match(sample, Lexicon(INDEX)), 50)
        ten = best(lambda: match(sample, Lexicon(bigger)), 50)
    rows = INDEX.read_bytes().count(b"\n")
    print(
        f"opening the index of {rows} lines and matching one text: {one * 1000:.2f} ms;"
        f" ten times the lines: {ten / one:.2f}x"
    )


if __name__ == "__main__":
    main()
