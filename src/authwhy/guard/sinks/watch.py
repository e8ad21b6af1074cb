"""Events to a collector over HTTP, in batches, by way of a spool on disk that survives crashes and outages."""

from __future__ import annotations

import hashlib
import os
import random
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from authwhy.guard.sinks.complaints import complain
from authwhy.guard.sinks.fields import line_of
from authwhy.guard.sinks.interface import CLOSE_S
from authwhy.guard.sinks.queue import BATCH, CAPACITY, BoundedQueue
from authwhy.guard.sinks.spool import Spool
from authwhy.guard.sinks.worker import FOREVER, Worker
from authwhy.model.event import Event

if TYPE_CHECKING:
    from authwhy.guard.sinks.post import Post

NAME = "watch"
MAX_SPOOL_BYTES = 256 << 20
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 60.0
TIMEOUT_S = 10.0
# How soon to look again whether another process of this service has finished sending.
TURN_S = 0.05


class Watch:
    """Puts each event into the spool, before `put` returns when `durable`; a worker posts the batches in order.

    A batch leaves the spool when the collector has answered 2xx. While it is away the spool fills, up to its limit;
    then new events are dropped and counted, the old ones are kept.
    """

    def __init__(
        self, post: Post, spool: Spool, *, batch: int, every_s: float, durable: bool, first_wait_s: float, capacity: int
    ) -> None:
        if batch < 1 or every_s < 0:
            raise ValueError("batch is at least 1, every_s is at least 0")
        self._post, self._spool = post, spool
        self._batch, self._every_s, self._durable, self._first_wait_s = batch, every_s, durable, first_wait_s
        self._queue: BoundedQueue[bytes] = BoundedQueue(
            NAME, self._keep, capacity=capacity, batch=batch, every_s=every_s
        )
        self._worker = Worker("authwhy-watch", self._step, self._forked)
        self._fresh()

    def _fresh(self) -> None:
        self._closed = False
        self._failures = 0
        self._retry_at = 0.0
        self._told = 0

    def _forked(self) -> None:
        self._fresh()
        self._post.close()
        self._spool.forked()
        self._spool.measure()

    @property
    def dropped(self) -> int:
        """How many events could not be spooled, or were refused by the collector for good."""
        return self._queue.dropped

    def put(self, event: Event) -> None:
        """Write the event to the spool now, or queue it when not durable."""
        try:
            line = line_of(event)
            if not self._durable or self._closed:
                self._queue.put(line)
            elif self._spool.append(line, 1, self._batch):
                self._worker.ring()
        except Exception as error:  # noqa: BLE001 - a sink never fails a request
            self._queue.drop(1, f"cannot spool: {getattr(error, 'strerror', None) or type(error).__name__}")

    def _keep(self, lines: list[bytes]) -> None:
        self._spool.append(b"".join(lines), len(lines), len(lines))
        self._worker.ring()

    def _step(self, closing: bool) -> float:
        self._spool.measure()
        now = time.monotonic()
        if now < self._retry_at and not closing:
            return self._retry_at - now
        age_s = self._spool.age_s()
        if age_s is not None and (closing or age_s >= self._every_s):
            self._spool.seal()
        wait_s = self._turn()
        while closing and wait_s == TURN_S and time.monotonic() < self._worker.deadline:
            time.sleep(TURN_S)  # the processes of a service often end together
            wait_s = self._turn()
        if closing:
            self._post.close()
        age_s = self._spool.age_s()
        return wait_s if wait_s != FOREVER or age_s is None else max(0.0, self._every_s - age_s)

    def _turn(self) -> float:
        """Send when it is this process's turn; how many seconds to wait then, TURN_S when it is not."""
        with self._spool.sender() as mine:
            return self._send() if mine else TURN_S

    def _send(self) -> float:
        """Post what is sealed until one fails; how many seconds to wait then, FOREVER when nothing is left."""
        for segment in self._spool.sealed():
            left_s = self._worker.deadline - time.monotonic()
            if left_s <= 0:
                break
            missing = self._queue.dropped - self._told
            answer = self._post.send(segment.lines, segment.key, missing, left_s)
            if answer.verdict == "again":
                return self._wait(answer.reason, answer.wait_s)
            if answer.verdict == "refused":
                self._queue.drop(segment.lines.count(b"\n"), f"was refused a batch with {answer.reason}")
            else:
                self._told += missing
            self._failures, self._retry_at = 0, 0.0
            self._spool.remove(segment)
        return FOREVER

    def _wait(self, reason: str, asked_s: float) -> float:
        longest_s = min(LONGEST_WAIT_S, self._first_wait_s * 2.0 ** min(self._failures, 10))
        # Jitter keeps a fleet from coming back in the same instant; nothing secret depends on it.
        wait_s = asked_s + longest_s * random.uniform(0.5, 1.0)  # noqa: S311
        self._failures += 1
        self._retry_at = time.monotonic() + wait_s
        complain(NAME, f"cannot deliver, {reason}; events wait in the spool")
        return wait_s

    def close(self, timeout_s: float = CLOSE_S) -> None:
        """Post what is spooled, for at most `timeout_s` seconds; the rest stays on disk for the next process."""
        end = time.monotonic() + timeout_s
        self._closed = True
        self._queue.close(timeout_s)
        self._worker.close(max(0.0, end - time.monotonic()))
        self._spool.seal()


def watch(
    url: str,
    *,
    token: str | None = None,
    batch: int = BATCH,
    every_s: float = 1.0,
    spool: str | Path | None = None,
    max_spool_bytes: int = MAX_SPOOL_BYTES,
    durable: bool = True,
    timeout_s: float = TIMEOUT_S,
    first_wait_s: float = FIRST_WAIT_S,
    capacity: int = CAPACITY,
    ca_file: str | Path | None = None,
    insecure: bool = False,
) -> Watch:
    """A sink that posts to a collector: `batch` events or after `every_s` seconds, whichever comes first.

    `spool` is a folder; give one that outlives the process. Without it a folder of this user's under the system's
    temporary one. `timeout_s` bounds each wait for the network, `first_wait_s` is the first pause after a failure.
    Raises ValueError for an address or token that cannot be used, OSError when the spool cannot be made.
    """
    from authwhy.guard.sinks.post import Post  # http.client and ssl: only for those who post

    post = Post(url, token, timeout_s, None if ca_file is None else str(ca_file), insecure)
    # A folder for each collector, so that nobody's events go to somebody else.
    folder = (own_folder() if spool is None else Path(spool)) / hashlib.sha256(url.encode()).hexdigest()[:12]
    return Watch(
        post, Spool(folder.absolute(), max_spool_bytes), batch=batch, every_s=every_s, durable=durable,
        first_wait_s=first_wait_s, capacity=capacity,
    )  # fmt: skip


def own_folder() -> Path:
    """A private folder under the temporary one. Raises PermissionError when somebody else made it."""
    user = os.getuid() if hasattr(os, "getuid") else "user"
    folder = Path(tempfile.gettempdir()) / f"authwhy-spool-{user}"
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if folder.is_symlink() or status.st_uid != user or status.st_mode & 0o077:
        raise PermissionError(f"{folder} is not private to this user")
    return folder
