"""Reading the value of an Authorization header for Basic."""

from __future__ import annotations

import base64

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from authwhy.causes import Cause
from authwhy.model.outcome import Refused
from authwhy.model.policy import BasicPolicy
from authwhy.verify.basic_credential import NameAndPassword, max_value_chars, parse

POLICY = BasicPolicy(max_name_bytes=16, max_password_bytes=32)


def token(pair: str | bytes) -> str:
    return base64.b64encode(pair.encode() if isinstance(pair, str) else pair).decode()


GOOD = token("alice:secret")


@pytest.mark.parametrize(
    ("value", "name", "password"),
    [
        (f"Basic {GOOD}", "alice", "secret"),
        (f"basic   {GOOD}", "alice", "secret"),
        (f"BASIC {GOOD}".encode(), "alice", "secret"),
        (GOOD, "alice", "secret"),
        ("Basic " + token("alice:a:b c: "), "alice", "a:b c: "),
        ("Basic " + token("j\u00fcrgen:\u20ac\u2713"), "j\u00fcrgen", "\u20ac\u2713"),
        ("Basic " + token("a b:x"), "a b", "x"),
        ("Basic " + token("n" * 16 + ":" + "p" * 32), "n" * 16, "p" * 32),
    ],
)
def test_good(value: str | bytes, name: str, password: str) -> None:
    """Everything RFC 7617 allows is read; the scheme in any case."""
    assert parse(value, POLICY) == NameAndPassword(name, password)


@pytest.mark.parametrize(
    ("value", "cause", "detail", "problem"),
    [
        ("", "missing", None, None),
        ("  ", "missing", None, None),
        ("Bearer abc.def.ghi", "unsupported_scheme", None, None),
        ("Digest username=x, realm=y", "unsupported_scheme", None, None),
        ("Basic", "malformed", "truncated", "no_token"),
        ("basic ", "malformed", "whitespace", "whitespace_around"),
        (f"Basic {GOOD}\n", "malformed", "whitespace", "whitespace_around"),
        (f" Basic {GOOD}", "malformed", "whitespace", "whitespace_around"),
        (f"Basic {GOOD[:8]} {GOOD[8:]}", "malformed", "whitespace", "whitespace_inside"),
        (f"Basic {GOOD[:8]}\r\n{GOOD[8:]}", "malformed", "whitespace", "whitespace_inside"),
        (f'"Basic {GOOD}"', "malformed", "quotes", "quoted"),
        (f'Basic "{GOOD}"', "malformed", "quotes", "quoted"),
        (f"Basic Basic {GOOD}", "malformed", "prefix", "doubled_scheme"),
        (f"Basic basic: {GOOD}", "malformed", "prefix", "doubled_scheme"),
        (f"Authorization: Basic {GOOD}", "malformed", "prefix", "header_name_in_value"),
        (f"Basic: {GOOD}", "malformed", "prefix", "header_name_in_value"),
        (f"Basic \x1b[32m{GOOD}", "malformed", "escape_codes", "escape_codes"),
        (f"Basic {GOOD}\\n", "malformed", "escape_codes", "escape_codes"),
        ("Basic alice:secret", "malformed", "encoding", "not_base64"),
        ("Basic " + GOOD.replace("=", "%3D") + "%3D", "malformed", "encoding", "alphabet"),
        ("Basic _-_-", "malformed", "encoding", "alphabet"),
        ("Basic \ud800", "malformed", "encoding", "alphabet"),
        (f"Basic {token('alice:s')[:-2]}", "malformed", "encoding", "padding"),
        (f"Basic {GOOD}=", "malformed", "encoding", "padding"),
        ("Basic ====", "malformed", "encoding", "padding"),
        (f"Basic {GOOD[:5]}", "malformed", "truncated", "length"),
        ("Basic YTpiYh==", "malformed", "encoding", "not_canonical"),
        ("Basic " + token(b"j\xfcrgen:x"), "malformed", "encoding", "not_utf8"),
        ("Basic " + token("alice"), "malformed", None, "no_colon"),
        ("Basic " + token("alice:secret\n"), "malformed", "whitespace", "control_character"),
        ("Basic " + token("alice:sec\x1b[0mret"), "malformed", "escape_codes", "control_character"),
        ("Basic " + token("alice:se\0cret"), "malformed", None, "control_character"),
        ("Basic " + token("n" * 17 + ":x"), "malformed", None, "name_too_long"),
        ("Basic " + token("n:" + "x" * 33), "malformed", None, "password_too_long"),
        ("Basic " + token("n:" + "\u20ac" * 11), "malformed", None, "password_too_long"),
        ("Basic " + token(":secret"), "malformed", None, "empty_name"),
        ("Basic " + token("alice:"), "wrong_secret", "empty", None),
    ],
)
def test_refused(value: str, cause: str, detail: str | None, problem: str | None) -> None:
    """Each kind of damage has its name."""
    outcome = parse(value, POLICY)
    assert isinstance(outcome, Refused)
    primary = outcome.primary
    assert (primary.cause, primary.detail, primary.facts.get("problem")) == (cause, detail, problem)


def test_both_parts_empty() -> None:
    """Every failing check is told."""
    outcome = parse("Basic " + token(":"), POLICY)
    assert isinstance(outcome, Refused)
    assert outcome.causes == (Cause.MALFORMED, Cause.WRONG_SECRET)


def test_unknown_scheme_is_not_repeated() -> None:
    """A scheme outside the registry may be a secret: the facts do not repeat it."""
    outcome = parse("hunter2 is-my-password", POLICY)
    assert isinstance(outcome, Refused)
    assert outcome.primary.facts == {"seen": "other", "offered": ("basic",)}


def test_cap_comes_first() -> None:
    """Ten megabytes are refused by their length alone."""
    for value in ("Basic " + "A" * 10_000_000, " " * 10_000_000, "." * 10_000_000):
        outcome = parse(value, POLICY)
        assert isinstance(outcome, Refused)
        assert outcome.primary.facts["problem"] == "too_long"
    assert len(f"Basic {token('n' * 16 + ':' + 'p' * 32)}") <= max_value_chars(POLICY)


def test_text_form_tells_nothing() -> None:
    """A pair may end in a traceback."""
    assert repr(parse(GOOD, POLICY)) == "NameAndPassword(...)"


@given(st.text(min_size=1, max_size=8), st.text(min_size=1, max_size=8))
def test_round_trip(name: str, password: str) -> None:
    """Any pair without colon in the name and control characters comes back as it was sent."""
    pair = f"{name}:{password}"
    if ":" in name or any(ord(letter) < 32 or ord(letter) == 127 or 0xD800 <= ord(letter) < 0xE000 for letter in pair):
        return
    policy = BasicPolicy()
    assert parse("Basic " + token(pair), policy) == NameAndPassword(name, password)


@given(st.one_of(st.text(), st.binary(), st.text().map(lambda text: "Basic " + text)))
@example("Basic\u00a0x")
@example("\u2028")
def test_never_raises_and_only_blames_the_caller(value: str | bytes) -> None:
    """Hostile text gives a pair or a refusal, never an error of ours."""
    outcome = parse(value, BasicPolicy())
    if isinstance(outcome, Refused):
        allowed = {Cause.MISSING, Cause.UNSUPPORTED_SCHEME, Cause.MALFORMED, Cause.WRONG_SECRET}
        assert set(outcome.causes) <= allowed
