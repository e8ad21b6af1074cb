"""Secrets in decoded JSON."""

from __future__ import annotations

from authwhy.evidence.redaction.objects import redact_object
from authwhy.model.secret import Vault


def test_members_by_name_and_shape() -> None:
    """Nested, in lists, in keys."""
    vault = Vault()
    safe = redact_object(
        {"password": "abc", "aud": ["x"], "a": [{"api_key": "def"}], "jwk": {"kty": "EC", "d": "ghi", "x": "j"}, "n": 5, "t": "ghp_abcdefgh1", "token": "expired"},
        vault,
    )  # fmt: skip
    shown = vault.mask(repr(safe))
    assert not any(secret in shown for secret in ("abc", "def", "ghi", "ghp_"))
    assert (safe["aud"], safe["jwk"]["x"], safe["n"], safe["token"]) == (["x"], "j", 5, "expired")


def test_depth_is_bounded() -> None:
    """Hostile claims nest deep."""
    value: dict[str, object] = {}
    for _ in range(200):
        value = {"a": value}
    assert repr(redact_object(value, Vault())).count("{") < 60
