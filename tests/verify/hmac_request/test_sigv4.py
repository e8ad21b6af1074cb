"""Signature Version 4: AWS's documented values, every way to be refused, and that any change to a signed part is."""

from __future__ import annotations

from hashlib import sha256
from hmac import digest as hmac_digest

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.verify.hmac_request import sigv4_vectors as aws
from tests.verify.hmac_request.world import judge, known, recording, said

from authwhy.model.outcome import Accepted, Outcome, Refused
from authwhy.verify.flow import Ask, drive
from authwhy.verify.hmac_request import sigv4
from authwhy.verify.hmac_request.interface import SecretAsk, SignedRequest, SigningSecret
from authwhy.verify.hmac_request.sigv4 import SigV4Policy

POLICY = SigV4Policy(regions=("us-east-1",), services=("service", "s3"))
ANY = SigV4Policy()


def with_signature(request: SignedRequest, scope: str = aws.SCOPE, signature: str = "0" * 64) -> SignedRequest:
    value = aws.credential(request, scope, signature)
    return replace(request, headers=(*request.headers, ("authorization", value)))


def sign(request: SignedRequest, scope: str = aws.SCOPE, policy: SigV4Policy = ANY) -> SignedRequest:
    """A good request, by the verifier's own string to sign (proven by the documented values)."""
    to_sign = sigv4.string_to_sign(with_signature(request, scope), policy)
    key = sigv4.signing_key(SigningSecret("", aws.SUITE_SECRET), scope)
    assert to_sign is not None
    assert key is not None
    return with_signature(request, scope, hmac_digest(key, to_sign, "sha256").hex())


def check(
    request: SignedRequest, policy: SigV4Policy = POLICY, now: int = aws.AT, secrets: object = aws.KNOWN
) -> Outcome:
    return judge(sigv4.verify(request, policy, now), secrets)


@pytest.mark.parametrize(("name", "request_", "digest", "signature"), aws.SUITE, ids=[case[0] for case in aws.SUITE])
def test_the_test_suite_of_aws(name: str, request_: SignedRequest, digest: str | None, signature: str) -> None:
    """The hash of the canonical request is in the string to sign; the signature is accepted."""
    request = with_signature(request_, aws.SCOPE, signature)
    to_sign = sigv4.string_to_sign(request, POLICY)
    assert to_sign is not None
    head = f"AWS4-HMAC-SHA256\n20150830T123600Z\n{aws.SCOPE}\n".encode()
    assert to_sign.startswith(head)
    assert digest is None or to_sign == head + digest.encode()
    assert isinstance(check(request), Accepted)


@pytest.mark.parametrize(("path", "signature"), aws.UNNORMALISED)
def test_paths_that_are_not_normalised(path: str, signature: str) -> None:
    """The rule of S3, with the suite's own values for it."""
    request = with_signature(SignedRequest("GET", path, "", (aws.HOST, aws.DATE)), aws.SCOPE, signature)
    assert isinstance(check(request, SigV4Policy(once_encoded=("service",))), Accepted)


@pytest.mark.parametrize(("request_", "signature"), aws.S3)
def test_the_examples_of_s3(request_: SignedRequest, signature: str) -> None:
    """GET with Range, PUT with `$` in the key, a parameter without value, two parameters."""
    request = with_signature(request_, "20130524/us-east-1/s3/aws4_request", signature)
    assert isinstance(check(request, now=aws.S3_AT, secrets=aws.S3_KNOWN), Accepted)


@pytest.mark.parametrize(
    ("after_s", "expected"), [(0, []), (-300, []), (-301, ["not_yet_valid"]), (86_400, []), (86_401, ["expired"])]
)
def test_the_presigned_url_of_s3(after_s: int, expected: list[str]) -> None:
    """Good for X-Amz-Expires from X-Amz-Date on."""
    assert said(check(aws.PRESIGNED, now=aws.S3_AT + after_s, secrets=aws.S3_KNOWN)) == expected


def test_the_derived_key_of_the_documentation() -> None:
    """AWS's own example of the four steps."""
    key = sigv4.signing_key(SigningSecret("", aws.SUITE_SECRET), "20120215/us-east-1/iam/aws4_request")
    assert key == bytes.fromhex("f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d")


ORDER = SignedRequest(
    "POST",
    "/orders/a%20b",
    "limit=20&expand=items",
    (aws.HOST, ("content-type", "application/json"), aws.DATE),
    b'{"n": 1}',
)
GOOD = sign(ORDER)
S3_SCOPE = "20150830/us-east-1/s3/aws4_request"


def changed(request: SignedRequest, name: str, value: str | None) -> SignedRequest:
    """Another value for one header, or none."""
    pairs = [(known, value if known == name else text) for known, text in request.headers]
    return replace(request, headers=tuple((known, text) for known, text in pairs if text is not None))


