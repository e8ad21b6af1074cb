"""Long random strings."""

from __future__ import annotations

import pytest

from authwhy.evidence.redaction.randomness import hide_random
from authwhy.model.secret import Vault

RANDOM = "Zq7xK2mWv9RtB4nLpD8sJh3G"


@pytest.mark.parametrize(
    "text",
    [f"got {RANDOM} back", f"x={RANDOM}", f"invalid {RANDOM}", f"/v1/{RANDOM}/users", f"({RANDOM})", f"a\n{RANDOM}\nb"],
)
def test_hidden(text: str) -> None:
    """Wherever no name says what it is."""
    assert hide_random(text, Vault()) == text.replace(RANDOM, "\ue0000\ue001")


@pytest.mark.parametrize(
    "text",
    [
        f"kid: {RANDOM}", f'"jti":"{RANDOM}"', f"request_id={RANDOM}", f"traceId={RANDOM}", f"sha256:{RANDOM}", f"commit {RANDOM}", f"ETag: W/\"{RANDOM}\"",
        f"ssh-ed25519 {RANDOM}", f'"x5t#S256": "{RANDOM}"', f"client_id={RANDOM}", "/usr/lib/python3/dist-packages/authlib/integrations/base",
    ],
)  # fmt: skip
def test_identifiers_stay(text: str) -> None:
    """Ids, digests, public keys and paths."""
    assert hide_random(text, Vault()) == text


def test_public_blocks_stay() -> None:
    """A certificate is no secret; what follows it may be."""
    block = f"-----BEGIN CERTIFICATE-----\n{RANDOM}\n-----END CERTIFICATE-----\n"
    assert hide_random(f"{RANDOM} {block}{block}{RANDOM}", Vault()) == f"\ue0000\ue001 {block}{block}\ue0000\ue001"
