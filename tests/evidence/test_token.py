"""Tokens anywhere in the input, read leniently."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authwhy.evidence.read import read
from authwhy.evidence.token import read_token
from authwhy.model.evidence import Token
from authwhy.model.secret import Vault


def part(value: object) -> str:
    """One base64url part."""
    octets = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(octets).decode().rstrip("=")


HEADER, CLAIMS = {"alg": "HS256", "typ": "JWT"}, {"sub": "alice", "exp": 1_790_000_000}
TOKEN = f"{part(HEADER)}.{part(CLAIMS)}.{part(bytes(range(32)))}"


def the_token(text: str) -> tuple[Token, str]:
    """The only token of a text, and what it stands for."""
    evidence = read(text)
    (token,) = evidence.tokens
    return token, evidence.vault.reveal(token.raw)


@pytest.mark.parametrize(
    ("text", "slot"),
    [
        ("{}", "text"),
        ("here: {}", "text"),
        ("Authorization: Bearer {}", "authorization"),
        ("curl -H 'Authorization: Bearer {}' https://a.example/", "authorization"),
        ("> authorization: Bearer {}", "authorization"),
        ('{{"Authorization": "Bearer {}"}}', "authorization"),
        ("Cookie: a=b; id_token={}", "cookie"),
        ("https://a.example/x?access_token={}&page=1", "query"),
        ("https://a.example/#id_token={}", "query"),
        ('{{"access_token": "{}"}}', "body"),
        ("grant_type=x&assertion={}", "body"),
    ],
)
def test_slots(text: str, slot: str) -> None:
    """Where the token would be used."""
    token, raw = the_token(text.format(TOKEN))
    assert (token.slot, raw, token.header, token.claims, token.problem) == (slot, TOKEN, HEADER, CLAIMS, None)


@pytest.mark.parametrize(
    ("text", "raw", "problem"),
    [
        (f"Authorization: Bearer Bearer {TOKEN}", f"Bearer {TOKEN}", "prefix"),
        (f'Authorization: Bearer "{TOKEN}"', f'"{TOKEN}"', "quotes"),
        (f"Authorization: Bearer   {TOKEN}", f"  {TOKEN}", "whitespace"),
        (f"Authorization: Bearer {TOKEN}...", None, "truncated"),
        (f"Authorization: Bearer {TOKEN[:-4]}", TOKEN[:-4], "truncated"),
        (TOKEN.rsplit(".", 1)[0], TOKEN.rsplit(".", 1)[0], "truncated"),
        (TOKEN[:50], TOKEN[:50], "truncated"),
        (f"{part(HEADER)}==.{part(CLAIMS)}=.{part(bytes(32))}", None, "encoding"),
        (f"Authorization: Bearer {part(HEADER)}.{part(b'no json at all')}.{part(bytes(32))}", None, "encoding"),
        ("Authorization: Bearer abc.def.ghi", "abc.def.ghi", "encoding"),
    ],
)
def test_damage(text: str, raw: str | None, problem: str) -> None:
    """The problem begins with a detail of the cause malformed, and raw is what was sent after the scheme."""
    token, sent = the_token(text)
    assert (token.problem or "").startswith(problem + ":")
    assert raw is None or sent == raw


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (f" {TOKEN}\n", "whitespace"),
        (f"'{TOKEN}'", "quotes"),
        (f"Bearer {TOKEN}", "prefix"),
        (TOKEN[:30] + "\n" + TOKEN[30:], "whitespace"),
        (TOKEN.replace(".", "%2E"), "encoding"),
    ],
)
def test_damage_inside_the_secret(raw: str, problem: str) -> None:
    """The token is read all the same."""
    result = read_token(raw, Vault())
    assert (result.header, result.claims, (result.problem or "").split(":")[0]) == (HEADER, CLAIMS, problem)


def test_standard_base64_is_read() -> None:
    """+ and / in place of - and _."""
    parts = [b64encode(json.dumps(value).encode()).decode() for value in (HEADER, {"a": "??>>"})]
    result = read_token(".".join([*parts, part(bytes(32))]), Vault())
    assert result.claims == {"a": "??>>"}
    assert (result.problem or "").startswith("encoding")


def test_jwe() -> None:
    """Five parts: only the header can be read."""
    header = {"alg": "dir", "enc": "A128GCM"}
    result = read_token(f"{part(header)}..{part(b'iv')}.{part(b'text')}.{part(b'tag')}", Vault())
    assert (result.header, result.claims, result.problem) == (header, None, "the claims are encrypted (JWE)")


def test_unsigned_tokens_have_an_empty_signature() -> None:
    """alg none ends with a dot (RFC 7519 6.1)."""
    token, raw = the_token(f"{part({'alg': 'none'})}.{part(CLAIMS)}.")
    assert (raw[-1], token.problem) == (".", None)


def test_secrets_in_claims_are_hidden() -> None:
    """A claim may carry a password or another token."""
    evidence = read(
        f"{part(HEADER)}.{part({'password': 'hunter2a', 'act': {'access_token': TOKEN}})}.{part(bytes(32))}"
    )
    assert "hunter2a" not in repr(evidence.tokens)
    assert TOKEN not in repr(evidence.tokens)


def test_one_token_at_two_places_is_one() -> None:
    """The place that says most is kept."""
    token, _ = the_token(f"my token {TOKEN}\nAuthorization: Bearer {TOKEN}")
    assert token.slot == "authorization"


@given(st.text("eyJabc.123_-=+/\n\"' ", max_size=80))
def test_any_token_is_read(raw: str) -> None:
    """Never raises."""
    read_token("eyJ" + raw, Vault())
    read_token(raw, Vault())


@given(st.integers(1, len(TOKEN) - 1))
def test_every_cut_is_a_problem(length: int) -> None:
    """A token that lost its end is never read as whole."""
    assert read_token(TOKEN[:length], Vault()).problem is not None
