"""Secrets in decoded JSON: claims of a token, members of a key."""

from __future__ import annotations

from typing import Any

from authwhy.evidence.redaction.masked import is_readable
from authwhy.evidence.redaction.names import slot_of
from authwhy.evidence.redaction.shapes import hide, hide_known_tokens
from authwhy.model.secret import Vault

_MAX_DEPTH = 40
_PRIVATE_MEMBERS = frozenset(["d", "p", "q", "dp", "dq", "qi", "k", "oth", "r", "t"])


def redact_object(value: dict[str, Any], vault: Vault, depth: int = 0, *, is_key: bool = False) -> dict[str, Any]:
    """A JSON object with the values of members that announce a secret hidden; private members of JWKs too."""
    key = is_key or "kty" in value
    return {name: _redact(name, item, vault, depth + 1, key) for name, item in value.items()}


def _redact(name: str, item: Any, vault: Vault, depth: int, in_key: bool) -> Any:
    if in_key and name in _PRIVATE_MEMBERS:
        return hide(vault, item, "private_key") if isinstance(item, str) else None
    if depth > _MAX_DEPTH:
        return None
    if isinstance(item, dict):
        return redact_object(item, vault, depth)
    if isinstance(item, list):
        return [_redact(name, part, vault, depth + 1, in_key) for part in item]
    if not isinstance(item, str):
        return item
    slot = slot_of(name)
    if slot is not None and slot.how != "if_secret" and not is_readable(item):
        return hide(vault, item, slot.kind)
    return hide_known_tokens(item, vault)
