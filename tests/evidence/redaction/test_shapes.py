"""Secrets told by their shape."""

from __future__ import annotations

import pytest

from authwhy.evidence.redaction.shapes import hide, hide_known_tokens, hide_private_keys, looks_random, shape_of
from authwhy.model.secret import Vault

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (JWT, "jwt"), (JWT + ".", "jwt"), ("eyJhbGciOiJkaXIifQ..aXY.dGV4dA.dGFn", "jwt"), ("ghp_abcdefgh1", "github_token"), ("sk_live_abc12345", "stripe_live_key"),
        ("sk-ant-abcdefgh1", "anthropic_key"), ("-----BEGIN EC PRIVATE KEY-----", "private_key"), ("hunter2", None), ("eyJ", None), ("ghp_", None),
    ],
)  # fmt: skip
def test_shape(value: str, kind: str | None) -> None:
    """By the beginning, or the three parts."""
    assert shape_of(value) == kind


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"token {JWT}.", "token <jwt, 49 chars>."),
        (f"/verify/{JWT}/confirm", "/verify/<jwt, 49 chars>/confirm"),
        ("see eyJhbGciOi... in the docs", "see eyJhbGciOi... in the docs"),
        ("task-123456789012 disk-1234567890123", "task-123456789012 disk-1234567890123"),
        ("npm_config_registry sk-learn-extension", "npm_config_registry sk-learn-extension"),
        ("key sk-abc123def456ghi***", "key sk-abc123def456ghi***"),
        ("$2y$10$abcdefghijklmnopqrstuv {SSHA}abcdefghij12", "<password_hash, 29 chars> <password_hash, 18 chars>"),
        ("https://api.telegram.org/bot123456:AAbbCCddEE/getMe", "https://api.telegram.org/bot<token, 17 chars>/getMe"),
    ],
)
def test_known_tokens(text: str, shown: str) -> None:
    """Whole tokens, no words that begin alike, no masks."""
    vault = Vault()
    assert vault.mask(hide_known_tokens(text, vault)) == shown


def test_private_keys() -> None:
    """The marks stay, so that the reader knows what it is; public blocks are left alone."""
    vault = Vault()
    text = "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----"
    safe = hide_private_keys(text, vault)
    assert "MIIE" not in safe
    assert "MIIC" in safe
    assert vault.reveal(safe) == text


def test_a_block_without_its_end() -> None:
    """Ends where the next block begins, or where no base64 follows."""
    vault = Vault()
    text = "-----BEGIN PRIVATE KEY-----\nMIIE\nProc-Type: 4\n\nhelp me\n-----BEGIN PUBLIC KEY-----\nMFkw"
    safe = hide_private_keys(text, vault)
    assert ("MIIE" in safe, "help me" in safe, "MFkw" in safe) == (False, True, True)


def test_hiding_dissolves_placeholders() -> None:
    """A secret within a secret has one place."""
    vault = Vault()
    inner = hide(vault, "abc", "token")
    assert vault.reveal(hide(vault, f"x{inner}y", "password")) == "xabcy"
    assert hide(vault, "", "token") == ""


@pytest.mark.parametrize(
    ("value", "is_random"),
    [
        ("9f86d081884c7d659a2feaa0c55ad015", True), ("Zq7xK2mWv9RtB4nLpD8sJh3G", True), ("k3j4h5kj3h45kj3h4k5jh3k4", True),
        ("AbstractOAuth2IdentityProvider", False), ("CERTIFICATE_VERIFY_FAILED_NOW", False), ("oauth2-proxy-linux-amd64-v7", False),
        ("12345678901234567890123456789012", False), ("9f86d081-884c-7d65-9a2f-eaa0c55ad015", False), ("short1A", False),
    ],
)  # fmt: skip
def test_random(value: str, is_random: bool) -> None:
    """No words in it."""
    assert looks_random(value) is is_random
