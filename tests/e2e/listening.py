"""An ASGI application that listens on loopback, in a thread of the test."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any

import uvicorn
from tests.e2e.loopback import HOST, until


class Listening:
    """The application, served by uvicorn while the block runs."""

    def __init__(self, app: Any, port: int) -> None:
        config = uvicorn.Config(app, host=HOST, port=port, log_level="warning", lifespan="off", ws="none")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def __enter__(self) -> Listening:
        self._thread.start()
        until(lambda: self._server.started, "the service to listen")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join(10)
