"""What docs/guard/observe.md takes for granted: an application, its sinks and its keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from authwhy.guard import sinks


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Somebody's service."""


def _here(path: str, make: Any = sinks.jsonl) -> Any:
    return make(Path(path).name)


sinks.jsonl = _here  # type: ignore[assignment]  # the page writes to /var/log
events: list[Any] = [print]
_x, _y = "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"  # RFC 7517 A.1
key_set = {"keys": [{"kty": "EC", "crv": "P-256", "x": _x, "y": _y, "kid": "1"}]}
