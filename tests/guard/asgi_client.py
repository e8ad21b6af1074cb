"""Calls an ASGI application in this process, as a server would."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from authwhy.guard.asgi import App, Message, Receive, Scope, Send

Headers = Mapping[str, str] | Iterable[tuple[str, str]]


@dataclass
class Answer:
    """What was sent: one HTTP answer, or the messages of a WebSocket."""

    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""
    messages: list[Message] = field(default_factory=list)

    def lines(self, name: str) -> list[str]:
        """All values of a header."""
        return [value.decode("latin-1") for key, value in self.headers if key == name.encode()]

    def problem(self) -> dict[str, Any]:
        """The body as problem details."""
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass
class Endpoint:
    """An application that keeps what was decided for it, and reads its body."""

    decisions: list[Any] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.decisions.append(scope.get("authwhy"))
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            return
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        self.bodies.append(body)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-inner", b"1")]})
        await send({"type": "http.response.body", "body": b"ran"})


def scope_of(method: str, path: str, headers: Headers = (), **more: Any) -> dict[str, Any]:
    """A connection scope; header names are sent as given."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs]
    target, _, query = path.partition("?")
    scope = {
        "type": "http", "method": method, "path": target, "raw_path": target.encode("latin-1", "replace"),
        "query_string": query.encode(), "headers": raw, "client": ("192.0.2.1", 4711), "scheme": "https",
    }  # fmt: skip
    return scope | more


async def acall(
    app: App, method: str = "GET", path: str = "/", headers: Headers = (), chunks: Iterable[bytes] = (), **more: Any
) -> Answer:
    """One connection."""
    scope = scope_of(method, path, headers, **more)
    if scope["type"] == "http":
        parts = list(chunks) or [b""]
        waiting: list[Message] = [
            {"type": "http.request", "body": part, "more_body": at < len(parts) - 1} for at, part in enumerate(parts)
        ]
    else:
        waiting = [{"type": "websocket.connect"}]
    answer = Answer()

    async def receive() -> Message:
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        answer.messages.append(message)
        if message["type"].endswith("response.start"):
            answer.status, answer.headers = message["status"], list(message["headers"])
        answer.body += message.get("body", b"")

    await app(scope, receive, send)
    return answer


def call(
    app: App, method: str = "GET", path: str = "/", headers: Headers = (), chunks: Iterable[bytes] = (), **more: Any
) -> Answer:
    """The same in an event loop of its own."""
    return asyncio.run(acall(app, method, path, headers, chunks, **more))
