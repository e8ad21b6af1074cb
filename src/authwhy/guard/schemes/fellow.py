"""Finding another provider of the same guard: the session that a form signs people in to, its second factor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from authwhy.guard.rules import ConfigurationError
from authwhy.guard.schemes.interface import Base, Provider

Kind = TypeVar("Kind", bound=Base)


def fellow(providers: Mapping[str, Provider], wanted: str | Kind, kind: type[Kind], name: str) -> Kind:
    """The provider with this name, or this one, of this kind; `name` is who looks for it. Raises ConfigurationError."""
    found: object = providers.get(wanted) if isinstance(wanted, str) else wanted
    every: Iterable[object] = providers.values()
    if not isinstance(found, kind) or not any(one is found for one in every):
        raise ConfigurationError(f"{name}: {wanted!r} is no {kind.__name__.lower()} provider of this guard")
    return found
