"""The public answer to a refused call: problem details (RFC 9457). Coarse on purpose; the exact cause stays private."""

from __future__ import annotations

import msgspec
from msgspec import Struct

MEDIA_TYPE = "application/problem+json"


class Problem(Struct, frozen=True, omit_defaults=True):
    """What an outsider may learn. `code` comes from a fixed list; `ref` names the private event.

    `type` is a URI (RFC 9457 section 3.1.1); `retry_after` is seconds.
    """

    type: str
    title: str
    status: int
    code: str | None = None
    ref: str | None = None
    retry_after: int | None = None

    def to_json(self) -> bytes:
        """The body of the answer."""
        return _ENCODER.encode(self)


_ENCODER = msgspec.json.Encoder()
