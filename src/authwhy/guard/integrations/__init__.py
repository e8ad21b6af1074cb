"""Guard inside web frameworks. Each module only translates, and is imported by whoever uses that framework."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from authwhy.guard.rules import ConfigurationError, Rule

if TYPE_CHECKING:
    from authwhy.guard.guard import Guard

_APPLICATIONS = (  # a FastAPI application is a Starlette application too, so it stands first
    ("fastapi", "FastAPI", "fastapi"),
    ("starlette.applications", "Starlette", "starlette"),
    ("flask", "Flask", "flask"),
)


def install(guard: Guard, app: Any, rules: Mapping[str, Rule | None] | None = None) -> None:
    """Put the guard into an application, by what kind of application it is.

    Raises ConfigurationError for one it does not know.
    """
    for module, name, home in _APPLICATIONS:
        kind = getattr(sys.modules.get(module), name, None)
        if kind is not None and isinstance(app, kind):
            import_module(f"{__name__}.{home}").install(guard, app, rules)
            return
    raise ConfigurationError(
        f"{type(app).__name__} is no Starlette, FastAPI or Flask application;"
        " wrap any other one: guard.asgi(app, rules) or guard.wsgi(app, rules); Django has a middleware"
    )


def absent(framework: str, extra: str) -> ImportError:
    """What to raise when a framework is not there."""
    return ImportError(f"{framework} is not installed: pip install 'authwhy[{extra}]'")
