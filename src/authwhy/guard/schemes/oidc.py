"""The set-up of sign-ins at another provider; schemes.oauth_login does them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, get_args
from urllib.parse import urlsplit

from msgspec.structs import replace

from authwhy.guard.rules import ConfigurationError
from authwhy.guard.schemes.oauth_client import ClientMethod, FromIdToken, FromUserinfo, OauthClient, static
from authwhy.guard.schemes.oauth_login import OauthLogin, Wishes
from authwhy.guard.schemes.session import Session
from authwhy.model.policy import SAFE_ALGORITHMS, JwtPolicy
from authwhy.stores.discovery import Discovery
from authwhy.stores.fetch import Fetcher
from authwhy.stores.jwks import JwksStore
from authwhy.verify.login_state import is_local
from authwhy.verify.oauth_login import OauthLoginPolicy


def oidc(
    name: str = "sso",
    *,
    issuer: str,
    client_id: str,
    client_secret: str | None = None,
    redirect_uri: str,
    session: str | Session = "web",
    scope: str = "openid profile",
    login: str = "/login",
    callback: str | None = None,
    logout: str | None = None,
    after: str = "/",
    after_logout: str | None = None,
    acr_values: str | Iterable[str] = (),
    max_age: int | None = None,
    prompt: str = "",
    response_mode: str = "query",
    claims: Callable[[Any], object] | None = None,
    client_method: ClientMethod | None = None,
    algorithms: Iterable[str] = SAFE_ALGORITHMS,
    trusted_audiences: Iterable[str] = (),
    leeway_s: int = 60,
    lifetime_s: int = 600,
    allow_http: Iterable[str] = (),
    ca_file: str | None = None,
) -> OauthLogin:
    """A provider that signs people in with OpenID Connect: authorization code, PKCE, state and nonce.

    `issuer`'s metadata names its addresses and keys. `redirect_uri`: the whole address of `callback` (by default its
    path) as registered. `login` begins; give it to the session too. `after`: the page to go to when the sign-in does
    not say where it came from. `acr_values` and `max_age` (s) are asked for and checked; a route that demands more
    asks for more, out of `acr_values` where those are given. `claims(claims)` returns what the session keeps, or
    `deny(...)`; without it everything that the ID token says of the person. `logout` (POST) signs out here and at
    the provider, which sends the person to `after_logout`, a whole address. `response_mode` is query or form_post.
    `leeway_s` is for the ID token's times, `lifetime_s` how long a person may take. `allow_http`: origins that may
    be asked without TLS.

    Raises ConfigurationError for a set-up that cannot work.
    """
    origins = tuple(allow_http)
    words = tuple(scope.split())
    if "openid" not in words:
        raise ConfigurationError(f"{name}: scope has to contain openid; without it use oauth2")
    try:
        discovery = Discovery(issuer, allow_http=origins, ca_file=ca_file)
        keys = JwksStore(None, issuer=issuer, discovery=discovery, allow_http=origins, ca_file=ca_file)
        fetcher = Fetcher(allow_http=origins, ca_file=ca_file)
        policy = JwtPolicy(
            id=name, algorithms=tuple(algorithms), issuers=(issuer,), audiences=(client_id,),
            required=("sub", "exp", "iat"), leeway_s=leeway_s,
        )  # fmt: skip
    except (ValueError, OSError) as error:
        raise ConfigurationError(f"{name}: {error}") from None
    client = OauthClient(client_id, client_secret, _method(name, client_secret, client_method), fetcher, discovery.get)
    base = _login_policy(name, issuer, client_id, redirect_uri, words, lifetime_s, tuple(trusted_audiences))
    wishes = Wishes(_words(acr_values), max_age, prompt, _is_form_post(name, response_mode), after, after_logout)

    def close() -> None:
        keys.close()
        fetcher.close()

    return OauthLogin(
        name, "oidc", client, FromIdToken(policy, keys), _at(base), session=session,
        paths=_paths(name, login, callback, redirect_uri, logout, after), wishes=wishes, claims=claims, close=close,
    )  # fmt: skip


def oauth2(
    name: str = "oauth",
    *,
    authorize: str,
    token: str,
    userinfo: str,
    subject: str = "sub",
    issuer: str = "",
    client_id: str,
    client_secret: str | None = None,
    redirect_uri: str,
    session: str | Session = "web",
    scope: str = "",
    login: str = "/login",
    callback: str | None = None,
    after: str = "/",
    response_mode: str = "query",
    claims: Callable[[Any], object] | None = None,
    client_method: ClientMethod | None = None,
    lifetime_s: int = 600,
    allow_http: Iterable[str] = (),
    ca_file: str | None = None,
) -> OauthLogin:
    """A provider that signs people in with plain OAuth 2.0: authorization code, PKCE and state.

    `authorize` and `token` are the provider's endpoints. `userinfo` is the address that tells who the access token is
    about, and `subject` the member of its answer that names the account for good, such as GitHub's `id`. `issuer`: the
    name the provider gives itself in its answers (RFC 9207), where it does. All else as for `oidc`.

    Raises ConfigurationError for a set-up that cannot work.
    """
    fetcher = Fetcher(allow_http=tuple(allow_http), ca_file=ca_file)
    try:
        for address in (token, userinfo):
            fetcher.check(address)
    except ValueError as error:
        raise ConfigurationError(f"{name}: {error}") from None
    endpoints = {"issuer": issuer, "authorization_endpoint": authorize, "token_endpoint": token}
    method = _method(name, client_secret, client_method)
    client = OauthClient(client_id, client_secret, method, fetcher, static(endpoints))
    base = _login_policy(name, issuer, client_id, redirect_uri, tuple(scope.split()), lifetime_s, ())
    wishes = Wishes(form_post=_is_form_post(name, response_mode), after=after)
    return OauthLogin(
        name, "oauth2", client, FromUserinfo(userinfo, subject), _at(base), session=session,
        paths=_paths(name, login, callback, redirect_uri, None, after), wishes=wishes, claims=claims,
        close=fetcher.close,
    )  # fmt: skip


def _login_policy(
    name: str, issuer: str, client_id: str, redirect_uri: str, scope: tuple[str, ...], lifetime_s: int,
    trusted: tuple[str, ...],
) -> OauthLoginPolicy:  # fmt: skip
    """No leeway for the age of a sign-in: a route has none either, and would send the person round in a circle."""
    try:
        return OauthLoginPolicy(
            issuer, client_id, redirect_uri, "https://unknown.invalid/", name, scope, lifetime_s, 0,
            trusted_audiences=trusted,
        )  # fmt: skip
    except ValueError as error:
        raise ConfigurationError(f"{name}: {error}") from None


def _at(base: OauthLoginPolicy) -> Callable[[str], OauthLoginPolicy]:
    """The policy with the endpoint that the provider names. It raises ValueError for one without TLS."""
    return lambda endpoint: replace(base, authorization_endpoint=endpoint)


def _method(name: str, secret: str | None, wanted: ClientMethod | None) -> ClientMethod:
    method = wanted or ("none" if secret is None else "client_secret_basic")
    if method not in get_args(ClientMethod) or (method == "none") != (secret is None):
        raise ConfigurationError(f"{name}: client_method {method!r} does not go with the client_secret given")
    return method


def _is_form_post(name: str, mode: str) -> bool:
    if mode not in ("query", "form_post"):
        raise ConfigurationError(f"{name}: response_mode is query or form_post")
    return mode == "form_post"


def _paths(
    name: str, login: str, callback: str | None, redirect_uri: str, logout: str | None, after: str
) -> tuple[str, str, str | None]:
    back = callback or urlsplit(redirect_uri).path or "/"
    if not all(is_local(path) for path in (login, back, after, logout or "/")) or login == back:
        raise ConfigurationError(f"{name}: login, callback, logout and after are local paths, login not the callback")
    return login, back, logout


def _words(values: str | Iterable[str]) -> tuple[str, ...]:
    return tuple(values.split()) if isinstance(values, str) else tuple(values)
