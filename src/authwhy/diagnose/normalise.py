"""Two names that mean the same to a person: which single difference keeps them apart. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

Normaliser = Callable[[str], str]


def _no_slash(text: str) -> str:
    return text.rstrip("/")


def _no_scheme(text: str) -> str:
    return re.sub(r"^[a-z][a-z0-9+.-]{1,20}://", "", text, flags=re.IGNORECASE)


def _no_version(text: str) -> str:
    return re.sub(r"/v\d(?:\.\d)?(?=/|$)", "", text)


NORMALISERS: tuple[tuple[str, Normaliser], ...] = (
    ("trailing_slash", _no_slash),
    ("case", str.lower),
    ("scheme", _no_scheme),
    ("version", _no_version),
)


def difference(expected: str, seen: str) -> str | None:
    """The name of the one normalisation that makes both equal, `realm` for one host with another path, or None."""
    if expected == seen:
        return None
    for name, normalise in NORMALISERS:
        if normalise(expected) == normalise(seen):
            return name
    if _host(expected) and _host(expected) == _host(seen):
        return "version" if _no_version(_no_slash(expected)) == _no_version(_no_slash(seen)) else "realm"
    return None


def _host(text: str) -> str:
    match = re.match(r"[a-z][a-z0-9+.-]{1,20}://([^/?#]{1,200})", text, flags=re.IGNORECASE)
    return match[1].lower() if match else ""
