"""Providers that say what a test wants them to, and a guard that keeps its events."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from authwhy.guard import Base, Decision, Guard, View
from authwhy.guard.answers import Presented
from authwhy.guard.rules import Rule
from authwhy.guard.schemes.interface import Asked
from authwhy.model.event import Event

NOW = 1_767_625_200


class Scripted(Base):
    """Finds its credential in the header `x-<name>`; `says(value)` is its answer."""

    method = "scripted"
    still = True

    def __init__(self, name: str, says: Callable[[str], object], **flags: Any) -> None:
        super().__init__(name)
        self.says, self.asked = says, 0
        self.looks_at = frozenset((f"x-{name}".encode(),))
        for flag, value in flags.items():
            setattr(self, flag, value)

    def find(self, view: View) -> Any:
        """The header's value."""
        value = view.header(f"x-{self.name}".encode())
        return None if value is None else Presented(f"header:x-{self.name}", value, value)

    def check(self, presented: Presented, view: View, now: int) -> Any:
        """What the test said."""
        self.asked += 1
        return self.says(presented.value)

    def challenge(self, asked: Asked) -> tuple[str, ...]:
        """Its name."""
        return (f'{self.name.title()} realm="x"',)


def watched(*providers: Any, **settings: Any) -> tuple[Guard, list[Event]]:
    """A guard whose clock stands still, and the list of its events."""
    events: list[Event] = []
    settings.setdefault("clock", lambda: float(NOW))
    return Guard(*providers, events=[events.append], **settings), events


def decide(guard: Guard, headers: Mapping[str, str] | None = None, rule: Rule | None = None, **more: Any) -> Decision:
    """The decision of an event loop and that of a thread, which must be the same in all that can be compared."""
    views = [View.of("GET", "/orders", headers or {}, **more) for _ in range(2)]
    one: Decision = asyncio.run(guard.decide(views[0], rule))
    two: Decision = guard.decide_sync(views[1], rule)
    assert type(one) is type(two)
    for name in ("status", "cause", "code", "provider", "causes", "scope", "retry_after"):
        assert getattr(one, name, None) == getattr(two, name, None)
    return one


def authorization(name: str, password: str) -> dict[str, str]:
    """HTTP Basic."""
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def hashed(password: str, rounds: int = 7, salt: str = "salt") -> str:
    """A stored hash that is cheap to check."""
    digest = hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), rounds)
    return f"pbkdf2_sha256${rounds}${salt}${base64.b64encode(digest).decode()}"
