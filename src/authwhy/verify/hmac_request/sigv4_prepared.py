"""The hot path of SigV4 with secrets in memory: what a client's last good request showed is not worked out again.

A client sends the same credential, signed headers and header names all day. Those are remembered with the derived key
after a request of it was accepted by `sigv4.verify`; time, body and signature are checked on every request.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from hmac import compare_digest
from hmac import digest as hmac_digest

from msgspec import Struct

from authwhy.model.outcome import Accepted
from authwhy.verify.flow import Ask, drive
from authwhy.verify.hmac_request.interface import MAX_FIELDS, SecretAsk, SignedRequest, SigningSecrets
from authwhy.verify.hmac_request.sigv4 import SigV4Policy, signing_key, verify
from authwhy.verify.hmac_request.sigv4_canonical import canonical_path, canonical_query
from authwhy.verify.hmac_request.sigv4_credential import ALGORITHM, Presented, from_header
from authwhy.verify.hmac_request.timing import basic_time

MAX_PLANS = 1_024
"""Clients, each with one day and one list of signed headers, that are remembered."""
_MAX_TARGET = 512  # characters of a path or query that is kept in canonical form
_FAR = 2**62

_path = lru_cache(maxsize=1_024)(canonical_path)
_query = lru_cache(maxsize=1_024)(canonical_query)
_time = lru_cache(maxsize=1_024)(basic_time)


class _Plan(Struct, frozen=True, eq=False):
    """What is the same for many requests: `template` takes the values of `names`, `allowed` are header names seen."""

    names: tuple[str, ...]
    template: str
    listed: str
    allowed: frozenset[str]
    once: bool
    day: str
    scope: str
    key: bytes
    alone: bool
    until: int
    accepted: Accepted

    def __repr__(self) -> str:
        return f"_Plan({self.scope!r})"


class PreparedSigV4:
    """Secrets by key id, ready for the hot path.

    `find` answers only "accepted"; for anything else it gives None, and `sigv4.verify` says why. Secrets that change
    need a new table; retirement is checked on each call. Presigned URLs, temporary credentials (a session token) and
    policies with check_replay are left to `verify`.
    """

    __slots__ = ("_plans", "_policy", "_secrets")

    def __init__(self, secrets: Mapping[str, SigningSecrets], policy: SigV4Policy) -> None:
        self._secrets, self._policy = dict(secrets), policy
        self._plans: dict[str, _Plan] = {}

    def find(self, request: SignedRequest, now: int) -> Accepted | None:
        """The acceptance of a request signed in its header, at `now` (s since 1970); None otherwise. Never raises."""
        headers = request.headers
        fields = dict(headers)
        value = fields.get("authorization", "")
        plan = self._plans.get(value[:-64])
        if plan is None or len(fields) != len(headers) or not fields.keys() <= plan.allowed:
            return self._learn(request, now)
        date = fields.get("x-amz-date", "")
        made_at = _time(date) if len(date) == 16 else None
        if made_at is None or abs(now - made_at) > self._policy.skew_s or date[:8] != plan.day or now >= plan.until:
            return None
        canonical = _canonical(request, fields, plan)
        if canonical is None:
            return self._learn(request, now)
        signed = f"{ALGORITHM}\n{date}\n{plan.scope}\n{sha256(canonical).hexdigest()}".encode()
        if compare_digest(
            hmac_digest(plan.key, signed, "sha256").hex().encode(), value[-64:].encode("ascii", "replace")
        ):
            return plan.accepted
        return None if plan.alone else self._learn(request, now)

    def _learn(self, request: SignedRequest, now: int) -> Accepted | None:
        """The whole check, and what it showed for the next time."""
        if self._policy.check_replay:
            return None
        outcome = drive(verify(request, self._policy, now), self._answer)
        if not isinstance(outcome, Accepted):
            return None
        fields = dict(request.headers)
        value = fields.get("authorization", "")
        presented = from_header(value, dict(fields))
        plain = isinstance(presented, Presented) and presented.session_token is None and "x-amz-date" in fields
        if plain and isinstance(presented, Presented) and value.endswith(presented.signature):
            self._keep(value[:-64], presented, frozenset(fields), outcome)
        return outcome

    def _keep(self, head: str, presented: Presented, names: frozenset[str], accepted: Accepted) -> None:
        credential, known = presented.credential, self._plans.get(head)
        secrets = self._secrets[credential.key_id].secrets
        secret = next(each for each in secrets if each.id == accepted.facts["secret_id"])
        key = signing_key(secret, credential.scope)
        if key is None:
            return
        if len(self._plans) >= MAX_PLANS:
            self._plans.clear()
        self._plans[head] = _Plan(
            credential.names,
            "".join(f"{name.replace('%', '%%')}:%s\n" for name in credential.names),
            credential.listed,
            names | (known.allowed if known and len(known.allowed) < MAX_FIELDS else frozenset()),
            credential.service in self._policy.once_encoded,
            credential.date,
            credential.scope,
            key,
            len(secrets) == 1,
            _FAR if secret.retired_at is None else secret.retired_at + self._policy.overlap_s,
            accepted,
        )

    def _answer(self, ask: Ask) -> SigningSecrets | None:
        token = ask.session_token if isinstance(ask, SecretAsk) else None
        return self._secrets.get(ask.key_id) if isinstance(ask, SecretAsk) and token is None else None


def _canonical(request: SignedRequest, fields: Mapping[str, str], plan: _Plan) -> bytes | None:
    """The canonical request, or None for one of a rare spelling: its values are made canonical in `sigv4`."""
    path, query, names = request.path, request.query, plan.names
    payload = request.body_sha256 or sha256(request.body or b"").hexdigest()
    if len(path) > _MAX_TARGET or len(query) > _MAX_TARGET or "X-Amz-Signature=" in query:
        return None
    if fields.get("x-amz-content-sha256", payload) != payload or not request.method.isalpha():
        return None
    try:
        found = [fields[name] for name in names]
        text = " ".join(found)  # an outer blank, and an empty value, would stand beside another blank
        if not text.isprintable() or "  " in text or text[0] == " " or text[-1] == " ":
            return None
        lines = plan.template % tuple(found)
        return (
            f"{request.method}\n{_path(path, plan.once)}\n{_query(query)}\n{lines}\n{plan.listed}\n{payload}"
        ).encode("latin-1")
    except (KeyError, UnicodeEncodeError):
        return None
