"""An OpenID provider on loopback whose every answer a test can change, and a service that signs people in with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from tests.guard.schemes.browsing import Browser, header
from tests.stores.loopback_site import Reply, Request, Site
from tests.verify.jose_tokens import signer

from authwhy.guard import Guard
from authwhy.guard.schemes.interface import Reply as Served
from authwhy.guard.schemes.oauth_login import OauthLogin
from authwhy.guard.schemes.oidc import oidc
from authwhy.guard.schemes.session import session

NOW = 1_800_000_000
CLIENT, SECRET = "orders", "canary secret: %+ü/"
KEY = signer("Ed25519", "k1")
Tokens = Callable[[dict[str, str]], Reply]


class FakeProvider:
    """Metadata, keys and tokens. `claims` and `extra` change the ID token and the token answer; `token` replaces it."""

    def __init__(self, site: Site) -> None:
        self.site, self.issuer = site, site.origin
        self.nonce = ""
        self.claims: dict[str, Any] = {}
        self.extra: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {}
        self.userinfo = Reply(b'{"id":7,"login":"alice"}')
        self.token: Tokens | None = None
        self.signer = KEY
        self.asked: dict[str, str] = {}
        self.headers: dict[str, str] = {}
        site.answer = self._answer

    def _answer(self, request: Request) -> Reply:
        path = urlsplit(request.path).path
        if path == "/.well-known/openid-configuration":
            return self._json(
                {
                    "issuer": self.issuer,
                    "authorization_endpoint": f"{self.issuer}/authorize",
                    "token_endpoint": f"{self.issuer}/token",
                    "jwks_uri": f"{self.issuer}/keys",
                    **self.metadata,
                }
            )
        if path == "/keys":
            return self._json({"keys": [KEY.jwk]})
        if path == "/userinfo":
            self.headers = {name.lower(): text for name, text in request.headers.items()}
            return self.userinfo
        self.asked, self.headers = dict(parse_qsl(request.body.decode())), dict(request.headers)
        return self.token(self.asked) if self.token is not None else self.good()

    def good(self) -> Reply:
        """Tokens."""
        claims = {
            "iss": self.issuer, "aud": CLIENT, "sub": "alice", "exp": NOW + 300, "iat": NOW, "nbf": None, "jti": None,
            "scope": None, "nonce": self.nonce, "auth_time": NOW, **self.claims,
        }  # fmt: skip
        answer = {
            "access_token": "canary-access",
            "token_type": "Bearer",
            "id_token": self.signer.token(None, **claims),
        }
        return self._json({name: value for name, value in {**answer, **self.extra}.items() if value is not None})

    def _json(self, value: object) -> Reply:
        return Reply(json.dumps(value).encode(), headers={"Content-Type": "application/json"})


class Shop:
    """A guard with a sign-in at the provider, and a browser."""

    def __init__(self, provider: FakeProvider, sso: OauthLogin | None = None, **settings: Any) -> None:
        self.provider = provider
        self.now = float(NOW)
        given: dict[str, Any] = {
            "issuer": provider.issuer, "client_id": CLIENT, "client_secret": SECRET, "logout": "/logout",
            "redirect_uri": "https://shop.example/callback", "allow_http": [provider.issuer], **settings,
        }  # fmt: skip
        self.sso = sso or oidc("sso", **given)
        self.web = session("web", keys=["k" * 32], login="/login")
        self.guard = Guard(self.sso, self.web, clock=lambda: self.now, timeout_s=20)
        self.browser = Browser(self.guard)

    def begin(self, path: str = "/login") -> dict[str, str]:
        """Go to the provider; the parameters of the request there."""
        reply = self.browser.get(path)
        location = header(reply.headers, "location")
        assert reply.status == 303, reply
        assert location is not None
        asked = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        self.provider.nonce = asked.get("nonce", "")
        return asked

    def back(self, asked: dict[str, str], **changes: str) -> Served:
        """Come back with a code."""
        given = {"code": "canary-code", "state": asked["state"], **changes}
        query = "&".join(f"{name}={value}" for name, value in given.items() if value)
        return self.browser.get(f"/callback?{query}")

    def sign_in(self, path: str = "/login", **changes: str) -> Served:
        """There and back."""
        return self.back(self.begin(path), **changes)

    def __enter__(self) -> Shop:
        return self

    def __exit__(self, *_: object) -> None:
        self.guard.close()
