"""Is the `htu` of a DPoP proof the URL of the request (RFC 9449 4.3, RFC 3986 6.2.2 and 6.2.3)?"""

from __future__ import annotations

import re

from authwhy.causes import Cause
from authwhy.model.outcome import FactValue, Failure
from authwhy.verify.jws import clip
from authwhy.verify.likeness import difference

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)([^?#]*)")
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:@\[\]]+)(?::([0-9]*))?")  # no user information: it may be a password
_ENCODED = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_PORTS = {"http": "80", "https": "443"}


def normal(url: str) -> str | None:
    """The URL without query and fragment, in one spelling; None for what is no absolute URL of printable ASCII.

    Scheme and host in lower case, no default port, no empty path, percent-encoding only where needed. Dot segments
    stay as they are: rewriting a path that is about to be compared is a risk, and no client sends them.
    """
    parts = _URL.match(url) if url.isascii() and url.isprintable() and " " not in url else None
    authority = _AUTHORITY.fullmatch(parts[2]) if parts else None
    if parts is None or authority is None:
        return None
    scheme, host, port = parts[1].lower(), authority[1].lower(), authority[2]
    where = host if not port or port == _PORTS.get(scheme) else f"{host}:{port}"
    return f"{scheme}://{where}{_ENCODED.sub(_decoded, parts[3]) or '/'}"


def _decoded(escape: re.Match[str]) -> str:
    character = chr(int(escape[1], 16))
    return character if character in _UNRESERVED else escape[0].upper()


def target_failure(htu: str, url: str, attested: bool) -> Failure | None:
    """Compare; `url` is that of the request. Behind a proxy that ends TLS the detail `scheme` is the usual fault."""
    expected, seen = normal(url), normal(htu)
    if expected is not None and expected == seen:
        return None
    facts: dict[str, FactValue] = {"claim": "htu", "expected": clip(expected or ""), "seen": clip(seen or "")}
    return Failure(Cause.WRONG_AUDIENCE, difference((expected or "",), (seen or "",)), facts, attested)
