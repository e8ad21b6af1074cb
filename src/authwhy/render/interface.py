"""The seam of rendering: one function a format, registered in an explicit tuple."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from authwhy.model.diagnosis import Diagnosis


class Style(Struct, frozen=True):
    """How the reader's screen is: its width in columns, and whether it shows colours."""

    width: int = 96
    color: bool = False


class Renderer(Protocol):
    """Turns a diagnosis into text that ends with a newline."""

    name: str

    def render(self, diagnosis: Diagnosis, style: Style) -> str:
        """The whole text."""
        ...
