"""Keys of signed cookies: who may sign, who is believed, and what their text form tells."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from tests.verify.jose_tokens import b64

from authwhy.verify.session import seal
from authwhy.verify.session_keys import SessionKey, SessionKeys

OLD, NEW = (
    SessionKey("k1", b"an old secret of thirty-two bytes"),
    SessionKey("k2", b"the new secret of 32 random bytes"),
)
KEYS = SessionKeys([NEW, OLD])
ID = bytes(range(16))


def test_the_mac_is_hmac_sha256_with_a_key_for_this_purpose() -> None:
    """Written independently of the code under test (RFC 2104)."""
    signed = f"1.k2.{b64(ID)}.1000"
    key = hmac.digest(NEW.secret, b"authwhy 1 cookie session", "sha256")
    assert seal(ID, 1000, KEYS) == f"{signed}.{b64(hmac.new(key, signed.encode(), hashlib.sha256).digest())}"


def test_the_first_signs_and_all_verify() -> None:
    """What an old key made is told apart; what another key made is nobody's."""
    assert KEYS.open(seal(ID, 1000, KEYS)) == (b64(ID), 1000, "k2", False)
    assert KEYS.open(seal(ID, 1000, SessionKeys([OLD]))) == (b64(ID), 1000, "k1", True)
    assert SessionKeys([NEW]).open(seal(ID, 1000, SessionKeys([OLD]))) is None
    assert SessionKeys([SessionKey("k2", OLD.secret)]).open(seal(ID, 1000, KEYS)) is None


def test_a_cookie_of_another_purpose_is_not_opened() -> None:
    """The same secrets, and yet no cookie is taken for one of another kind."""
    assert KEYS.open(seal(ID, 1000, SessionKeys([NEW, OLD], purpose="remember me"))) is None
    derived = {key for purpose in ("cookie session", "login state") for _, key in KEYS.derive(purpose)}
    assert len(derived) == 4
    assert not derived & {OLD.secret, NEW.secret}


@pytest.mark.parametrize(
    "keys",
    [
        [],
        [OLD, SessionKey("k1", NEW.secret)],
        [SessionKey("", NEW.secret)],
        [SessionKey("a.b", NEW.secret)],
        [SessionKey("\u00e9", NEW.secret)],
        [SessionKey("k" * 33, NEW.secret)],
        [SessionKey("k1", b"x" * 31)],
    ],
)
def test_keys_that_cannot_work(keys: list[SessionKey]) -> None:
    """Said at once, not at the first request."""
    with pytest.raises(ValueError, match="session key"):
        SessionKeys(keys)


def test_text_forms_tell_no_secret() -> None:
    """Both may end in a traceback."""
    assert (repr(NEW), repr(KEYS), len(KEYS)) == ("SessionKey('k2')", "SessionKeys(['k2', 'k1'])", 2)
    assert "k1" in KEYS
    assert "k3\ud800" not in KEYS
