"""HTTP Message Signatures: appendix B of RFC 9421, every way to be refused, and that any change is."""

from __future__ import annotations

from hmac import digest as hmac_digest

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.verify.hmac_request import rfc9421_vectors as rfc
from tests.verify.hmac_request.world import known, recording, said

from authwhy.model.outcome import Accepted, Outcome, Refused
from authwhy.verify.flow import Ask, SeenAsk, Unavailable, drive
from authwhy.verify.hmac_request import http_signature
from authwhy.verify.hmac_request.http_signature import HttpSignaturePolicy
from authwhy.verify.hmac_request.interface import SecretAsk, SignedRequest, SigningSecret

OPEN = HttpSignaturePolicy(required=(), body_covered=False)
POLICY = HttpSignaturePolicy()
NOW = 1_800_000_000
SECRET = "a shared secret of the right length"
KNOWN = known(SECRET)
BASE = SignedRequest(
    "POST", "/orders", "a=1", (("host", "api.example"), ("content-type", "text/plain"), ("x-n", "7")), b"hello"
)
DIGEST = "sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:"


def check(
    request: SignedRequest, policy: HttpSignaturePolicy = OPEN, now: int = rfc.CREATED, secrets: object = None
) -> Outcome:
    def answer(ask: Ask) -> object:
        if isinstance(ask, SeenAsk):
            return False
        assert isinstance(ask, SecretAsk)
        return rfc.SECRETS.get(ask.key_id, secrets)

    return drive(http_signature.verify(request, policy, now), answer)


def sign(covered: str, request: SignedRequest = BASE, label: str = "sig", secret: str = SECRET) -> SignedRequest:
    """A request signed with the shared secret."""
    blank = rfc.signed(request, label, covered, "AAAA")
    base = http_signature.string_to_sign(blank, HttpSignaturePolicy(label=label))
    assert base is not None
    import base64

    return rfc.signed(request, label, covered, base64.b64encode(hmac_digest(secret.encode(), base, "sha256")).decode())


FULL = '("@method" "@authority" "@path" "@query" "content-digest")'
WITH_DIGEST = replace(BASE, headers=(*BASE.headers, ("content-digest", DIGEST)))
PARAMETERS = f';created={NOW};keyid="k"'
GOOD = sign(FULL + PARAMETERS, WITH_DIGEST)

APPENDIX_B = [
    (
        rfc.B21,
        ['"@signature-params": ();created=1618884473;keyid="test-key-rsa-pss";nonce="b3k2pp5k7z-50gnwp.yemd"'],
    ),
    (
        rfc.B22,
        [
            '"@authority": example.com',
            '"content-digest": ' + rfc.FIELDS[3][1],
            '"@query-param";name="Pet": dog',
            (
                '"@signature-params": ("@authority" "content-digest" "@query-param";name="Pet")'
                ';created=1618884473;keyid="test-key-rsa-pss";tag="header-example"'
            ),
        ],
    ),
    (
        rfc.B23,
        [
            '"date": Tue, 20 Apr 2021 02:07:55 GMT',
            '"@method": POST',
            '"@path": /foo',
            '"@query": ?param=Value&Pet=dog',
            '"@authority": example.com',
            '"content-type": application/json',
            '"content-digest": ' + rfc.FIELDS[3][1],
            '"content-length": 18',
            (
                '"@signature-params": ("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest"'
                ' "content-length");created=1618884473;keyid="test-key-rsa-pss"'
            ),
        ],
    ),
    (
        rfc.B25,
        [
            '"date": Tue, 20 Apr 2021 02:07:55 GMT',
            '"@authority": example.com',
            '"content-type": application/json',
            '"@signature-params": ("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"',
        ],
    ),
    (
        rfc.B26,
        [
            '"date": Tue, 20 Apr 2021 02:07:55 GMT',
            '"@method": POST',
            '"@path": /foo',
            '"@authority": example.com',
            '"content-type": application/json',
            '"content-length": 18',
            (
                '"@signature-params": ("date" "@method" "@path" "@authority" "content-type" "content-length")'
                ';created=1618884473;keyid="test-key-ed25519"'
            ),
        ],
    ),
    (
        rfc.B3,
        [
            '"@path": /foo',
            '"@query": ?param=Value&Pet=dog',
            '"@method": POST',
            '"@authority": service.internal.example',
            '"client-cert": ' + rfc.CLIENT_CERT,
            (
                '"@signature-params": ("@path" "@query" "@method" "@authority" "client-cert")'
                ';created=1618884473;keyid="test-key-ecc-p256"'
            ),
        ],
    ),
]


