"""explain in process: p50 and p95 on the cases of the cause pages, or on a file given as argument; and 10 MB."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from authwhy import explain
from authwhy.causes.schema import read_pages

sys.path.insert(0, str(Path(__file__).resolve().parent))
from scan import log_text


def inputs() -> list[str]:
    """The texts to explain."""
    if len(sys.argv) > 1 and sys.argv[-1].endswith(".jsonl"):
        return [json.loads(line)["input"] for line in Path(sys.argv[-1]).read_text("utf-8").splitlines()]
    return [case.input for page in read_pages() for case in page.cases]


def main() -> None:
    """Print percentiles (targets: p50 <= 3 ms, p95 <= 20 ms) and how the time grows with the text."""
    texts = inputs()
    explain(texts[0])
    times = []
    for text in texts:
        start = time.perf_counter()
        explain(text)
        times.append((time.perf_counter() - start) * 1000)
    times.sort()
    print(f"{len(times)} texts: p50 {times[len(times) // 2]:.2f} ms, p95 {times[int(len(times) * 0.95)]:.2f} ms")
    sizes = {}
    for megabytes in (1, 10):
        text = log_text(megabytes << 20)
        start = time.perf_counter()
        explain(text)
        sizes[megabytes] = time.perf_counter() - start
    print(f"1 MB {sizes[1]:.2f} s, 10 MB {sizes[10]:.2f} s: {sizes[10] / sizes[1]:.1f}x for ten times the text")


if __name__ == "__main__":
    main()
