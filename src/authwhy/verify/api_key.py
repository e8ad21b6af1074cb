"""API keys: a shared secret that is its own name, kept by the verifier as a SHA-256 digest.

A key that no record has is `wrong_secret`: the whole text is the secret, and a secret that is not known does not
match. `unknown_identity` stays for names (an access key id, a client id). A key of another environment is
`wrong_secret`, detail `other_environment`, because nothing signed says who issued it (compare wrong_issuer).
A plain SHA-256 is enough for a random key of 128 bits or more; a password needs verify.password.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import sha256
from hmac import compare_digest
from typing import Literal

from msgspec import Struct

from authwhy.causes import Cause
from authwhy.model.outcome import Accepted, FactValue, Failure, Refused, refused
from authwhy.model.policy import ApiKeyPolicy
from authwhy.verify.api_key_shape import is_placeholder, known_kind, shape_failure
from authwhy.verify.flow import ApiKeyAsk, Flow, Unavailable

Status = Literal["active", "revoked", "disabled"]
_ORDINARY = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.~+/="
_DIGEST = re.compile("[0-9a-f]{64}").fullmatch


class ApiKeyRecord(Struct, frozen=True):
    """What the verifier keeps of a key. Times are s since 1970; `digest` is `digest_of(key)`.

    `retired_at` is when it stops to be accepted, because it was rotated away; it may lie ahead. Status "disabled" says
    that its owner is suspended.
    """

    id: str
    digest: str
    owner: str
    status: Status = "active"
    expires_at: int | None = None
    retired_at: int | None = None
    scopes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"ApiKeyRecord({self.id!r})"


def digest_of(key: str) -> str:
    """The SHA-256 of a key's UTF-8 text, in lower-case hex: what a store keeps and looks up."""
    return sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def verify(credential: str, policy: ApiKeyPolicy, now: int) -> Flow:
    """Check an API key as sent. `now` is s since 1970. Never raises.

    Order: shape, kind, look-up, lifetime, status, scope. Accepted claims: `sub`, `key_id`, `scope` (a tuple).
    """
    problem = None if _is_ordinary(credential, policy) else shape_failure(credential, policy)
    if problem:
        return Refused((problem,))
    digest = sha256(credential.encode()).hexdigest()
    record = yield ApiKeyAsk(digest)
    if type(record) is not ApiKeyRecord:
        return _no_record(record, credential)
    if not compare_digest(record.digest.encode(), digest.encode()):
        return refused(Cause.WRONG_SECRET)
    failures = _failures(record, policy, now)
    return Refused(failures) if failures else _accepted(record)


class PreparedKeys:
    """The records of an in-memory store, ready for the hot path: one hash and one look-up for a good key.

    `find` answers only "accepted"; for anything else it gives None, and `verify` says why. A record that changes
    (revoked, other scopes) needs a new table; expiry and retirement are checked on each call.
    """

    __slots__ = ("_known", "_max", "_min", "_prefix")

    def __init__(self, records: Iterable[ApiKeyRecord], policy: ApiKeyPolicy) -> None:
        self._min, self._max, self._prefix = policy.min_length, policy.max_length, policy.prefix.encode()
        self._known: dict[bytes, tuple[bytes, int | None, Accepted]] = {}
        for record in records:
            until = min((time for time in (record.expires_at, record.retired_at) if time is not None), default=None)
            if _DIGEST(record.digest) and not _failures(record, policy, None):
                digest = bytes.fromhex(record.digest)
                self._known[digest] = digest, until, _accepted(record)

    def find(self, credential: str, now: int) -> Accepted | None:
        """The acceptance of a known, valid key of an ordinary form at `now` (s since 1970); None otherwise."""
        if not self._min <= len(credential) <= self._max:
            return None
        try:
            raw = credential.encode()
        except UnicodeEncodeError:
            return None
        digest = sha256(raw).digest()
        known = self._known.get(digest)
        if known is None or raw.translate(None, _ORDINARY) or (self._prefix and not raw.startswith(self._prefix)):
            return None
        stored, until, accepted = known
        return accepted if compare_digest(stored, digest) and (until is None or now < until) else None


def _is_ordinary(key: str, policy: ApiKeyPolicy) -> bool:
    """The length, prefix and letters of a key: nothing to find fault with."""
    return (
        policy.min_length <= len(key) <= policy.max_length
        and key.isascii()
        and not key.encode().translate(None, _ORDINARY)
        and key.startswith(policy.prefix)
    )


def _accepted(record: ApiKeyRecord) -> Accepted:
    return Accepted({"sub": record.owner, "key_id": record.id, "scope": record.scopes})


def _no_record(answer: object, key: str) -> Refused:
    if isinstance(answer, Unavailable):
        return answer.refusal()
    if answer is not None:
        return refused(Cause.MISCONFIGURED, "backend_unwired", ask="ApiKeyAsk")
    if is_placeholder(key):
        return refused(Cause.WRONG_SECRET, "placeholder")
    return refused(Cause.WRONG_SECRET, kind=known_kind(key))


def _failures(record: ApiKeyRecord, policy: ApiKeyPolicy, now: int | None) -> tuple[Failure, ...]:
    """Every check after the look-up that fails; without a time, only those that do not depend on it."""
    if record.status == "active" and record.expires_at is None and record.retired_at is None and not policy.scope:
        return ()
    failures: list[Failure] = []
    if record.expires_at is not None and now is not None and now >= record.expires_at:
        late = now - record.expires_at
        failures.append(
            Failure(Cause.EXPIRED, facts={"expired_at": record.expires_at, "late_s": late, "key_id": record.id})
        )
    if record.retired_at is not None and now is not None and now >= record.retired_at:
        late = now - record.retired_at
        failures.append(
            Failure(Cause.REVOKED, facts={"revoked_at": record.retired_at, "late_s": late, "key_id": record.id})
        )
    elif record.status == "revoked":
        failures.append(Failure(Cause.REVOKED, facts={"key_id": record.id}))
    if record.status == "disabled":
        failures.append(Failure(Cause.ACCOUNT_DISABLED, "suspended", {"key_id": record.id}))
    if not set(policy.scope) <= set(record.scopes):
        scopes: dict[str, FactValue] = {"needed": policy.scope, "granted": record.scopes}
        failures.append(Failure(Cause.INSUFFICIENT_SCOPE, "scope", scopes))
    return tuple(failures)
