"""Structured fields (RFC 8941), as much of them as signatures and digests need: dictionaries of items and inner lists.

An item is kept as its Python value: int, str (string), Token, bytes, bool or Decimal text. `parse_dictionary` answers
None for anything that is not strictly well formed; it never raises and is linear in the text.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping
from typing import TypeAlias

from msgspec import Struct

MAX_TEXT = 16_384
"""Characters of a field that is parsed."""
_KEY = re.compile(r"[a-z*][a-z0-9_.*-]*", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,3})?", re.ASCII)
_STRING = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"', re.ASCII)
_TOKEN = re.compile(r"[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*", re.ASCII)
_BYTES = re.compile(r":([A-Za-z0-9+/]*={0,2}):", re.ASCII)
_BOOLEAN = re.compile(r"\?([01])", re.ASCII)
_BLANKS = re.compile(r" *")
_OPTIONAL = re.compile(r"[ \t]*")


class Token(Struct, frozen=True):
    """A bare word (RFC 8941 3.3.4)."""

    text: str


class Decimal(Struct, frozen=True):
    """A number with a fraction, as it was written (RFC 8941 3.3.2)."""

    text: str


Bare: TypeAlias = int | str | bytes | bool | Token | Decimal
Parameters: TypeAlias = tuple[tuple[str, Bare], ...]


class Item(Struct, frozen=True):
    """A value with its parameters."""

    value: Bare
    parameters: Parameters = ()


class InnerList(Struct, frozen=True):
    """Items in parentheses, with parameters of the whole."""

    items: tuple[Item, ...]
    parameters: Parameters = ()


Member: TypeAlias = Item | InnerList


class _NotWellFormedError(ValueError):
    """The text is no structured field; never leaves this module."""


class _Reader:
    __slots__ = ("at", "text")

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def take(self, pattern: re.Pattern[str]) -> str | None:
        """The whole match here, and go on behind it; None when there is none."""
        found = pattern.match(self.text, self.at)
        if found is None:
            return None
        self.at = found.end()
        return found[found.lastindex or 0]

    def starts(self, mark: str) -> bool:
        """Is this character next? Then go on behind it."""
        here = self.text[self.at : self.at + 1] == mark
        self.at += here
        return here

    def bare(self) -> Bare:
        """RFC 8941 4.2.3.1."""
        first = self.text[self.at : self.at + 1]
        if first == '"' and (string := self.take(_STRING)) is not None:
            return re.sub(r"\\(.)", r"\1", string)
        if first == ":" and (encoded := self.take(_BYTES)) is not None:
            return _octets(encoded)
        if first == "?" and (flag := self.take(_BOOLEAN)) is not None:
            return flag == "1"
        if (number := self.take(_NUMBER)) is not None:
            return self._number(number)
        if (token := self.take(_TOKEN)) is not None:
            return Token(token)
        raise _NotWellFormedError

    def _number(self, text: str) -> Bare:
        if self.text[self.at : self.at + 1] in set("0123456789."):
            raise _NotWellFormedError
        if "." not in text:
            return int(text)
        if len(text.lstrip("-").partition(".")[0]) > 12:
            raise _NotWellFormedError
        return Decimal(text)

    def parameters(self) -> Parameters:
        """RFC 8941 4.2.3.2. A key that comes again takes the later value."""
        found: dict[str, Bare] = {}
        while self.starts(";"):
            self.take(_BLANKS)
            key = self.take(_KEY)
            if key is None:
                raise _NotWellFormedError
            found[key] = self.bare() if self.starts("=") else True
        return tuple(found.items())

    def inner_list(self) -> InnerList:
        """RFC 8941 4.2.1.2, behind the opening parenthesis."""
        items: list[Item] = []
        while True:
            self.take(_BLANKS)
            if self.starts(")"):
                return InnerList(tuple(items), self.parameters())
            items.append(Item(self.bare(), self.parameters()))
            if self.text[self.at : self.at + 1] not in (" ", ")"):
                raise _NotWellFormedError

    def dictionary(self) -> dict[str, Member]:
        """RFC 8941 4.2.2."""
        members: dict[str, Member] = {}
        self.take(_BLANKS)
        while self.at < len(self.text):
            key = self.take(_KEY)
            if key is None:
                raise _NotWellFormedError
            if not self.starts("="):
                members[key] = Item(True, self.parameters())
            elif self.starts("("):
                members[key] = self.inner_list()
            else:
                members[key] = Item(self.bare(), self.parameters())
            self.take(_OPTIONAL)
            if self.at == len(self.text):
                return members
            if not self.starts(","):
                raise _NotWellFormedError
            self.take(_OPTIONAL)
            if self.at == len(self.text):
                raise _NotWellFormedError
        return members


def _octets(text: str) -> bytes:
    try:
        return binascii.a2b_base64(text, strict_mode=True) if text else b""
    except binascii.Error:
        raise _NotWellFormedError from None


def parse_dictionary(text: str) -> Mapping[str, Member] | None:
    """The members of a dictionary, in order, or None. Empty text is an empty dictionary (RFC 8941 4.2)."""
    if len(text) > MAX_TEXT or not text.isascii():
        return None
    try:
        return _Reader(text.rstrip(" ")).dictionary()
    except _NotWellFormedError:
        return None


def serialize(member: Member) -> str:
    """The one strict spelling of a member's value (RFC 8941 4.1)."""
    if isinstance(member, InnerList):
        inner = " ".join(map(serialize, member.items))
        return f"({inner}){_parameters(member.parameters)}"
    return _bare(member.value) + _parameters(member.parameters)


def _parameters(parameters: Parameters) -> str:
    return "".join(f";{key}" if value is True else f";{key}={_bare(value)}" for key, value in parameters)


def _bare(value: Bare) -> str:
    if isinstance(value, bool):
        return "?1" if value else "?0"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, bytes):
        return ":" + binascii.b2a_base64(value, newline=False).decode() + ":"
    return _decimal(value.text) if isinstance(value, Decimal) else value.text


def _decimal(text: str) -> str:
    """At least one digit behind the point and no zero at the end (RFC 8941 4.1.5)."""
    whole, _, fraction = text.partition(".")
    sign = "-" if whole.startswith("-") else ""
    return f"{sign}{int(whole.lstrip('-'))}.{fraction.rstrip('0') or '0'}"
