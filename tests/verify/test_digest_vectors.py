"""The examples that RFC 7616 and RFC 2617 print."""

from __future__ import annotations

import hashlib

import pytest
from msgspec.structs import replace
from tests.verify.digest_client import header
from tests.verify.test_digest import causes, check

from authwhy.verify import digest
from authwhy.verify.digest import DigestRequest, DigestSecret
from authwhy.verify.digest_challenge import ALGORITHMS, DigestPolicy

RFC_7616 = {
    "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
    "nc": "00000001",
    "cnonce": "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    "qop": "auth",
    "opaque": "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS",
}
RFC_7616_NAME = {
    "realm": "api@example.org",
    "uri": "/doe.json",
    "algorithm": "SHA-512-256",
    "nonce": "5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK",
    "nc": "00000001",
    "cnonce": "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v",
    "qop": "auth",
    "response": "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5",
    "opaque": "HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS",
}
USERHASH = "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"
MUFASA = {"username": "Mufasa", "realm": "http-auth@example.org", "uri": "/dir/index.html", **RFC_7616}
DOE = "J\u00e4s\u00f8n Doe"
VECTORS = {
    "RFC 7616 3.9.1 SHA-256": (
        {
            **MUFASA,
            "algorithm": "SHA-256",
            "response": "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
        },
        DigestSecret("Mufasa", password="Circle of Life"),
    ),
    "RFC 7616 3.9.1 MD5": (
        {**MUFASA, "algorithm": "MD5", "response": "8ca523f5e9506fed4657c9700eebdbec"},
        DigestSecret("Mufasa", password="Circle of Life"),
    ),
    "RFC 7616 3.9.2 userhash": (
        {"username": USERHASH, "userhash": "true", **RFC_7616_NAME},
        DigestSecret(DOE, password="Secret, or not?"),
    ),
    "RFC 7616 3.9.2 username*": (
        {"username*": "UTF-8''J%C3%A4s%C3%B8n%20Doe", "userhash": "false", **RFC_7616_NAME},
        DigestSecret(DOE, password="Secret, or not?"),
    ),
    "RFC 2617 3.5": (
        {
            "username": "Mufasa",
            "realm": "testrealm@host.com",
            "nonce": "dcd98b7102dd2f0e8b11d0f600bfb0c093",
            "uri": "/dir/index.html",
            "qop": "auth",
            "nc": "00000001",
            "cnonce": "0a4f113b",
            "response": "6629fae49393a05397450978507c4ef1",
            "opaque": "5ccc069c403ebaf9f0171e9517f40e41",
        },
        DigestSecret("Mufasa", password="Circle Of Life"),
    ),
}


@pytest.mark.parametrize("name", VECTORS)
def test_vectors_of_the_rfcs(name: str) -> None:
    """Nothing but the nonce, which is not ours, is wrong with them; another password is."""
    sent, secret = VECTORS[name]
    policy = DigestPolicy(
        realm=sent["realm"], algorithms=(sent.get("algorithm", "MD5"),), opaque=sent["opaque"], userhash=True
    )
    request = DigestRequest("GET", sent["uri"])
    outcome = check(header(sent), secret, policy=policy, request=request)
    assert causes(outcome) == ["stale_nonce"]
    assert digest.is_stale(outcome)
    other = check(header(sent), replace(secret, password="circle of life"), policy=policy, request=request)
    assert causes(other) == ["wrong_secret", "stale_nonce"]
    assert not digest.is_stale(other)


def test_the_printed_vector_of_3_9_2_is_another_hash() -> None:
    """RFC 7616 prints SHA-512 cut to 256 bits; erratum 4897 gives the values of SHA-512/256, which are tested above."""
    name = f"{DOE}:api@example.org".encode()
    assert hashlib.sha512(name).hexdigest()[:64] == "488869477bf257147b804c45308cd62ac4e25eb717b12b298c79e62dcea254ec"
    assert ALGORITHMS["SHA-512-256"].hash(name) == USERHASH
