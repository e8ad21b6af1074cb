"""Did a request come from a page of this site? For credentials that a browser sends unasked (RFC 6265 section 8.2).

Every browser in use names the page's origin with a request that changes something: Sec-Fetch-Site (Fetch Metadata),
Origin (RFC 6454 section 7, Fetch), or at least Referer. A request that names none is refused: a program adds `Origin`.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from authwhy.causes import Cause
from authwhy.guard.rules import ConfigurationError
from authwhy.guard.view import View
from authwhy.model.outcome import Failure

_SAFE = frozenset(("GET", "HEAD", "OPTIONS", "TRACE"))  # RFC 9110 section 9.2.1
_LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))
_PORTS = {"http": 80, "https": 443}


class SameOrigin:
    """The check. `trusted` are more origins (`https://app.example`) whose pages may call; `secure` says that our own
    pages are only on https (or on this machine). Raises ValueError for text that is no origin.
    """

    def __init__(self, trusted: Iterable[str] = (), *, secure: bool = True) -> None:
        self._trusted = frozenset(_origin(text) for text in trusted)
        if None in self._trusted:
            raise ValueError("a trusted origin is written as https://host or https://host:port")
        self._secure = secure

    def failure(self, view: View) -> Failure | None:
        """What speaks against the request, None for one that may go on. `problem` is one word from a fixed list."""
        if view.protocol == "http" and view.method in _SAFE:
            return None
        problem = self._problem(view)
        return None if problem is None else Failure(Cause.CSRF_FAILED, None, {"problem": problem})

    def _problem(self, view: View) -> str | None:
        origin = view.header(b"origin")
        if origin is not None and _origin(origin) in self._trusted:
            return None
        site = view.header(b"sec-fetch-site")
        if site is not None and site.lower() != "same-origin":
            return None if site.lower() == "none" and origin is None else "cross_site"
        named = origin if origin is not None else view.header(b"referer")
        if named is None:
            return None if site is not None else "no_origin"
        return None if self._is_ours(_origin(named, whole=origin is not None), view.host_name) else "other_origin"

    def _is_ours(self, origin: tuple[str, str, int] | None, host: str) -> bool:
        """Is it the host that was asked? A proxy may have ended TLS, so the scheme is not compared with ours."""
        if origin is None or not host:
            return False
        scheme, name, _ = origin
        ours = _origin(f"{scheme}://{host}")
        return ours == origin and (scheme == "https" or not self._secure or name in _LOOPBACK)


def origin_check(name: str, csrf: str | None, trusted: Iterable[str], *, secure: bool = True) -> SameOrigin | None:
    """The check that the keywords `csrf` and `trusted_origins` of a provider ask for. Raises ConfigurationError."""
    if csrf not in ("origin", None):
        raise ConfigurationError(f"{name}: csrf is 'origin', or None")
    try:
        return None if csrf is None else SameOrigin(trusted, secure=secure)
    except ValueError as error:
        raise ConfigurationError(f"{name}: {error}") from None


def _origin(text: str, *, whole: bool = True) -> tuple[str, str, int] | None:
    """Scheme, host and port of an origin, or (not `whole`) of an address; None for anything else, such as `null`."""
    if len(text) > 8_192:
        return None
    try:
        parts = urlsplit(text)
        scheme, host, port = parts.scheme.lower(), parts.hostname, parts.port
    except ValueError:
        return None
    if scheme not in _PORTS or not host or "@" in parts.netloc:
        return None
    if whole and (parts.path or parts.query or parts.fragment):
        return None
    return scheme, host, port or _PORTS[scheme]
