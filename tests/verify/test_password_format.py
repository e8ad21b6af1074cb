"""Reading the encodings of password hashes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authwhy.verify.password_format import StoredHash, dummy_like, identify

CRYPT = "abcdefghijklmnopqrstuu" + "M" * 31
B64_16, B64_32, HEX_32, HEX_64 = "A" * 22, "B" * 43, "ab" * 32, "ab" * 64

CHECKED = [
    (f"$argon2id$v=19$m=65536,t=3,p=4${B64_16}${B64_32}", "argon2id", {"m": 65536, "t": 3, "p": 4}),
    (f"$argon2i$m=512,t=2,p=2${B64_16}${B64_32}", "argon2i", {"m": 512, "t": 2, "p": 2}),
    (f"argon2$argon2id$v=19$m=102400,t=2,p=8${B64_16}${B64_32}", "argon2id", {"m": 102400, "t": 2, "p": 8}),
    (f"$2b$12${CRYPT}", "bcrypt", {"cost": 12}),
    (f"$2y$05${CRYPT}", "bcrypt", {"cost": 5}),
    (f"bcrypt$$2b$12${CRYPT}", "bcrypt", {"cost": 12}),
    (f"bcrypt_sha256$$2b$12${CRYPT}", "bcrypt_sha256", {"cost": 12}),
    (f"$bcrypt-sha256$v=2,t=2b,r=12${CRYPT[:22]}${CRYPT[22:]}", "bcrypt_sha256", {"cost": 12}),
    (f"$bcrypt-sha256$2b,4${CRYPT[:22]}${CRYPT[22:]}", "bcrypt_sha256", {"cost": 4}),
    (f"$scrypt$ln=16,r=8,p=1${B64_16}${B64_32}", "scrypt", {"n": 65536, "r": 8, "p": 1}),
    (f"scrypt$16384$seasalt$8$1${B64_32}=", "scrypt", {"n": 16384, "r": 8, "p": 1}),
    (f"scrypt:32768:8:1$seasalt${HEX_64}", "scrypt", {"n": 32768, "r": 8, "p": 1}),
    (f"$pbkdf2-sha256$29000${B64_16}${B64_32}", "pbkdf2_sha256", {"rounds": 29000}),
    (f"$pbkdf2-sha512$i=210000,l=32${B64_16}${B64_32}", "pbkdf2_sha512", {"rounds": 210000}),
    (f"$pbkdf2$1212${B64_16}${'C' * 27}", "pbkdf2_sha1", {"rounds": 1212}),
    (f"pbkdf2_sha256$1000000$seasalt${B64_32}=", "pbkdf2_sha256", {"rounds": 1000000}),
    (f"pbkdf2:sha256:600000$seasalt${HEX_32}", "pbkdf2_sha256", {"rounds": 600000}),
]

NOT_CHECKED = [
    ("{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "sha1", "too_old"),
    ("{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9gxxxx", "salted_sha1", "too_old"),
    ("$apr1$saltsalt$abcdefghijklmnopqrstu.", "apr1_md5", "too_old"),
    ("$1$saltsalt$abcdefghijklmnopqrstu.", "md5_crypt", "too_old"),
    (f"$2x$05${CRYPT}", "bcrypt_2x", "too_old"),
    ("md5$salt$" + "a" * 32, "salted_md5", "too_old"),
    ("sha1$salt$" + "a" * 40, "salted_sha1", "too_old"),
    ("5f4dcc3b5aa765d61d8327deb882cf99", "md5", "too_old"),
    ("a" * 40, "sha1", "too_old"),
    ("a" * 64, "sha256", "too_old"),
    ("*" + "A" * 40, "mysql41", "too_old"),
    ("rEK1ecacw.7.c", "des_crypt", "too_old"),
    ("$6$saltsalt$" + "x" * 86, "sha512_crypt", "verifier_mismatch"),
    ("$y$j9T$salt$hash", "yescrypt", "verifier_mismatch"),
    (None, "unusable", "unusable"),
    ("", "unusable", "unusable"),
    ("!", "unusable", "unusable"),
    ("!Xyz0123456789", "unusable", "unusable"),
    ("*", "unusable", "unusable"),
    ("x", "unusable", "unusable"),
    ("*LK*", "unusable", "unusable"),
]

UNKNOWN = [
    "hello",
    "$argon2id$v=19$m=65536,t=3$AAAA$BBBB",
    f"$argon2id$v=19$m=0,t=3,p=4${B64_16}${B64_32}",
    f"$argon2id$v=19$m=99999999999,t=3,p=4${B64_16}${B64_32}",
    f"$argon2id$v=19$m=65536,t=3,p=4,keyid=AAAA${B64_16}${B64_32}",
    f"$2b$32${CRYPT}",
    f"$2b$03${CRYPT}",
    f"$2b$12${CRYPT}x",
    f"$2b$12${CRYPT}\n",
    f"$scrypt$ln=0,r=8,p=1${B64_16}${B64_32}",
    f"$pbkdf2-sha256$-1${B64_16}${B64_32}",
    f"$pbkdf2-md5$1000${B64_16}${B64_32}",
    f"$pbkdf2-sha256$1000${B64_16}$",
    f"pbkdf2_sha256$1000$${B64_32}=",
    f"pbkdf2_sha256$\u0661\u0660$salt${B64_32}=",
    "$2b$12$" + "x" * 5_000,
]


@pytest.mark.parametrize(("stored", "scheme", "parameters"), CHECKED)
def test_checked_formats(stored: str, scheme: str, parameters: dict[str, int]) -> None:
    """Every encoding gives its scheme and cost."""
    found = identify(stored)
    assert found is not None
    assert (found.scheme, found.parameters, found.support) == (scheme, parameters, "full")
    assert found.family in scheme


@pytest.mark.parametrize(("stored", "scheme", "support"), NOT_CHECKED)
def test_recognised_only(stored: str | None, scheme: str, support: str) -> None:
    """Old and unsupported schemes have a name, and markers for "no password" are no hash."""
    found = identify(stored)
    assert found is not None
    assert (found.scheme, found.support) == (scheme, support)


@pytest.mark.parametrize("stored", UNKNOWN)
def test_unknown_formats(stored: str) -> None:
    """What is not exactly one of the encodings is none of them."""
    assert identify(stored) is None


@pytest.mark.parametrize(("stored", "scheme", "parameters"), CHECKED)
def test_dummy_has_the_same_cost(stored: str, scheme: str, parameters: dict[str, int]) -> None:
    """A dummy is the same scheme at the same cost, and neither salt nor hash of the original is left in it."""
    dummy = identify(dummy_like(stored))
    assert dummy is not None
    assert (dummy.scheme, dummy.parameters) == (scheme, parameters)
    assert not any(part in dummy_like(stored) for part in (B64_32, HEX_32, CRYPT[:22], "seasalt"))


def test_dummy_of_an_unknown_format() -> None:
    """There is nothing to imitate."""
    with pytest.raises(ValueError):
        dummy_like("hello")


def test_text_form_tells_no_hash() -> None:
    """A StoredHash may end in a traceback."""
    found = identify(CHECKED[0][0])
    assert repr(found) == "StoredHash('argon2id', {'m': 65536, 't': 3, 'p': 4})"


@given(st.one_of(st.text(max_size=200), st.sampled_from([row[0] for row in CHECKED]).flatmap(lambda s: st.just(s[3:]))))
def test_never_raises(stored: str) -> None:
    """Hostile text is identified or not, but never raises."""
    assert isinstance(identify(stored), StoredHash | None)
