"""Where events go. A sink never fails a request and never holds one up."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from authwhy.model.event import Event

CLOSE_S = 5.0
"""How many seconds `close` waits when nothing else is said."""


@runtime_checkable
class Sink(Protocol):
    """A place for events. Several threads may call it at once, and it goes on working in a child after `os.fork`."""

    @property
    def dropped(self) -> int:
        """How many events this process gave to the sink and the sink could not keep."""
        ...

    def put(self, event: Event) -> None:
        """Take one event, within microseconds. Never raises: what goes wrong is counted and logged elsewhere."""
        ...

    def close(self, timeout_s: float = CLOSE_S) -> None:
        """Pass on what is held, for at most `timeout_s` seconds. Called by itself at exit; a second call is fine."""
        ...
