"""How a name differs from the one that was wanted: the details of wrong_issuer and wrong_audience.

Names are compared whole and case-sensitively (RFC 7519 2, StringOrURI); this only explains a difference afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

_MOST, _LONGEST = 4, 512  # names and characters looked at; a token may carry thousands
_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://")
_VERSION = re.compile(r"/v\d+(\.\d+)?(?=/|$)")
_TENANT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# One provider, two issuers: Entra ID names its v1.0 tokens after another host than its v2.0 tokens.
_OLD_HOST, _NEW_HOST = "sts.windows.net/", "login.microsoftonline.com/"


def _slash(name: str) -> str:
    return name.rstrip("/")


def _case(name: str) -> str:
    return name.rstrip("/").lower()


def _scheme(name: str) -> str:
    return _SCHEME.sub("", _case(name))


def _version(name: str) -> str:
    bare = _VERSION.sub("", _scheme(name) + "/").rstrip("/") + "/"
    return _NEW_HOST + bare[len(_OLD_HOST) :] if bare.startswith(_OLD_HOST) else bare


def _realm(name: str) -> str:
    """The name without its realm (`/realms/x`) or tenant (a UUID)."""
    parts = _version(name).split("/")
    for at in range(1, len(parts)):
        if parts[at - 1] == "realms" or _TENANT.fullmatch(parts[at]):
            return "/".join((*parts[:at], "*", *parts[at + 1 :]))
    return ""


_STEPS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("trailing_slash", _slash),
    ("case", _case),
    ("scheme", _scheme),
    ("version", _version),
    ("realm", _realm),
)


def difference(expected: Sequence[str], seen: Sequence[str]) -> str | None:
    """The first of trailing_slash, case, scheme, version, realm that accounts for the difference, or None.

    The steps add up: `case` may include a slash, `scheme` both, and so on.
    """
    names = [name for name in seen[:_MOST] if len(name) <= _LONGEST]
    if names:
        for detail, normal in _STEPS:
            wanted = {normal(name) for name in expected[: 4 * _MOST]} - {"", "/"}
            if any(normal(name) in wanted for name in names):
                return detail
    return None