def test_accepted() -> None:
    """Claims name the owner, the key and the scope."""
    outcome = check(GOOD)
    assert isinstance(outcome, Accepted)
    assert outcome.claims == {"sub": "alice", "key_id": "AKIDEXAMPLE", "region": "us-east-1", "service": "service"}


@pytest.mark.parametrize(
    ("request_", "now", "expected"),
    [
        (replace(GOOD, method="PUT"), aws.AT, ["bad_signature"]),
        (replace(GOOD, path="/orders/a%2520b"), aws.AT, ["bad_signature"]),
        (replace(GOOD, query="limit=21&expand=items"), aws.AT, ["bad_signature"]),
        (replace(GOOD, query=""), aws.AT, ["bad_signature"]),
        (replace(GOOD, body=b"{}"), aws.AT, ["bad_signature"]),
        (changed(GOOD, "host", "evil.example"), aws.AT, ["bad_signature"]),
        (changed(GOOD, "content-type", "text/plain"), aws.AT, ["bad_signature"]),
        (changed(GOOD, "x-amz-date", "20150830T123601Z"), aws.AT, ["bad_signature"]),
        (changed(GOOD, "content-type", None), aws.AT, ["bad_signature", "missing_claim:content-type"]),
        (changed(GOOD, "x-amz-date", None), aws.AT, ["missing_claim:x-amz-date"]),
        (changed(GOOD, "x-amz-date", "yesterday"), aws.AT, ["malformed:not_a_date"]),
        (changed(GOOD, "x-amz-date", "20150831T123600Z"), aws.AT, ["malformed:date_mismatch"]),
        (GOOD, aws.AT + 300, []),
        (GOOD, aws.AT - 300, []),
        (GOOD, aws.AT + 301, ["expired"]),
        (GOOD, aws.AT - 301, ["not_yet_valid"]),
        (replace(GOOD, headers=(*GOOD.headers, ("x-amz-target", "x"))), aws.AT, ["missing_claim:x-amz-target"]),
        (replace(GOOD, headers=(*GOOD.headers, ("x-other", "x"))), aws.AT, []),
        (replace(GOOD, headers=(*GOOD.headers, GOOD.headers[-1])), aws.AT, ["malformed:duplicate"]),
        (replace(GOOD, query="X-Amz-Signature=x"), aws.AT, ["ambiguous"]),
        (replace(ORDER), aws.AT, ["missing"]),
        (replace(GOOD, method="P T"), aws.AT, ["malformed:not_a_token"]),
        (changed(GOOD, "host", "\u2603"), aws.AT, ["malformed:not_octets"]),
        (sign(replace(ORDER, headers=ORDER.headers[1:])), aws.AT, ["missing_claim:host"]),
        (sign(ORDER, "20150830/eu-west-1/service/aws4_request"), aws.AT + 400, ["wrong_audience", "expired"]),
        (with_signature(ORDER, S3_SCOPE), aws.AT, ["missing_claim:x-amz-content-sha256"]),
    ],
)
def test_refused(request_: SignedRequest, now: int, expected: list[str]) -> None:
    """Every failing check, in order."""
    assert said(check(request_, now=now)) == expected


def test_facts() -> None:
    """What was expected, what was there, by how much."""
    outcome = check(sign(ORDER, "20150830/eu-west-1/service/aws4_request"), now=aws.AT + 400)
    assert isinstance(outcome, Refused)
    assert outcome.failures[0].facts == {
        "expected": ("us-east-1/service", "us-east-1/s3"),
        "seen": ("eu-west-1/service",),
    }
    assert outcome.failures[1].facts["late_s"] == 100
    assert all(failure.attested for failure in outcome.failures)


DECLARED = sign(replace(ORDER, headers=(*ORDER.headers, ("x-amz-content-sha256", sha256(b'{"n": 1}').hexdigest()))))
UNSIGNED = sign(replace(ORDER, headers=(*ORDER.headers, ("x-amz-content-sha256", "UNSIGNED-PAYLOAD"))))


def test_the_body_is_not_the_one_that_was_declared() -> None:
    """The signature holds, so this is told apart from a forged one."""
    assert said(check(DECLARED)) == []
    assert said(check(replace(DECLARED, body=b"{}"))) == ["bad_signature/body_changed"]
    digest = sha256(b'{"n": 1}').hexdigest()
    assert said(check(replace(DECLARED, body=None, body_sha256=digest))) == []


def test_an_unsigned_body() -> None:
    """Only where the policy takes it."""
    assert said(check(UNSIGNED)) == ["missing_claim:x-amz-content-sha256"]
    assert said(check(UNSIGNED, SigV4Policy(unsigned_body=("header",)))) == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", ["unsupported_algorithm/verifier_mismatch"]),
        ("xyz", ["malformed:not_hex"]),
    ],
)
def test_other_payload_hashes(value: str, expected: list[str]) -> None:
    """A chunked upload carries signatures of its own, which are not checked here."""
    assert said(check(changed(DECLARED, "x-amz-content-sha256", value))) == expected


