"""Names that announce secrets."""

from __future__ import annotations

import pytest

from authwhy.evidence.redaction.names import Slot, header_slot, is_open_parameter, slot_of, split_name


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("password", "password"), ("DB_PASSWORD", "password"), ("userPwd", "password"), ("dbpassword", "password"), ("PGPASSWORD", "password"),
        ("client_secret", "secret"), ("clientSecret", "secret"), ("access_token", "token"), ("_authToken", "token"), ("api_key", "api_key"),
        ("apikey", "api_key"), ("X-Api-Key", "api_key"), ("AccountKey", "api_key"), ("private_key", "private_key"), ("session_id", "session"),
        ("PHPSESSID", "session"), ("code_verifier", "code"), ("password_confirmation", "password"), ("auth_pass", "password"),
        ("signature", "signature"), ("csrf_token", "token"), ("spring.datasource.password", "password"), ("secretString", "secret"),
    ],
)  # fmt: skip
def test_always_hidden(name: str, kind: str) -> None:
    """Snake, camel, kebab, upper case."""
    assert slot_of(name) == Slot(kind)


@pytest.mark.parametrize(
    "name",
    [
        "token_type", "token_endpoint", "password_expired", "key_id", "access_key_id", "secret_name", "public_key", "x-amz-credential", "kid",
        "InvalidToken", "bad_password", "passwordPolicy", "max_tokens", "status_code", "proxy_pass", "user", "issuer", "cookie_secure",
        "monkey", "code_challenge", "bypass", "author", "session_lifetime", "",
    ],
)  # fmt: skip
def test_never_hidden(name: str) -> None:
    """Names about secrets are not names of secrets."""
    assert slot_of(name) is None


@pytest.mark.parametrize("name", ["key", "primary_key", "code", "auth", "tokens", "sid", "jwt", "hash"])
def test_hidden_when_likely(name: str) -> None:
    """Names with several meanings."""
    slot = slot_of(name)
    assert slot is not None
    assert slot.how == "if_secret"


def test_headers_with_a_grammar() -> None:
    """Their values are taken apart."""
    hows = [
        slot.how for name in ("Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie") if (slot := slot_of(name))
    ]
    assert hows == ["credentials", "credentials", "cookies", "set_cookie"]


@pytest.mark.parametrize(
    "name",
    ["X-Api-Key", "X-Auth-Email", "X-Vendor-Session", "X-Hub-Signature-256", "Private-Token", "X-CSRF", "X-Monkey"],
)
def test_closed_headers(name: str) -> None:
    """Any name that holds one of the words."""
    assert header_slot(name) is not None


@pytest.mark.parametrize(
    "name",
    [
        "WWW-Authenticate",
        ":authority",
        "X-OAuth-Scopes",
        "X-Authentication-Denied-Reason",
        "Access-Control-Allow-Headers",
        "Content-Type",
        "X-Auth-Error",
    ],
)
def test_open_headers(name: str) -> None:
    """What servers say about the failure."""
    assert header_slot(name) is None


def test_parameters() -> None:
    """Closed by default."""
    assert is_open_parameter("Grant_Type")
    assert not is_open_parameter("jql")


def test_words() -> None:
    """Of an identifier."""
    assert split_name("X-ApiKEYValue2_test") == ["x", "api", "key", "value", "2", "test"]
