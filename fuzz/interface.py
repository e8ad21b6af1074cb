"""What a target is."""

from __future__ import annotations

from typing import Protocol


class Target(Protocol):
    """A module of fuzz/targets: well-formed seeds, and a check that raises when the parser breaks a promise."""

    SEEDS: tuple[str, ...]

    def check(self, text: str) -> None:
        """Parse one input. Raises on any broken promise."""
