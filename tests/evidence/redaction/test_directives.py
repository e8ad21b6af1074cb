"""Secrets after a name and a blank."""

from __future__ import annotations

import pytest

from authwhy.evidence.redaction.directives import hide_directives
from authwhy.model.secret import Vault


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("SetEnv DB_PASS abc1", "SetEnv DB_PASS <password, 4 chars>"),
        ("AuthLDAPBindPassword abc1", "AuthLDAPBindPassword <password, 4 chars>"),
        ("proxy_set_header X-Api-Key abc1;", "proxy_set_header X-Api-Key <api_key, 4 chars>;"),
        ("enable secret 5 abc1xyz", "enable secret 5 <secret, 7 chars>"),
        ("password hunter2 is wrong", "password <password, 7 chars> is wrong"),
        ("the token 'abc123def' has expired", "the token '<token, 9 chars>' has expired"),
        ("Missing X-Auth-Key header", "Missing X-Auth-Key header"),
        ("id_token nonce", "id_token nonce"),
        ("password authentication failed", "password authentication failed"),
        ("error code 0x80070005 status code 28P01", "error code 0x80070005 status code 28P01"),
        ("token RS256 signature v4 key ed25519", "token RS256 signature v4 key ed25519"),
        ("session opened for user alice", "session opened for user alice"),
    ],
)
def test_directives(text: str, shown: str) -> None:
    """Configuration always, sentences when it looks like a secret."""
    vault = Vault()
    assert vault.mask(hide_directives(text, vault)) == shown
