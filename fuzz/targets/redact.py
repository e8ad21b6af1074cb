"""Redaction: never raises, takes nothing away for good."""

from tests.evidence.canaries import PLAIN_SLOTS, SECRETS, SLOTS

from authwhy.evidence.redact import redact
from authwhy.model.secret import Vault

SEEDS = tuple(
    make(secret) for make in (*SLOTS.values(), *PLAIN_SLOTS.values()) for secret in list(SECRETS.values())[:3]
)


def check(text: str) -> None:
    """What was hidden can be put back. Quotes are not compared: JSON numbers and shell words get new ones."""
    vault = Vault()
    safe = redact(text, vault)
    plain = text.replace("\ue000", "").replace("\ue001", "")
    assert "curl" in plain or " -" in plain or vault.reveal(safe).replace('"', "") == plain.replace('"', "")
    for placeholder in vault.placeholders():
        assert "\ue000" not in vault.reveal(placeholder)
