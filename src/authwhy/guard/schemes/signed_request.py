"""Requests signed with a shared secret: SigV4, Azure Shared Key, HTTP Message Signatures (RFC 9421), webhooks."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from authwhy.causes import Cause
from authwhy.guard.answers import Deny, Presented, answer_of, deny
from authwhy.guard.effects import Call, Place, Step, place_of
from authwhy.guard.respond import challenge
from authwhy.guard.rules import ConfigurationError
from authwhy.guard.schemes.as_sent import body_of, path_of, scheme_of
from authwhy.guard.schemes.asking import Door, seen_by, through
from authwhy.guard.schemes.claims import frozen
from authwhy.guard.schemes.interface import Asked, Base
from authwhy.guard.view import View
from authwhy.model.outcome import Accepted, Refused
from authwhy.stores.interface import SeenStore
from authwhy.stores.memory import MemorySeen
from authwhy.verify.flow import Ask, SeenAsk
from authwhy.verify.hmac_request import azure_shared_key, http_signature, sigv4, webhook
from authwhy.verify.hmac_request.azure_shared_key import AzureSharedKeyPolicy
from authwhy.verify.hmac_request.http_signature import HttpSignaturePolicy
from authwhy.verify.hmac_request.interface import (
    Dialect,
    SecretAsk,
    SignedRequest,
    SigningPolicy,
    SigningSecrets,
)
from authwhy.verify.hmac_request.sigv4 import SigV4Policy
from authwhy.verify.hmac_request.sigv4_prepared import PreparedSigV4
from authwhy.verify.hmac_request.webhook import WebhookPolicy

_DIALECTS: tuple[tuple[type, Dialect, str, str], ...] = (
    (SigV4Policy, sigv4, "sigv4", "AWS4-HMAC-SHA256"),
    (AzureSharedKeyPolicy, azure_shared_key, "azure_shared_key", "SharedKey"),
    (HttpSignaturePolicy, http_signature, "http_signature", "Signature"),
    (WebhookPolicy, webhook, "webhook", "Webhook"),
)
_CREDENTIAL = re.compile(rb"Credential=([^/%,]{1,256})(?:/|%2F)", re.IGNORECASE)
_ACCOUNT = re.compile(rb"SharedKey(?:Lite)? ([^:]{1,256}):", re.IGNORECASE)
_KEYID = re.compile(rb';[ ]*keyid="([^"\\]{1,256})"')
_NAMED: Mapping[str, tuple[tuple[bytes, ...], re.Pattern[bytes]]] = {
    "sigv4": ((b"authorization",), _CREDENTIAL),
    "azure_shared_key": ((b"authorization",), _ACCOUNT),
    "http_signature": ((b"signature-input",), _KEYID),
}
_AUTHORIZATION = {"sigv4": b"aws4-", "azure_shared_key": b"sharedkey"}

_LOOKED_AT = 2_048  # octets of a header that a key id is looked for in
Table = Mapping[str, SigningSecrets]
LookUp = Callable[[str], object]


class SignedRequests(Base):
    """See `signed_request`."""

    password_like = True

    def __init__(
        self,
        name: str,
        policy: SigningPolicy,
        secrets: LookUp | Table,
        *,
        temporary: Callable[[str, str], object] | None,
        principal: Callable[[Mapping[str, Any]], object] | None,
        seen: SeenStore,
        max_body: int,
    ) -> None:
        super().__init__(name)
        _, self._dialect, self.method, self._scheme = next(row for row in _DIALECTS if isinstance(policy, row[0]))
        self.policy, self._principal, self._seen, self._max_body = policy, principal, seen, max_body
        self._temporary = temporary
        self._known: tuple[PreparedSigV4 | None, Door]
        if isinstance(secrets, Mapping):
            self.replace(secrets)
        else:
            self._known = None, self._door(secrets, place_of(secrets))

    def replace(self, secrets: Table) -> None:
        """Take another table of secrets, at once and for all threads: how they are added, rotated and revoked."""
        table, policy = dict(secrets), self.policy
        door, prepared = self._door(table.get, "here"), None
        if isinstance(policy, SigV4Policy) and not policy.check_replay:
            prepared = PreparedSigV4(table, policy)
        self._known = prepared, door

    def _door(self, secrets: LookUp, place: Place) -> Door:
        """Temporary credentials, which come with a session token, have a function of their own, or are unknown."""
        temporary = self._temporary

        def answer(ask: SecretAsk) -> object:
            if ask.session_token is None:
                return secrets(ask.key_id)
            return None if temporary is None else temporary(ask.key_id, ask.session_token)

        places = {place, place if temporary is None else place_of(temporary)}
        return Door(answer, "thread" if "thread" in places else "here")

    def find(self, view: View) -> Presented | Deny | None:
        """Whatever of a signature this dialect has is there."""
        values = view.values(b"authorization")
        begins = _AUTHORIZATION.get(self.method)
        mine = next((value for value in values if begins and value[:16].lower().startswith(begins)), None)
        if mine is not None and len(values) > 1:
            return deny(Cause.AMBIGUOUS, seen=("authorization", "authorization"))
        if mine is not None:
            return Presented("authorization", mine, self._key_id(view))
        if not self._is_signed_elsewhere(view):
            return None
        return Presented(f"signature:{self.method}", self._signature(view), self._key_id(view))

    def _signature(self, view: View) -> bytes:
        """What the event's fingerprint is made of, where it is not the Authorization header."""
        policy = self.policy
        name = policy.sender.signature.encode() if isinstance(policy, WebhookPolicy) else b"signature"
        return b",".join(view.values(name)) or view.query

    def _key_id(self, view: View) -> str | None:
        """The name of the key, for the event; the verifier reads it again, strictly."""
        if isinstance(self.policy, WebhookPolicy):
            return self.policy.key_id
        names, pattern = _NAMED[self.method]
        sources = [value for name in names for value in view.values(name)]
        for source in (*sources, *([view.query] if self.method == "sigv4" else [])):
            if match := pattern.search(source[:_LOOKED_AT]):
                return match[1].decode("latin-1")
        return None

    def _is_signed_elsewhere(self, view: View) -> bool:
        if isinstance(self.policy, WebhookPolicy):
            return bool(view.values(self.policy.sender.signature.encode()))
        if isinstance(self.policy, HttpSignaturePolicy):
            return bool(view.values(b"signature-input") or view.values(b"signature"))
        return self.method == "sigv4" and b"X-Amz-Signature=" in view.query

    def check(self, presented: Presented, view: View, now: int) -> Step:
        """Read the body, recompute the signature, and see that it is not replayed."""
        body = yield from body_of(view, self._max_body)
        if isinstance(body, Deny):
            return body
        request = SignedRequest(
            view.method,
            path_of(view),
            view.query.decode("latin-1"),
            tuple((key.decode("latin-1"), value.decode("latin-1")) for key, value in view.headers),
            body,
            scheme=scheme_of(view),
        )
        prepared, secrets = self._known
        found = None if prepared is None else prepared.find(request, now)
        if found is not None:
            return (yield from self._accepted(found))
        doors: dict[type[Ask], Door] = {SecretAsk: secrets, SeenAsk: seen_by(self._seen, now)}
        heard: dict[type[Ask], object] = {}
        outcome = yield from through(self._dialect.verify(request, self.policy, now), doors, heard)
        if isinstance(outcome, Refused):
            return _denied(outcome, heard.get(SecretAsk))
        return (yield from self._accepted(outcome))

    def _accepted(self, outcome: Accepted) -> Step:
        claims = frozen(outcome.claims)
        owner = str(claims["sub"])
        principal: object = owner
        if self._principal is not None:
            principal = yield Call(self._principal, (claims,), place_of(self._principal))
        facts = {"key_id": str(claims["key_id"]), **outcome.facts}
        notes = ("old_key",) if outcome.facts.get("old_secret") else ()
        return answer_of(principal, claims=claims, user=owner, facts=facts, notes=notes)

    def challenge(self, asked: Asked) -> tuple[str, ...]:
        """The dialect's own word."""
        return (challenge(self._scheme, {"realm": self.name}),)


