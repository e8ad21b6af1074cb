"""Secrets leave the text before anything reads it; what stays is a placeholder only the vault can turn back.

A placeholder is U+E000, the number of the secret, U+E001 (private use characters, so no grammar touches them).
"""

from __future__ import annotations

import re

OPEN, CLOSE = "\ue000", "\ue001"
_PLACEHOLDER = re.compile(f"{OPEN}(\\d+){CLOSE}")


class Vault:
    """The secrets of one input, held in memory only and never rendered."""

    __slots__ = ("_kinds", "_numbers", "_values")

    def __init__(self) -> None:
        self._values: list[str] = []
        self._kinds: list[str] = []
        self._numbers: dict[str, int] = {}

    def hide(self, value: str, kind: str) -> str:
        """Store a secret and return its placeholder. The same value gets the same placeholder.

        `kind` is a public word for what it is: jwt, password, api_key, cookie, code, private_key, secret ...
        """
        number = self._numbers.get(value)
        if number is None:
            number = self._numbers[value] = len(self._values)
            self._values.append(value)
            self._kinds.append(kind)
        return f"{OPEN}{number}{CLOSE}"

    def reveal(self, text: str) -> str:
        """Put the secrets back. For checks in memory only; the result must never be rendered or logged."""
        return _PLACEHOLDER.sub(lambda match: self._value(int(match[1])), text)

    def kind(self, placeholder: str) -> str | None:
        """The kind of a placeholder, or None when the text is not exactly one placeholder."""
        match = _PLACEHOLDER.fullmatch(placeholder)
        return self._kinds[int(match[1])] if match and int(match[1]) < len(self._kinds) else None

    def placeholders(self) -> tuple[str, ...]:
        """All placeholders, in the order in which their secrets were found."""
        return tuple(f"{OPEN}{number}{CLOSE}" for number in range(len(self._values)))

    def move(self, text: str, into: Vault) -> str:
        """The same text with its placeholders exchanged for those of another vault, which takes the secrets over."""
        return _PLACEHOLDER.sub(lambda match: self._moved(int(match[1]), into), text) if OPEN in text else text

    def mask(self, text: str) -> str:
        """The text as people may see it: each placeholder becomes `<kind, N chars>`."""
        return _PLACEHOLDER.sub(lambda match: self._masked(int(match[1])), text)

    def _value(self, number: int) -> str:
        return self._values[number] if number < len(self._values) else ""

    def _masked(self, number: int) -> str:
        if number >= len(self._values):
            return ""
        return f"<{self._kinds[number]}, {len(self._values[number])} chars>"

    def _moved(self, number: int, into: Vault) -> str:
        return into.hide(self._values[number], self._kinds[number]) if number < len(self._values) else ""

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Vault({len(self._values)} secrets)"


def without_placeholders(text: str) -> str:
    """Remove the placeholder characters from hostile text, so that nobody can forge one."""
    return text.replace(OPEN, "").replace(CLOSE, "") if OPEN in text or CLOSE in text else text
