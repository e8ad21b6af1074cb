"""What docs/guard/testing.md takes for granted: a service with a guard, a test client, and the fixture."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

from authwhy.guard import Guard, View, api_key, basic, jwt
from authwhy.testing import Probe

_shop = sys.modules["shop"] = ModuleType("shop")
_home = sys.modules["shop.authentication"] = ModuleType("shop.authentication")
_providers: list[Any] = [
    jwt("token", secret="the service's own secret, 32 bytes"),  # noqa: S106  invented
    api_key("key", lookup=lambda key: "robot"),
    basic("staff", verify=lambda credential: credential.username),
]
_guard = Guard(*_providers)
_home.guard = _guard  # type: ignore[attr-defined]


def _get(path: str, headers: dict[str, str]) -> SimpleNamespace:
    decision = _guard.decide_sync(View.of("GET", path, headers), "token")
    return SimpleNamespace(status_code=200 if decision.accepted else decision.status)  # type: ignore[union-attr]


client = SimpleNamespace(get=_get)
guard_probe = Probe(_guard).__enter__()
