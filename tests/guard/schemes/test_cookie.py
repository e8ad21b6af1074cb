"""The lines that set cookies, and the keys behind them."""

from __future__ import annotations

import pytest

from authwhy.guard.rules import ConfigurationError
from authwhy.guard.schemes.cookie import host_cookie, keys_from
from authwhy.verify.session_keys import SessionKey


def line(**settings: object) -> str:
    """What is sent."""
    return host_cookie("session", **settings).set("v")[1].decode()  # type: ignore[arg-type]


def test_the_safest_name_and_attributes_there_are() -> None:
    """HttpOnly always; the prefix says what the browser itself enforces."""
    assert line() == "__Host-session=v; Path=/; HttpOnly; SameSite=Lax; Secure"
    assert line(path="/app") == "__Secure-session=v; Path=/app; HttpOnly; SameSite=Lax; Secure"
    assert line(domain="example.com", same_site="strict") == (
        "__Secure-session=v; Path=/; Domain=example.com; HttpOnly; SameSite=Strict; Secure"
    )
    assert line(secure=False) == "session=v; Path=/; HttpOnly; SameSite=Lax"
    cleared = host_cookie("session").clear()
    assert cleared == (b"set-cookie", b"__Host-session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure")


@pytest.mark.parametrize(
    "settings",
    [
        {"path": "app"},
        {"path": "/a;b"},
        {"path": "/a\nb"},
        {"domain": "x;y"},
        {"same_site": "sometimes"},
        {"same_site": "none", "secure": False},
    ],
)
def test_cookies_that_browsers_would_drop(settings: dict[str, object]) -> None:
    """Said when the service starts."""
    with pytest.raises(ConfigurationError):
        line(**settings)


def test_a_name_that_is_none() -> None:
    """No separators, no control characters."""
    for name in ("", "a b", "a=b", "a\r\nset-cookie: b", "x" * 65):
        with pytest.raises(ConfigurationError):
            host_cookie(name)


def test_keys_have_the_same_ids_everywhere() -> None:
    """Made from the secret, so that every node agrees; and the id tells nothing of the secret."""
    one, two = "1" * 32, b"2" * 32
    assert repr(keys_from([one, two])) == repr(keys_from([one.encode(), two.decode()]))
    assert keys_from([two, one]).newest != keys_from([one, two]).newest
    assert keys_from([SessionKey("own", two)]).newest == "own"
    assert keys_from([one]).newest not in one


@pytest.mark.parametrize("secrets", [[], ["short"], ["1" * 32, "1" * 32], "1" * 32])
def test_secrets_that_cannot_work(secrets: list[str]) -> None:
    """None, short, doubled, or one text instead of a list; no secret in the message."""
    with pytest.raises(ConfigurationError) as caught:
        keys_from(secrets)
    assert "1111" not in str(caught.value)
