"""The cookie of a login under way: it comes back whole, tells nothing, and no changed byte passes."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from authwhy.causes import Kind, meta
from authwhy.model.outcome import Refused
from authwhy.verify.login_state import LoginState, is_local, open_login, seal_login
from authwhy.verify.session_keys import SessionKey, SessionKeys

OLD, NEW = (
    SessionKey("k1", b"an old secret of thirty-two bytes"),
    SessionKey("k2", b"the new secret of 32 random bytes"),
)
KEYS = SessionKeys([NEW, OLD])
IV = bytes(range(12))
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # RFC 7636 appendix B
STATE = LoginState("s" * 22, "n" * 22, VERIFIER, 1_000, "/orders?page=2#top", "idp", 300, ("mfa",))
COOKIE = seal_login(STATE, IV, KEYS)


def test_round_trip_and_rotation() -> None:
    """The newest key seals, all open."""
    assert open_login(COOKIE, KEYS) == STATE
    assert COOKIE.startswith("1.k2.")
    assert open_login(seal_login(STATE, IV, SessionKeys([OLD])), KEYS) == STATE


def test_the_cookie_tells_nothing() -> None:
    """The verifier is the secret of PKCE: not in the cookie, not in any text form."""
    inner = base64.urlsafe_b64decode(COOKIE.rpartition(".")[2] + "==")
    assert b"orders" not in inner
    assert VERIFIER.encode() not in inner
    assert repr(STATE) == "LoginState(...)"


REFUSED: list[tuple[str | None, str, str | None]] = [
    (None, "state_mismatch", "no_cookie"),
    ("", "state_mismatch", "no_cookie"),
    ("x" * 4_001, "malformed", "too_large"),
    ("1", "malformed", "version"),
    ("2" + COOKIE[1:], "malformed", "version"),
    ("1..AAAA", "malformed", "version"),
    (COOKIE + "=", "malformed", "not_base64url"),
    (COOKIE[:20] + "\u20ac", "malformed", "not_base64url"),
    (COOKIE.replace("k2", "k9"), "unknown_key", None),
    (COOKIE.replace("k2", "k1"), "bad_signature", None),
    ("1.k2.", "bad_signature", None),
    ("1.k2.AAAA", "bad_signature", None),
    (seal_login(STATE, IV, SessionKeys([SessionKey("k2", bytes(32))])), "bad_signature", None),
]


@pytest.mark.parametrize(("cookie", "cause", "problem"), REFUSED)
def test_refused(cookie: str | None, cause: str, problem: str | None) -> None:
    """Every cause, with a word that says why."""
    outcome = open_login(cookie, KEYS)
    assert isinstance(outcome, Refused)
    assert [each.value for each in outcome.causes] == [cause]
    assert outcome.primary.facts.get("problem") == problem


@pytest.mark.parametrize("changes", [{"state": "short"}, {"nonce": "n" * 21 + " "}, {"verifier": "v" * 42}])
def test_random_values_that_are_none(changes: dict[str, Any]) -> None:
    """Our own fault, said at once."""
    with pytest.raises(ValueError, match="unreserved"):
        replace(STATE, **changes)


def test_sealing_what_cannot_be_sealed() -> None:
    with pytest.raises(ValueError, match="iv"):
        seal_login(STATE, bytes(11), KEYS)
    with pytest.raises(ValueError, match="too large"):
        seal_login(replace(STATE, return_path="/" * 5_000), IV, KEYS)


@pytest.mark.parametrize(
    "path", ["/", "/orders", "/a//b", "/a?next=https://b.example#c", "/%2F/b", "/@b", "/" + "x" * 1_023]
)
def test_local_paths(path: str) -> None:
    assert is_local(path)


@pytest.mark.parametrize(
    "path",
    [
        "", "orders", "https://b.example", "//b.example", "///b.example", "/\\b.example", "\\\\b.example", "/a\\..\\b",
        "/\t/b.example", "/\n/b.example", " /a", "/a b", "/\x00", "/\u2028/b", "/\u00e9", "javascript:alert(1)", "?a",
        "/" + "x" * 1_024,
    ],
)  # fmt: skip
def test_paths_to_elsewhere(path: str) -> None:
    """Each is another host to some browser, or breaks a Location header."""
    assert not is_local(path)


@given(st.integers(0, len(COOKIE) - 1), st.characters())
def test_any_changed_character_is_refused(at: int, character: str) -> None:
    changed = COOKIE[:at] + character + COOKIE[at + 1 :]
    assert (open_login(changed, KEYS) == STATE) == (changed == COOKIE)


@given(st.text() | st.from_regex(r"1\.k2\.[A-Za-z0-9_-]*"))
def test_never_raises(cookie: str) -> None:
    """Hostile text is refused, never as an error of ours."""
    outcome = open_login(cookie, KEYS)
    assert isinstance(outcome, Refused)
    assert meta(outcome.primary.cause).kind is not Kind.ERROR
