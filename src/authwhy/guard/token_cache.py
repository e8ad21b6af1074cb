"""Remembers accepted tokens, so that a signature is checked once. Never by the token's text, only by its digest."""

from __future__ import annotations

from hashlib import sha256

from authwhy.guard.answers import Accept, Accepted


class Entry:
    """An accepted token: when it holds (s since 1970), the version of the key set it was checked with, and whether it
    is bound to a key, which is then checked on every request."""

    __slots__ = ("accept", "bound", "decision", "ends", "fingerprint", "starts", "version")

    def __init__(self, accept: Accept, starts: float, ends: float, version: int, bound: bool = False) -> None:
        self.accept, self.starts, self.ends, self.version, self.bound = accept, starts, ends, version, bound
        self.fingerprint: str | None = None
        self.decision: Accepted | None = None  # where no event is wanted, the same for every hit


class TokenCache:
    """At most `size` tokens; when full, the older half is dropped. One cache belongs to one provider.

    A hit counts only while the token holds and the key set is the one it was checked with. Scope, audience and
    revocation are not remembered: the policy that accepted it is this provider's, and routes' demands and revocation
    are checked on what comes out.
    """

    def __init__(self, size: int) -> None:
        if size < 2:
            raise ValueError("a cache holds at least 2 tokens")
        self._size = size
        self.entries: dict[bytes, Entry] = {}

    def get(self, token: str | bytes, version: int, now: float) -> Entry | None:
        """The entry of a token that still holds, or None."""
        entry = self.entries.get(sha256(token if type(token) is bytes else token.encode("utf-8", "replace")).digest())  # type: ignore[union-attr]
        if entry is None or entry.version != version or not entry.starts <= now < entry.ends:
            return None
        return entry

    def put(self, token: str | bytes, entry: Entry) -> None:
        """Remember an accepted token."""
        entries = self.entries
        if len(entries) >= self._size:
            kept = list(entries.items())[len(entries) // 2 :]
            self.entries = entries = dict(kept)
        octets = token if isinstance(token, bytes) else token.encode("utf-8", "replace")
        entries[sha256(octets).digest()] = entry

    def clear(self) -> None:
        """Forget all."""
        self.entries = {}

    def __len__(self) -> int:
        return len(self.entries)
