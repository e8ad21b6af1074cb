"""Protocol lines and sentences."""

from __future__ import annotations

import re

import pytest

from authwhy.evidence.redaction.lines import RULES, hide_lines
from authwhy.model.secret import Vault


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("AUTH PLAIN AGEAYg==", "AUTH PLAIN <password, 8 chars>"),
        (
            "334 VXNlcm5hbWU6\nYWxpY2U=\n334 UGFz\ncGFzcw==\n",
            "334 VXNlcm5hbWU6\n<password, 8 chars>\n334 UGFz\n<password, 8 chars>\n",
        ),
        ("C: a1 AUTHENTICATE PLAIN\nS: +\nC: AGEAYg==", "C: a1 AUTHENTICATE PLAIN\nS: +\nC: <password, 8 chars>"),
        ("PASS secret", "PASS <password, 6 chars>"),
        ("> PASS two words", "> PASS <password, 9 chars>"),
        ("PASS: 5 tests", "PASS: 5 tests"),
        ('a1 LOGIN alice "two words"', 'a1 LOGIN alice "<password, 9 chars>"'),
        ('Command "login a@b.example secret" failed', 'Command "login a@b.example <password, 6 chars>" failed'),
        ("Login failed for user 'sa'", "Login failed for user 'sa'"),
        ("127.0.0.1:6379> auth alice secret", "127.0.0.1:6379> auth alice <password, 6 chars>"),
        ("redis-cli HELLO 3 AUTH alice secret", "redis-cli HELLO 3 AUTH alice <password, 6 chars>"),
        ("AUTH not offered", "AUTH not offered"),
        ("requirepass secret", "requirepass <password, 6 chars>"),
        ("rocommunity public 192.0.2.0/24", "rocommunity <password, 6 chars> 192.0.2.0/24"),
        (
            'createUser alice SHA "secret one" AES other',
            'createUser alice SHA "<password, 10 chars>" AES <password, 5 chars>',
        ),
        ("com2sec notConfig default public", "com2sec notConfig default <community, 6 chars>"),
        ("user alice on >one #two ~*", "user alice on ><password, 3 chars> #<password, 3 chars> ~*"),
        ("ALTER USER a IDENTIFIED WITH x BY 'it''s'", "ALTER USER a IDENTIFIED WITH x BY '<password, 5 chars>'"),
        ("CREATE ROLE a PASSWORD 'one'", "CREATE ROLE a PASSWORD '<password, 3 chars>'"),
        (': PSK "secret"', ': PSK "<password, 6 chars>"'),
        ("machine h login a password secret", "machine h login a password <password, 6 chars>"),
        ("my password is hunter", "my password is <password, 6 chars>"),
        ("my password is rotated", "my password is rotated"),
        ('The secret is "abc"', 'The secret is "<password, 3 chars>"'),
        ("API key provided: abc123", "API key provided: <api_key, 6 chars>"),
        ("API key provided: openai_key", "API key provided: openai_key"),
        ("Basic HTTP/1.1 and Bearer realm=x", "Basic HTTP/1.1 and Bearer realm=x"),
    ],
)
def test_lines(text: str, shown: str) -> None:
    """Hidden where the protocol says so, in sentences where it is likely."""
    vault = Vault()
    assert vault.mask(hide_lines(text, vault)) == shown


def test_every_rule_can_apply() -> None:
    """Patterns compile and name a secret."""
    for rule in RULES:
        assert "s" in re.compile(rule.pattern).groupindex
        assert rule.literals
