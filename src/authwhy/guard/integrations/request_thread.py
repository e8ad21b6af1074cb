"""Where an application's look-ups run: frameworks tie a connection or a context to the thread of the request."""

from __future__ import annotations

from collections.abc import Callable
from inspect import isawaitable
from typing import Any

from authwhy.guard.effects import Call, Step


def in_the_requests_thread(step: Step, bridge: Callable[..., Any] | None = None) -> Step:
    """The same Calls, but those that may block are made in the thread of the request, not in the guard's threads.

    Django keeps a database connection for each thread, Flask a context: in a thread that the framework does not know,
    a look-up would open a connection that nobody closes, miss the request's transaction, or find no context at all.
    `bridge` makes a function awaitable, for an event loop. Passwords are still hashed in the guard's pool.
    """
    value: object = None
    error: Exception | None = None
    while True:
        try:
            call = step.send(value) if error is None else step.throw(error)
        except StopIteration as stop:
            return stop.value
        if isinstance(call, Call) and call.place == "thread":
            call = Call(call.function if bridge is None else bridge(call.function), call.arguments, "here")
        value = error = None
        try:
            value = yield call
            if isawaitable(value):  # a plain function that returns a coroutine
                value = yield Call(_itself, (value,))
        except Exception as problem:  # noqa: BLE001  the decision itself says what it means
            error = problem


def _itself(value: object) -> object:
    return value
