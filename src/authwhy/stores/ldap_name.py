"""The name that a person is bound under: a distinguished name (RFC 4514) or an account name of Active Directory."""

from __future__ import annotations

import re
import unicodedata

MAX_NAME = 256
"""Characters of a name that somebody typed."""
ATTRIBUTE = re.compile(r"[A-Za-z][A-Za-z0-9-]*|\d+(\.\d+)+", re.ASCII)
"""A short name or a number of an attribute (RFC 4512 1.4)."""
_SPECIAL = frozenset('"+,;<>\\=')
_DN = re.compile(r"(?:[^{}]+[,+])? *([A-Za-z][A-Za-z0-9-]*)=\{\}(?:[,+][^{}]+=[^{}]*)?", re.ASCII)
_ACCOUNT = re.compile(r"\{\}@[^{}@\s=]+|[^{}\\\s=]+\\\{\}")
# what sAMAccountName cannot have, and what would turn one form of an account name into another
_NO_ACCOUNT = frozenset('"/\\[]:;|=+*?<>@, ')


class NameTemplate:
    """Makes names for a bind: `uid={},ou=people,dc=example`, or `{}@corp.example` and `CORP\\{}` for Active Directory.

    `attribute` is the one that the name stands in, None for an account name. Raises ValueError for anything else.
    """

    def __init__(self, template: str) -> None:
        found = _DN.fullmatch(template)
        if found is None and not _ACCOUNT.fullmatch(template):
            raise ValueError("dn_template: one attribute={} in a distinguished name, or {}@domain, is needed")
        self._template = template
        self.attribute = found[1] if found is not None else None

    def name(self, typed: str) -> str | None:
        """The name to bind as; None where nobody can have it.

        A directory takes several spellings for one name (RFC 4518). Only the plain one is let through, so that one
        person does not come in under many names; of an account name, the letters that one can have.
        """
        if not is_plain(typed) or (self.attribute is None and not _NO_ACCOUNT.isdisjoint(typed)):
            return None
        return self._template.replace("{}", escaped(typed) if self.attribute is not None else typed)

    def spelled(self, typed: str) -> str:
        """The name of whoever bound so: account names know no case."""
        return typed if self.attribute is not None else typed.lower()


def escaped(value: str) -> str:
    """An attribute value as text inside a distinguished name (RFC 4514 2.4)."""
    last = len(value) - 1
    return "".join(
        f"\\{letter}"
        if letter in _SPECIAL or (letter == " " and at in (0, last)) or (letter == "#" and at == 0)
        else f"\\{ord(letter):02x}"
        if letter < " " or letter == "\x7f"
        else letter
        for at, letter in enumerate(value)
    )


def is_plain(name: str) -> bool:
    """Is it written as it would be compared, but for case: no blanks around, no double ones, nothing invisible?"""
    if name.isascii():
        return name.isprintable() and name == name.strip() and "  " not in name
    if unicodedata.normalize("NFKC", name) != name:
        return False
    return is_plain("".join("x" if letter > "\x7f" else letter for letter in name)) and name.isprintable()


def registered(typed: str, values: tuple[bytes, ...]) -> str | None:
    """How the directory spells the name that somebody typed; None without a readable value."""
    names = sorted(value.decode("utf-8", "replace") for value in values if value)
    wanted = _loose(typed)
    return next((name for name in names if _loose(name) == wanted), names[0] if names else None)


def _loose(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
