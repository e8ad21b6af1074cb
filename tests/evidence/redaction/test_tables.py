"""Secrets in tables, forms and resources."""

from __future__ import annotations

import pytest

from authwhy.evidence.redaction.tables import hide_tables
from authwhy.model.secret import Vault

FORM = """--XX
Content-Disposition: form-data; name="password"
Content-Type: text/plain

two words
--XX
Content-Disposition: form-data; name="scope"

openid
--XX--
"""
RESOURCE = """kind: Secret
metadata:
  name: x
data:
  user: YWxpY2U=
stringData:
  bar: "abc"
type: Opaque
"""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("| password | abc |", "| password | <password, 3 chars> |"),
        ("| user | password | token |", "| user | password | token |"),
        (FORM, FORM.replace("two words", "<password, 9 chars>")),
        (RESOURCE, RESOURCE.replace("YWxpY2U=", "<secret, 8 chars>").replace("abc", "<secret, 3 chars>")),
        ("kind: ConfigMap\ndata:\n  a: Secret\n", "kind: ConfigMap\ndata:\n  a: Secret\n"),
        ("db.example.com:5432:*:alice:abc", "db.example.com:5432:*:alice:<password, 3 chars>"),
        ("user,password,host\nalice,abc,h\nbob,def,i\n\na,b,c", "user,password,host\nalice,<password, 3 chars>,h\nbob,<password, 3 chars>,i\n\na,b,c"),
        ("user\ttoken\nalice\tabc", "user\ttoken\nalice\t<token, 3 chars>"),
        ("otp\n  bad [type=int, input_value='12ab', x]", "otp\n  bad [type=int, input_value='<code, 4 chars>', x]"),
        ("port\n  bad [type=int, input_value='12ab', x]", "port\n  bad [type=int, input_value='12ab', x]"),
    ],
)  # fmt: skip
def test_tables(text: str, shown: str) -> None:
    """By the name of the row, the column, the part or the field."""
    vault = Vault()
    assert vault.mask(hide_tables(text, vault)) == shown
