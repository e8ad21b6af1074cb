"""Signed requests against the hashes alone, in one run: AWS Signature Version 4.

Prints ratios, 1 = SHA-256 of the body, SHA-256 of the canonical request and one HMAC with the derived key. Where
botocore is installed it is the peer: its recomputation of the same signature. Run: python bench/verify_hmac_request.py
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from hmac import compare_digest
from hmac import digest as hmac_digest
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from msgspec.structs import replace
from verify_other import Calls, report

from authwhy.model.outcome import Outcome
from authwhy.verify.flow import drive
from authwhy.verify.hmac_request import sigv4
from authwhy.verify.hmac_request.interface import SignedRequest, SigningSecret, SigningSecrets
from authwhy.verify.hmac_request.sigv4_prepared import PreparedSigV4

NOW = 1_440_938_160
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
SCOPE = "20150830/us-east-1/execute-api/aws4_request"
NAMES = "content-type;host;x-amz-content-sha256;x-amz-date"
BODY = b'{"order": 4711, "items": [1, 2, 3]}'
POLICY = sigv4.SigV4Policy(regions=("us-east-1",), services=("execute-api",))
KNOWN = SigningSecrets((SigningSecret("k1", SECRET),), "alice")
BASE = SignedRequest(
    "POST",
    "/orders/4711",
    "expand=items&limit=20",
    (
        ("host", "orders.example.com"),
        ("user-agent", "curl/8.5"),
        ("accept", "*/*"),
        ("content-type", "application/json"),
        ("content-length", str(len(BODY))),
        ("x-amz-content-sha256", sha256(BODY).hexdigest()),
        ("x-amz-date", "20150830T123600Z"),
    ),
    BODY,
)


def with_signature(signature: str) -> SignedRequest:
    """The request with this signature."""
    value = f"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{SCOPE}, SignedHeaders={NAMES}, Signature={signature}"
    return replace(BASE, headers=(*BASE.headers, ("authorization", value)))


def peer(good: SignedRequest) -> Callable[[], object]:
    """botocore's recomputation: the request object, canonical request, string to sign, signature."""
    authentication: Any = import_module("botocore.auth")
    request: Any = import_module("botocore.awsrequest").AWSRequest
    credentials: Any = import_module("botocore.credentials").Credentials("AKIDEXAMPLE", SECRET)
    signer = authentication.SigV4Auth(credentials, "execute-api", "us-east-1")
    headers = {name: value for name, value in good.headers if name in NAMES.split(";")}
    url, sent = f"https://orders.example.com{good.path}?{good.query}", good.headers[-1][1][-64:]

    def check() -> None:
        one = request(method=good.method, url=url, data=good.body, headers=headers)
        one.context["timestamp"] = "20150830T123600Z"
        sha256(BODY).hexdigest()
        signature = signer.signature(signer.string_to_sign(one, signer.canonical_request(one)), one)
        if not compare_digest(signature, sent):
            raise RuntimeError("botocore computes another signature")

    return check


def main() -> None:
    """Target 9: accepted at most 2.6 of the hashes."""
    blank = with_signature("0" * 64)
    canonical, to_sign = sigv4.canonical_request(blank, POLICY), sigv4.string_to_sign(blank, POLICY)
    key = sigv4.signing_key(KNOWN.secrets[0], SCOPE)
    if canonical is None or to_sign is None or key is None:
        raise RuntimeError("the request cannot be read")
    good = with_signature(hmac_digest(key, to_sign, "sha256").hex())
    prepared = PreparedSigV4({"AKIDEXAMPLE": KNOWN}, POLICY)

    def bare() -> bool:
        sha256(BODY).hexdigest()
        sha256(canonical).hexdigest()
        return compare_digest(hmac_digest(key, to_sign, "sha256"), key)

    def check(request: SignedRequest, known: SigningSecrets | None = KNOWN, now: int = NOW) -> Callable[[], Outcome]:
        return lambda: drive(sigv4.verify(request, POLICY, now), lambda _: known)

    calls: Calls = {
        "bare": bare,
        "accepted, PreparedSigV4": lambda: prepared.find(good, NOW),
        "accepted, flow": check(good),
        "bad signature": check(blank),
        "unknown key id": check(blank, None),
        "expired": check(good, now=NOW + 301),
        "body changed": check(replace(good, body=b"{}")),
    }
    if find_spec("botocore"):
        calls["botocore, recomputation"] = peer(good)
    report("SigV4", calls, 1_000)


if __name__ == "__main__":
    main()
