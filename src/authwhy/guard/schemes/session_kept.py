"""What a session store keeps for one session: plain data, checked when it comes back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from authwhy.verify.session import SessionRecord

KEPT_S = 3_600
"""Seconds that a session is kept after its end, so that it is found expired and not unknown."""
_LEFT_OUT: tuple[object, ...] = (None, (), {})


class Kept(Struct, frozen=True):
    """One session. Times are s since 1970. `owed` is the page where a second factor is still to be given, until
    `owed_until`; nobody is signed in before that. `identity` is the name that was typed.
    """

    subject: str
    created_at: int
    seen_at: int
    claims: dict[str, Any] = {}
    acr: str | None = None
    amr: tuple[str, ...] = ()
    authenticated_at: int | None = None
    owed: str | None = None
    owed_until: int | None = None
    identity: str | None = None

    def __repr__(self) -> str:
        return "Kept(...)"

    def record(self, session_id: str) -> SessionRecord:
        """What the verifier looks at."""
        return SessionRecord(
            session_id, self.subject, self.created_at, self.seen_at, claims=self.claims, acr=self.acr, amr=self.amr,
            authenticated_at=self.authenticated_at,
        )  # fmt: skip

    def until(self, lifetime_s: int, idle_s: int | None) -> int:
        """When it ends if nobody uses it (s since 1970)."""
        ends = [self.created_at + lifetime_s]
        ends += [self.seen_at + idle_s] if idle_s is not None else []
        ends += [self.owed_until] if self.owed_until is not None else []
        return min(ends)

    def plain(self) -> dict[str, Any]:
        """For the store."""
        return {name: value for name in self.__struct_fields__ if (value := getattr(self, name)) not in _LEFT_OUT}


def read(data: Mapping[str, object]) -> Kept:
    """What a store gave back. Raises msgspec.ValidationError for data of another kind."""
    return msgspec.convert(data, Kept)