def test_forms_that_the_policy_does_not_take() -> None:
    """Told before any secret is asked for."""
    headers = SigV4Policy(forms=("header",))
    assert said(drive(sigv4.verify(aws.PRESIGNED, headers, aws.S3_AT), lambda _: 1 / 0)) == ["unsupported_scheme"]


def test_headers_that_the_policy_wants_signed() -> None:
    """Besides host and x-amz-*."""
    assert said(check(GOOD, SigV4Policy(required=("content-type", "digest")))) == ["missing_claim:digest"]


def test_the_session_token_is_passed_on() -> None:
    """Whoever answers checks it."""
    asked: list[Ask] = []
    request = sign(replace(ORDER, headers=(*ORDER.headers, aws.TOKEN)))
    assert isinstance(drive(sigv4.verify(request, POLICY, aws.AT), recording(aws.KNOWN, asked)), Accepted)
    assert asked == [SecretAsk("AKIDEXAMPLE", aws.TOKEN[1])]


def test_a_derived_key_stays_with_its_secret() -> None:
    """Used again; a new secret under the same id has none; scopes that are not asked for are not kept."""
    secret = SigningSecret("k", aws.SUITE_SECRET)
    assert said(check(GOOD, secrets=known(secret))) == []
    assert list(secret.memo) == [aws.SCOPE]
    assert said(check(GOOD, secrets=known(secret))) == []
    assert said(check(GOOD, secrets=known(SigningSecret("k", "another")))) == ["bad_signature"]
    check(sign(ORDER, "20150830/eu-west-1/service/aws4_request"), secrets=known(secret))
    assert list(secret.memo) == [aws.SCOPE]


def test_kept_keys_are_bounded() -> None:
    """An open policy does not let a caller fill the memory."""
    secret = SigningSecret("k", aws.SUITE_SECRET)
    for number in range(50):
        check(with_signature(ORDER, f"20150830/r{number}/service/aws4_request"), ANY, secrets=known(secret))
    assert len(secret.memo) <= 16


@pytest.mark.parametrize(
    "settings",
    [{"skew_s": -1}, {"max_expires_s": 0}, {"regions": "us-east-1"}, {"required": ("Host",)}],
)
def test_settings_that_cannot_work(settings: dict[str, object]) -> None:
    """Told when the policy is made."""
    with pytest.raises(ValueError):
        SigV4Policy(**settings)  # type: ignore[arg-type]


def test_no_canonical_request_without_a_signature() -> None:
    """There is nothing to compare."""
    assert sigv4.canonical_request(ORDER, POLICY) is None
    assert sigv4.string_to_sign(ORDER, POLICY) is None


OCTETS = st.text(st.characters(max_codepoint=255), max_size=30)


@given(OCTETS, OCTETS, OCTETS, OCTETS, st.binary(max_size=20))
def test_any_change_to_a_signed_part_is_refused(path: str, query: str, host: str, kind: str, body: bytes) -> None:
    """Accepted again only where the parts mean the same: equal once canonical."""
    request = replace(GOOD, path=path, query=query, body=body)
    request = changed(changed(request, "host", host), "content-type", kind)
    same = sigv4.canonical_request(request, POLICY) == sigv4.canonical_request(GOOD, POLICY)
    assert isinstance(check(request), Accepted) == same
    assert not same or body == GOOD.body


@given(st.sampled_from(range(len(GOOD.headers[-1][1]))), st.characters(max_codepoint=255))
def test_no_other_spelling_of_the_credential(at: int, letter: str) -> None:
    """One changed letter anywhere in the Authorization value refuses, blanks between the members apart."""
    value = GOOD.headers[-1][1]
    other = value[:at] + letter + value[at + 1 :]
    flow = sigv4.verify(changed(GOOD, "authorization", other), POLICY, aws.AT)
    outcome = drive(flow, lambda ask: aws.KNOWN if ask == SecretAsk("AKIDEXAMPLE") else None)
    assert isinstance(outcome, Accepted) == (other.replace(",\t", ", ").replace("256\t", "256 ") == value)


@given(
    st.text(max_size=8),
    st.text(max_size=40),
    st.text(max_size=80) | st.just(aws.PRESIGNED.query).flatmap(lambda q: st.integers(0, len(q)).map(lambda n: q[n:])),
    st.lists(
        st.tuples(
            st.sampled_from(["authorization", "x-amz-date", "date", "host", "x-amz-content-sha256", "x-amz-meta-a"]),
            st.text(max_size=80) | st.sampled_from([GOOD.headers[-1][1], "20150830T123600Z", "UNSIGNED-PAYLOAD"]),
        ),
        max_size=6,
    ),
)
def test_hostile_requests_never_raise(method: str, path: str, query: str, headers: list[tuple[str, str]]) -> None:
    """And never are an error of the verifier's."""
    outcome = check(SignedRequest(method, path, query, tuple(headers)))
    assert isinstance(outcome, Refused)
    assert not {"misconfigured", "provider_error"} & set(outcome.causes)
