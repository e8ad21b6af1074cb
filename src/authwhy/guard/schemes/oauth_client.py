"""What a login asks its provider for, behind the browser's back: tokens for a code, keys, and who the person is."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias
from urllib.parse import quote_plus, urlencode

import msgspec
from msgspec import Struct

from authwhy.causes import Cause
from authwhy.guard.answers import Deny, deny
from authwhy.guard.effects import Call, Step
from authwhy.guard.schemes.asking import Door, Doors, through
from authwhy.model.outcome import Failure, Refused
from authwhy.model.policy import JwtPolicy
from authwhy.stores.discovery import ProviderMetadata
from authwhy.stores.fetch import Fetcher
from authwhy.stores.reach import FetchFailed
from authwhy.verify import jwt
from authwhy.verify.flow import KeyAsk, Unavailable
from authwhy.verify.id_token import id_token_failures
from authwhy.verify.login_state import LoginState
from authwhy.verify.oauth_login import OauthLoginPolicy
from authwhy.verify.segments import Damage, json_object
from authwhy.verify.token_answer import TokenAnswer, read_token_answer

ClientMethod: TypeAlias = Literal["client_secret_basic", "client_secret_post", "none"]
Person: TypeAlias = "Callable[[OauthClient, TokenAnswer, LoginState, OauthLoginPolicy, int], Step]"
"""Who signed in: a generator of Calls that returns the claims, or a Deny."""
_PROTOCOL = frozenset(("nonce", "at_hash", "c_hash", "s_hash", "aud", "azp", "exp", "iat", "nbf", "jti", "sid"))
"""Members of an ID token that are about the token, and not about the person."""


class OauthClient(Struct, frozen=True):
    """Our registration with a provider. Its text form tells no secret. The methods that fetch raise FetchFailed."""

    client_id: str
    secret: str | None
    method: ClientMethod
    fetcher: Fetcher
    metadata: Callable[[], ProviderMetadata | Unavailable]

    def __repr__(self) -> str:
        return f"OauthClient({self.client_id!r})"

    def exchange(self, code: str, verifier: str, redirect_uri: str) -> TokenAnswer | Refused:
        """Tokens for a code (RFC 6749 section 4.1.3). Waits."""
        body = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if self.method == "client_secret_basic":  # RFC 6749 section 2.3.1: each part form-encoded first
            pair = f"{quote_plus(self.client_id)}:{quote_plus(self.secret or '')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            body["client_id"] = self.client_id
            if self.method == "client_secret_post":
                body["client_secret"] = self.secret or ""
        answer = self.fetcher.fetch(
            self.address("token_endpoint"), method="POST", body=urlencode(body).encode(), headers=headers.items()
        )
        return read_token_answer(answer.status, answer.headers.get("content-type"), answer.body)

    def userinfo(self, token: TokenAnswer, url: str) -> dict[str, Any] | Deny:
        """What the provider says of the person (OpenID Connect Core 5.3). Waits."""
        answer = self.fetcher.fetch(url, headers=(("Authorization", f"Bearer {token.access_token}"),))
        if answer.status in (401, 403):  # the person can take scopes out of the request: nobody's outage
            return deny(Cause.REJECTED_BY_APPLICATION, status=answer.status)
        if answer.status != 200:
            cause = Cause.PROVIDER_UNREACHABLE if answer.status in (502, 503, 504) else Cause.PROVIDER_ERROR
            raise FetchFailed(cause, problem="status", status=answer.status, host=answer.host)
        try:
            return msgspec.json.decode(answer.body, type=dict[str, Any])
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise FetchFailed(Cause.PROVIDER_ERROR, problem="not_readable", host=answer.host) from None

    def address(self, name: str) -> str:
        """An endpoint of the provider. Raises FetchFailed where there is none."""
        metadata = self.metadata()
        if isinstance(metadata, Unavailable):
            raise FetchFailed(metadata.cause, **metadata.facts)
        found: str | None = getattr(metadata, name)
        if found is None:
            raise FetchFailed(Cause.MISCONFIGURED, setting=name, problem="missing_member")
        return found


class FromIdToken:
    """The person an ID token is about. `keys` is a JwksStore."""

    def __init__(self, policy: JwtPolicy, keys: Any) -> None:
        self._policy, self.keys = policy, keys

    def __call__(
        self, client: OauthClient, tokens: TokenAnswer, state: LoginState, login: OauthLoginPolicy, now: int
    ) -> Step:
        """The claims that are about the person, or a Deny."""
        token = tokens.id_token
        if token is None:  # the person can take `openid` out of the request: nobody's outage
            return deny(Cause.MISSING_CLAIM, claim="id_token")
        doors: Doors = {KeyAsk: Door(lambda ask: self.keys.get(ask.kid), "thread")}
        outcome = yield from through(jwt.verify(token, self._policy, now), doors)
        if isinstance(outcome, Refused):
            return Deny(outcome.failures)
        header = json_object(token.partition(".")[0].encode())
        alg = "" if isinstance(header, Damage) else str(header.get("alg"))
        failures = id_token_failures(outcome.claims, alg, tokens.access_token, state, login, now)
        if failures:
            return Deny(failures, known=True, user=str(outcome.claims.get("sub")))
        return {name: value for name, value in outcome.claims.items() if name not in _PROTOCOL}


class FromUserinfo:
    """The person that an address of the provider tells of. `subject` is the member that names the account for good."""

    def __init__(self, url: str, subject: str) -> None:
        self._url, self._subject = url, subject

    def __call__(
        self, client: OauthClient, tokens: TokenAnswer, state: LoginState, login: OauthLoginPolicy, now: int
    ) -> Step:
        """The members of the answer, with `sub`; or a Deny."""
        found = yield Call(client.userinfo, (tokens, self._url), "thread")
        if isinstance(found, Deny):
            return found
        subject = found.get(self._subject)
        if not isinstance(subject, str | int) or isinstance(subject, bool) or subject == "":
            return Deny((Failure(Cause.MISSING_CLAIM, None, {"claim": self._subject}, True),))
        return {**found, "sub": str(subject)}


def static(metadata: Mapping[str, Any]) -> Callable[[], ProviderMetadata]:
    """Endpoints that the owner named, as `OauthClient.metadata` wants them."""
    made = ProviderMetadata(**metadata)
    return lambda: made
