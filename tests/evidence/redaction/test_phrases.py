"""Messages, configuration words, dialogs and commands."""

from __future__ import annotations

import pytest

from authwhy.evidence.redaction.phrases import hide_phrases
from authwhy.model.secret import Vault


@pytest.mark.parametrize(
    "text",
    [
        "The token 'Winter9!x' has expired",
        "client_secret Winter9!x does not match",
        "wrong client secret Winter9!x",
        "Access token expired: Winter9!x",
        "Authorization code does not exist: Winter9!x",
        'invalid integer value "Winter9!x" for connection option "port"',
        'invalid port ":Winter9!x" after host',
        "ConvertTo-SecureString 'Winter9!x' -AsPlainText",
        "SET PASSWORD FOR 'a'@'%' = 'Winter9!x';",
        "db.example.com:5432:*:alice:Winter9!x",
        "[smtp.example.com]:587 alice:Winter9!x",
        "alice:Winter9!x@tcp(192.0.2.3:3306)/app",
        "sqlplus scott/Winter9!x@db",
        "echo Winter9!x | docker login -u a --password-stdin",
        "htpasswd -b users alice Winter9!x",
        "radius-server host 192.0.2.1 key Winter9!x",
        "Password:\nWinter9!x\n",
        "if password == 'Winter9!x'",
        "CLIENT -> SERVER: x\n334 UGFzc3dvcmQ6\nCLIENT -> SERVER: Winter9x\n535",
        "*cmd* 'PASS Winter9!x'",
    ],
)
def test_hidden(text: str) -> None:
    """The secret goes and can be put back."""
    vault = Vault()
    safe = hide_phrases(text, vault)
    assert "Winter9" not in safe
    assert vault.reveal(safe) == text


@pytest.mark.parametrize(
    "text",
    [
        "The token is expired",
        "msg=no such token 'ci' for user 'alice@pve'",
        "password authentication failed for user",
        "Password:\nLogin incorrect",
        "session closed for user alice",
        "if token == expected",
        "main.py:12:4:error:name",
        "334 is a number",
    ],
)
def test_kept(text: str) -> None:
    """Messages stay."""
    assert hide_phrases(text, Vault()) == text
