"""Refusing passwords: guard's bounded pool against the usual ways, in units of T, one argon2 verification; one run.

First what one request costs (in process, taking turns with the bare verification), then 200 wrong passwords at once
through one uvicorn in a process of its own, with an unrelated route asked all the while from this process at fixed
times, whether or not the last answer came. Run: python bench/guard_passwords.py [way ...]
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from guard_servers import HOST, reply, request, running

from authwhy.causes import Cause
from authwhy.guard import Account, Guard, basic, deny
from authwhy.guard.schemes.credential import PasswordCredential

FLOOD = 200
COST_ROUNDS = 21
EVERY_T = 0.25
"""How often the unrelated route is asked, in T."""
HASHER = PasswordHasher()
STORED = HASHER.hash("correct horse battery staple")
ALICE = Account("alice", STORED)


def matches(password: str, stored: str) -> bool:
    """One argon2 verification, by its own library."""
    try:
        return HASHER.verify(stored, password)
    except VerifyMismatchError:
        return False


# the ways to check


def sync_check(credential: PasswordCredential) -> object:
    """Guard, a plain function."""
    if credential.username != "alice":
        return deny(Cause.UNKNOWN_IDENTITY)
    return "alice" if credential.matches(STORED) else deny(Cause.WRONG_SECRET)


async def async_check(credential: PasswordCredential) -> object:
    """Guard, a coroutine."""
    if credential.username != "alice":
        return deny(Cause.UNKNOWN_IDENTITY)
    return "alice" if await credential.matches(STORED) else deny(Cause.WRONG_SECRET)


def by_name(name: str) -> Account | None:
    """Guard, which does all but the look-up."""
    return ALICE if name == "alice" else None


def guarded(timeout_s: float = 600.0, **how: Any) -> Any:
    """FastAPI behind guard, whose patience is long enough to check every password of the flood."""
    return Guard(basic(current_hash=STORED, **how), timeout_s=timeout_s).asgi(
        _fastapi("open"), {"/idle": None, "/*": "basic"}
    )


def _fastapi(way: str) -> Any:
    from fastapi import Depends, FastAPI, HTTPException
    from fastapi.security import HTTPBasic, HTTPBasicCredentials

    app, depends = FastAPI(), Depends(HTTPBasic())

    async def inline(given: HTTPBasicCredentials = depends) -> str:
        return judged(given.username == "alice" and matches(given.password, STORED))

    def threaded(given: HTTPBasicCredentials = depends) -> str:
        return judged(given.username == "alice" and matches(given.password, STORED))

    async def to_thread(given: HTTPBasicCredentials = depends) -> str:
        return judged(given.username == "alice" and await asyncio.to_thread(matches, given.password, STORED))

    def judged(good: bool) -> str:
        if not good:
            raise HTTPException(401)
        return "alice"

    check = {"inline": inline, "def": threaded, "to_thread": to_thread}.get(way)

    @app.get("/orders", dependencies=[] if check is None else [Depends(check)])
    async def orders() -> str:
        return "ok"

    @app.get("/idle")
    async def idle() -> str:
        return "ok"

    return app


WAYS: dict[str, Callable[[], Any]] = {
    "guard verify": lambda: guarded(verify=sync_check),
    "guard account": lambda: guarded(account=by_name),
    "guard async verify": lambda: guarded(verify=async_check),
    "guard verify, sheds": lambda: guarded(verify=sync_check, timeout_s=2.0),
    "FastAPI async, inline": lambda: _fastapi("inline"),
    "FastAPI def": lambda: _fastapi("def"),
    "FastAPI to_thread": lambda: _fastapi("to_thread"),
}


def __getattr__(name: str) -> Any:
    """`guard_passwords:app`, for the server: the way BENCH_APP names."""
    if name == "app":
        return WAYS[os.environ["BENCH_APP"]]()
    raise AttributeError(name)


def header(user: str, password: str) -> str:
    """The value of the Authorization header."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


# what one costs


async def _call(app: Any, value: str) -> tuple[float, int]:
    """Seconds and status of one request, in process."""
    seen = []

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            seen.append(message["status"])

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    scope = {"type": "http", "method": "GET", "path": "/orders", "query_string": b"", "client": ("127.0.0.1", 9),
             "headers": [(b"authorization", value.encode())], "scheme": "http", "root_path": ""}  # fmt: skip
    started = time.perf_counter()
    await app(scope, receive, send)
    return time.perf_counter() - started, seen[0]


