"""Opaque bearer tokens, judged by the provider that made them (RFC 7662)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from authwhy.guard.answers import NOT_MINE, Accept, Deny, Presented, denied_by, made_for
from authwhy.guard.effects import Call, Step, place_of
from authwhy.guard.rules import ConfigurationError
from authwhy.guard.schemes import authorization
from authwhy.guard.schemes.asking import Door, through
from authwhy.guard.schemes.binding import (
    SCHEME,
    Dpop,
    DpopToken,
    bearer_failure,
    bearer_lines,
    is_bound,
    presented_token,
)
from authwhy.guard.schemes.claims import accepted, frozen
from authwhy.guard.schemes.interface import Asked, Base
from authwhy.guard.view import View
from authwhy.model.outcome import Refused
from authwhy.stores.discovery import Discovery
from authwhy.stores.introspection import Introspector, Method
from authwhy.verify import introspection as verifier
from authwhy.verify.introspection import IntrospectionAsk, IntrospectionPolicy


class Introspection(Base):
    """See `introspection`."""

    method = "introspection"
    still = True
    looks_at: frozenset[bytes] | None = frozenset((b"authorization",))

    def __init__(
        self,
        name: str,
        policy: IntrospectionPolicy,
        introspector: Introspector,
        *,
        realm: str | None,
        skip_jwt: bool,
        principal: Callable[[Mapping[str, Any]], object] | None,
        user_claim: str,
        dpop: Dpop | None,
    ) -> None:
        super().__init__(name)
        self.policy, self._introspector, self._realm, self._skip_jwt = policy, introspector, realm, skip_jwt
        self._principal, self._user_claim, self._dpop = principal, user_claim, dpop
        self._door = Door(introspector.aanswer)  # waits in threads of its own, so that its outage holds up nobody else

    def find(self, view: View) -> Presented | Deny | None:
        """The token of the Authorization header."""
        found = authorization.find(view, "bearer")
        if found is None and self._dpop is not None:
            found = authorization.find(view, SCHEME)
            return presented_token(found) if isinstance(found, Presented) else found
        return found

    def check(self, presented: Presented, view: View, now: int) -> Step:
        """Ask the provider, then see that the token is used by whom it is bound to."""
        token: str = presented.value
        if self._skip_jwt and token.count(".") == 2:
            return NOT_MINE
        outcome = yield from through(verifier.verify(token, self.policy, now), {IntrospectionAsk: self._door})
        if isinstance(outcome, Refused):
            return denied_by(outcome)
        accept = accepted(frozen(outcome.claims), self._user_claim)
        if isinstance(token, DpopToken):
            assert self._dpop is not None
            answer = yield from self._dpop.check(accept, token, view, now)
            if isinstance(answer, Deny):
                return answer
            accept = answer
        elif is_bound(accept) and (failure := bearer_failure(accept, view)) is not None:
            return Deny((failure,), known=accept.user is not None, user=accept.user)
        return (yield from self._person(accept))

    def _person(self, accept: Accept) -> Step:
        """The application's principal for this answer, by default its members."""
        if self._principal is None:
            return accept
        value = yield Call(self._principal, (accept.claims,), place_of(self._principal))
        return made_for(accept, value)

    def challenge(self, asked: Asked) -> tuple[str, ...]:
        """`Bearer` (RFC 6750 section 3), and `DPoP` where proofs are taken (RFC 9449 section 7.1)."""
        return bearer_lines(self._realm, asked, self._dpop)

    def close(self) -> None:
        """Close the connection to the provider."""
        self._introspector.close()


def introspection(
    name: str = "opaque",
    *,
    url: str | None = None,
    issuer: str | None = None,
    client_id: str = "",
    client_secret: str,
    method: Method = "client_secret_basic",
    audience: str | Iterable[str] = (),
    scope: Iterable[str] = (),
    skip_jwt: bool = False,
    principal: Callable[[Mapping[str, Any]], object] | None = None,
    user_claim: str = "sub",
    realm: str | None = None,
    dpop: Dpop | None = None,
    kept_s: float = 30.0,
    allow_http: Iterable[str] = (),
) -> Introspection:
    """A provider for opaque tokens sent as `Authorization: Bearer`.

    `url`: the introspection endpoint; with `issuer` alone the issuer's metadata names it. Where an issuer is given,
    the answer must name it. An answer is used again for `kept_s` seconds, so a token revoked meanwhile is accepted for
    that long. `skip_jwt` leaves tokens with two dots to another provider. `principal(claims)` makes the principal, by
    default the answer's members. `dpop`: take tokens bound to a key as `Authorization: DPoP`, with a proof (RFC 9449);
    a bound token is never good as a plain one.

    Raises ConfigurationError for a set-up that cannot work.
    """
    origins = tuple(allow_http)
    try:
        discovery = Discovery(issuer, allow_http=origins) if url is None and issuer is not None else None
        introspector = Introspector(
            url, client_id=client_id, secret=client_secret, method=method, discovery=discovery, allow_http=origins,
            kept_s=kept_s,
        )  # fmt: skip
        policy = IntrospectionPolicy(
            id=name,
            audiences=(audience,) if isinstance(audience, str) else tuple(audience),
            issuers=(issuer,) if issuer is not None else (),
            scope=tuple(scope),
        )
    except ValueError as error:
        raise ConfigurationError(f"{name}: {error}") from None
    return Introspection(
        name, policy, introspector, realm=realm, skip_jwt=skip_jwt, principal=principal, user_claim=user_claim,
        dpop=dpop,
    )  # fmt: skip
