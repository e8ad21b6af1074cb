"""HTTP Digest (RFC 7616): the password never crosses the wire, each nonce count works once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from authwhy.guard.answers import Deny, Presented, answer_of
from authwhy.guard.effects import Call, Step, place_of
from authwhy.guard.rules import ConfigurationError
from authwhy.guard.schemes import authorization
from authwhy.guard.schemes.as_sent import body_of, target_of
from authwhy.guard.schemes.asking import Door, by_function, seen_by, through
from authwhy.guard.schemes.interface import Asked, Base
from authwhy.guard.view import View
from authwhy.model.outcome import Accepted, Refused
from authwhy.stores.interface import SeenStore
from authwhy.stores.memory import MemorySeen
from authwhy.verify import digest as verifier
from authwhy.verify.digest import DigestAccountAsk, DigestNonces, DigestPolicy, DigestRequest, DigestSecret
from authwhy.verify.digest_credential import DigestCredential, parse
from authwhy.verify.digest_nonce import RANDOM_BYTES
from authwhy.verify.flow import Ask, SeenAsk

MAX_BODY = 1024 * 1024
LookUp: TypeAlias = Callable[[str], object] | Mapping[str, DigestSecret]


class DigestText(str):
    """The value of an Authorization header, with what was read in it."""

    sent: DigestCredential


class Digest(Base):
    """See `digest`."""

    method = "digest"
    guessable = True
    password_like = True
    looks_at: frozenset[bytes] | None = frozenset((b"authorization",))

    def __init__(
        self,
        name: str,
        policy: DigestPolicy,
        nonces: DigestNonces,
        account: LookUp,
        by_hash: LookUp | None,
        principal: Callable[[str], object] | None,
        seen: SeenStore,
    ) -> None:
        super().__init__(name)
        self.policy, self._nonces, self._seen, self._principal = policy, nonces, seen, principal
        self._account, self._by_hash = _door(account), _door(by_hash)

    def find(self, view: View) -> Presented | Deny | None:
        """The credential of the Authorization header."""
        found = authorization.find(view, "digest", lists=True)
        if not isinstance(found, Presented):
            return found
        value = DigestText(f"Digest {found.value}")
        sent = parse(value, self.policy)
        if isinstance(sent, Refused):
            return Deny(sent.failures)
        value.sent = sent
        return Presented(found.slot, value, sent.username)

    def check(self, presented: Presented, view: View, now: int) -> Step:
        """Check the response, then spend its nonce count."""
        value: DigestText = presented.value
        body = (yield from body_of(view, MAX_BODY)) if value.sent.qop == "auth-int" else b""
        if isinstance(body, Deny):
            return body
        target = target_of(view)
        if value.sent.uri == f"{target}?":  # an empty query, which no server tells from none
            target = value.sent.uri
        request = DigestRequest(view.method, target, view.host_name, body)
        doors: dict[type[Ask], Door] = {SeenAsk: seen_by(self._seen, now)}
        door = self._by_hash if value.sent.userhash else self._account
        if door is not None:
            doors[DigestAccountAsk] = door
        heard: dict[type[Ask], object] = {}
        flow = verifier.verify(value, request, self.policy, self._nonces, now)
        outcome = yield from through(flow, doors, heard)
        if isinstance(outcome, Refused):
            return _denied(outcome, heard.get(DigestAccountAsk))
        return (yield from self._accepted(outcome, now))

    def _accepted(self, outcome: Accepted, now: int) -> Step:
        name, algorithm = str(outcome.claims["sub"]), str(outcome.facts["algorithm"])
        principal: object = name
        if self._principal is not None:
            principal = yield Call(self._principal, (name,), place_of(self._principal))
        age_s = outcome.facts["nonce_age_s"]
        old = isinstance(age_s, int) and age_s * 2 > self.policy.nonce_lifetime_s
        fresh = self._nonces.make(self.policy.realm, algorithm, now, os.urandom(RANDOM_BYTES)) if old else ""
        info = verifier.authentication_info(outcome, fresh)
        return answer_of(
            principal, user=name, facts={"algorithm": algorithm}, headers=((b"authentication-info", info.encode()),)
        )

    def challenge(self, asked: Asked) -> tuple[str, ...]:
        """One line for each algorithm, each with a nonce of its own; none for a script's call in a page."""
        if asked.background:
            return (f'xDigest realm="{self.policy.realm}"',)
        stale = asked.deny is not None and "stale" in asked.deny.challenge
        return verifier.challenges(self.policy, self._nonces, asked.now, os.urandom(RANDOM_BYTES), stale=stale)


def _door(look_up: LookUp | None) -> Door | None:
    if not isinstance(look_up, Mapping):
        return by_function(look_up, "username")
    table = look_up
    return Door(lambda ask: table.get(ask.username))


def _denied(outcome: Refused, answer: object) -> Deny:
    """The event names who is known, and by the name itself where a hash of it was sent."""
    known = answer.name if isinstance(answer, DigestSecret) else None
    stale = {"stale": "true"} if verifier.is_stale(outcome) else {}
    return Deny(outcome.failures, known=known is not None, user=known, challenge=stale)


def digest(
    name: str = "digest",
    *,
    account: LookUp,
    realm: str = "restricted",
    algorithms: Iterable[str] = ("SHA-256",),
    qop: Iterable[str] = ("auth",),
    by_hash: LookUp | None = None,
    principal: Callable[[str], object] | None = None,
    keys: Iterable[bytes] = (),
    seen: SeenStore | None = None,
    nonce_lifetime_s: int = 300,
    max_nonce_count: int = 10_000,
) -> Digest:
    """A provider for HTTP Digest.

    `account(name)` returns a `DigestSecret` (HA1 by algorithm, see `ha1`), None for nobody; may be async. A table of
    them by name will do too. `principal(name)` makes the principal, the name by default. `by_hash(hash)`, or a table
    of secrets by it, finds an account by H(name:realm) and so offers hashed names (section 3.4.4). `keys` make and
    check nonces, newest first, at least 16 bytes each; give the same ones to every instance, or nonces end with this
    process. `seen` remembers spent nonce counts, one for each accepted request, for as long as a nonce lives: a shared
    store where there are several instances, or one with more room than MemorySeen has by default where there is much
    traffic. Both `auth-int` and MD5 are there, and only used when named.

    Raises ConfigurationError for a set-up that cannot work.
    """
    try:
        policy = DigestPolicy(
            id=name,
            realm=realm,
            algorithms=tuple(algorithms),
            qop=tuple(qop),
            userhash=by_hash is not None,
            nonce_lifetime_s=nonce_lifetime_s,
            max_nonce_count=max_nonce_count,
        )
        nonces = DigestNonces(tuple(keys) or (os.urandom(32),))
    except ValueError as error:
        raise ConfigurationError(f"{name}: {error}") from None
    return Digest(name, policy, nonces, account, by_hash, principal, MemorySeen() if seen is None else seen)
