"""The canonical request of AWS Signature Version 4: each part by the rules of AWS's signing guide and test suite.

A path is encoded once more as it arrived, except for S3 and its kin, whose path is decoded and encoded once. There
`%2F` stays apart from `/`: what a router may tell apart, a signature must not mix. In a query `+` means a blank.
Everything here is linear in its input and raises UnicodeEncodeError for text that is no octets.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import quote_from_bytes, unquote_to_bytes

from authwhy.verify.hmac_request.interface import Fields

_PLAIN_PATH = re.compile(r"/[A-Za-z0-9_.~/-]*", re.ASCII).fullmatch
_PLAIN_PAIR = re.compile(r"[A-Za-z0-9_.~-]+=[A-Za-z0-9_.~-]*", re.ASCII).fullmatch
_BLANKS = re.compile(r"[\x00-\x20\x7f]+")


def path_once(path: str) -> str:
    """The path of S3: each segment decoded, then encoded once; nothing is normalised."""
    return "/".join(_again(segment) for segment in path.split("/")) if path else "/"


def path_twice(path: str) -> str:
    """The path of other services: dot segments and empty ones removed, then encoded as it arrived."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    end = "/" if kept and path.endswith("/") else ""
    return quote_from_bytes(_octets("/" + "/".join(kept) + end), safe="/~")


def canonical_path(path: str, once: bool) -> str:
    """One of the two, or the path itself where both leave it as it is."""
    if _PLAIN_PATH(path) and "//" not in path and "/." not in path:
        return path
    return path_once(path) if once else path_twice(path)


def canonical_query(query: str, without: str = "") -> str:
    """The pairs of a raw query in order of their encoded names, without the one named `without`."""
    if not query:
        return ""
    pairs = []
    for text in query.split("&"):
        name, _, value = text.partition("=")
        if not _PLAIN_PAIR(text):
            name, value = _form(name), _form(value)
        if text and name != without:
            pairs.append((name, value))
    if len(pairs) > 1:
        pairs.sort()
    return "&".join([f"{name}={value}" for name, value in pairs])


def canonical_value(value: str) -> str:
    """A header value without outer blanks, inner runs of blanks as one; a control character counts as a blank."""
    return _BLANKS.sub(" ", value).strip(" ")


def canonical_lines(fields: Fields, names: Sequence[str]) -> str:
    """The signed headers by name, the values of equal names joined by commas; one that is not there has none."""
    lines = []
    for name in names:
        value = fields.get(name, "")
        if isinstance(value, list):
            value = ",".join(map(canonical_value, value))
        elif not value.isprintable() or "  " in value:
            value = canonical_value(value)
        lines.append(f"{name}:{value}\n")
    return "".join(lines)


def _again(segment: str) -> str:
    return quote_from_bytes(unquote_to_bytes(_octets(segment)), safe="~")


@lru_cache(maxsize=256)
def _form(text: str) -> str:
    return quote_from_bytes(unquote_to_bytes(_octets(text.replace("+", " "))), safe="~")


def _octets(text: str) -> bytes:
    return text.encode("latin-1")
