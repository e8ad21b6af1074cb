"""Score explain on files of labelled failures: `python tools/score.py PATH… [--misses]`.

A row needs `input` (or `client_symptom`, with `server_log`) and the right cause (`primary` or `cause`); `alternatives`
are other right answers, `determinable` is yes, narrow or no. A folder is searched for *.jsonl.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from authwhy import explain
from authwhy.model.diagnosis import Diagnosis

SURE = ("proven", "likely")


class Row(NamedTuple):
    """One labelled failure."""

    id: str
    inputs: list[str]
    primary: str
    accepted: set[str]
    determinable: str


def rows(path: Path, logs: bool) -> Iterator[Row]:
    """The rows of a file or folder. With `logs` a transcript's server log is handed in too."""
    for file in sorted(path.rglob("*.jsonl")) if path.is_dir() else [path]:
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
            data: dict[str, Any] = json.loads(line)
            primary = data.get("primary") or data.get("cause")
            text = data.get("input") or data.get("client_symptom")
            if not isinstance(primary, str) or not isinstance(text, str):
                continue
            inputs = [text]
            if data.get("client_request"):
                inputs.insert(0, data["client_request"])
            if logs and data.get("server_log"):
                inputs.append(data["server_log"])
            if data.get("context"):
                context = data["context"]
                inputs.append(context if isinstance(context, str) else json.dumps(context))
            accepted = {primary, *(data.get("alternatives") or ())}
            yield Row(
                data.get("id", f"{file.name}:{number}"), inputs, primary, accepted, data.get("determinable", "yes")
            )


def judge(row: Row, diagnosis: Diagnosis) -> tuple[str, str]:
    """(place of the right answer, whether it was sure but wrong)."""
    causes = [finding.cause.value for finding in diagnosis.findings]
    place = "first" if causes[:1] == [row.primary] else "among four" if row.primary in causes[:4] else "missed"
    top = diagnosis.findings[0] if diagnosis.findings else None
    sure_wrong = top is not None and top.certainty in SURE and top.cause.value not in row.accepted
    return place, "sure but wrong" if sure_wrong else "fair"


def main() -> int:
    """Print the score."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--misses", action="store_true", help="show each row that is not right at first place")
    parser.add_argument("--logs", action="store_true", help="hand in server logs of transcripts too")
    options = parser.parse_args()
    counts: Counter[tuple[str, str]] = Counter()
    times: list[float] = []
    for row in (row for path in options.paths for row in rows(path, options.logs)):
        start = time.perf_counter()
        diagnosis = explain(row.inputs)
        times.append((time.perf_counter() - start) * 1000)
        place, fairness = judge(row, diagnosis)
        counts[row.determinable, place] += 1
        counts[row.determinable, "rows"] += 1
        counts["all", "rows"] += 1
        counts["all", fairness] += 1
        if options.misses and (place != "first" or fairness != "fair"):
            got = ", ".join(f"{one.cause}({one.certainty})" for one in diagnosis.findings[:4]) or diagnosis.verdict
            print(f"{row.id}: {place}, {fairness}; wanted {row.primary} [{row.determinable}]; got {got}")
    for kind in ("yes", "narrow", "no"):
        total = counts[kind, "rows"]
        if total:
            first, four = counts[kind, "first"], counts[kind, "first"] + counts[kind, "among four"]
            print(f"{kind:7} {total:4} rows  first {first / total:6.1%}  among four {four / total:6.1%}")
    total = counts["all", "rows"]
    times.sort()
    print(f"sure but wrong {counts['all', 'sure but wrong'] / max(total, 1):.1%} of {total}")
    print(f"explain p50 {times[len(times) // 2]:.1f} ms, p95 {times[int(len(times) * 0.95)]:.1f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
