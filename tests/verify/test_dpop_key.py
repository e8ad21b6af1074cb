"""The header of a DPoP proof: thumbprints against joserfc and the RFC, and keys that may not come along."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc import jwk as jose_jwk
from tests.verify.jose_tokens import number, segment, signer

from authwhy.model.outcome import Failure
from authwhy.model.policy import KNOWN_ALGORITHMS, SAFE_ALGORITHMS
from authwhy.verify.dpop_key import ProofHeader, read_proof_header, thumbprint
from authwhy.verify.segments import Damage

ONE = signer("ES256", None)
HEADER = {"typ": "dpop+jwt", "alg": "ES256", "jwk": ONE.jwk}
RFC_9449 = {
    "kty": "EC",
    "crv": "P-256",
    "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
    "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
}


def read(header: object, algorithms: tuple[str, ...] = SAFE_ALGORITHMS) -> ProofHeader | Damage | Failure:
    return read_proof_header(segment(header).encode(), algorithms)


def test_thumbprint_of_the_example() -> None:
    """RFC 9449 6.1; other members do not count, their order neither (RFC 7638 3)."""
    assert thumbprint(RFC_9449) == "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
    assert thumbprint({"kid": "x", "use": "sig", **dict(reversed(RFC_9449.items()))}) == thumbprint(RFC_9449)


@pytest.mark.parametrize("alg", [alg for alg in KNOWN_ALGORITHMS if not alg.startswith("HS")])
def test_thumbprints_and_keys_of_every_algorithm(alg: str) -> None:
    """joserfc computes the same; the key checks that algorithm."""
    one = signer(alg, None)
    found = read({**HEADER, "alg": alg, "jwk": one.jwk}, KNOWN_ALGORITHMS)
    assert isinstance(found, ProofHeader)
    imported: Any = jose_jwk.import_key(one.jwk)  # type: ignore[arg-type]
    assert found.thumbprint == thumbprint(one.jwk) == imported.thumbprint()
    assert found.resolution.lengths


@pytest.mark.parametrize(
    "jwk", [{"kty": "oct", "k": "AAAA"}, {"kty": "EC", "crv": "P-256", "x": 1, "y": 2}, {}, {"kty": []}]
)
def test_no_thumbprint(jwk: dict[str, object]) -> None:
    assert thumbprint(jwk) is None


DAMAGED: list[tuple[object, str]] = [
    (None, "missing_member"),
    ("text", "wrong_type"),
    ([], "wrong_type"),
    ({**ONE.jwk, "d": "AAAA"}, "private_key"),
    ({"kty": "oct", "k": "AAAA"}, "private_key"),
    ({**ONE.jwk, "x": "AAAA"}, "encoding"),
    ({**ONE.jwk, "y": ONE.jwk["x"]}, "invalid_key"),
    ({**ONE.jwk, "kid": 1}, "invalid_key"),
    ({}, "missing_member"),
]


@pytest.mark.parametrize(("jwk", "problem"), DAMAGED)
def test_a_key_that_cannot_be_used(jwk: object, problem: str) -> None:
    """One word from a fixed list; a private key is refused whatever else it is (RFC 9449 4.3)."""
    found = read({**HEADER, "jwk": jwk})
    assert isinstance(found, Failure)
    assert (found.cause.value, found.facts) == ("malformed", {"part": "header", "member": "jwk", "problem": problem})


WEAK = {"kty": "RSA", "e": "AQAB", "n": number(2**1023 + 1)}
UNWANTED: list[tuple[dict[str, object], str]] = [
    ({"alg": "HS256"}, "unsupported_algorithm"),
    ({"alg": "none"}, "unsupported_algorithm"),
    ({"alg": "ES384"}, "unsupported_algorithm"),
    ({"alg": "RS256", "jwk": WEAK}, "unsupported_algorithm"),
    ({"jwk": {**ONE.jwk, "crv": "P-192"}}, "unsupported_algorithm"),
    ({"jwk": {**ONE.jwk, "kty": "AKP"}}, "unsupported_algorithm"),
    ({"jwk": {**ONE.jwk, "use": "enc"}}, "unsupported_algorithm"),
    ({"jwk": {**ONE.jwk, "alg": "ES384"}}, "unsupported_algorithm"),
    ({"crit": ["x"], "x": 1}, "unsupported_algorithm"),
]


@pytest.mark.parametrize(("changes", "cause"), UNWANTED)
def test_a_choice_that_is_not_accepted(changes: dict[str, object], cause: str) -> None:
    """There is then no key that could verify anything."""
    found = read({**HEADER, **changes})
    assert isinstance(found, ProofHeader)
    assert [each.cause.value for each in (*found.resolution.algorithm, *found.resolution.key)] == [cause]
    assert not found.resolution.lengths


def test_damaged_headers() -> None:
    """As verify.jws reads them."""
    assert read_proof_header(b"", SAFE_ALGORITHMS) == Damage("not_json", "header")
    assert read({"jwk": ONE.jwk}) == Damage("missing_member", "header", "alg")


def test_the_name_of_the_key_does_not_matter() -> None:
    """There is one key, whatever header and key call it."""
    found = read({**HEADER, "kid": "other", "jwk": signer("ES256").jwk})
    assert isinstance(found, ProofHeader)
    assert found.resolution.lengths