@pytest.mark.parametrize(("request_", "lines"), APPENDIX_B, ids=["B21", "B22", "B23", "B25", "B26", "B3"])
def test_appendix_b(request_: SignedRequest, lines: list[str]) -> None:
    """The printed signature base, and the printed signature (B.2.4 signs a response)."""
    assert http_signature.string_to_sign(request_, OPEN) == "\n".join(lines).encode()
    assert isinstance(check(request_), Accepted)
    wrong = replace(
        request_, headers=(*request_.headers[:-1], ("signature", request_.headers[-1][1].replace("w", "x")))
    )
    assert said(check(wrong)) == ["bad_signature"]


Q = "name1=Value1&Name2=value2"
ORG, JSON, ANY = ("host", "example.org"), ("accept", "application/json"), ("accept", "*/*")


@pytest.mark.parametrize(
    ("request_", "good"),
    [
        (rfc.transformed("GET", Q, ORG, ("date", "Fri, 15 Jul 2022 14:24:55 GMT"), JSON, ANY), True),
        (rfc.transformed("GET", Q + "&param=added", ORG, JSON, ANY, ("accept-language", "en-US,en;q=0.5")), True),
        (rfc.transformed("GET", Q, ORG, ("referer", "x"), ("accept", "application/json, */*")), True),
        (rfc.transformed("GET", Q, JSON, ANY, ORG), True),
        (rfc.transformed("POST", Q, ("host", "example.com"), JSON, ANY), False),
        (rfc.transformed("GET", Q, ORG, ANY, JSON), False),
    ],
)
def test_appendix_b4(request_: SignedRequest, good: bool) -> None:
    """Which transformations on the way a signature survives."""
    assert said(check(request_)) == ([] if good else ["bad_signature"])


def test_accepted() -> None:
    """The defaults: method, authority, path, query where there is one, the body's digest where there is a body."""
    outcome = check(GOOD, POLICY, NOW, KNOWN)
    assert isinstance(outcome, Accepted)
    assert outcome.claims == {
        "sub": "alice",
        "key_id": "k",
        "label": "sig",
        "covered": ("@method", "@authority", "@path", "@query", "content-digest"),
        "tag": None,
    }


SHORT = '("@target-uri" "@method" "content-digest")'


def made(parameters: str, covered: str = FULL) -> SignedRequest:
    return sign(covered + parameters, WITH_DIGEST)


@pytest.mark.parametrize(
    ("request_", "now", "expected"),
    [
        (made(PARAMETERS, SHORT), NOW, []),
        (
            made(PARAMETERS, '("@method" "@path")'),
            NOW,
            ["missing_claim:@authority", "missing_claim:@query", "missing_claim:content-digest"],
        ),
        (made(PARAMETERS, FULL.replace('digest"', 'digest";key="sha-256"')), NOW, ["missing_claim:content-digest"]),
        (made(';keyid="k"'), NOW, ["missing_claim:created"]),
        (made(f";created={NOW}"), NOW, ["missing_claim:keyid"]),
        (GOOD, NOW + 300, []),
        (GOOD, NOW + 301, ["expired"]),
        (GOOD, NOW - 30, []),
        (GOOD, NOW - 31, ["not_yet_valid"]),
        (made(PARAMETERS + f";expires={NOW + 5}"), NOW + 6, ["expired"]),
        (made(PARAMETERS + ';alg="hmac-sha256"'), NOW, []),
        (made(PARAMETERS + ';alg="ed25519"'), NOW, ["unsupported_algorithm/verifier_mismatch"]),
        (made(PARAMETERS + ';alg="none"'), NOW, ["unsupported_algorithm"]),
        (made(f';created="{NOW}";keyid="k"'), NOW, ["malformed:wrong_type"]),
        (made(f";created={NOW};keyid=k"), NOW, ["malformed:wrong_type"]),
        (replace(GOOD, method="PUT"), NOW, ["bad_signature"]),
        (replace(GOOD, path="/other"), NOW, ["bad_signature"]),
        (replace(GOOD, query="a=2"), NOW, ["bad_signature"]),
        (replace(GOOD, query=""), NOW, ["bad_signature"]),
        (replace(GOOD, body=b"bye"), NOW, ["bad_signature/body_changed"]),
        (replace(GOOD, headers=(("host", "evil.example"), *GOOD.headers[1:])), NOW, ["bad_signature"]),
        (replace(GOOD, headers=GOOD.headers[1:]), NOW, ["missing_claim:host"]),
        (replace(GOOD, headers=GOOD.headers[:-1]), NOW, ["missing_claim:signature"]),
        (replace(GOOD, headers=(*GOOD.headers[:-2], GOOD.headers[-1])), NOW, ["missing_claim:signature-input"]),
        (BASE, NOW, ["missing"]),
        (rfc.signed(BASE, "sig", "(", "AAAA"), NOW, ["malformed:not_a_dictionary"]),
        (rfc.signed(BASE, "sig", "x", "AAAA"), NOW, ["malformed:not_a_list"]),
        (rfc.signed(BASE, "sig", "()", "AAA"), NOW, ["malformed:not_a_dictionary"]),
        (rfc.signed(BASE, "sig", '("@status")', "AAAA"), NOW, ["malformed:unknown_component"]),
        (rfc.signed(BASE, "sig", '("x-n" "x-n")', "AAAA"), NOW, ["malformed:duplicate"]),
        (rfc.signed(BASE, "sig", '("x-absent")', "AAAA"), NOW, ["missing_claim:x-absent"]),
        (rfc.signed(BASE, "sig", '("x-n";sf)', "AAAA"), NOW, ["unsupported_algorithm"]),
    ],
)
def test_causes(request_: SignedRequest, now: int, expected: list[str]) -> None:
    """Every failing check, in order."""
    assert said(check(request_, POLICY, now, KNOWN)) == expected


