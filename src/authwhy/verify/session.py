"""Sessions named by a signed cookie: `1.<key id>.<session id>.<time>.<MAC>`, HMAC-SHA256 (RFC 2104) over all before it.

The MAC lets a forged or overaged cookie be refused before anything is looked up, and a session id that leaks from the
store is no credential. Keys rotate: the newest signs, all verify. What the session says is kept by the verifier.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hmac import compare_digest

from msgspec import Struct

from authwhy.causes import Cause
from authwhy.model.outcome import Accepted, FactValue, Failure, Refused, refused
from authwhy.verify.flow import Ask, Flow, Unavailable
from authwhy.verify.segments import encode
from authwhy.verify.session_keys import MAX_COOKIE, SessionKeys

ID_BYTES = 16
_VERSION = "1"
_MAX_TIME = 10**12
_SHAPE = re.compile(
    r"1\.([A-Za-z0-9_-]{1,32})\.[A-Za-z0-9_-]{22}\.([0-9]{1,12})\.[A-Za-z0-9_-]{43}", re.ASCII
).fullmatch


class SessionPolicy(Struct, frozen=True):
    """Demands on a session. `lifetime_s` counts from the time of sealing and of creation, `idle_s` from the last use.

    None switches one off. `leeway_s` is how far ahead the clock of another node may be. Raises ValueError for a
    number that is not positive (leeway: negative).
    """

    keys: SessionKeys
    id: str = "session"
    lifetime_s: int | None = 43_200
    idle_s: int | None = 3_600
    leeway_s: int = 300

    def __post_init__(self) -> None:
        if any(limit is not None and limit <= 0 for limit in (self.lifetime_s, self.idle_s)) or self.leeway_s < 0:
            raise ValueError("lifetime_s and idle_s must be positive, leeway_s must not be negative")


class SessionAsk(Ask, frozen=True):
    """The session with this id. Answer: a SessionRecord, None when there is none, or Unavailable."""

    id: str

    def __repr__(self) -> str:
        return "SessionAsk(...)"


class SessionRecord(Struct, frozen=True):
    """What the verifier keeps of a session. Times are s since 1970.

    `acr`, `amr` and `authenticated_at` are what an ID token calls acr, amr and auth_time. `binding` is what the
    session is tied to (such as the thumbprint of a client certificate): only a request that presents the same one is
    accepted.
    """

    id: str
    subject: str
    created_at: int
    last_seen_at: int
    revoked_at: int | None = None
    claims: Mapping[str, object] = {}
    acr: str | None = None
    amr: tuple[str, ...] = ()
    authenticated_at: int | None = None
    binding: str | None = None

    def __repr__(self) -> str:
        return f"SessionRecord(subject={self.subject!r})"


def seal(session_id: bytes, issued_at: int, keys: SessionKeys) -> str:
    """The cookie value for a session. `session_id` is 16 random octets, `issued_at` s since 1970.

    Raises ValueError for an id of another length or a time that is negative or has more than 12 digits.
    """
    if len(session_id) != ID_BYTES or not 0 <= issued_at < _MAX_TIME:
        raise ValueError(f"a session id has {ID_BYTES} octets, a time lies between 0 and 10**12")
    signed = f"{_VERSION}.{keys.newest}.{id_text(session_id)}.{issued_at}".encode()
    return f"{signed.decode()}.{keys.sign(signed).decode()}"


def id_text(session_id: bytes) -> str:
    """The name under which a session is asked for: base64url of its octets."""
    return encode(session_id).decode()


def verify(cookie: str, policy: SessionPolicy, now: int, binding: str | None = None) -> Flow:
    """Check a session cookie. `now` is s since 1970, `binding` what the request proves to hold. Never raises.

    Order: shape, key, MAC, absolute lifetime; then, for a cookie that passes, the look-up, binding, idle time, status.
    Accepted claims: those of the record, `sub`, `sid`, `acr`, `amr`, `auth_time`; facts `key_id`, `old_key`.
    """
    sealed = policy.keys.open(cookie)
    if sealed is None:
        return Refused(_why_unsealed(cookie, policy, now))
    session_id, issued_at, key_id, old_key = sealed
    late = _lifetime(issued_at, policy, now, attested=True)
    if late is not None:
        return Refused((late,))
    record = yield SessionAsk(session_id)
    if type(record) is not SessionRecord or record.id != session_id:
        return _no_record(record, issued_at)
    failures = _failures(record, policy, now, binding)
    if failures:
        return Refused(failures)
    claims = {
        "sub": record.subject,
        "sid": session_id,
        "acr": record.acr,
        "amr": record.amr,
        "auth_time": record.authenticated_at,
    }
    return Accepted({**record.claims, **claims} if record.claims else claims, {"key_id": key_id, "old_key": old_key})


def _no_record(answer: object, issued_at: int) -> Refused:
    if isinstance(answer, Unavailable):
        return answer.refusal()
    if answer is not None:
        return refused(Cause.MISCONFIGURED, "backend_unwired", ask="SessionAsk")
    return refused(Cause.SESSION_INVALID, attested=True, issued_at=issued_at)


def _lifetime(start: int, policy: SessionPolicy, now: int, attested: bool) -> Failure | None:
    """Is this time of sealing or creation too old, or ahead of any clock of ours?"""
    if start > now + policy.leeway_s:
        facts: dict[str, FactValue] = {"claim": "iat", "valid_from": start, "early_s": start - now, "now": now}
        return Failure(Cause.NOT_YET_VALID, None, facts, attested)
    if policy.lifetime_s is None or now < start + policy.lifetime_s:
        return None
    end = start + policy.lifetime_s
    facts = {"expired_at": end, "late_s": now - end, "now": now, "issued_at": start}
    return Failure(Cause.EXPIRED, None, facts, attested)


def _failures(record: SessionRecord, policy: SessionPolicy, now: int, binding: str | None) -> tuple[Failure, ...]:
    """Every check on a known session that fails."""
    found: list[Failure] = []
    if record.binding is not None and not _same(record.binding, binding):
        found.append(Failure(Cause.WRONG_BINDING, None, {"claim": "binding"}, True))
    late = _lifetime(record.created_at, policy, now, attested=True)
    if late is not None:
        found.append(late)
    if policy.idle_s is not None and now >= record.last_seen_at + policy.idle_s:
        end = record.last_seen_at + policy.idle_s
        idle: dict[str, FactValue] = {
            "expired_at": end,
            "late_s": now - end,
            "now": now,
            "idle_s": now - record.last_seen_at,
        }
        found.append(Failure(Cause.EXPIRED, None, idle, True))
    if record.revoked_at is not None:  # whatever the clock that wrote it said
        revoked: dict[str, FactValue] = {"revoked_at": record.revoked_at, "late_s": max(0, now - record.revoked_at)}
        found.append(Failure(Cause.REVOKED, None, revoked, True))
    return tuple(found)


def _same(one: str, other: str | None) -> bool:
    return other is not None and compare_digest(
        one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass")
    )


def _why_unsealed(cookie: str, policy: SessionPolicy, now: int) -> tuple[Failure, ...]:
    """Every reason that can be read from a cookie that no key of ours made."""
    shape = _SHAPE(cookie) if len(cookie) <= MAX_COOKIE else None
    if shape is None:
        return (_damage(cookie),)
    if shape[1] in policy.keys:
        wrong = Failure(Cause.BAD_SIGNATURE, None, {"kid": shape[1], "alg": "HS256", "keys_tried": 1})
    else:
        wrong = Failure(Cause.UNKNOWN_KEY, None, {"kid": shape[1], "known": len(policy.keys)})
    late = _lifetime(int(shape[2]), policy, now, attested=False)
    return (wrong,) if late is None else (wrong, late)


def _damage(cookie: str) -> Failure:
    """What is wrong with the text. The fact `problem` is one word from a fixed list."""
    facts: dict[str, FactValue] = {"part": "cookie", "length": len(cookie)}
    if len(cookie) > MAX_COOKIE:
        return Failure(Cause.MALFORMED, None, {**facts, "problem": "too_large", "limit": MAX_COOKIE})
    detail, problem = None, "not_base64url"
    if not cookie.strip():
        problem = "empty"
    elif cookie != cookie.strip():
        detail, problem = "whitespace", "blanks"
    elif cookie[0] in "\"'" or cookie[-1] in "\"'":
        detail, problem = "quotes", "quoted"
    elif "%" in cookie:
        detail, problem = "encoding", "percent_encoded"
    elif not cookie.startswith(f"{_VERSION}."):
        problem = "version"
    elif cookie.count(".") != 4:
        detail, problem = ("truncated" if cookie.count(".") < 4 else None), "segments"
    elif len(cookie) - cookie.rfind(".") <= 43:
        detail, problem = "truncated", "cut"
    return Failure(Cause.MALFORMED, detail, {**facts, "problem": problem, "segments": cookie.count(".") + 1})
