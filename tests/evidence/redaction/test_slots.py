"""Values after a name."""

from __future__ import annotations

import pytest

from authwhy.evidence.redaction.slots import hide_slots, is_path
from authwhy.model.secret import Vault


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("password=x1", "password=<password, 2 chars>"),
        ("--api-key=x1", "--api-key=<api_key, 2 chars>"),
        ('put("password", "x1")', 'put("password", "<password, 2 chars>")'),
        ('["user", "password", "x1"]', '["user", "password", "x1"]'),
        ("API key: x1", "API key: <api_key, 2 chars>"),
        ("primary key: x1", "primary key: x1"),
        ("invalid password: tryagain", "invalid password: tryagain"),
        ("invalid password: hunter2", "invalid password: <password, 7 chars>"),
        ("verify signature: crypto/rsa: wrong", "verify signature: crypto/rsa: wrong"),
        ("Token: that has no user behind", "Token: that has no user behind"),
        ("password: true", "password: true"),
        ('"code": 401', '"code": 401'),
        ('"code": "SplxlOBeZQQYbYS6"', '"code": "<code, 16 chars>"'),
        ('"code": "invalid_grant"', '"code": "invalid_grant"'),
        ("code=28P01", "code=28P01"),
        ('"otp": 123456', '"otp": "<code, 6 chars>"'),
        ("auth: error", "auth: error"),
        ('"auth": "dTpw"', '"auth": "dTpw"'),
        ('"auth": "dTpwYXNzMQ=="', '"auth": "<secret, 12 chars>"'),
        ("lib/auth-utils.js:43:33", "lib/auth-utils.js:43:33"),
    ],
)
def test_slots(text: str, shown: str) -> None:
    """Hidden or not, by name and value."""
    vault = Vault()
    assert vault.mask(hide_slots(text, vault)) == shown


@pytest.mark.parametrize(
    ("value", "answer"),
    [("/etc/a.key", True), ("./b.pem", True), ("C:\\x\\y.pfx", True), ("abc", False), ("a.b", False)],
)
def test_paths(value: str, answer: bool) -> None:
    """Files of keys and certificates."""
    assert is_path(value) is answer
