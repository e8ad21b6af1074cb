"""The set-up of sign-ins at another provider: what cannot work is said when the service starts."""

from __future__ import annotations

from typing import Any

import pytest

from authwhy.guard import Guard
from authwhy.guard.rules import ConfigurationError
from authwhy.guard.schemes.oidc import oauth2, oidc
from authwhy.guard.schemes.session import session

OIDC: dict[str, Any] = {
    "issuer": "https://id.example", "client_id": "orders", "redirect_uri": "https://shop.example/cb",
}  # fmt: skip
OAUTH: dict[str, Any] = {
    "authorize": "https://id.example/authorize", "token": "https://id.example/token",
    "userinfo": "https://id.example/me", "client_id": "orders", "redirect_uri": "https://shop.example/cb",
}  # fmt: skip


@pytest.mark.parametrize(
    "settings",
    [
        {"issuer": "http://id.example"},
        {"issuer": "https://id.example?x"},
        {"redirect_uri": "http://shop.example/cb"},
        {"redirect_uri": "https://shop.example/cb#x"},
        {"redirect_uri": "https://shop.example/login"},
        {"scope": "profile"},
        {"login": "https://shop.example/login"},
        {"callback": "cb"},
        {"after": "//evil.example"},
        {"response_mode": "fragment"},
        {"client_method": "client_secret_basic"},
        {"client_method": "none", "client_secret": "x"},
        {"client_method": "private_key_jwt", "client_secret": "x"},
        {"algorithms": ["none"]},
        {"lifetime_s": 0},
        {"ca_file": "/nowhere.pem"},
    ],
)
def test_oidc_settings_that_cannot_work(settings: dict[str, Any]) -> None:
    """Each of them."""
    with pytest.raises(ConfigurationError):
        oidc("sso", **{**OIDC, **settings})


@pytest.mark.parametrize(
    "settings",
    [
        {"token": "http://id.example/token"},
        {"userinfo": "id.example/me"},
        {"redirect_uri": "http://shop.example/cb"},
        {"client_method": "client_secret_post"},
    ],
)
def test_oauth2_settings_that_cannot_work(settings: dict[str, Any]) -> None:
    """Each of them."""
    with pytest.raises(ConfigurationError):
        oauth2("sso", **{**OAUTH, **settings})


def test_the_callback_is_the_path_that_was_registered() -> None:
    """Unless a proxy in front takes a prefix away."""
    one, other = oidc("sso", **OIDC), oidc("sso", **OIDC, callback="/inner/cb", logout="/bye")
    assert one.routes() == {"/login": "login", "/cb": "callback"}
    assert other.routes() == {"/login": "login", "/inner/cb": "callback", "/bye": "logout"}
    assert oauth2("sso", **OAUTH).routes() == {"/login": "login", "/cb": "callback"}


def test_a_session_is_needed() -> None:
    """By name, or the provider itself; and it is one of the guard's own."""
    with pytest.raises(ConfigurationError, match="no session provider"):
        Guard(oidc("sso", **OIDC))
    web = session("site", keys=["k" * 32])
    for named in ("site", web):
        Guard(oidc("sso", **OIDC, session=named), web).close()


def test_nothing_is_fetched_before_somebody_comes() -> None:
    """A provider that is down does not keep the service from starting."""
    oidc("sso", **OIDC).close()
