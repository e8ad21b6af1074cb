"""Tokens that are bound to a key: DPoP proofs (RFC 9449) and certificates (RFC 8705). Checked on every request."""

from __future__ import annotations

import os
from collections.abc import Iterable

from msgspec.structs import replace

from authwhy.causes import Cause, Kind, meta
from authwhy.guard.answers import Accept, Deny, HeaderLines, Presented
from authwhy.guard.effects import Step
from authwhy.guard.respond import bearer_challenge
from authwhy.guard.schemes.as_sent import url_of
from authwhy.guard.schemes.asking import Door, seen_by, through
from authwhy.guard.schemes.interface import Asked
from authwhy.guard.view import View
from authwhy.model.outcome import Failure, Refused, refused
from authwhy.stores.interface import SeenStore
from authwhy.stores.memory import MemorySeen
from authwhy.verify import dpop as verifier
from authwhy.verify.digest_nonce import RANDOM_BYTES, DigestNonces
from authwhy.verify.dpop import DpopPolicy, DpopRequest, NonceAsk, confirmation, mtls_binding
from authwhy.verify.flow import Ask, SeenAsk

SCHEME = "dpop"
_NONCE = ("dpop", "nonce")
_OF_THE_TOKEN = ("jkt", "cnf", "x5t#S256")  # claims of a refusal that a new proof cannot mend
_DESCRIPTIONS = {
    "invalid_dpop_proof": "The DPoP proof is not accepted",
    "use_dpop_nonce": "The DPoP proof needs the nonce of the header DPoP-Nonce",
    "invalid_token": "The token is not bound to the key of the DPoP proof",
}


class DpopToken(str):
    """A token that came as `Authorization: DPoP`, and so needs a proof."""

    __slots__ = ()


class Dpop:
    """Demands on proofs. `nonce_keys` (at least 16 bytes each, newest first) make server nonces where one is wanted.

    `seen` remembers the ids of proofs: a shared store where there are several instances. Raises ValueError for
    settings that cannot work.
    """

    def __init__(
        self,
        *,
        max_age_s: int = 60,
        leeway_s: int = 10,
        require_nonce: bool = False,
        nonce_keys: Iterable[bytes] = (),
        nonce_lifetime_s: int = 300,
        seen: SeenStore | None = None,
    ) -> None:
        self.policy = DpopPolicy(max_age_s=max_age_s, leeway_s=leeway_s, require_nonce=require_nonce)
        if nonce_lifetime_s <= leeway_s:
            raise ValueError("nonce_lifetime_s must be more than leeway_s")
        self._nonces = DigestNonces(tuple(nonce_keys) or (os.urandom(32),))
        self._lifetime_s = nonce_lifetime_s
        self._seen = MemorySeen() if seen is None else seen

    def challenge(self, realm: str | None, asked: Asked) -> str:
        """`DPoP`, with the algorithms that proofs may use; a bad proof has an error of its own (section 7.1)."""
        more = {"algs": " ".join(self.policy.algorithms)}
        error = asked.deny.challenge.get("error") if asked.deny is not None and asked.public.code is not None else None
        if error is not None and meta(asked.cause).kind is not Kind.ERROR:
            more |= {"error": error, "error_description": _DESCRIPTIONS[error]}
        return bearer_challenge("DPoP", realm, asked, **more)

    def nonce(self, now: int) -> bytes:
        """A nonce for the header DPoP-Nonce."""
        return self._nonces.make(*_NONCE, now, os.urandom(RANDOM_BYTES)).encode()

    def check(self, accept: Accept, token: str, view: View, now: int) -> Step:
        """Check the proof of a request whose token is good; returns the acceptance or a Deny.

        With the acceptance goes the next nonce, when the one that was used is half over (section 8.2).
        """
        made_at: list[int] = []
        outcome = yield from self._outcome(accept, token, view, now, made_at)
        if not isinstance(outcome, Refused):
            is_old = any(2 * (now - each) >= self._lifetime_s for each in made_at)
            return replace(accept, headers=(*accept.headers, *self._next_nonce(now))) if is_old else accept
        headers = self._next_nonce(now) if self.policy.require_nonce else ()
        challenge = {"error": _error(outcome.primary)}
        return Deny(outcome.failures, user=accept.user, known=True, challenge=challenge, headers=headers)

    def _outcome(self, accept: Accept, token: str, view: View, now: int, made_at: list[int]) -> Step:
        """Is there one proof, by the key that the token names, for this request? `made_at` takes its nonce's time."""
        proofs = [part for value in view.values(b"dpop") for part in value.split(b",")]  # WSGI joins repeated headers
        if not proofs:
            return refused(Cause.MISSING_CLAIM, claim="dpop")
        if len(proofs) > 1:
            return refused(Cause.AMBIGUOUS, seen=("dpop", "dpop"))
        wanted = confirmation(accept.claims, "jkt")
        if isinstance(wanted, Failure):
            return Refused((wanted,))
        if (failure := _certificate_failure(accept, view)) is not None:
            return Refused((failure,))

        def is_fresh(ask: NonceAsk) -> bool:
            made = self._nonces.made_at(ask.nonce, *_NONCE)
            if made is None or not made - self.policy.leeway_s <= now < made + self._lifetime_s:
                return False
            made_at.append(made)
            return True

        request = DpopRequest(view.method, url_of(view), token, wanted)
        doors: dict[type[Ask], Door] = {SeenAsk: seen_by(self._seen, now), NonceAsk: Door(is_fresh)}
        return (yield from through(verifier.verify(proofs[0], request, self.policy, now), doors))

    def _next_nonce(self, now: int) -> HeaderLines:
        return ((b"dpop-nonce", self.nonce(now)),)


