"""Content-Digest: the examples of RFC 9530, and what does not fit."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.verify.hmac_request.rfc9421_vectors import BODY, FIELDS
from tests.verify.hmac_request.world import said

from authwhy.model.outcome import Refused
from authwhy.verify.hmac_request.content_digest import digest_failure
from authwhy.verify.hmac_request.interface import SignedRequest

SHA256 = "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"
SHA512 = FIELDS[3][1]


def problems(value: str, body: bytes | None = BODY, digest: str | None = None) -> list[str]:
    failure = digest_failure(value, SignedRequest("POST", "/", "", (), body, digest))
    return said(Refused((failure,))) if failure else []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (SHA256, []),
        (SHA512, []),
        (f"{SHA256}, {SHA512}", []),
        (f"{SHA256}, md5=:AAAA:", []),
        (SHA256.replace("X48", "X49"), ["bad_signature/body_changed"]),
        (f"{SHA256}, sha-512=:AAAA:", ["bad_signature/body_changed"]),
        ("md5=:AAAA:", ["unsupported_algorithm"]),
        ("", ["unsupported_algorithm"]),
        ("sha-256=AAAA", ["malformed:not_a_dictionary"]),
        ("sha-256=:AAA:", ["malformed:not_a_dictionary"]),
        ("sha-256=(:AAAA:)", ["malformed:not_a_dictionary"]),
    ],
)
def test_digests(value: str, expected: list[str]) -> None:
    """Every digest of a known algorithm must fit; one at least must be known."""
    assert problems(value) == expected


def test_only_the_hash_of_the_body_is_at_hand() -> None:
    """Then SHA-256 is compared, and nothing else can be."""
    assert problems(SHA256, None, sha256(BODY).hexdigest()) == []
    assert problems(SHA256, None, sha256(b"x").hexdigest()) == ["bad_signature/body_changed"]
    assert problems(SHA256, None, "not hex") == ["bad_signature/body_changed"]
    assert problems(SHA512, None, sha256(BODY).hexdigest()) == ["unsupported_algorithm"]


@given(st.binary(max_size=20))
def test_another_body_never_fits(body: bytes) -> None:
    """Unless it is the same."""
    assert (problems(SHA256, body) == []) == (body == BODY)
