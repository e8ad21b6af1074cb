"""Checking passwords against hashes made by the libraries themselves."""

from __future__ import annotations

import base64
import hashlib
import hmac
import sys

import argon2
import bcrypt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from authwhy.causes import Cause
from authwhy.model.outcome import Failure
from authwhy.verify import password
from authwhy.verify.password_format import StoredHash

SECRET = "grün:caf\u00e9 \u2713"
RAW = SECRET.encode()
SALT = b"0123456789abcdef"
BCRYPT_SALT = b"$2b$04$abcdefghijklmnopqrstuu"


def b64(raw: bytes, *, pad: bool = False) -> str:
    text = base64.b64encode(raw).decode()
    return text if pad else text.rstrip("=")


def bcrypted(secret: bytes) -> str:
    return bcrypt.hashpw(secret, BCRYPT_SALT).decode()


def cheap_scrypt(salt: bytes) -> bytes:
    return hashlib.scrypt(RAW, salt=salt, n=16, r=8, p=1, dklen=64)


def cheap_pbkdf2(name: str, salt: bytes) -> bytes:
    return hashlib.pbkdf2_hmac(name, RAW, salt, 3)


HASHER = argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
ARGON2I = argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1, type=argon2.Type.I)
HMAC = hmac.digest(BCRYPT_SALT[7:], RAW, "sha256")
REAL = [
    HASHER.hash(SECRET),
    ARGON2I.hash(SECRET),
    "argon2" + HASHER.hash(SECRET),
    bcrypted(RAW),
    "bcrypt$" + bcrypted(RAW),
    bcrypted(RAW).replace("$2b$", "$2y$"),
    "bcrypt_sha256$" + bcrypted(hashlib.sha256(RAW).hexdigest().encode()),
    f"$bcrypt-sha256$v=2,t=2b,r=4${BCRYPT_SALT[7:].decode()}${bcrypted(b64(HMAC, pad=True).encode())[29:]}",
    (
        f"$bcrypt-sha256$2b,4${BCRYPT_SALT[7:].decode()}"
        f"${bcrypted(b64(hashlib.sha256(RAW).digest(), pad=True).encode())[29:]}"
    ),
    f"$scrypt$ln=4,r=8,p=1${b64(SALT)}${b64(cheap_scrypt(SALT))}",
    f"scrypt$16$seasalt$8$1${b64(cheap_scrypt(b'seasalt'), pad=True)}",
    f"scrypt:16:8:1$seasalt${cheap_scrypt(b'seasalt').hex()}",
    f"$pbkdf2-sha256$3${b64(SALT)}${b64(cheap_pbkdf2('sha256', SALT)).replace('+', '.')}",
    f"$pbkdf2-sha512$i=3,l=64${b64(SALT)}${b64(cheap_pbkdf2('sha512', SALT))}",
    f"pbkdf2_sha256$3$seasalt${b64(cheap_pbkdf2('sha256', b'seasalt'), pad=True)}",
    f"pbkdf2_sha1$3$seasalt${b64(cheap_pbkdf2('sha1', b'seasalt'), pad=True)}",
    f"pbkdf2:sha256:3$seasalt${cheap_pbkdf2('sha256', b'seasalt').hex()}",
    f"pbkdf2:sha1:3$seasalt${cheap_pbkdf2('sha1', b'seasalt').hex()}",
]


@pytest.mark.parametrize("stored", REAL)
def test_right_and_wrong(stored: str) -> None:
    """The right password matches as text and as bytes; another, an empty one and the dummy do not."""
    assert password.check(SECRET, stored) is True
    assert password.check(RAW, stored) is True
    assert password.check(SECRET + "x", stored) is False
    assert password.check("", stored) is False
    assert password.check(SECRET, password.dummy_like(stored)) is False


PUBLISHED = [
    ("password", "$pbkdf2-sha256$1212$4vjV83LKPjQzk31VI4E0Vw$hsYF68OiOUPdDZ1Fg.fJPeq1h/gXXY7acBp9/6c.tmQ"),
    ("password", "$pbkdf2$1212$OB.dtnSEXZK8U5cgxU/GYQ$y5LKPOplRmok7CZp/aqVDVg8zGI"),
    ("hashcat", "$bcrypt-sha256$v=2,t=2b,r=12$KSOjON/ciJR86a00N5q61.$AmWZucQuHk13FGkQWhgMeiFvBfm2GCy"),
]


@pytest.mark.parametrize(("secret", "stored"), PUBLISHED)
def test_published_hashes(secret: str, stored: str) -> None:
    """Hashes from the tests of passlib and the examples of hashcat."""
    assert password.check(secret, stored) is True


def test_bcrypt_does_not_truncate() -> None:
    """Two passwords that are equal in their first 72 bytes are two passwords."""
    stored = bcrypted(b"x" * 72)
    assert password.check("x" * 72, stored) is True
    longer = password.check("x" * 73, stored)
    assert longer == Failure(
        Cause.WRONG_SECRET, None, {"scheme": "bcrypt", "problem": "password_too_long", "limit": 72}
    )


def test_bcrypt_does_not_repeat() -> None:
    """bcrypt repeats the password with a zero byte between: those must not match either."""
    assert bcrypted(b"a") == bcrypted(b"a\0a")
    assert password.check(b"a\0a", bcrypted(b"a")) is False


def test_prehashed_bcrypt_has_no_limit() -> None:
    """The whole of a long password counts."""
    long = b"x" * 100
    stored = "bcrypt_sha256$" + bcrypted(hashlib.sha256(long).hexdigest().encode())
    assert password.check(long, stored) is True
    assert password.check(long + b"y", stored) is False


