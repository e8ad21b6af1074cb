"""What copying, quoting and encoding do to a credential can be undone by name."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authwhy.diagnose.edits.text import secret_codecs, text_edits

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln"


@pytest.mark.parametrize(
    ("damaged", "detail"),
    [
        (f" {TOKEN}\n", "whitespace"),
        (TOKEN[:20] + "\n  " + TOKEN[20:], "whitespace"),
        (f'"{TOKEN}"', "quotes"),
        (f"“{TOKEN}”", "quotes"),
        (f"Bearer {TOKEN}", "prefix"),
        (f"\x1b[32m{TOKEN}\x1b[0m", "escape_codes"),
        (TOKEN.replace(".", "%2E"), "encoding"),
        (TOKEN + "==", "encoding"),
        (TOKEN + ".", "encoding"),
        ("\ufeff" + TOKEN, "encoding"),
    ],
)
def test_the_damage_is_undone_and_named(damaged: str, detail: str) -> None:
    """One edit gives the token back and says which detail it was."""
    assert (detail, TOKEN) in {(edit.detail, changed) for edit, changed in text_edits(damaged)}


def test_a_clean_token_is_left_alone() -> None:
    """No edit applies where nothing is wrong."""
    assert list(text_edits(TOKEN)) == []


@given(st.binary(min_size=3, max_size=40))
def test_encoded_secrets_are_decoded(key: bytes) -> None:
    """Whatever bytes the key has, its base64, base64url and hex spellings lead back to them."""
    for spelled in (base64.b64encode(key), base64.urlsafe_b64encode(key).rstrip(b"="), key.hex().encode()):
        text = spelled.decode()
        assert key == text.encode() or key in {octets for _, octets in secret_codecs(text)}


@given(st.text(max_size=60))
def test_no_secret_makes_a_codec_fail(secret: str) -> None:
    """Codecs skip what they cannot read, and never give the plain bytes again."""
    plain = secret.encode("utf-8", "surrogatepass")
    assert all(octets and octets != plain for _, octets in secret_codecs(secret))
