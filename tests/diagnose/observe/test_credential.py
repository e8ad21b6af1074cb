"""The shape of a credential, without showing it."""

from base64 import urlsafe_b64encode

import pytest

from authwhy.causes import Cause
from authwhy.diagnose.observe.credential import is_nothing, is_placeholder, observe
from authwhy.model.evidence import CurlCommand, Evidence, Exchange, HttpRequest, Setting
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
        ("Authorization", f"Bearer {CANARY}, Bearer {CANARY}", (Cause.AMBIGUOUS, None)),
        ("Authorization", f"Bearer {CANARY},Basic YTpi", (Cause.AMBIGUOUS, None)),
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


@pytest.mark.parametrize(("quote", "placeholder"), [('"', False), ("'", True)])
def test_a_shell_variable_is_a_placeholder_only_in_single_quotes(quote: str, placeholder: bool) -> None:
    """In double quotes the shell puts the value in before curl sees it."""
    command = CurlCommand(HttpRequest("GET", "https://a.example/", (("X-Api-Key", "${KEY}"),)), (), "line 1")
    text = f"curl -H {quote}X-Api-Key: ${{KEY}}{quote} https://a.example/"
    assert bool(list(observe(Evidence(text=text, commands=(command,))))) is placeholder


def registry(location: str) -> str:
    """A token in the shape of a binary macaroon."""
    raw = b"\x02\x01" + bytes([len(location)]) + location.encode() + b"\x02\x24" + b"0" * 36
    return "pypi-" + urlsafe_b64encode(raw).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("location", "name", "text", "causes"),
    [
        ("test.pypi.org", "__token__", "https://upload.pypi.org/legacy/ __token__", {Cause.WRONG_ISSUER}),
        ("pypi.org", "__token__", "https://upload.pypi.org/legacy/ __token__", set()),
        ("pypi.org", "alice", "https://upload.pypi.org/legacy/ alice", {Cause.UNKNOWN_IDENTITY}),
    ],
)
def test_a_registry_token_names_its_own_registry(location: str, name: str, text: str, causes: set[Cause]) -> None:
    """The location stands in the token; the user name is always the same word."""
    vault = Vault()
    settings = (Setting("username", name), Setting("password", vault.hide(registry(location), "pypi")))
    found = list(observe(Evidence(text=text, settings=settings, vault=vault)))
    assert {one.causes[0][0] for one in found} == causes


def test_a_program_that_says_none_has_no_broken_setting() -> None:
    """`password = None` is how Python says that none is given; API_KEY=undefined is a mistake."""
    for key, value in (("password", "None"), ("token", "null"), ("TOKEN", "None"), ("token", "undefined")):
        assert list(observe(Evidence(settings=(Setting(key, value),)))) == []
    (one,) = observe(Evidence(settings=(Setting("API_KEY", "undefined"),)))
    assert one.causes[0][0] is Cause.MISSING