def _denied(outcome: Refused, answer: object) -> Deny:
    """The event names a key that exists, and its owner when the signature was right."""
    if not isinstance(answer, SigningSecrets):
        return Deny(outcome.failures)
    return Deny(outcome.failures, known=True, user=answer.owner if outcome.primary.attested else None)


def signed_request(
    name: str = "signed",
    *,
    policy: SigningPolicy,
    secrets: LookUp | Table,
    temporary: Callable[[str, str], object] | None = None,
    principal: Callable[[Mapping[str, Any]], object] | None = None,
    seen: SeenStore | None = None,
    max_body: int = 1024 * 1024,
) -> SignedRequests:
    """A provider for signed requests.

    `policy`: a SigV4Policy, AzureSharedKeyPolicy, HttpSignaturePolicy or WebhookPolicy. `secrets`: a table of
    `SigningSecrets` by key id (the fast way; see `replace`), or a function: `secrets(key_id)` returns them (newest
    first, old ones accepted during the policy's overlap), None for nobody; may be async.
    `temporary(key_id, session_token)` is asked in its place where a caller of SigV4 sends a session token, and checks
    it; without it, such callers are unknown. `principal(claims)` makes the principal, by default the owner's name.
    `seen` remembers signatures where the policy checks replay: a shared store where there are several instances. A
    body larger than `max_body` bytes is refused, and so is one that does not arrive within Guard's `timeout_s`.

    Raises ConfigurationError for a policy of another kind, or a table without the key that the policy names.
    """
    if not any(isinstance(policy, row[0]) for row in _DIALECTS):
        known = ", ".join(row[0].__name__ for row in _DIALECTS)
        raise ConfigurationError(f"{name}: policy is one of {known}")
    wanted = getattr(policy, "key_id", None)
    if isinstance(secrets, Mapping) and wanted is not None and wanted not in secrets:
        raise ConfigurationError(f"{name}: no secrets for the key id of the policy")
    store = MemorySeen() if seen is None else seen
    return SignedRequests(
        name, policy, secrets, temporary=temporary, principal=principal, seen=store, max_body=max_body
    )
