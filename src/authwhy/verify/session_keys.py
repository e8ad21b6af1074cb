"""The rotating keys behind signed cookies (HMAC-SHA256, RFC 2104): the newest signs, all verify."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from hmac import compare_digest, digest
from typing import TypeAlias

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from msgspec import Struct

from authwhy.verify.segments import encode

MAX_COOKIE = 128
"""Characters of a session cookie; the longest one has 115."""
MIN_SECRET_BYTES = 32
_KEY_ID = re.compile("[A-Za-z0-9_-]{1,32}", re.ASCII).fullmatch

_Mac: TypeAlias = Callable[[], HMAC]
Sealed: TypeAlias = tuple[str, int, str, bool]
"""What a good cookie says: session id, time it was sealed (s since 1970), key id, made by an old key?"""


class SessionKey(Struct, frozen=True):
    """One secret of at least 32 random octets and its public id: 1 to 32 of A-Z a-z 0-9 _ and -."""

    id: str
    secret: bytes

    def __repr__(self) -> str:
        return f"SessionKey({self.id!r})"


class SessionKeys:
    """The keys, newest first: the first one signs, all verify. Its text form tells no secret.

    Another `purpose` makes other cookies from the same secrets, so that one kind is never taken for another.
    Raises ValueError for no key, a short secret, or an id that is doubled or not of the form above.
    """

    __slots__ = ("_keys", "_macs", "newest")

    def __init__(self, keys: Iterable[SessionKey], purpose: str = "session") -> None:
        self._keys = tuple(keys)
        ids = [key.id for key in self._keys]
        if not ids or len(set(ids)) != len(ids) or not all(map(_KEY_ID, ids)):
            raise ValueError("session keys need one or more different ids of 1 to 32 of A-Z a-z 0-9 _ -")
        if any(len(key.secret) < MIN_SECRET_BYTES for key in self._keys):
            raise ValueError(f"a session key needs at least {MIN_SECRET_BYTES} octets")
        self.newest = ids[0]
        self._macs: dict[bytes, tuple[_Mac, str, bool]] = {
            key_id.encode(): (HMAC(secret, SHA256()).copy, key_id, key_id != self.newest)
            for key_id, secret in self.derive(f"cookie {purpose}")
        }

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, key_id: str) -> bool:
        return key_id.encode("utf-8", "surrogatepass") in self._macs

    def __repr__(self) -> str:
        return f"SessionKeys({[key.id for key in self._keys]})"

    def derive(self, purpose: str) -> list[tuple[str, bytes]]:
        """A key of 32 octets for another purpose from each secret, with the key's id, newest first."""
        return [(key.id, digest(key.secret, b"authwhy 1 " + purpose.encode(), "sha256")) for key in self._keys]

    def sign(self, signed: bytes) -> bytes:
        """The MAC under the newest key, as base64url."""
        return _mac(self._macs[self.newest.encode()][0], signed)

    def open(self, cookie: str) -> Sealed | None:
        """What a cookie that these keys made says; None for any other text. Never raises."""
        if len(cookie) > MAX_COOKIE:
            return None
        signed, _, mac = cookie.encode("utf-8", "surrogatepass").rpartition(b".")
        parts = signed.split(b".", 4)
        known = self._macs.get(parts[1]) if len(parts) == 4 else None
        if known is None or not compare_digest(_mac(known[0], signed), mac):
            return None
        return parts[2].decode(), int(parts[3]), known[1], known[2]  # we made it: it has the form that `seal` gives


def _mac(keyed: _Mac, signed: bytes) -> bytes:
    mac = keyed()
    mac.update(signed)
    return encode(mac.finalize())
