"""Any callable as a sink: called in the request, in order, unless it proved slow."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from time import perf_counter
from typing import Any

from authwhy.guard.sinks.complaints import complain
from authwhy.guard.sinks.interface import CLOSE_S, Sink
from authwhy.guard.sinks.queue import CAPACITY, BoundedQueue
from authwhy.model.event import Event

SLOW_S = 0.05
TASKS = 1_000


class Callback:
    """Calls `function(event)` inside `put`; what it raises is counted and logged once a minute without the event.

    A function that once took longer than `slow_s` seconds is called by a worker from then on. What an async function
    returns runs as a task of the running loop, at most `tasks` at once; without a loop the worker runs it.
    """

    def __init__(
        self,
        function: Callable[[Event], object],
        *,
        name: str | None = None,
        report_dropped: Callable[[int], None] = lambda count: None,
        slow_s: float = SLOW_S,
        tasks: int = TASKS,
        capacity: int = CAPACITY,
    ) -> None:
        self._function, self._slow_s, self._limit = function, slow_s, tasks
        self._name = name or f"callback {getattr(function, '__name__', type(function).__name__)}"
        self._queue: BoundedQueue[Event | Awaitable[object]] = BoundedQueue(
            self._name, self._deliver, report_dropped=report_dropped, capacity=capacity, batch=1
        )
        self._slow = False
        # A loop keeps only weak references to its tasks: without this one they might vanish half done.
        self._tasks: set[Any] = set()

    @property
    def dropped(self) -> int:
        """How many events the function failed for or never got."""
        return self._queue.dropped

    def put(self, event: Event) -> None:
        """Call the function now, or queue the event once the function proved slow."""
        if self._slow:
            self._queue.put(event)
            return
        start = perf_counter()
        try:
            answer = self._function(event)
            if answer is not None and isinstance(answer, Awaitable):
                self._schedule(answer)
        except KeyboardInterrupt:
            raise  # a person's, not the function's
        except BaseException as error:  # noqa: BLE001 - foreign code must not fail a request, not even by SystemExit
            self._note(error)
        if perf_counter() - start > self._slow_s:
            self._slow = True
            complain(self._name, "is slow and is called by a worker from now on")

    def _note(self, error: BaseException) -> None:
        self._queue.drop(1, f"failed with {type(error).__name__}")

    def _schedule(self, answer: Awaitable[object]) -> None:
        import asyncio  # costs more than the rest of this package; an async function has loaded it already

        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            if not self._queue.put(answer):
                _abandon(answer)
            return
        if len(self._tasks) >= self._limit:
            _abandon(answer)
            self._queue.drop(1, "has too many unfinished tasks")
            return
        task = loop.create_task(_awaited(answer))
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: Any) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            self._queue.drop(1, "was cancelled")
        elif (error := task.exception()) is not None:
            self._note(error)

    def _deliver(self, items: list[Event | Awaitable[object]]) -> None:
        for item in items:
            answer = self._function(item) if isinstance(item, Event) else item
            if answer is not None and isinstance(answer, Awaitable):
                import asyncio

                asyncio.run(_awaited(answer))

    def close(self, timeout_s: float = CLOSE_S) -> None:
        """Call the function for what is queued. Tasks of a loop end with their loop."""
        self._queue.close(timeout_s)


async def _awaited(answer: Awaitable[object]) -> None:
    await answer


def _abandon(answer: Awaitable[object]) -> None:
    if isinstance(answer, Coroutine):
        answer.close()


def callback(
    function: Callable[[Event], object], *, slow_s: float = SLOW_S, tasks: int = TASKS, capacity: int = CAPACITY
) -> Callback:
    """A sink that calls `function(event)`. With `slow_s=0` the function is called by the worker after its first call.

    Raises ValueError when `capacity` is below 1.
    """
    return Callback(function, slow_s=slow_s, tasks=tasks, capacity=capacity)


def as_sink(target: Sink | Callable[[Event], object]) -> Sink:
    """The sink itself, or a callable as a sink. Raises TypeError for anything else."""
    if isinstance(target, Sink):
        return target
    if callable(target):
        return callback(target)
    raise TypeError(f"events go to a sink or a callable, not to {type(target).__name__}")
