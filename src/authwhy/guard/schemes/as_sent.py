"""What a proof is over: path, target, address and body of a request as its caller sent them."""

from __future__ import annotations

import re
from urllib.parse import quote

from authwhy.causes import Cause
from authwhy.guard.answers import deny
from authwhy.guard.effects import Call, Step
from authwhy.guard.view import View

_PLAIN = "/:@!$&'()*+,;=~"  # of a path, beside letters, digits and -._ (RFC 3986 section 3.3)
_ORIGIN = re.compile(r"https?://[^/?#]*", re.IGNORECASE)
_OF_HTTP = {"ws": "http", "wss": "https"}
_FRAMED = (b"content-length", b"transfer-encoding")


def path_of(view: View) -> str:
    """The path as it was on the request line, percent-encoded, one Latin-1 character each octet.

    A server that tells the decoded path only has it encoded again, which is the usual spelling and perhaps not the
    caller's. Of an absolute form (RFC 9112 section 3.2.2) the origin is left out.
    """
    if view.raw_path is None:
        return quote(view.path, safe=_PLAIN)
    text = view.raw_path.decode("latin-1")
    if text.startswith("/"):
        return text
    origin = _ORIGIN.match(text)
    return text if origin is None else text[origin.end() :] or "/"


def target_of(view: View) -> str:
    """Path and query (RFC 9112 section 3.2.1). An empty query is not told from none: no server says which it was."""
    return f"{path_of(view)}?{view.query.decode('latin-1')}" if view.query else path_of(view)


def scheme_of(view: View) -> str:
    """http or https; a WebSocket begins as a request of the one or the other (RFC 6455 section 3)."""
    return _OF_HTTP.get(view.scheme, view.scheme)


def url_of(view: View) -> str:
    """The address that the caller used, without query."""
    return f"{scheme_of(view)}://{view.host_name}{path_of(view)}"


def body_of(view: View, limit: int) -> Step:
    """Returns the whole body, at most `limit` bytes, or a Deny. The application can still read it after.

    Whatever a caller does to its own body (too long, too slow, cut off) is its own fault, never an outage.
    """
    if view.protocol == "websocket":
        return b""
    if view.read_body is None:
        if any(value != b"0" for name in _FRAMED for value in view.values(name)):
            return deny(Cause.MISCONFIGURED, "backend_unwired", problem="no_body")
        return b""  # RFC 9112 section 6.3: neither of the two fields, so no body
    try:
        body: bytes | None = yield Call(view.read_body, (limit,))
    except Exception as error:  # noqa: BLE001  a connection that ended, a client that took too long
        return deny(Cause.MALFORMED, part="body", problem="not_read", exception=type(error).__name__[:64])
    return deny(Cause.MALFORMED, part="body", problem="too_large", limit=limit) if body is None else body
