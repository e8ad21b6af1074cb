"""The seam of the readers: each reads safe text and adds what it finds."""

from __future__ import annotations

from bisect import bisect_right
from typing import Protocol

from authwhy.model.evidence import CertificateFound, CurlCommand, Exchange, KeySetFound, Setting, Token
from authwhy.model.secret import Vault


class Material:
    """What a reader gets: the safe text and the vault that turns its placeholders back."""

    __slots__ = ("_breaks", "_documents", "text", "vault")

    def __init__(self, text: str, vault: Vault) -> None:
        self.text = text
        self.vault = vault
        self._breaks: list[int] | None = None
        self._documents: tuple[Document, ...] | None = None

    def line(self, offset: int) -> int:
        """The number of the line (from 1) an offset stands in."""
        if self._breaks is None:
            breaks = []
            at = self.text.find("\n")
            while at >= 0:
                breaks.append(at)
                at = self.text.find("\n", at + 1)
            self._breaks = breaks
        return bisect_right(self._breaks, offset - 1) + 1

    def documents(self) -> tuple[Document, ...]:
        """The JSON objects and arrays in the text, outermost only."""
        if self._documents is None:
            from authwhy.evidence.documents import documents_in

            self._documents = documents_in(self.text)
        return self._documents


class Document:
    """One JSON value found in a text, with its place."""

    __slots__ = ("end", "start", "value")

    def __init__(self, value: object, start: int, end: int) -> None:
        self.value = value
        self.start = start
        self.end = end


class Found:
    """What the readers have found so far. `taken` are spans whose lines another reader need not read again."""

    def __init__(self) -> None:
        self.exchanges: list[tuple[int, Exchange]] = []
        self.commands: list[tuple[int, CurlCommand]] = []
        self.tokens: list[Token] = []
        self.key_sets: list[KeySetFound] = []
        self.certificates: list[CertificateFound] = []
        self.settings: list[Setting] = []
        self.kinds: list[str] = []
        self.notes: list[str] = []
        self.taken: list[tuple[int, int]] = []

    def is_taken(self, offset: int) -> bool:
        """True when an offset lies in a span that was read already. Spans are sorted and do not overlap."""
        index = bisect_right(self.taken, (offset, len(self.taken) + (1 << 60))) - 1
        return index >= 0 and self.taken[index][0] <= offset < self.taken[index][1]

    def take(self, spans: list[tuple[int, int]]) -> None:
        """Mark spans as read."""
        self.taken = sorted([*self.taken, *spans])


class Reader(Protocol):
    """A module of this package that reads one kind of evidence."""

    def read(self, material: Material, found: Found) -> None:
        """Add what is found. Never raises on any text; linear in it."""
