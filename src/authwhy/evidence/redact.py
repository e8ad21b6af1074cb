"""Redaction: every secret of a text becomes a placeholder of a vault before anything else reads the text.

Credential slots are closed by default: what stands after `Authorization:`, `password=`, `-u`, in a query string or a
cookie is hidden unless it is known as harmless. Masks, placeholders and messages in such places stay (`masked`).
"""

from __future__ import annotations

import re
from functools import cache

from authwhy.evidence.decode import without_forgeries
from authwhy.evidence.redaction.directives import hide_directives
from authwhy.evidence.redaction.lines import hide_lines
from authwhy.evidence.redaction.masked import STATES, is_masked, is_placeholder, is_readable
from authwhy.evidence.redaction.phrases import hide_phrases
from authwhy.evidence.redaction.randomness import hide_random
from authwhy.evidence.redaction.shapes import hide_known_tokens, hide_private_keys
from authwhy.evidence.redaction.slots import hide_slots
from authwhy.evidence.redaction.web import redact_urls
from authwhy.model.secret import OPEN, Vault

__all__ = ["is_masked", "is_placeholder", "redact", "redact_part"]

_MAX_REPEATS = 400_000_000
LONG = 64


def redact(text: str, vault: Vault) -> str:
    """The text with every secret replaced by a placeholder of `vault`. Linear in the text; never raises."""
    return hide_repeats(redact_part(without_forgeries(text), vault), vault)


def redact_part(text: str, vault: Vault) -> str:
    """The same for a piece of a text (a body, one value); secrets seen elsewhere are not looked for again."""
    if "PRIVATE KEY" in text:
        text = hide_private_keys(text, vault)
    if any(sign in text for sign in _COMMAND_SIGNS):
        text = _hide_in_commands(text, vault)
    text = hide_known_tokens(text, vault)
    if "://" in text or "=" in text or "@" in text:
        text = redact_urls(text, vault)
    text = hide_slots(_hide_in_pairs(text, vault) if "alue" in text else text, vault)
    if any(sign in text for sign in _TABLE_SIGNS):
        text = _hide_in_tables(text, vault)
    if "(" in text:
        text = _hide_in_calls(text, vault)
    if "</" in text or "kty" in text:
        text = _hide_in_members(text, vault)
    return hide_random(hide_directives(hide_phrases(hide_lines(text, vault), vault), vault), vault)


_TABLE_SIGNS = (
    "|",
    "\t",
    "form-data",
    "input_value=",
    "kind: Secret",
    "kind: 'Secret",
    ",password",
    ",secret",
    "password,",
    "secret,",
    ":*:",
)
_COMMAND_SIGNS = (
    " -",
    "\t-",
    "curl",
    " /p",
    "radtest ",
    "radclient ",
    "wpa_passphrase ",
    "pass:",
    "vault ",
    "cargo ",
    "net use",
    "net user",
    "isql ",
    "bw ",
    "rabbitmqctl ",
    "echo ",
    "<<<",
    "sqlplus",
    "jdbc:oracle",
    ".py ",
)


# These three are imported only when a text needs them: a plain error text should cost little.
def _hide_in_commands(text: str, vault: Vault) -> str:
    from authwhy.evidence.redaction.commands import hide_curl
    from authwhy.evidence.redaction.programs import hide_arguments

    if "curl" in text:
        text = hide_curl(text, vault, redact_part)
    return hide_arguments(text, vault)


def _hide_in_calls(text: str, vault: Vault) -> str:
    from authwhy.evidence.redaction.calls import hide_calls

    return hide_calls(text, vault)


def _hide_in_tables(text: str, vault: Vault) -> str:
    from authwhy.evidence.redaction.tables import hide_tables

    return hide_tables(text, vault)


def _hide_in_pairs(text: str, vault: Vault) -> str:
    from authwhy.evidence.redaction.members import hide_pairs

    return hide_pairs(text, vault)


def _hide_in_members(text: str, vault: Vault) -> str:
    from authwhy.evidence.redaction.members import hide_elements, hide_private_members

    return hide_private_members(hide_elements(text, vault) if "</" in text else text, vault)


def hide_repeats(text: str, vault: Vault) -> str:
    """Hide the other places where a secret stands, also percent-encoded; plain words are left alone there."""
    budget = _MAX_REPEATS
    for placeholder in vault.placeholders():
        secret = vault.reveal(placeholder)
        if not _is_distinct(secret):
            continue
        for form in _forms(secret):
            budget -= len(text)
            if budget < 0:
                return text
            if len(form) > LONG:  # no word of the text can hold it; and a long periodic one makes `re` quadratic
                text = text.replace(form, placeholder)
            elif form in text:
                text = _whole(form).sub(lambda _, new=placeholder: new, text)  # type: ignore[misc]
    return text


def _forms(secret: str) -> set[str]:
    if secret.isalnum():
        return {secret}
    from urllib.parse import quote, unquote

    return {secret, quote(secret, safe="", errors="replace"), unquote(secret)} - {""}


def _whole(form: str) -> re.Pattern[str]:
    head = r"(?<![A-Za-z0-9])" if form[0].isalnum() else ""
    tail = r"(?![A-Za-z0-9])" if form[-1].isalnum() else ""
    return re.compile(head + re.escape(form) + tail)


@cache
def _plain() -> re.Pattern[str]:
    return re.compile(r"[A-Za-z]{1,11}|[A-Z]?[a-z]+(?:[ _\-.][A-Za-z]+)*|[\d.:]+|\W+")


def _is_distinct(secret: str) -> bool:
    """False for what is likely to stand in a text for other reasons: words, numbers, short pieces, placeholders."""
    if len(secret) < 6 or OPEN in secret or "\n" in secret.strip():
        return False
    return _plain().fullmatch(secret) is None and secret.lower() not in STATES and not is_readable(secret)