def test_a_digest_that_no_known_algorithm_made() -> None:
    """Or that cannot be read."""
    for value, expected in (("md5=:AAAA:", ["unsupported_algorithm"]), ("x", ["malformed:not_a_dictionary"])):
        request = sign(FULL + PARAMETERS, replace(BASE, headers=(*BASE.headers, ("content-digest", value))))
        assert said(check(request, POLICY, NOW, KNOWN)) == expected


def test_nobody_and_a_key_of_another_kind() -> None:
    """A public key cannot be made to check a MAC, nor a MAC's secret a public-key signature."""
    assert said(check(GOOD, POLICY, NOW)) == ["unknown_identity"]
    public = known(SigningSecret("k", rfc.public_key("test-key-ed25519")))
    assert said(check(made(PARAMETERS + ';alg="hmac-sha256"'), POLICY, NOW, public)) == [
        "unsupported_algorithm/verifier_mismatch"
    ]
    only = HttpSignaturePolicy(algorithms=("ed25519",))
    assert said(check(GOOD, only, NOW, KNOWN)) == ["unsupported_algorithm/verifier_mismatch"]


def test_several_signatures() -> None:
    """One that holds is enough; label and tag choose; more than four are not tried."""
    bad = rfc.signed(GOOD, "other", "()" + PARAMETERS, "AAAA")
    assert said(check(bad, POLICY, NOW, KNOWN)) == []
    assert said(check(bad, HttpSignaturePolicy(label="other"), NOW, KNOWN))[0] == "bad_signature"
    assert said(check(bad, HttpSignaturePolicy(label="absent"), NOW, KNOWN)) == ["missing_claim:signature"]
    tagged = sign(FULL + PARAMETERS + ';tag="app"', WITH_DIGEST)
    assert said(check(tagged, HttpSignaturePolicy(tag="app"), NOW, KNOWN)) == []
    assert said(check(tagged, HttpSignaturePolicy(tag="web"), NOW, KNOWN)) == ["missing_claim:tag"]
    many = GOOD
    for number in range(4):
        many = rfc.signed(many, f"s{number}", "()" + PARAMETERS, "AAAA")
    assert said(check(many, POLICY, NOW, KNOWN)) == ["malformed:too_large"]


def test_an_outage_behind_a_bad_signature() -> None:
    """It stays an outage: the second signature might have held."""
    other = f'();created={NOW};keyid="test-shared-secret"'
    request = rfc.signed(BASE, "a", other, "AAAA")
    request = rfc.signed(request, "b", "()" + PARAMETERS, "AAAA")
    assert said(check(request, OPEN, NOW, Unavailable())) == ["provider_unreachable"]


def test_replay() -> None:
    """By the nonce, else by what was signed; kept as long as it could be accepted."""
    policy = replace(POLICY, check_replay=True)
    for request, value in ((made(PARAMETERS + ';nonce="n1"'), "nonce:n1"), (GOOD, None)):
        asked: list[Ask] = []
        assert isinstance(drive(http_signature.verify(request, policy, NOW), recording(KNOWN, asked)), Accepted)
        seen = asked[-1]
        assert isinstance(seen, SeenAsk)
        assert seen.until == NOW + 301
        assert value in (None, seen.value)


