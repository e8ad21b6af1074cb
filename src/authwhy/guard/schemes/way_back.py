"""Where a sign-in leads back to: a path of this host, whatever the address that was asked for says."""

from __future__ import annotations

from authwhy.guard.answers import HeaderLines
from authwhy.guard.schemes.as_sent import target_of
from authwhy.guard.schemes.interface import Reply
from authwhy.guard.view import View
from authwhy.verify.login_state import is_local

RETURN = "return"
"""The query parameter that carries it."""
_EMPTY = (b"content-length", b"0")


def see_other(location: str, lines: HeaderLines = ()) -> Reply:
    """Go there with a GET (RFC 9110 section 15.4.4)."""
    return Reply(303, ((b"location", location.encode("latin-1")), _EMPTY, (b"cache-control", b"no-store"), *lines))


def not_allowed(methods: str) -> Reply:
    """Another method is needed, one of these (RFC 9110 section 15.5.6)."""
    return Reply(405, ((b"allow", methods.encode()), _EMPTY))


def path_of(view: View) -> str:
    """Path and query of a request as a local address to come back to; `/` for one that is odd or long."""
    path = target_of(view)
    return path if is_local(path) else "/"


def returning(view: View, default: str) -> str:
    """The way back that an address carries as `return`, where it leads to this host; else the default."""
    asked = view.parameters(RETURN)
    return asked[0] if len(asked) == 1 and is_local(asked[0]) else default