async def costs(ways: Sequence[str]) -> float:
    """Print what one request costs, in units of the bare verification just before it; returns T (s)."""
    apps = {way: WAYS[way]() for way in ways}
    asked = {
        "wrong": (header("alice", "wrong"), 401),
        "unknown": (header("nobody", "wrong"), 401),
        "right": (header("alice", "correct horse battery staple"), 200),
    }
    bare: list[float] = []
    samples: dict[tuple[str, str], list[float]] = {}
    for _ in range(COST_ROUNDS):
        for way, app in apps.items():
            for case, (value, wanted) in asked.items():
                started = time.perf_counter()
                matches("wrong", STORED)
                bare.append(time.perf_counter() - started)
                took, status = await _call(app, value)
                assert status == wanted, (way, case, status)
                samples.setdefault((way, case), []).append(took / bare[-1])
    unit = statistics.median(bare)
    print(f"T = {unit * 1e3:.0f} ms; one request in T (median of {COST_ROUNDS}):")
    for way in apps:
        row = "  ".join(f"{case} {statistics.median(samples[way, case]):.3f}" for case in asked)
        print(f"  {way:24}{row}")
    return unit


# two hundred at once


class Flood:
    """200 wrong passwords on one server, and an unrelated route beside them."""

    def __init__(self, port: int, unit: float) -> None:
        self.port, self.unit = port, unit
        self.statuses: Counter[int] = Counter()
        self.drained = 0.0
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def run(self) -> tuple[list[float], list[float]]:
        """Latencies (s) of the unrelated route: idle, and while the flood lasts."""
        idle = []
        for _ in range(40):
            idle.append(await self._probe())
            await asyncio.sleep(self.unit * EVERY_T)
        line = f"Authorization: {header('alice', 'wrong')}\r\n"
        open_ones = await asyncio.gather(*(asyncio.open_connection(HOST, self.port) for _ in range(FLOOD)))
        started = time.perf_counter()
        flood = asyncio.gather(*(self._refused(*pair, request(line)) for pair in open_ones))
        probes = []
        while not flood.done():
            await asyncio.sleep(self.unit * EVERY_T)
            probes.append(asyncio.create_task(self._probe()))
        self.drained = time.perf_counter() - started
        busy = await asyncio.gather(*probes)
        for _, writer in (*open_ones, *self._free):
            writer.close()
        return idle, list(busy)

    async def _refused(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, octets: bytes) -> None:
        writer.write(octets)
        self.statuses[await reply(reader)] += 1

    async def _probe(self) -> float:
        pair = self._free.pop() if self._free else await asyncio.open_connection(HOST, self.port)
        started = time.perf_counter()
        pair[1].write(request(path="/idle"))
        await reply(pair[0])
        self._free.append(pair)
        return time.perf_counter() - started


def _mib(pid: int, field: str) -> float:
    """A memory field of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


def flood(way: str, unit: float) -> tuple[str, float]:
    """A line of the table, and the time (s) until the last refusal."""
    with running("uvicorn", "guard_passwords", {"BENCH_APP": way}) as (port, pid):
        before = _mib(pid, "VmRSS")
        work = Flood(port, unit)
        idle, busy = asyncio.run(work.run())
        peak = _mib(pid, "VmHWM")
    rest, middle = statistics.median(idle), statistics.median(busy)
    last = sorted(busy)[min(len(busy) - 1, int(len(busy) * 0.99))]
    said = " ".join(f"{status}x{count}" for status, count in sorted(work.statuses.items()))
    text = (
        f"{middle / unit:8.3f}{last / unit:9.2f}{middle / rest:9.1f}{peak:8.0f}{before:8.0f}"
        f"{work.drained / unit:8.0f}  {said}"
    )
    return text, work.drained


def main(ways: Sequence[str] = tuple(WAYS)) -> None:
    """Targets 6 and 7."""
    print(f"load average {os.getloadavg()[0]:.1f}; {os.cpu_count()} processors")
    unit = asyncio.run(costs(ways))
    print(f"\n{FLOOD} wrong passwords at once, uvicorn in its own process; unrelated route:")
    print(f"  {'':24}{'p50 /T':>8}{'p99 /T':>9}{'p50/idle':>9}{'MiB':>8}{'before':>8}{'drain/T':>8}  statuses")
    drained = {}
    for way in ways:
        text, drained[way] = flood(way, unit)
        print(f"  {way:24}{text}", flush=True)
    if usual := drained.get("FastAPI to_thread"):
        print("drain, to_thread = 1: " + ", ".join(f"{way} {took / usual:.2f}" for way, took in drained.items()))


if __name__ == "__main__":
    main(sys.argv[1:] or tuple(WAYS))
