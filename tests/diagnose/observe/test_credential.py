"""The shape of a credential, without showing it."""

import pytest

from authwhy.causes import Cause
from authwhy.diagnose.observe.credential import is_nothing, is_placeholder, observe
from authwhy.model.evidence import Evidence, Exchange, HttpRequest, Setting
from authwhy.model.secret import Vault

CANARY = "tok-3f9a77c1d2e8b4"


def noticed(header: str, value: str) -> list[tuple[Cause, str | None]]:
    """Causes and details for one request header."""
    vault = Vault()
    request = HttpRequest("GET", "/", ((header, vault.hide(value, "token")),))
    evidence = Evidence(exchanges=(Exchange(request, None, "request"),), vault=vault)
    found = list(observe(evidence))
    assert not any(CANARY in repr(one) for one in found)
    return [(one.causes[0][0], one.detail) for one in found]


@pytest.mark.parametrize(
    ("header", "value", "cause"),
    [
        ("Authorization", f'Bearer "{CANARY}"', (Cause.MALFORMED, "quotes")),
        ("Authorization", f"Bearer Bearer {CANARY}", (Cause.MALFORMED, "prefix")),
        ("Authorization", f"Bearer {CANARY}\t", (Cause.MALFORMED, "whitespace")),
        ("Authorization", f"Bearer \x1b[33m{CANARY}", (Cause.MALFORMED, "escape_codes")),
        ("Authorization", "Bearer undefined", (Cause.MISSING, None)),
        ("Authorization", "Bearer ", (Cause.MISSING, None)),
        ("X-Api-Key", "YOUR_API_KEY", (Cause.WRONG_SECRET, "placeholder")),
        ("X-Api-Key", "${API_KEY}", (Cause.WRONG_SECRET, "placeholder")),
    ],
)
def test_what_is_wrong_with_the_text_is_seen(header: str, value: str, cause: tuple[Cause, str | None]) -> None:
    """No vendor is needed for any of these."""
    assert noticed(header, value) == [cause]


@pytest.mark.parametrize(
    "value", [f"Bearer {CANARY}", "Basic YWxpY2U6d29uZGVybGFuZA==", f'Digest username="a", response="{CANARY}"']
)
def test_a_clean_credential_is_not_remarked_on(value: str) -> None:
    """Parameters of Digest are no stray blanks."""
    assert noticed("Authorization", value) == []


def test_quotes_in_a_setting_are_noticed_more_softly() -> None:
    """Most formats take quotes away; a request header does not."""
    vault = Vault()
    setting = Setting("OPENAI_API_KEY", vault.hide(f"'{CANARY}'", "api_key"))
    (one,) = observe(Evidence(settings=(setting,), vault=vault))
    assert (one.detail, one.strength.name) == ("quotes", "SAID")


@pytest.mark.parametrize(
    "word", ["your-api-key", "<token>", "$TOKEN", "{{ key }}", "changeme", "xxxxxxxx", "openai_api_key"]
)
def test_placeholders_are_recognised(word: str) -> None:
    """What templates put where a secret should stand."""
    assert is_placeholder(word)


@pytest.mark.parametrize("word", [CANARY, "correct horse battery staple", "hunter2", "AKIAIOSFODNN7EXAMPLE"])
def test_real_secrets_are_no_placeholders(word: str) -> None:
    """A false alarm here would mislead."""
    assert not is_placeholder(word)
    assert not is_nothing(word)
