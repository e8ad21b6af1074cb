"""Bearer tokens that are JSON Web Tokens (RFC 6750, RFC 7519, RFC 9068)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from authwhy.causes import Cause
from authwhy.guard.answers import Accept, Deny, Presented, deny, made_for
from authwhy.guard.effects import Call, Place, Step, place_of
from authwhy.guard.rules import ConfigurationError
from authwhy.guard.schemes import authorization
from authwhy.guard.schemes.asking import Door, Doors, by_function, through
from authwhy.guard.schemes.binding import (
    SCHEME,
    Dpop,
    DpopToken,
    bearer_failure,
    bearer_lines,
    is_bound,
    presented_token,
)
from authwhy.guard.schemes.claims import FAR, AbsentClaim, Claims, accepted, frozen, seconds
from authwhy.guard.schemes.forgery import SameOrigin, origin_check
from authwhy.guard.schemes.interface import Asked, Base, Checked
from authwhy.guard.schemes.key_source import unready
from authwhy.guard.token_cache import Entry, TokenCache
from authwhy.guard.view import View
from authwhy.model.outcome import Accepted, Failure, Refused
from authwhy.model.policy import SAFE_ALGORITHMS, SECRET_ALGORITHMS, JwtPolicy
from authwhy.verify import jwt as verifier
from authwhy.verify.flow import Ask, KeyAsk, RevokedAsk, SeenAsk, Unavailable
from authwhy.verify.jwk import KeySet
from authwhy.verify.jws import clip
from authwhy.verify.segments import Damage, json_object

Principal = Callable[[Claims], object]


class BearerJwt(Base):
    """See `jwt`."""

    method = "jwt"
    still = True

    def __init__(
        self,
        name: str,
        policy: JwtPolicy,
        keys: Any,
        *,
        realm: str | None,
        cookie: str | None,
        principal: Principal | None,
        inline: bool,
        revoked: Callable[..., object] | None,
        seen: Callable[..., object] | None,
        cache: int,
        user_claim: str,
        dpop: Dpop | None,
        same_origin: SameOrigin | None,
    ) -> None:
        super().__init__(name)
        self._same_origin = same_origin
        self.policy, self.keys, self.realm, self.cookie, self._dpop = policy, keys, realm, cookie, dpop
        self._principal = principal
        self._place: Place = "here" if principal is None or inline else place_of(principal)
        self._revoked, self._seen = by_function(revoked, "issuer", "id"), by_function(seen, "scope", "value", "until")
        self._user_claim = user_claim
        self.looks_at = frozenset((b"authorization", *((b"cookie",) if cookie else ())))
        self.cache = TokenCache(cache) if cache and not policy.check_replay else None
        self._simple = not (policy.check_revoked or policy.check_replay or principal)

    def find(self, view: View) -> Presented | Deny | None:
        """The token of the Authorization header, or of the cookie where one is configured."""
        found = authorization.find(view, "bearer", bare=True)
        if found is None and self._dpop is not None:
            found = authorization.find(view, SCHEME)
            found = presented_token(found) if isinstance(found, Presented) else found
        cookies = [] if self.cookie is None else view.cookies(self.cookie)
        if not cookies:
            return found
        if found is not None or len(set(cookies)) > 1:
            return deny(Cause.AMBIGUOUS, seen=("authorization", f"cookie:{self.cookie}"))
        forged = None if self._same_origin is None else self._same_origin.failure(view)
        return Presented(f"cookie:{self.cookie}", cookies[0]) if forged is None else Deny((forged,))

    def check(self, presented: Presented, view: View, now: int) -> Checked:
        """At once when the keys are at hand and nothing has to be asked, else by Calls."""
        token: str = presented.value
        version = self.keys.version  # before the keys: an acceptance must not count for newer keys than its own
        found = self._at_once(token, version, now)
        if isinstance(found, Deny):
            return found
        proven = isinstance(token, DpopToken)
        if found is not None and self._simple and not proven:
            failure = bearer_failure(found.accept, view) if found.bound else None
            return self._noted(found.accept) if failure is None else self._unbound(found.accept, failure)
        return self._slowly(found, token, version, view, now)

    def _at_once(self, token: str, version: int, now: int) -> Entry | Deny | None:
        """What the cache or the keys at hand say; None when something has to be asked first."""
        known = self.cache if len(token) <= self.policy.max_bytes else None  # nothing longer is ever hashed
        keys = self.keys.current
        if keys is None:  # none yet, or so old that what they accepted counts no more
            return None
        entry = None if known is None else known.get(token, version, now)
        if entry is not None or self.policy.check_replay:
            return entry
        return None if self.policy.check_revoked else self._by_keys(token, version, now, keys)

    def _by_keys(self, token: str, version: int, now: int, keys: KeySet) -> Entry | Deny | None:
        """The same of a token that the cache does not hold."""
        outcome = verifier.check(token, self.policy, now, keys)
        if isinstance(outcome, Accepted):
            return self._kept(token, outcome, version)
        if outcome.primary.cause is Cause.UNKNOWN_KEY and not self.keys.fixed:
            return None
        return self._denied(token, outcome)

    def _slowly(self, entry: Entry | None, token: str, version: int, view: View, now: int) -> Step:
        """The token with everything that has to be asked; then its binding; then the application's principal."""
        if entry is None:
            flow = verifier.verify(token, self.policy, now)
            outcome = yield from through(flow, self._doors())
            if isinstance(outcome, Refused):
                return self._denied(token, outcome)
            entry = self._kept(token, outcome, version)
        elif self.policy.check_revoked and (failure := (yield from self._revocation(entry.accept))) is not None:
            return self._unbound(entry.accept, failure)
        accept: Accept = entry.accept
        if isinstance(token, DpopToken):
            assert self._dpop is not None
            answer = yield from self._dpop.check(accept, token, view, now)
            if isinstance(answer, Deny):
                return answer
            accept = answer
        elif entry.bound and (failure := bearer_failure(accept, view)) is not None:
            return self._unbound(accept, failure)
        return (yield from self._person(self._noted(accept)))

    def _noted(self, accept: Accept) -> Accept:
        """While the provider's keys cannot be fetched again, each event says that old ones are in use."""
        age_s = self.keys.overdue_s
        if age_s is None:
            return accept
        return replace(accept, notes=(*accept.notes, "stale_keys"), facts={**accept.facts, "keys_age_s": age_s})

    def _doors(self) -> Doors:
        doors: dict[type[Ask], Door] = {KeyAsk: Door(self._keys_for, "here" if self.keys.fixed else "thread")}
        if self._revoked is not None:
            doors[RevokedAsk] = self._revoked
        if self._seen is not None:
            doors[SeenAsk] = self._seen
        return doors

    def _keys_for(self, ask: KeyAsk) -> object:
        return self.keys.get(ask.kid)

    def _revocation(self, accept: Accept) -> Step:
        """Ask again about a token that was accepted before."""
        assert self._revoked is not None
        issuer, name = accept.claims.get("iss"), accept.claims.get("jti")
        answer = yield Call(self._revoked.function, (RevokedAsk(_text(issuer), str(name)),), self._revoked.place)
        if answer is False:
            return None
        if isinstance(answer, Unavailable):
            return answer.refusal().primary
        if answer is True:
            return Failure(Cause.REVOKED, None, {"jti": clip(str(name))}, attested=True)
        return Failure(Cause.MISCONFIGURED, "backend_unwired", {"ask": "RevokedAsk"})

    def _unbound(self, accept: Accept, failure: Failure) -> Deny:
        return Deny((failure,), known=accept.user is not None, user=accept.user)

    @property
    def recall(self) -> TokenCache | None:
        """The tokens accepted before, where nothing has to be asked about one that is not bound to a key."""
        return self.cache if self._simple else None

    def refusal(self, token: str, now: int) -> Deny | None:
        """The refusal of a token with the keys at hand; None when it is good, or something has to be asked."""
        version, keys = self.keys.version, self.keys.current
        if not self._simple:
            found = self._at_once(token, version, now)
        else:  # who asks has looked into `recall`
            found = None if keys is None else self._by_keys(token, version, now, keys)
        return found if isinstance(found, Deny) else None

    def use_keys(self, keys: Any) -> Any:
        """Take keys from this source from now on and forget the tokens accepted so far; the source used before."""
        before, self.keys = self.keys, keys
        if self.cache is not None:
            self.cache.clear()
        return before

    def _kept(self, token: str, outcome: Accepted, version: int) -> Entry:
        accept = accepted(frozen(outcome.claims), self._user_claim, outcome.facts)
        leeway, max_age = self.policy.leeway_s, self.policy.max_age_s
        ends = [seconds(outcome.claims, "exp", FAR) + leeway]
        if max_age is not None:
            ends.append(seconds(outcome.claims, "iat", FAR) + max_age + leeway)
        starts = [seconds(outcome.claims, name, -FAR) - leeway for name in ("nbf", "iat")]
        entry = Entry(accept, max(starts), min(ends), version, is_bound(accept))
        if self.cache is not None:
            self.cache.put(token, entry)
        return entry

    def _denied(self, token: str, outcome: Refused) -> Deny:
        """The event may name the bearer of a token whose signature is good."""
        user = None
        if outcome.primary.attested:
            claims = json_object(token.split(".")[1].encode())
            user = None if isinstance(claims, Damage) else claims.get(self._user_claim)
        return Deny(outcome.failures, known=user is not None, user=user if isinstance(user, str) else None)

    def _person(self, accept: Accept) -> Step:
        """The application's principal for these claims; made anew for each request."""
        if self._principal is None:
            return accept
        try:
            value = yield Call(self._principal, (accept.claims,), self._place)
        except AbsentClaim as absent:  # the application needs it, so the token is at fault, not the application
            failure = Failure(Cause.MISSING_CLAIM, None, {"claim": str(absent)[:64]}, attested=True)
            return self._unbound(accept, failure)
        return made_for(accept, value)

    def challenge(self, asked: Asked) -> tuple[str, ...]:
        """`Bearer` (RFC 6750 section 3), and `DPoP` where proofs are taken (RFC 9449 section 7.1)."""
        return bearer_lines(self.realm, asked, self._dpop)

    def unready(self) -> Unavailable | None:
        """Why there are no keys yet; begins to fetch them."""
        return unready(self.keys)

    def close(self) -> None:
        """Stop fetching keys."""
        self.keys.close()


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def jwt(
    name: str = "token",
    *,
    issuer: str | Iterable[str] = (),
    audience: str | Iterable[str] = (),
    keys: Mapping[str, object] | str | bytes | KeySet | Any = None,
    secret: str | bytes | None = None,
    algorithms: Iterable[str] | None = None,
    typ: Iterable[str] = (),
    required: Iterable[str] = ("exp",),
    leeway_s: int = 0,
    max_age_s: int | None = None,
    principal: Principal | None = None,
    inline: bool = False,
    user_claim: str = "sub",
    realm: str | None = None,
    cookie: str | None = None,
    csrf: str | None = "origin",
    trusted_origins: Iterable[str] = (),
    revoked: Callable[..., object] | None = None,
    seen: Callable[..., object] | None = None,
    dpop: Dpop | None = None,
    cache: int = 10_000,
    max_bytes: int = 16_384,
    allow_http: Iterable[str] = (),
) -> BearerJwt:
    """A provider for JSON Web Tokens sent as `Authorization: Bearer`.

    `keys`: a key set (parsed or JSON text), PEM text, the https address of a key set, or any store with `current`,
    `version`, `get`; without them the issuer's own metadata says where they are (RFC 8414). `secret`: a shared secret
    for HS256 to HS512. `principal(claims)` makes the application's principal for each request and may `deny(...)`; one
    that is not async runs in a thread, unless `inline` says that it never waits. `revoked(issuer, jti)` is asked for
    every token that is otherwise good; `seen(scope, jti, until)` makes tokens one-time. `dpop`: take tokens bound to a
    key as `Authorization: DPoP`, with a proof (RFC 9449); a bound token is never good as a plain one. `cookie`: take
    the token from this cookie too; browsers send it unasked, so the origin of whatever changes something is checked,
    with `csrf` and `trusted_origins` as for `session`. `cache`: accepted tokens remembered, 0 for none; time, scope and
    keys are checked on every hit. `allow_http`: origins that may be fetched from without TLS.

    Raises ConfigurationError for a set-up that cannot work.
    """
    issuers = (issuer,) if isinstance(issuer, str) else tuple(issuer)
    audiences = (audience,) if isinstance(audience, str) else tuple(audience)
    from authwhy.guard.schemes.key_source import key_source

    source = key_source(keys, secret, issuers, tuple(allow_http))
    try:
        policy = JwtPolicy(
            id=name,
            algorithms=tuple(algorithms) if algorithms is not None else _algorithms(source),
            issuers=issuers,
            audiences=audiences,
            typ=tuple(typ),
            required=tuple(required),
            leeway_s=leeway_s,
            max_age_s=max_age_s,
            check_revoked=revoked is not None,
            check_replay=seen is not None,
            max_bytes=max_bytes,
        )
    except ValueError as error:
        raise ConfigurationError(f"{name}: {error}") from None
    return BearerJwt(
        name, policy, source, realm=realm, cookie=cookie, principal=principal, inline=inline, revoked=revoked,
        seen=seen, cache=cache, user_claim=user_claim, dpop=dpop,
        same_origin=origin_check(name, csrf, trusted_origins) if cookie else None,
    )  # fmt: skip


def _algorithms(source: Any) -> tuple[str, ...]:
    """Signature algorithms by default; a secret's only where the service itself holds the secret."""
    keys = source.current if source.fixed else None
    if keys is not None and any(key.kty == "oct" for key in keys.keys):
        return (
            (*SAFE_ALGORITHMS, *SECRET_ALGORITHMS) if any(key.kty != "oct" for key in keys.keys) else SECRET_ALGORITHMS
        )
    return SAFE_ALGORITHMS
