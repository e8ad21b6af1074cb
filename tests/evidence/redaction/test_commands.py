"""Secrets on command lines."""

from __future__ import annotations

import pytest

from authwhy.evidence.redact import redact_part
from authwhy.evidence.redaction.commands import hide_curl, is_login_name, redact_login
from authwhy.model.secret import Vault


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("curl -u a:b https://x", "curl -u a:<password, 1 chars> https://x"),
        ('curl -H "X-Api-Key: a b" https://x', 'curl -H "X-Api-Key: <api_key, 3 chars>" https://x'),
        ("curl -HX-Api-Key:\\ abc https://x", "curl '-HX-Api-Key: <api_key, 3 chars>' https://x"),
        ("curl -d @file -d page=1 https://x", "curl -d @file -d page=1 https://x"),
        ('curl -d \'{"password": "ab"}\' https://x', 'curl -d \'{"password": "<password, 2 chars>"}\' https://x'),
        ("curl -x bob:pw@proxy:3128 https://x", "curl -x bob:<password, 2 chars>@proxy:3128 https://x"),
        ("curl --cert a.pem:pw --key k.pem https://x", "curl --cert a.pem:<password, 2 chars> --key k.pem https://x"),
        ("curl -F file=@a -F page=1 -F t=abc https://x", "curl -F file=@a -F page=1 -F t=<value, 3 chars> https://x"),
    ],
)
def test_curl(text: str, shown: str) -> None:
    """Quoting as it was, options by their grammar."""
    vault = Vault()
    assert vault.mask(hide_curl(text, vault, redact_part)) == shown


@pytest.mark.parametrize(
    ("login", "shown"),
    [
        ("alice:pw", "alice:<password, 2 chars>"),
        ("abc123def:", "<api_key, 9 chars>:"),
        (":", ":"),
        ("alice", "alice"),
        ("9x8:pw", "<token, 3 chars>:<password, 2 chars>"),
    ],
)
def test_logins(login: str, shown: str) -> None:
    """A name may be seen; a key in the name's place may not."""
    vault = Vault()
    assert vault.mask(redact_login(login, vault)) == shown


def test_login_names() -> None:
    """Names and addresses."""
    assert all(is_login_name(name) for name in ("alice", "a.b-c", "alice@a.example", "bob2", ""))
    assert not any(is_login_name(name) for name in ("9abc", "a1b2c3d4", "a b"))
