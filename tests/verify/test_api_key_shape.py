"""What is visibly wrong with the text of an API key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authwhy.causes import Cause
from authwhy.model.policy import ApiKeyPolicy
from authwhy.verify.api_key_shape import known_kind, shape_failure

KEY = "k7Qp2Zx9Lm4Vt8Rw1Yc6"
POLICY = ApiKeyPolicy(max_length=64)
LIVE = ApiKeyPolicy(prefix="acme_live_")


@pytest.mark.parametrize("key", [KEY, "a-b_c.d~e+f/g=h1i2j3", "0123456789abcdef", "testKeyOf2026withtext"])
def test_ordinary(key: str) -> None:
    """Nothing to say about a key that looks like one."""
    assert shape_failure(key, POLICY) is None


@pytest.mark.parametrize(
    ("key", "detail", "problem"),
    [
        (f" {KEY}", "whitespace", "whitespace_around"),
        (f"{KEY}\r\n", "whitespace", "whitespace_around"),
        (f"{KEY[:9]} {KEY[9:]}", "whitespace", "whitespace_inside"),
        (f'"{KEY}"', "quotes", "quoted"),
        (f"{KEY}'", "quotes", "quoted"),
        (f"\u201c{KEY}\u201d", "quotes", "quoted"),
        (f"Bearer {KEY}", "prefix", "scheme_or_header_in_value"),
        (f"ApiKey  {KEY}", "prefix", "scheme_or_header_in_value"),
        (f"x-api-key: {KEY}", "prefix", "scheme_or_header_in_value"),
        (f"Token {KEY}", "prefix", "scheme_or_header_in_value"),
        (f"\x1b[0m{KEY}", "escape_codes", "escape_codes"),
        (f"{KEY}\\n", "escape_codes", "escape_codes"),
        (f"{KEY}\u200b", "encoding", "not_printable_ascii"),
        (f"{KEY}\x00", "encoding", "not_printable_ascii"),
        (f"{KEY}\ud800", "encoding", "not_printable_ascii"),
        (f"{KEY}...", "truncated", "ellipsis"),
        (f"{KEY}\u2026", "truncated", "ellipsis"),
        (KEY[:15], "truncated", "too_short"),
        (KEY * 4, None, "too_long"),
    ],
)
def test_malformed(key: str, detail: str | None, problem: str) -> None:
    """Damage to the text has a name."""
    failure = shape_failure(key, POLICY)
    assert failure is not None
    assert (failure.cause, failure.detail, failure.facts["problem"]) == (Cause.MALFORMED, detail, problem)


@pytest.mark.parametrize(
    "key",
    [
        "YOUR_API_KEY",
        "your-api-key-here",
        "<api-key>",
        "${API_KEY}",
        "$API_KEY",
        "{{ api_key }}",
        "%API_KEY%",
        "[your key]",
        "changeme",
        "change-me",
        "INSERT_KEY_HERE",
        "REPLACE_WITH_YOUR_KEY",
        "xxxxxxxxxxxxxxxxxxxx",
        "********************",
        "0000000000000000",
        "sk_live_****abcd",
        "undefined",
        "null",
        "None",
        "[object Object]",
        '"YOUR_API_KEY"',
        "API_KEY",
        "secret-key",
    ],
)
def test_placeholder(key: str) -> None:
    """What templates, masks and unset variables put where the key belongs."""
    failure = shape_failure(key, POLICY)
    assert failure is not None
    assert (failure.cause, failure.detail) == (Cause.WRONG_SECRET, "placeholder")


@pytest.mark.parametrize("key", ["", " ", "\t\n"])
def test_empty(key: str) -> None:
    """The slot was there, its variable was not set."""
    failure = shape_failure(key, POLICY)
    assert failure is not None
    assert (failure.cause, failure.detail) == (Cause.WRONG_SECRET, "empty")


@pytest.mark.parametrize(
    ("key", "detail", "seen"),
    [
        ("acme_test_" + KEY, "other_environment", "test"),
        ("acme_staging_" + KEY, "other_environment", "staging"),
        ("ghp_" + KEY, "other_kind", "github_personal"),
        ("github_pat_" + KEY, "other_kind", "github_fine_grained"),
        ("eyJhbGciOiJIUzI1NiJ9.e30.x", "other_kind", "jwt"),
        ("sk-ant-" + KEY, "other_kind", "anthropic"),
        (KEY, "other_kind", "unknown"),
    ],
)
def test_other_kind(key: str, detail: str, seen: str) -> None:
    """The public prefix tells another kind or another environment."""
    failure = shape_failure(key, LIVE)
    assert failure is not None
    assert (failure.cause, failure.detail) == (Cause.WRONG_SECRET, detail)
    assert failure.facts == {"expected": "acme_live_", "seen": seen}


def test_right_kind() -> None:
    """The wanted prefix is no finding."""
    assert shape_failure("acme_live_" + KEY, LIVE) is None
    assert known_kind("acme_live_" + KEY) == "unknown"


@pytest.mark.parametrize(
    ("key", "finding"),
    [
        ("x" * 10_000_000, "too_long"),
        (" " * 10_000_000, "too_long"),
        ("<" * 512, None),
        ("your_" * 102, None),
        ("meyour" * 85 + "!", None),
        ("*" * 500 + "!!", None),
    ],
)
def test_hostile_text_ends(key: str, finding: str | None) -> None:
    """Megabytes, and texts made to make a pattern backtrack, are answered (a hang would be seen)."""
    failure = shape_failure(key, ApiKeyPolicy())
    assert (failure.facts.get("problem") if failure else None) == finding


@given(st.text(max_size=80))
def test_never_raises_and_repeats_nothing(key: str) -> None:
    """Hostile text gives a Failure without the text in it, or None."""
    failure = shape_failure(f"canary{key}", POLICY)
    assert failure is None or "canary" not in repr(failure)
