"""Nonces that need no memory: a time, a random part and a MAC over both (RFC 7616 section 3.3, `nonce`).

Whoever has the key can check one, so nonces outlive a restart and are good at every instance that shares the key.
They are bound to realm and algorithm: a nonce of one challenge is of no use in an answer to another. The MAC is
over the text itself, so that a nonce has one spelling only, and one nonce count cannot be spent under two.
"""

from __future__ import annotations

from hmac import compare_digest, digest

from msgspec import Struct
from msgspec.structs import force_setattr

RANDOM_BYTES = 12
"""How much randomness one set of challenges, or one next nonce, takes."""

_MIN_KEY_BYTES, _MAX_KEYS = 16, 8
_TIME_CHARS, _MAC_CHARS = 10, 32
_TEXT_CHARS = _TIME_CHARS + 2 * RANDOM_BYTES
_NONCE_CHARS = _TEXT_CHARS + _MAC_CHARS
_MAX_TIME = 16**_TIME_CHARS - 1


class DigestNonces(Struct, frozen=True):
    """The keys of the nonces: the first makes them, all of them verify. Its text form tells none.

    To rotate, put a new key in front and drop the old one after a nonce's lifetime. Raises ValueError without a
    key, with more than 8, or with one that is shorter than 16 bytes.
    """

    keys: tuple[bytes, ...]

    def __post_init__(self) -> None:
        keys: object = self.keys
        if isinstance(keys, bytes | str):
            raise ValueError("keys must be a list of byte strings, not one string")
        force_setattr(self, "keys", tuple(self.keys))
        if not 1 <= len(self.keys) <= _MAX_KEYS:
            raise ValueError(f"needs 1 to {_MAX_KEYS} keys")
        if any(not isinstance(key, bytes) or len(key) < _MIN_KEY_BYTES for key in self.keys):
            raise ValueError(f"a key has at least {_MIN_KEY_BYTES} bytes")

    def __repr__(self) -> str:
        return f"DigestNonces({len(self.keys)} keys)"

    def make(self, realm: str, algorithm: str, now: int, random: bytes) -> str:
        """A new nonce: 66 lower-case hex digits. `now` is s since 1970, `random` 12 bytes nobody can foresee.

        Raises ValueError when `random` has another length, or for a time before 1970 or after the year 36812.
        """
        if len(random) != RANDOM_BYTES or not 0 <= now <= _MAX_TIME:
            raise ValueError(f"a nonce takes {RANDOM_BYTES} random bytes and a time that fits")
        text = f"{now:010x}{random.hex()}"
        return text + _mac(self.keys[0], text, realm, algorithm)

    def made_at(self, nonce: str, realm: str, algorithm: str) -> int | None:
        """When it was made (s since 1970); None when it was not made with these keys for this. Never raises."""
        if len(nonce) != _NONCE_CHARS or not nonce.isascii():
            return None
        text, mac = nonce[:_TEXT_CHARS], nonce[_TEXT_CHARS:].encode()
        for key in self.keys:
            if compare_digest(_mac(key, text, realm, algorithm).encode(), mac):
                return int(text[:_TIME_CHARS], 16)
        return None


def _mac(key: bytes, text: str, realm: str, algorithm: str) -> str:
    """The first half of HMAC-SHA-256 in hex; the parts cannot run into each other, the last one is the realm."""
    return digest(key, f"{text}:{algorithm}:{realm}".encode(), "sha256")[:16].hex()
