"""Secrets among arguments."""

from __future__ import annotations

import pytest

from authwhy.evidence.redaction.calls import hide_calls
from authwhy.model.secret import Vault


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("login('alice', 'abc')", "login('alice', '<password, 3 chars>')"),
        ('server.login("a@b.example", "abc")', 'server.login("a@b.example", "<password, 3 chars>")'),
        ("requests.get(u, auth=('alice', 'abc'))", "requests.get(u, auth=('alice', '<password, 3 chars>'))"),
        ("new PDO('mysql:host=h', 'a', 'abc')", "new PDO('mysql:host=h', 'a', '<password, 3 chars>')"),
        (
            "#0 login.php(12): Auth->login('alice', 'abc')",
            "#0 login.php(12): Auth->login('alice', '<password, 3 chars>')",
        ),
        ("jwt.encode(claims, 'abc', 'HS256')", "jwt.encode(claims, '<password, 3 chars>', 'HS256')"),
        ("jwt.decode(token, key, algorithms=['RS256'])", "jwt.decode(token, key, algorithms=['RS256'])"),
        ("createHmac('sha256', 'abc')", "createHmac('sha256', '<password, 3 chars>')"),
        ("json.decode(text, 'utf-8')", "json.decode(text, 'utf-8')"),
        ("print('a', 'b')", "print('a', 'b')"),
        ("login('alice', password)", "login('alice', password)"),
        ("ConvertTo-SecureString 'abc' -AsPlainText", "ConvertTo-SecureString '<password, 3 chars>' -AsPlainText"),
    ],
)
def test_calls(text: str, shown: str) -> None:
    """Strings in the place of a password or key; names, messages and algorithms stay."""
    vault = Vault()
    assert vault.mask(hide_calls(text, vault)) == shown
