"""Observe a service whose own authentication stays as it is: every refusal it sends becomes an event with its causes.

The request only notices the refusal and goes on; a worker runs the diagnosis on request head and answer.
"""

from __future__ import annotations

import atexit
import inspect
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Literal

from msgspec import structs

from authwhy.app.observe_asgi import ObservedAsgi
from authwhy.app.observe_wsgi import ObservedWsgi
from authwhy.app.refusal import Refusal, evidence_of
from authwhy.app.refusal_event import event_of
from authwhy.diagnose.context import Context
from authwhy.diagnose.explain import diagnose
from authwhy.evidence.read import merge
from authwhy.face import config_of, context_of
from authwhy.guard.address import TrustedProxies
from authwhy.guard.record import Recorder
from authwhy.guard.sinks import Sink, as_sink
from authwhy.guard.sinks.interface import CLOSE_S
from authwhy.guard.sinks.queue import BoundedQueue
from authwhy.model.event import Event
from authwhy.model.evidence import Evidence

CAPACITY = 1_000
Kind = Literal["asgi", "wsgi"]


class Observer:
    """Takes refusals in, gives events out. What cannot be kept or read is dropped and counted in `dropped`."""

    def __init__(
        self,
        sinks: tuple[Sink, ...],
        recorder: Recorder,
        proxies: TrustedProxies,
        context: Context,
        config: Evidence | None,
        capacity: int,
    ) -> None:
        self._sinks, self._recorder, self._proxies = sinks, recorder, proxies
        self._context, self._config = context, config
        self._queue: BoundedQueue[Refusal | threading.Event] = BoundedQueue(
            "observe", self._deliver, capacity=capacity, batch=1
        )
        atexit.register(self.close)  # before the sinks' own workers end: they were registered earlier

    @property
    def dropped(self) -> int:
        """How many refusals became no event: the queue was full, or reading them failed."""
        return self._queue.dropped

    def take(self, refusal: Refusal) -> None:
        """Queue a refusal; microseconds, never waits."""
        self._queue.put(refusal)

    def quietly(self, function: Callable[..., object], *arguments: object) -> None:
        """Call something of ours inside a request: whatever it raises is counted and must not reach the application."""
        try:
            function(*arguments)
        except Exception as error:  # noqa: BLE001  observing never fails a request
            self._queue.drop(1, f"failed with {type(error).__name__}")

    def _deliver(self, items: list[Refusal | threading.Event]) -> None:
        for item in items:
            if isinstance(item, Refusal):
                self._recorder.tell(self.event(item))
            else:
                item.set()

    def event(self, refusal: Refusal) -> Event:
        """The diagnosis of one refusal, as an event."""
        view = refusal.view
        view.via_proxy = self._proxies.trusts(view.peer)
        view.address = self._proxies.caller(view.peer, view.headers)
        now, context = int(refusal.at), self._context
        context = structs.replace(context, clock=now, at=now if context.at is None else context.at)
        evidence = evidence_of(refusal)
        whole = evidence if self._config is None else merge([evidence, self._config])
        return event_of(refusal, diagnose(whole, context), evidence, self._recorder)

    def flush(self, timeout_s: float = CLOSE_S) -> None:
        """Wait until everything taken so far was told, and let the sinks write it."""
        told = threading.Event()
        if self._queue.put(told):
            told.wait(timeout_s)
        for sink in self._sinks:
            sink.close(timeout_s)

    def close(self, timeout_s: float = CLOSE_S) -> None:
        """Tell what waits and stop; called by itself at exit."""
        atexit.unregister(self.close)
        self._queue.close(timeout_s)
        for sink in self._sinks:
            sink.close(timeout_s)


def observe(
    app: Any,
    events: Iterable[Sink | Callable[[Event], object]],
    *,
    kind: Kind | None = None,
    name: str | None = None,
    version: str | None = None,
    host: str | None = None,
    trusted_proxies: Iterable[str] = (),
    fingerprint_key: bytes | None = None,
    capacity: int = CAPACITY,
    **context: Any,
) -> Any:
    """Wrap an ASGI or WSGI application; its answers stay as they are, byte for byte and in time.

    Returns an ObservedAsgi or ObservedWsgi, an application of the same kind with an attribute `observer`.

    Each 401, 403 and 407 it sends, each 429 with Retry-After and each other error with a challenge becomes one Event
    of source "observe" for `events` (sinks of guard, or callables). The request's body is never read; of the answer's
    at most 16 KiB are. `kind` is found out by the application's signature unless given. `name`, `version` and `host`
    are named in events; `trusted_proxies` are networks whose X-Forwarded-For is believed; `fingerprint_key` makes
    fingerprints comparable over processes. `capacity`: refusals that may wait; more are dropped and counted.

    `context` is what `explain` takes by name (issuer, audience, jwks, secret, config ...): with it causes can be
    proven. Raises ValueError for no events, a context that cannot be read, or an application of neither kind.
    """
    sinks = tuple(as_sink(sink) for sink in events)
    if not sinks:
        raise ValueError("observe: give events, a list of sinks or callables; else nobody would be told")
    config = context.pop("config", None)
    observer = Observer(
        sinks,
        Recorder([sink.put for sink in sinks], app=name, host=host, version=version, key=fingerprint_key),
        TrustedProxies(trusted_proxies),
        context_of(**context),
        None if config is None else config_of(config),
        capacity,
    )
    wrap = ObservedAsgi if (kind or kind_of(app)) == "asgi" else ObservedWsgi
    return wrap(app, observer, time.time)


def kind_of(app: Any) -> Kind:
    """asgi for a coroutine function or three parameters, wsgi for two. Raises ValueError for anything else."""
    call = app if inspect.isroutine(app) or not callable(app) else getattr(app, "__call__", app)  # noqa: B004
    while hasattr(call, "func"):  # functools.partial
        call = call.func
    if inspect.iscoroutinefunction(call):
        return "asgi"
    try:
        parameters = tuple(inspect.signature(app).parameters.values())
    except (TypeError, ValueError):
        parameters = ()
    by_place = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    wanted = [one for one in parameters if one.kind in by_place and one.default is inspect.Parameter.empty]
    if len(wanted) == 3:
        return "asgi"
    if len(wanted) == 2:
        return "wsgi"
    raise ValueError(f"observe: {type(app).__name__} is no ASGI or WSGI application; say kind='asgi' or kind='wsgi'")
