"""What happened to the text of a token: the details of malformed, each settled by the text itself."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.verify.jose_tokens import NOW, POLICY, b64, segment, signer

from authwhy.causes import Cause, meta
from authwhy.model.outcome import Failure, Refused
from authwhy.verify import damaged, jwt
from authwhy.verify.segments import Damage

ONE = signer("HS256")
GOOD = ONE.token()
HEAD, BODY, SIGNATURE = GOOD.split(".")
LONG = ONE.token(note="x" * 6_000)


def failure(token: str | bytes) -> Failure:
    """The one failure of a damaged token."""
    outcome = jwt.check(token, POLICY, NOW, ONE.keys)
    assert isinstance(outcome, Refused)
    assert len(outcome.failures) == 1
    return outcome.primary


@pytest.mark.parametrize("token", [GOOD, LONG], ids=["short", "long"])
@pytest.mark.parametrize(
    ("form", "detail"),
    [
        ("{}\n", "whitespace"),
        ("{}\r\n", "whitespace"),
        (" {}", "whitespace"),
        ("\n\t {}", "whitespace"),
        ("{}\u00a0", "whitespace"),
        ("\u200b{}", "whitespace"),
        ('"{}"', "quotes"),
        ("'{}'", "quotes"),
        ("b'{}'", "quotes"),
        ("\u201c{}\u201d", "quotes"),
        ("{}'", "quotes"),
        ("Bearer {}", "prefix"),
        ("Bearer Bearer {}", "prefix"),
        ("JWT {}", "prefix"),
        ("TOKEN={}", "prefix"),
        ('{{"access_token":"{}"}}', "prefix"),
        ("\x1b[32m{}\x1b[0m", "escape_codes"),
        ("{}\x1b[0m", "escape_codes"),
        ("\ufeff{}", "encoding"),
        ("{}%0A", "encoding"),
        ("{}\\n", "encoding"),
        ("{}=", "encoding"),
        ("{}\u00fc", "encoding"),
        ("{}...", "truncated"),
    ],
)
def test_what_stands_around_a_token(token: str, form: str, detail: str) -> None:
    """At both ends, also of a token too long to be searched whole."""
    found = failure(form.format(token))
    assert (found.cause, found.detail) == (Cause.MALFORMED, detail)


@pytest.mark.parametrize(
    ("token", "detail", "problem", "segments"),
    [
        (f"{HEAD}.\n{BODY}.{SIGNATURE}", "whitespace", "not_base64url", 3),
        (f"{HEAD}.{BODY[:20]} {BODY[20:]}.{SIGNATURE}", "whitespace", "not_base64url", 3),
        (GOOD.replace(".", "%2E"), "encoding", "segments", 1),
        (f"{HEAD}==.{BODY}.{SIGNATURE}", "encoding", "not_base64url", 3),
        (f"{HEAD}.{BODY}.{SIGNATURE[:-1]}+", "encoding", "not_base64url", 3),
        (b64(GOOD.encode()), "encoding", "segments", 1),
        (GOOD.encode("utf-16"), "encoding", "not_json", 3),
        (GOOD.encode("utf-16-le"), "encoding", "not_base64url", 3),
        (f"{HEAD}.{BODY}", "truncated", "segments", 2),
        (HEAD, "truncated", "segments", 1),
        (GOOD[:-2], "truncated", "not_base64url", 3),
        (GOOD[:-1], "truncated", "trailing_bits", 3),
        (f"{HEAD}.{BODY[:-12]}.{SIGNATURE}", "truncated", "cut", 3),
        (f"{HEAD}...", "truncated", "segments", 4),
        (f"{GOOD}.", None, "segments", 4),
        (f"{GOOD}.a.b.c.d.e", None, "segments", 7),
        (f"{HEAD}.{segment(b'[]')}.{SIGNATURE}", None, "not_an_object", 3),
        (f"{HEAD}.{segment(b'{} x')}.{SIGNATURE}", None, "not_json", 3),
        (f"{HEAD}.{segment(b'<html>')}.{SIGNATURE}", None, "not_json", 3),
        ("", None, "segments", 1),
        (" ", None, "segments", 1),
        ("hello world", None, "segments", 1),
        ("opaque-token-0123456789", None, "segments", 1),
        ("a.b.c", None, "not_json", 3),
        ("...", None, "segments", 4),
        ("\ud800", None, "segments", 1),
    ],
    ids=lambda value: str(value)[:12] if isinstance(value, str) else None,
)
def test_what_is_wrong_inside(token: str | bytes, detail: str | None, problem: str, segments: int) -> None:
    """No detail where the text does not settle it."""
    found = failure(token)
    assert (found.cause, found.detail) == (Cause.MALFORMED, detail)
    assert (found.facts["problem"], found.facts["segments"]) == (problem, segments)


def test_a_flipped_last_character_is_another_spelling() -> None:
    """A complete signature with an unused bit set was written by another encoder, not cut."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    found = failure(GOOD[:-1] + letters[letters.index(GOOD[-1]) ^ 1])
    assert (found.detail, found.facts["part"], found.facts["problem"]) == ("encoding", "signature", "trailing_bits")


@pytest.mark.parametrize("alg", ["dir", "RSA-OAEP", "HS256"])
def test_an_encrypted_token_is_another_kind(alg: str) -> None:
    """Well formed (RFC 7516 9), and not what is checked here."""
    found = failure(f"{segment({'alg': alg, 'enc': 'A128GCM'})}..aaaa.bbbb.cccc")
    assert found == Failure(Cause.WRONG_TOKEN_TYPE, None, {"expected": ("JWS",), "seen": "JWE"})


@pytest.mark.parametrize("token", ["x" * 8_192, "." * 8_192, "ab." * 2_730, "\0" * 8_192, "é" * 4_000])
def test_long_noise_is_refused_without_a_search(token: str) -> None:
    """One constant answer."""
    assert failure(token) == Failure(Cause.MALFORMED, None, {"part": "token", "problem": "not_json"})


def test_size_comes_first() -> None:
    """Nothing of a token beyond the bound is looked at."""
    assert failure("x" * 16_385).facts == {
        "part": "token", "problem": "too_large", "length": 16_385, "limit": 16_384,
    }  # fmt: skip
    assert damaged.refuse_size(5, 4).primary.detail is None


@given(st.binary(max_size=300), st.sampled_from(["not_base64url", "not_json", "cut", "trailing_bits", "wrong_type"]))
@settings(deadline=None)
def test_every_answer_is_in_the_vocabulary(data: bytes, problem: str) -> None:
    """And facts never carry text of the token."""
    damage = Damage(problem, "signature")  # type: ignore[arg-type]
    for text in (data, b"eyJ" + data, data + b"eyJ", HEAD.encode() + b"." + data):
        found = damaged.refuse(text, damage).primary
        assert found.detail is None or found.detail in meta(found.cause).details
        assert set(found.facts) <= {"part", "problem", "length", "segments", "expected", "seen"}
