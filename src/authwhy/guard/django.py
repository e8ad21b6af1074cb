"""Guard inside Django; see guard.integrations.django."""

from __future__ import annotations

from typing import Any

from authwhy.guard.integrations import django as _django
from authwhy.guard.integrations.django import Guard as Guard
from authwhy.guard.integrations.django import view as view


def __getattr__(name: str) -> Any:
    """`RestAuthentication` and `rest`, which need Django REST framework."""
    return getattr(_django, name)
