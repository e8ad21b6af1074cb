"""The envelope: what a header may say, and which key follows from it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.verify.jose_tokens import SECRET, b64, number, segment, signer

from authwhy.causes import Cause
from authwhy.model.outcome import Failure
from authwhy.model.policy import KNOWN_ALGORITHMS, SAFE_ALGORITHMS
from authwhy.verify.jwk import MAX_CANDIDATES, NO_KEYS, KeySet
from authwhy.verify.jws import (
    MAX_NAME,
    Header,
    Resolution,
    algorithm_failure,
    clip,
    never,
    read_header,
    resolve,
    signature_failures,
)
from authwhy.verify.segments import Damage

SIGNED = b"header.claims"


def read(members: object) -> Header | Damage:
    """Read a header from its members or text."""
    return read_header(segment(members).encode())


@pytest.mark.parametrize(
    ("members", "header"),
    [
        ({"alg": "RS256"}, Header("RS256")),
        ({"alg": "RS256", "kid": "", "typ": "JWT"}, Header("RS256", "", "jwt")),
        ({"alg": "ES256", "typ": "application/AT+jwt"}, Header("ES256", None, "at+jwt")),
        ({"alg": "", "jwk": {}, "jku": 1, "x5c": "x", "cty": None}, Header("")),
        ({"alg": "x", "crit": ["a"], "a": None}, Header("x", crit=("a",))),
        ({"alg": "x", "b64": True}, Header("x")),
        ({"alg": "x", "b64": False}, Header("x", b64=False)),
        (b' {"alg" :\n"x"}\t', Header("x")),
    ],
)
def test_headers_are_read(members: object, header: Header) -> None:
    """Members that bring a key are not looked at."""
    assert read(members) == header


@pytest.mark.parametrize(
    ("members", "damage"),
    [
        ({}, Damage("missing_member", "header", "alg")),
        ({"alg": None}, Damage("wrong_type", "header", "alg")),
        ({"alg": ["RS256"]}, Damage("wrong_type", "header", "alg")),
        ({"alg": "x", "kid": 1}, Damage("wrong_type", "header", "kid")),
        ({"alg": "x", "kid": None}, Damage("wrong_type", "header", "kid")),
        ({"alg": "x", "typ": []}, Damage("wrong_type", "header", "typ")),
        ({"alg": "x", "b64": 0}, Damage("wrong_type", "header", "b64")),
        ({"alg": "x", "crit": "a", "a": 1}, Damage("wrong_type", "header", "crit")),
        ({"alg": "x", "crit": []}, Damage("bad_crit", "header", "crit")),
        ({"alg": "x", "crit": [1]}, Damage("bad_crit", "header", "crit")),
        ({"alg": "x", "crit": ["a"]}, Damage("bad_crit", "header", "crit")),
        ({"alg": "x", "crit": ["a", "a"], "a": 1}, Damage("bad_crit", "header", "crit")),
        ({"alg": "x", "crit": ["kid"], "kid": "a"}, Damage("bad_crit", "header", "crit")),
        (b'{"alg":"x","alg":"y"}', Damage("duplicate_member", "header")),
        (b"[]", Damage("not_json", "header")),
        (b"", Damage("not_json", "header")),
        (b'{"alg":"x"', Damage("cut", "header")),
        ({"alg": "x" * 9_000}, Damage("too_large", "header")),
    ],
)
def test_a_header_that_cannot_be_read_is_damage(members: object, damage: Damage) -> None:
    """RFC 7515 4.1, 4.1.11."""
    assert read(members) == damage


@pytest.mark.parametrize("alg", ["none", "None", "nOnE", "NONE", "", "rs256", "RS256 ", "HS256\0", "dir", "RSA-OAEP"])
def test_no_policy_can_allow_what_is_no_algorithm(alg: str) -> None:
    """Also one that was made around the checks of JwtPolicy."""
    failure = algorithm_failure(Header(alg), (*KNOWN_ALGORITHMS, alg), ())
    assert failure is not None
    assert (failure.cause, failure.detail) == (Cause.UNSUPPORTED_ALGORITHM, None)
    assert failure.facts["alg"] == alg


def test_an_algorithm_outside_the_policy_is_a_mismatch() -> None:
    """Known, and not wanted here."""
    assert algorithm_failure(Header("HS256"), SAFE_ALGORITHMS, ()) == Failure(
        Cause.UNSUPPORTED_ALGORITHM, "verifier_mismatch", {"alg": "HS256", "expected": SAFE_ALGORITHMS}
    )
    assert algorithm_failure(Header("RS256"), SAFE_ALGORITHMS, ()) is None


def test_critical_extensions_are_accepted_only_by_name() -> None:
    """All of them."""
    header = Header("RS256", crit=("a", "b"))
    assert algorithm_failure(header, SAFE_ALGORITHMS, ("a", "b")) is None
    failure = algorithm_failure(header, SAFE_ALGORITHMS, ("a",))
    assert failure is not None
    assert failure.facts["crit"] == ("b",)


def test_an_unencoded_payload_is_never_accepted() -> None:
    """RFC 7797 7: a JWT must not use it, declared or not."""
    for header in (Header("RS256", b64=False), Header("RS256", crit=("b64",), b64=False)):
        failure = algorithm_failure(header, SAFE_ALGORITHMS, ("b64",))
        assert failure is not None
        assert failure.facts["crit"] == ("b64",)


def cause(resolution: Resolution) -> tuple[Cause, str | None, dict[str, Any]]:
    """What the choice of a key failed with."""
    (failure,) = resolution.key
    assert resolution.check is never
    assert resolution.lengths == frozenset()
    return failure.cause, failure.detail, dict(failure.facts)


def test_the_key_with_the_id_is_chosen() -> None:
    """And only that one."""
    right, wrong = signer("RS256", "a"), signer("RS256", "b", 1)
    keys = KeySet.from_jwks({"keys": [right.jwk, wrong.jwk]})
    resolution = resolve(Header("RS256", "a"), None, keys)
    assert resolution.facts == {"alg": "RS256", "kid": "a"}
    assert resolution.check(SIGNED, b64(right.sign(SIGNED)).encode())
    assert not resolution.check(SIGNED, b64(wrong.sign(SIGNED)).encode())


def test_without_an_id_every_fitting_key_is_tried_up_to_a_bound() -> None:
    """The last of the bound still counts, the next does not."""
    jwks = [signer("EdDSA", f"k{index}", index).jwk for index in range(MAX_CANDIDATES + 1)]
    keys = KeySet.from_jwks({"keys": [signer("ES256").jwk, *jwks]})
    resolution = resolve(Header("EdDSA"), None, keys)
    assert resolution.bad_signature[0].facts["keys_tried"] == MAX_CANDIDATES
    last, beyond = signer("EdDSA", None, MAX_CANDIDATES - 1), signer("EdDSA", None, MAX_CANDIDATES)
    assert resolution.check(SIGNED, b64(last.sign(SIGNED)).encode())
    assert not resolution.check(SIGNED, b64(beyond.sign(SIGNED)).encode())


def test_an_id_that_the_set_lacks_is_an_unknown_key() -> None:
    """With how many keys are known."""
    keys = KeySet.from_jwks({"keys": [signer("RS256").jwk, signer("ES256", "k2").jwk]})
    facts = {"alg": "RS256", "kid": "k9", "known": 2}
    assert cause(resolve(Header("RS256", "k9"), None, keys)) == (Cause.UNKNOWN_KEY, None, facts)
    assert cause(resolve(Header("RS256"), None, NO_KEYS)) == (
        Cause.UNKNOWN_KEY, None, {"alg": "RS256", "kid": None, "known": 0},
    )  # fmt: skip


def test_a_key_of_another_kind_is_an_unsupported_algorithm() -> None:
    """By its id, and when no key of the set fits."""
    keys = KeySet.from_jwks({"keys": [signer("RS256").jwk]})
    for kid in ("k1", None):
        found = cause(resolve(Header("HS256", kid), None, keys))
        assert found[:2] == (Cause.UNSUPPORTED_ALGORITHM, "verifier_mismatch")
        assert found[2]["expected"] == ("PS256", "PS384", "PS512", "RS256", "RS384", "RS512")


def test_a_key_that_was_left_out_explains_itself() -> None:
    """Too weak is the algorithm's fault, anything else an unknown key."""
    weak = {"kty": "RSA", "e": "AQAB", "n": number(2**1023 + 1), "kid": "old"}
    keys = KeySet.from_jwks({"keys": [weak, {**signer("ES256").jwk, "kid": "enc", "use": "enc"}]})
    found = cause(resolve(Header("RS256", "old"), None, keys))
    assert found[:2] == (Cause.UNSUPPORTED_ALGORITHM, "too_old")
    assert (found[2]["bits"], found[2]["minimum_bits"]) == (1024, 2048)
    found = cause(resolve(Header("ES256", "enc"), None, keys))
    assert (found[0], found[2]["problem"]) == (Cause.UNKNOWN_KEY, "not_for_signatures")


