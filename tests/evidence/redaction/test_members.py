"""Pairs, elements and keys."""

from __future__ import annotations

import pytest

from authwhy.evidence.redaction.members import hide_elements, hide_pairs, hide_private_members
from authwhy.model.secret import Vault


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"name": "X-Api-Key", "value": "abc"}', '{"name": "X-Api-Key", "value": "<api_key, 3 chars>"}'),
        ('{"name": "sid", "value": "abc"}', '{"name": "sid", "value": "<value, 3 chars>"}'),
        ('{"name": "Accept", "value": "x1"}', '{"name": "Accept", "value": "x1"}'),
        ('{"name": "page", "value": "x1"}', '{"name": "page", "value": "x1"}'),
        ("- name: MODE\n  value: debug", "- name: MODE\n  value: debug"),
        ("- name: DB_PASSWORD\n  value: abc", "- name: DB_PASSWORD\n  value: <password, 3 chars>"),
        ('<add key="Password" value="abc"/>', '<add key="Password" value="<password, 3 chars>"/>'),
    ],
)
def test_pairs(text: str, shown: str) -> None:
    """HAR, Kubernetes, .NET."""
    vault = Vault()
    assert vault.mask(hide_pairs(text, vault)) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<wsse:Password Type='x'>abc</wsse:Password>", "<wsse:Password Type='x'><password, 3 chars></wsse:Password>"),
        ("<auth mechanism='PLAIN'>AGEAYg==</auth>", "<auth mechanism='PLAIN'><password, 8 chars></auth>"),
        ("<Code>InvalidToken</Code><Key>a/b1</Key>", "<Code>InvalidToken</Code><Key>a/b1</Key>"),
        ("<token>expired</token>", "<token>expired</token>"),
    ],
)
def test_elements(text: str, shown: str) -> None:
    """SOAP, SASL, and error documents that stay."""
    vault = Vault()
    assert vault.mask(hide_elements(text, vault)) == shown


def test_private_members() -> None:
    """d, p, q, dp, dq, qi, k near kty; also escaped; elsewhere a member named d is left alone."""
    vault = Vault()
    assert (
        vault.mask(hide_private_members('{"kty":"EC","d":"abc","x":"def"}', vault))
        == '{"kty":"EC","d":"<private_key, 3 chars>","x":"def"}'
    )
    assert "abc" not in hide_private_members('{\\"k\\":\\"abc\\",\\"kty\\":\\"oct\\"}', vault)
    assert hide_private_members('{"d":"abc"}', vault) == '{"d":"abc"}'