def bearer_failure(accept: Accept, view: View) -> Failure | None:
    """Why a good token cannot be used as a plain bearer token: it is bound to a key that the request does not prove.

    A binding of a kind that nothing here can check counts too: who stole the token must not be better off for it.
    """
    key = confirmation(accept.claims, "jkt")
    if key is not None:
        return key if isinstance(key, Failure) else Failure(Cause.WRONG_BINDING, None, {"claim": "jkt"}, True)
    if confirmation(accept.claims, "x5t#S256") is None and accept.claims.get("cnf") is not None:
        return Failure(Cause.WRONG_BINDING, None, {"claim": "cnf", "problem": "unknown_method"}, True)
    return _certificate_failure(accept, view)


def _certificate_failure(accept: Accept, view: View) -> Failure | None:
    certificate = view.client_certificate
    return mtls_binding(accept.claims, None if certificate is None else certificate.leaf)


def _error(failure: Failure) -> str:
    """RFC 9449 sections 7.1 and 9: the proof is not good, wants a nonce, or is of another key than the token."""
    if failure.cause is Cause.STALE_NONCE:
        return "use_dpop_nonce"
    return "invalid_token" if failure.facts.get("claim") in _OF_THE_TOKEN else "invalid_dpop_proof"


def bearer_lines(realm: str | None, asked: Asked, dpop: Dpop | None) -> tuple[str, ...]:
    """The challenges of a provider of tokens: `Bearer`, and `DPoP` where proofs are taken, the caller's own first."""
    if dpop is None:
        return (bearer_challenge("Bearer", realm, asked),)
    proven = asked.deny is not None and (asked.view.header(b"authorization") or "")[:5].lower() == "dpop "
    silent = replace(asked, deny=None)
    line = dpop.challenge(realm, asked if proven else silent)
    other = bearer_challenge("Bearer", realm, silent if proven else asked)
    return (line, other) if proven else (other, line)


def is_bound(accept: Accept) -> bool:
    """Does the token name a key (RFC 7800)?"""
    return "cnf" in accept.claims


def presented_token(presented: Presented) -> Presented:
    """The same credential, marked as one that needs a proof."""
    return Presented(presented.slot, DpopToken(presented.value), presented.identity)