def test_a_refused_algorithm_chooses_no_key() -> None:
    """No signature routine is reached."""
    refusal = Failure(Cause.UNSUPPORTED_ALGORITHM)
    resolution = resolve(Header("HS256"), refusal, KeySet.from_secret(SECRET))
    assert (resolution.algorithm, resolution.key, resolution.check) == ((refusal,), (), never)
    assert signature_failures(resolution, b"") == ()
    assert signature_failures(resolution, b"AA=") == Damage("not_base64url", "signature")
    assert never(b"", b"") is False


@pytest.mark.parametrize(
    ("octets", "cause", "detail"),
    [
        (b"\0" * 64, Cause.BAD_SIGNATURE, None),
        (b"", Cause.MALFORMED, "truncated"),
        (b"\0" * 63, Cause.MALFORMED, "truncated"),
        (b"\0" * 33, Cause.MALFORMED, "truncated"),
        (b"\0" * 32, Cause.BAD_SIGNATURE, None),
        (b"\0" * 65, Cause.BAD_SIGNATURE, None),
        (b"\0" * 71, Cause.BAD_SIGNATURE, None),
        (b"\0" * 256, Cause.BAD_SIGNATURE, None),
    ],
)
def test_a_signature_that_is_too_short_was_cut(octets: bytes, cause: Cause, detail: str | None) -> None:
    """Unless it is as long as a complete one by another algorithm."""
    found = signature_failures(resolve(Header("ES256"), None, signer("ES256").keys), b64(octets).encode())
    assert isinstance(found, tuple)
    assert (found[0].cause, found[0].detail) == (cause, detail)
    if len(octets) != 64:
        assert (found[0].facts["seen_bytes"], found[0].facts["expected_bytes"]) == (len(octets), 64)


def test_a_signature_beyond_any_size_is_not_decoded() -> None:
    """Damage, whatever is in it."""
    found = signature_failures(resolve(Header("ES256"), None, signer("ES256").keys), b"!" * 3_000)
    assert found == Damage("too_large", "signature")


def test_text_of_the_token_is_clipped_in_facts() -> None:
    """A kid of 4,000 characters does not fill a log."""
    assert clip("k") == "k"
    assert len(clip("k" * 5_000)) == MAX_NAME
    found = resolve(Header("RS256", "k" * 5_000), None, signer("RS256").keys)
    assert len(str(found.key[0].facts["kid"])) == MAX_NAME
    assert "k" * 300 not in json.dumps({**algorithm_failure(Header("k" * 500), (), ()).facts})  # type: ignore[union-attr]
