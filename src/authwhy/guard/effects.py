"""A decision is a generator that yields Calls; the async and the sync world perform them.

So the decision itself is written once, knows no framework, and a check that blocks never blocks an event loop.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator
from concurrent.futures import CancelledError
from functools import partial
from typing import Any, Literal, TypeAlias

from msgspec import Struct

from authwhy.guard.pool import BoundedPool, Job, Overloaded

Place: TypeAlias = Literal["here", "thread", "hash"]


class Call(Struct, frozen=True):
    """A call to make: at once, in a thread because it may block, or in the bounded pool because it hashes."""

    function: Callable[..., Any]
    arguments: tuple[object, ...] = ()
    place: Place = "here"


class Pause(Struct, frozen=True):
    """Wait for some seconds without holding anybody up."""

    seconds: float


Step: TypeAlias = "Generator[Call | Pause, Any, Any]"


def place_of(function: Callable[..., object], blocking: Place = "thread") -> Place:
    """Where an application's own function runs: an async one here, any other one in a thread."""
    target = function
    while isinstance(target, partial):
        target = target.func
    if not inspect.isroutine(target):
        target = getattr(target, "__call__", target)  # noqa: B004  the method is looked at, not called
    return "here" if inspect.iscoroutinefunction(target) else blocking


class World:
    """Performs calls. `timeout_s` bounds each of them; one that takes longer has raised TimeoutError.

    Passwords are hashed in a pool of their own, so that a flood of them leaves the rest alone. One that mostly waited
    for its turn when its time is over has raised Overloaded: so a flood cannot look like an outage. A call that was
    cancelled, by anything but the end of the request itself, has raised CancelledError (that of concurrent.futures).
    """

    def __init__(self, *, timeout_s: float, hash_workers: int, hash_queue: int, threads: int = 16) -> None:
        self.timeout_s = timeout_s
        self.hashes = BoundedPool("authwhy-hash", hash_workers, hash_queue)
        self.threads = BoundedPool("authwhy-call", threads, 1_024)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pid = 0
        self._lock = threading.Lock()

    async def run(self, step: Step) -> Any:
        """Drive a decision inside an event loop."""
        value: object = None
        error: Exception | None = None
        while True:
            try:
                call = step.send(value) if error is None else step.throw(error)
            except StopIteration as stop:
                return stop.value
            value = error = None
            try:
                value = await self._perform(call)
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is None or task.cancelling():
                    raise
                error = CancelledError()  # the application's own work was cancelled, not this request
            except Exception as problem:  # noqa: BLE001  the decision itself says what it means
                error = problem

    async def _perform(self, call: Call | Pause) -> object:
        if isinstance(call, Pause):
            await asyncio.sleep(call.seconds)
            return None
        if call.place == "here":
            value = call.function(*call.arguments)
        else:
            job = self._submit(call)
            try:
                value = await self._within(asyncio.wrap_future(job))
            except TimeoutError:
                raise self._late(call, job) from None
        return await self._within(value) if inspect.isawaitable(value) else value

    async def _within(self, work: Awaitable[object]) -> object:
        """In this task: one of its own, as wait_for() makes it before Python 3.12, costs more than most checks."""
        async with asyncio.timeout(self.timeout_s):
            return await work

    def run_sync(self, step: Step) -> Any:
        """Drive a decision in a thread that may wait. Must not be called inside a running event loop's thread."""
        value: object = None
        error: Exception | None = None
        while True:
            try:
                call = step.send(value) if error is None else step.throw(error)
            except StopIteration as stop:
                return stop.value
            value = error = None
            try:
                value = self._perform_sync(call)
            except Exception as problem:  # noqa: BLE001  the decision itself says what it means
                error = problem

    def _perform_sync(self, call: Call | Pause) -> object:
        if isinstance(call, Pause):
            time.sleep(call.seconds)
            return None
        if call.place == "here":
            value = call.function(*call.arguments)
        else:
            job = self._submit(call)
            try:
                value = job.result(self.timeout_s)
            except TimeoutError:
                raise self._late(call, job) from None
        return self._await(value) if inspect.isawaitable(value) else value

    def _submit(self, call: Call) -> Job:
        pool = self.hashes if call.place == "hash" else self.threads
        return pool.submit(call.function, *call.arguments)

    def _late(self, call: Call, job: Job) -> Exception:
        """Why there is no answer in time; a call that has not begun is never run."""
        return Overloaded(call.place) if job.give_up() else TimeoutError()

    def _await(self, awaitable: Any) -> object:
        """Run an application's coroutine from a sync server: on one loop that lives in a thread of its own."""

        async def bounded() -> object:
            return await asyncio.wait_for(awaitable, self.timeout_s)

        return self._run_on_loop(bounded())

    def _run_on_loop(self, work: Coroutine[Any, Any, object]) -> object:
        with self._lock:
            if self._loop is None or self._pid != os.getpid():  # its thread does not survive a fork
                self._loop, self._pid = _started_loop(), os.getpid()
            loop = self._loop
        return asyncio.run_coroutine_threadsafe(work, loop).result(self.timeout_s + 1)

    def close(self) -> None:
        """Stop the threads; calls that still run are not waited for."""
        self.hashes.close()
        self.threads.close()
        with self._lock:
            loop, self._loop = self._loop, None
        if loop is not None:
            loop.call_soon_threadsafe(loop.stop)


def _started_loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    started = threading.Event()

    def serve() -> None:
        loop.call_soon(started.set)
        try:
            loop.run_forever()
        finally:
            loop.close()

    threading.Thread(target=serve, name="authwhy-loop", daemon=True).start()
    started.wait()
    return loop
