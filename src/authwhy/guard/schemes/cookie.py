"""Cookies that guard sets itself (RFC 6265): never readable by scripts, bound to this host where that is possible."""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import sha256

from msgspec import Struct

from authwhy.guard.rules import ConfigurationError
from authwhy.verify.segments import encode
from authwhy.verify.session_keys import SessionKey, SessionKeys

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}", re.ASCII).fullmatch
_PATH = re.compile(r"/[!-:<-~]*", re.ASCII).fullmatch
_DOMAIN = re.compile(r"[A-Za-z0-9.-]{1,253}", re.ASCII).fullmatch
_SAME_SITE = {"strict": "Strict", "lax": "Lax", "none": "None"}


class Cookie(Struct, frozen=True):
    """A cookie's name and attributes; made by `host_cookie`."""

    name: str
    path: str = "/"
    domain: str | None = None
    secure: bool = True
    same_site: str = "Lax"

    def set(self, value: str, max_age_s: int | None = None) -> tuple[bytes, bytes]:
        """The Set-Cookie line. Without `max_age_s` (s) it lasts as long as the browser runs."""
        parts = [f"{self.name}={value}", f"Path={self.path}"]
        parts += [f"Domain={self.domain}"] if self.domain else []
        parts += [f"Max-Age={max_age_s}"] if max_age_s is not None else []
        parts += ["HttpOnly", f"SameSite={self.same_site}", *(["Secure"] if self.secure else [])]
        return b"set-cookie", "; ".join(parts).encode("latin-1")

    def clear(self) -> tuple[bytes, bytes]:
        """The Set-Cookie line that takes it away."""
        return self.set("", 0)


def host_cookie(
    name: str, *, path: str = "/", domain: str | None = None, secure: bool = True, same_site: str = "Lax"
) -> Cookie:
    """A cookie whose name begins with `__Host-` where it can (`secure`, path `/`, no domain), else with `__Secure-`.

    Browsers take a cookie with such a name from this very host, or from TLS, only (RFC 6265bis section 4.1.3).
    Raises ConfigurationError for one that browsers would drop.
    """
    site = _SAME_SITE.get(same_site.lower())
    if not _NAME(name) or not _PATH(path) or (domain is not None and not _DOMAIN(domain)) or site is None:
        raise ConfigurationError("cookie: name, path, domain or same_site cannot be used in a cookie")
    if site == "None" and not secure:
        raise ConfigurationError("cookie: same_site None needs secure (browsers drop it otherwise)")
    prefix = "" if not secure else "__Host-" if path == "/" and domain is None else "__Secure-"
    return Cookie(prefix + name, path, domain, secure, site)


def keys_from(secrets: Iterable[str | bytes | SessionKey]) -> SessionKeys:
    """Keys from secrets of at least 32 octets, newest first; each gets an id made from it, the same on every node.

    Raises ConfigurationError.
    """
    if isinstance(secrets, str | bytes):
        raise ConfigurationError("keys is a list of secrets, the newest first")
    made = [one if isinstance(one, SessionKey) else _key(one) for one in secrets]
    try:
        return SessionKeys(made)
    except ValueError as error:
        raise ConfigurationError(f"keys: {error}") from None


def _key(secret: str | bytes) -> SessionKey:
    octets = secret.encode() if isinstance(secret, str) else bytes(secret)
    return SessionKey(encode(sha256(b"authwhy key id " + octets).digest()[:6]).decode(), octets)
