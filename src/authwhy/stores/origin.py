"""Which address may be asked: https, or an origin that the owner listed; never another scheme, never credentials."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from msgspec import Struct

from authwhy.causes import Cause
from authwhy.stores.reach import FetchFailed

MAX_URL = 2_048
"""Characters of an address."""
_PORTS = {"https": 443, "http": 80}
_CLEAN = re.compile(r"[!-~]+")  # visible ASCII
_HOST = re.compile(r"[a-z0-9_][a-z0-9._-]*|[0-9a-f:.]+")


class Origin(Struct, frozen=True):
    """Scheme, host and port of an address (RFC 6454 4), in lower case."""

    scheme: str
    host: str
    port: int

    @property
    def netloc(self) -> str:
        """The value of a Host field (RFC 9110 7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.netloc}"


class Target(Struct, frozen=True):
    """An origin, and what is asked of it: path and query."""

    origin: Origin
    path: str


def target_of(url: str, allow_http: Iterable[str] = ()) -> Target:
    """Read an address. `allow_http` lists origins that may be asked without TLS, such as `http://127.0.0.1:8080`.

    Raises FetchFailed (misconfigured; facts `setting`, `problem`) for anything that must not be asked.
    """
    if len(url) > MAX_URL or not _CLEAN.fullmatch(url) or "\\" in url:
        raise _refused("bad_url")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise _refused("bad_url") from None
    if parts.scheme not in _PORTS:
        raise _refused("not_https")
    if "@" in parts.netloc:
        raise _refused("credentials_in_url")
    if not _HOST.fullmatch(host) or port == 0 or "#" in url:
        raise _refused("bad_url")
    origin = Origin(parts.scheme, host, port or _PORTS[parts.scheme])
    if origin.scheme != "https" and str(origin) not in {str(_origin(each)) for each in allow_http}:
        raise _refused("not_https")
    return Target(origin, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))


def _origin(text: str) -> Origin | None:
    """The origin that a line of the owner's list names; None for one that names none."""
    try:
        parts = urlsplit(text)
        return Origin(parts.scheme, (parts.hostname or "").lower(), parts.port or _PORTS[parts.scheme])
    except (ValueError, KeyError):
        return None


def _refused(problem: str) -> FetchFailed:
    return FetchFailed(Cause.MISCONFIGURED, setting="url", problem=problem)
