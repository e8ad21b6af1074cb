"""Secrets on command lines."""

from __future__ import annotations

import pytest

from authwhy.evidence.redact import redact_part
from authwhy.evidence.redaction.commands import hide_arguments, hide_curl, is_login_name, redact_login
from authwhy.model.secret import Vault


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("mysql -u root -psecret db", "mysql -u root -p<password, 6 chars> db"),
        ("mysql -u root -p secret1 db", "mysql -u root -p <password, 7 chars> db"),
        ("mysql -u root -p appdb", "mysql -u root -p appdb"),
        ("sshpass -psecret ssh -p 22 h", "sshpass -p<password, 6 chars> ssh -p 22 h"),
        ("smbclient //h/s -U alice%secret", "smbclient //h/s -U alice%<password, 6 chars>"),
        ("openssl rsa -passin pass:secret -in k", "openssl rsa -passin pass:<password, 6 chars> -in k"),
        ("radtest alice secret1 h 0 secret2", "radtest alice <password, 7 chars> h 0 <password, 7 chars>"),
        ("http -a alice:secret a.example", "http -a alice:<password, 6 chars> a.example"),
        ("docker login -u a -p secret", "docker login -u a -p <password, 6 chars>"),
        ("docker run -p 80:80 x", "docker run -p 80:80 x"),
        ("tool --password 'two words' --user a", "tool --password '<password, 9 chars>' --user a"),
        ("tool --client-secret abc123 --token-file t", "tool --client-secret <secret, 6 chars> --token-file t"),
        ("tool --password-stdin --token is missing", "tool --password-stdin --token is missing"),
        ("plink -pw secret h", "plink -pw <password, 6 chars> h"),
        ("tool --private-key ./a.pem", "tool --private-key ./a.pem"),
    ],
)
def test_arguments(text: str, shown: str) -> None:
    """By program, and by the names of long options."""
    vault = Vault()
    assert vault.mask(hide_arguments(text, vault)) == shown


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
