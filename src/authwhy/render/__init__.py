"""Ring 2: a diagnosis as terminal text, plain sentences, JSON or Markdown."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from authwhy.model.diagnosis import Diagnosis
from authwhy.render.interface import Renderer, Style

FORMATS: tuple[str, ...] = ("text", "plain", "json", "markdown")
_MODULES = {"text": "terminal", "plain": "plain", "json": "json", "markdown": "markdown"}


def render(diagnosis: Diagnosis, form: str = "text", style: Style | None = None) -> str:
    """The diagnosis in one of FORMATS. Raises KeyError for another."""
    renderer = cast("Renderer", import_module(f"authwhy.render.{_MODULES[form]}"))
    return renderer.render(diagnosis, style or Style())