def test_the_four_public_key_algorithms() -> None:
    """Keys made here: each signs, and one bit of the signature refuses."""
    import base64

    edwards, curve = ed25519.Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP384R1())
    modulus = rsa.generate_private_key(65_537, 2048)

    def ecdsa(base: bytes) -> bytes:
        r, s = decode_dss_signature(curve.sign(base, ec.ECDSA(hashes.SHA384())))
        return r.to_bytes(48, "big") + s.to_bytes(48, "big")

    pss = padding.PSS(padding.MGF1(hashes.SHA512()), 64)
    for alg, public, make in (
        ("ed25519", edwards.public_key(), edwards.sign),
        ("ecdsa-p384-sha384", curve.public_key(), ecdsa),
        ("rsa-pss-sha512", modulus.public_key(), lambda base: modulus.sign(base, pss, hashes.SHA512())),
        ("rsa-v1_5-sha256", modulus.public_key(), lambda base: modulus.sign(base, padding.PKCS1v15(), hashes.SHA256())),
    ):
        covered = f'{FULL}{PARAMETERS};alg="{alg}"'
        base = http_signature.string_to_sign(rfc.signed(WITH_DIGEST, "s", covered, "AAAA"), POLICY)
        assert base is not None
        signature = make(base)
        secrets = known(SigningSecret("k", public))
        good = rfc.signed(WITH_DIGEST, "s", covered, base64.b64encode(signature).decode())
        assert said(check(good, POLICY, NOW, secrets)) == []
        flipped = base64.b64encode(bytes([signature[0] ^ 1]) + signature[1:]).decode()
        assert said(check(rfc.signed(WITH_DIGEST, "s", covered, flipped), POLICY, NOW, secrets)) == ["bad_signature"]


@pytest.mark.parametrize(
    "settings",
    [{"algorithms": ("none",)}, {"algorithms": ()}, {"required": "@method"}, {"max_age_s": -1}, {"leeway_s": -1}],
)
def test_settings_that_cannot_work(settings: dict[str, object]) -> None:
    """Told when the policy is made."""
    with pytest.raises(ValueError):
        HttpSignaturePolicy(**settings)  # type: ignore[arg-type]


OCTETS = st.text(st.characters(max_codepoint=255), max_size=20)


@given(st.sampled_from(["GET", "POST", "M-X"]), OCTETS, OCTETS, OCTETS, st.binary(max_size=8))
def test_any_change_to_a_covered_part_is_refused(method: str, path: str, query: str, host: str, body: bytes) -> None:
    """Accepted only where the signature base is the same and the body fits its digest."""
    headers = (("host", host), *GOOD.headers[1:])
    request = replace(GOOD, method=method, path=path, query=query, headers=headers, body=body)
    same = http_signature.string_to_sign(request, POLICY) == http_signature.string_to_sign(GOOD, POLICY)
    assert isinstance(check(request, POLICY, NOW, KNOWN), Accepted) == (same and body == GOOD.body)


@given(st.sampled_from(range(len(GOOD.headers[-2][1]))), st.characters(max_codepoint=255))
def test_any_change_to_the_parameters_is_refused(at: int, letter: str) -> None:
    """Blanks that strict spelling does not keep apart: a changed letter of Signature-Input never verifies."""
    text = GOOD.headers[-2][1]
    other = text[:at] + letter + text[at + 1 :]
    headers = (*GOOD.headers[:-2], ("signature-input", other), GOOD.headers[-1])
    assert isinstance(check(replace(GOOD, headers=headers), POLICY, NOW, KNOWN), Accepted) == (other == text)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["signature-input", "signature", "content-digest", "host", "x"]),
            st.text(max_size=60) | st.text(st.sampled_from('sig=();:"@AB01, \\?'), max_size=60),
        ),
        max_size=8,
    ),
    st.text(max_size=20),
)
def test_hostile_requests_never_raise(headers: list[tuple[str, str]], text: str) -> None:
    """And never are an error of the verifier's."""
    for request in (SignedRequest("GET", text, text, tuple(headers)), replace(GOOD, headers=(*headers, *GOOD.headers))):
        outcome = check(request, POLICY, NOW)
        assert isinstance(outcome, Refused)
        assert not {"misconfigured", "provider_error"} & set(outcome.causes)