@pytest.mark.parametrize(
    ("stored", "cause", "detail", "problem"),
    [
        ("$apr1$saltsalt$abcdefghijklmnopqrstu.", Cause.UNSUPPORTED_ALGORITHM, "too_old", None),
        ("$6$saltsalt$abc", Cause.UNSUPPORTED_ALGORITHM, "verifier_mismatch", None),
        ("no hash at all", Cause.MISCONFIGURED, None, "unknown_hash_format"),
        ("!", Cause.WRONG_SECRET, None, "no_password_set"),
        ("$2b$04$abcdefghijklmnopqrstuv" + "M" * 31, Cause.MISCONFIGURED, None, "hash_not_computable"),
        (f"scrypt:17:8:1$salt${'ab' * 64}", Cause.MISCONFIGURED, None, "hash_not_computable"),
        (f"$argon2id$v=19$m=1,t=1,p=4${'A' * 22}${'B' * 43}", Cause.MISCONFIGURED, None, "hash_not_computable"),
    ],
)
def test_hashes_that_cannot_be_checked(stored: str, cause: Cause, detail: str | None, problem: str | None) -> None:
    """The answer is a Failure, never an exception."""
    failure = password.check(SECRET, stored)
    assert isinstance(failure, Failure)
    assert (failure.cause, failure.detail, failure.facts.get("problem")) == (cause, detail, problem)


@pytest.mark.parametrize(
    ("stored", "parameter"),
    [
        (f"$argon2id$v=19$m=4000000000,t=1,p=1${'A' * 22}${'B' * 43}", "memory_kib"),
        (f"$argon2id$v=19$m=65536,t=4000000000,p=1${'A' * 22}${'B' * 43}", "work_kib"),
        (f"$argon2id$v=19$m=65536,t=1,p=9000${'A' * 22}${'B' * 43}", "lanes"),
        (f"$scrypt$ln=31,r=8,p=1${'A' * 22}${'B' * 43}", "memory_kib"),
        (f"$scrypt$ln=15,r=8,p=4000000000${'A' * 22}${'B' * 43}", "work_kib"),
        ("$2b$31$abcdefghijklmnopqrstuu" + "M" * 31, "cost"),
        (f"$pbkdf2-sha256$2000000000${'A' * 22}${'B' * 43}", "rounds"),
    ],
)
def test_hostile_cost_is_not_computed(stored: str, parameter: str) -> None:
    """A row that would cost minutes or gigabytes is refused without hashing."""
    failure = password.check(SECRET, stored)
    assert isinstance(failure, Failure)
    assert (failure.cause, failure.facts["parameter"]) == (Cause.UNSUPPORTED_ALGORITHM, parameter)
    assert password.STANDARD.problem(stored) == failure


def test_limits_can_be_widened() -> None:
    """A site with dearer hashes sets its own limits."""
    stored = "$2b$05$abcdefghijklmnopqrstuu" + "M" * 31
    assert isinstance(password.Passwords(password.Limits(bcrypt_cost=4)).check("x", stored), Failure)
    assert password.Passwords(password.Limits(bcrypt_cost=5)).check("x", stored) is False


@pytest.mark.parametrize(("module", "stored"), [("argon2", REAL[0]), ("bcrypt", REAL[3])])
def test_missing_library(module: str, stored: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the optional library the verifier is misconfigured; nothing crashes."""
    monkeypatch.setitem(sys.modules, module, None)
    for installed in (True, False):  # known at import time, or only when it is needed
        monkeypatch.setattr(password, "_installed", lambda _, found=installed: found)
        failure = password.check(SECRET, stored)
        assert isinstance(failure, Failure)
        assert (failure.cause, failure.detail) == (Cause.MISCONFIGURED, "missing_setting")
        assert failure.facts["setting"] == "authwhy[passwords]"


def test_default_dummy(monkeypatch: pytest.MonkeyPatch) -> None:
    """argon2id at its library's default cost; scrypt where that is not installed. Both can be computed."""
    password.default_dummy.cache_clear()
    assert password.needs_rehash(password.default_dummy(), argon2.PasswordHasher().hash("x")) is False
    assert password.check(SECRET, password.default_dummy()) is False
    monkeypatch.setattr(password, "_installed", lambda _: False)
    password.default_dummy.cache_clear()
    assert password.default_dummy().startswith("$scrypt$")
    assert password.check(SECRET, password.default_dummy()) is False
    password.default_dummy.cache_clear()


@pytest.mark.parametrize(
    ("stored", "like", "expected"),
    [
        (REAL[0], REAL[0], False),
        (REAL[0], password.default_dummy(), True),
        (password.default_dummy(), REAL[0], False),
        (REAL[3], REAL[0], True),
        (REAL[3], REAL[6], True),
        ("$apr1$x", REAL[0], True),
        ("noise", REAL[0], True),
    ],
)
def test_needs_rehash(stored: str, like: str, expected: bool) -> None:
    """Cheaper or of another scheme than the model."""
    assert password.needs_rehash(stored, like) is expected


@given(st.one_of(st.text(max_size=100), st.binary(max_size=100)), st.text(max_size=100))
def test_never_raises_on_noise(secret: str | bytes, stored: str) -> None:
    """No password and no stored text raises, and noise matches nothing."""
    assert password.check(secret, stored) is not True


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=30, alphabet=st.characters()), st.sampled_from(REAL))
def test_only_the_right_password_matches(secret: str, stored: str) -> None:
    """Any text, lone surrogates included, gives a plain answer."""
    assert password.check(secret, stored) is (secret == SECRET)


def test_identify_is_offered_here() -> None:
    """One import serves a program that only wants to know."""
    assert isinstance(password.identify(REAL[0]), StoredHash)
