"""AWS Signature Version 4: requests signed in the Authorization header or in the query (a presigned URL).

The signature is checked for the scope it names, and the scope for what the policy expects, so that a request for
another region is told from a forged one. A chunked upload (STREAMING-...) is not checked: its body carries signatures
of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from hmac import compare_digest
from hmac import digest as hmac_digest
from typing import Literal

from msgspec import Struct

from authwhy.causes import Cause
from authwhy.model.outcome import FactValue, Failure, Refused
from authwhy.verify.flow import Flow
from authwhy.verify.hmac_request.interface import (
    Fields,
    SignedRequest,
    SigningSecret,
    by_name,
    check_common,
    damaged,
    shape_failure,
    single,
)
from authwhy.verify.hmac_request.settle import Check, Signed, settle
from authwhy.verify.hmac_request.sigv4_canonical import (
    canonical_lines,
    canonical_path,
    canonical_query,
)
from authwhy.verify.hmac_request.sigv4_credential import ALGORITHM, Credential, Presented, read
from authwhy.verify.hmac_request.timing import window_failure
from authwhy.verify.jws import clip

Form = Literal["header", "query"]
S3_LIKE = ("s3", "s3express", "s3-object-lambda", "s3-outposts")
"""Services that encode the path once."""
UNSIGNED = "UNSIGNED-PAYLOAD"
_HEX_DIGITS = "0123456789abcdef"
_MAX_KEYS, _LISTED = 16, 16


class SigV4Policy(Struct, frozen=True):
    """Demands on a request signed by SigV4. Empty `regions` or `services` accept any.

    `skew_s` is how far X-Amz-Date may be from now, on both sides; a presigned URL ends by its own X-Amz-Expires, at
    most `max_expires_s`. `required` headers must be signed besides host and every x-amz-* header that is there.
    `unsigned_body` lists the forms that may leave the body unsigned (UNSIGNED-PAYLOAD). See SigningPolicy for the rest.

    Raises ValueError for settings that cannot work.
    """

    id: str = "sigv4"
    regions: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    skew_s: int = 300
    max_expires_s: int = 604_800
    required: tuple[str, ...] = ()
    forms: tuple[Form, ...] = ("header", "query")
    unsigned_body: tuple[Form, ...] = ("query",)
    once_encoded: tuple[str, ...] = S3_LIKE
    overlap_s: int = 0
    secrets_tried: int = 2
    check_replay: bool = False

    def __post_init__(self) -> None:
        for name in ("regions", "services", "required", "forms", "unsigned_body", "once_encoded"):
            if isinstance(getattr(self, name), str):
                raise ValueError(f"{name} must be a list of strings, not one string")
        if self.skew_s < 0 or self.max_expires_s < 1:
            raise ValueError("skew_s must not be negative, max_expires_s must be positive")
        if any(name != name.lower() for name in self.required):
            raise ValueError("required names headers in lower case")
        check_common(self)


def verify(request: SignedRequest, policy: SigV4Policy, now: int) -> Flow:
    """Check a request. `now` is s since 1970. Never raises.

    Order: shape, algorithm, key, signature, headers that must be signed, scope (wrong_audience), time, status, replay.
    Accepted claims: `sub`, `key_id`, `region`, `service`.
    """
    fields = by_name(request)
    presented = shape_failure(request) or read(request, fields)
    if isinstance(presented, Failure):
        return Refused((presented,))
    payload = _payload(request, fields, presented)
    demands = _demands(fields, presented, policy, payload, now)
    if isinstance(payload, Failure):
        return Refused((payload, *demands))
    text = _canonical(request, fields, presented, policy, payload)
    if text is None:
        return Refused((damaged("headers", "not_octets"),))
    credential = presented.credential
    signed = Signed(
        credential.key_id,
        _check(_to_sign(presented, text), presented, not demands),
        ALGORITHM,
        algorithm=_form_failure(presented, policy),
        demands=demands,
        body_changed=_body_changed(request, payload),
        session_token=presented.session_token,
        replay=(presented.signature, _last_second(presented, policy) + 1),
        claims={"region": credential.region, "service": credential.service},
    )
    return (yield from settle(signed, policy, now))


def canonical_request(request: SignedRequest, policy: SigV4Policy) -> bytes | None:
    """The canonical request as this verifier computes it, or None when the signature cannot be read.

    It holds the values of all signed headers: a session token among them is a secret. Never raises.
    """
    fields = by_name(request)
    presented = shape_failure(request) or read(request, fields)
    if isinstance(presented, Failure):
        return None
    payload = _payload(request, fields, presented)
    return None if isinstance(payload, Failure) else _canonical(request, fields, presented, policy, payload)


def string_to_sign(request: SignedRequest, policy: SigV4Policy) -> bytes | None:
    """The four lines that the signature is over, or None when the signature cannot be read. Never raises."""
    text = canonical_request(request, policy)
    presented = read(request, by_name(request))
    return None if text is None or isinstance(presented, Failure) else _to_sign(presented, text)


def _canonical(
    request: SignedRequest, fields: Fields, presented: Presented, policy: SigV4Policy, payload: str
) -> bytes | None:
    credential = presented.credential
    try:
        path = canonical_path(request.path, credential.service in policy.once_encoded)
        query = canonical_query(request.query, "X-Amz-Signature" if presented.in_query else "")
        lines = canonical_lines(fields, credential.names)
        return f"{request.method}\n{path}\n{query}\n{lines}\n{credential.listed}\n{payload}".encode("latin-1")
    except UnicodeEncodeError:
        return None


def _to_sign(presented: Presented, text: bytes) -> bytes:
    return f"{ALGORITHM}\n{presented.date}\n{presented.credential.scope}\n{sha256(text).hexdigest()}".encode()


def _check(to_sign: bytes, presented: Presented, keep: bool) -> Check:
    """With `keep` a derived key stays with its secret: only for a scope and a day that are asked for."""
    scope, sent = presented.credential.scope, bytes.fromhex(presented.signature)

    def check(secret: SigningSecret) -> bool | None:
        key = secret.memo.get(scope)
        if key is None:
            key = signing_key(secret, scope)
            if key is None:
                return None
            if keep:
                if len(secret.memo) >= _MAX_KEYS:
                    secret.memo.clear()
                secret.memo[scope] = key
        return compare_digest(hmac_digest(key, to_sign, "sha256"), sent)

    return check


def signing_key(secret: SigningSecret, scope: str) -> bytes | None:
    """The key derived from a secret for one day, region and service; None from a public key."""
    octets = secret.octets
    if octets is None:
        return None
    key = b"AWS4" + octets
    for part in scope.split("/"):
        key = hmac_digest(key, part.encode(), "sha256")
    return key


def _payload(request: SignedRequest, fields: Fields, presented: Presented) -> str | Failure:
    """The last line of the canonical request: the declared hash of the body, or that of the body as it is."""
    declared = single(fields, "x-amz-content-sha256", 256)
    if isinstance(declared, Failure):
        return declared
    if declared is None:
        if presented.credential.service not in S3_LIKE:
            return _body_hash(request)
        return UNSIGNED if presented.in_query else Failure(Cause.MISSING_CLAIM, None, {"claim": "x-amz-content-sha256"})
    if declared == UNSIGNED or (len(declared) == 64 and not declared.strip(_HEX_DIGITS)):
        return declared
    if declared.startswith("STREAMING-"):
        facts: dict[str, FactValue] = {"alg": clip(declared), "expected": (ALGORITHM,)}
        return Failure(Cause.UNSUPPORTED_ALGORITHM, "verifier_mismatch", facts)
    return damaged("x-amz-content-sha256", "not_hex")


def _body_hash(request: SignedRequest) -> str:
    if request.body_sha256 is not None:
        return request.body_sha256
    return sha256(request.body or b"").hexdigest()


def _body_changed(request: SignedRequest, payload: str) -> Mapping[str, FactValue] | None:
    if payload == UNSIGNED:
        return None
    seen = _body_hash(request)
    return None if seen == payload else {"expected": payload, "seen": seen}


def _form(presented: Presented) -> Form:
    return "query" if presented.in_query else "header"


def _form_failure(presented: Presented, policy: SigV4Policy) -> tuple[Failure, ...]:
    form = _form(presented)
    return () if form in policy.forms else (Failure(Cause.UNSUPPORTED_SCHEME, None, {"slot": form}),)


def _last_second(presented: Presented, policy: SigV4Policy) -> int:
    """The last second at which the request is good, s since 1970."""
    if presented.expires_s is None:
        return presented.made_at + policy.skew_s
    return presented.made_at + min(presented.expires_s, policy.max_expires_s)


def _demands(
    fields: Fields, presented: Presented, policy: SigV4Policy, payload: str | Failure, now: int
) -> tuple[Failure, ...]:
    """What must be signed and is not, the scope, the time."""
    credential = presented.credential
    found = [Failure(Cause.MISSING_CLAIM, None, {"claim": clip(name)}) for name in _unsigned(fields, presented, policy)]
    if payload == UNSIGNED and _form(presented) not in policy.unsigned_body:
        found.append(Failure(Cause.MISSING_CLAIM, None, {"claim": "x-amz-content-sha256", "expected": "sha256"}))
    if policy.regions or policy.services:
        found += _scope_failures(credential, policy)
    last = _last_second(presented, policy)
    if not presented.made_at - policy.skew_s <= now <= last:
        late = window_failure(presented.made_at, presented.made_at - policy.skew_s, last, now)
        found += [late] if late else []
    return tuple(found)


def _unsigned(fields: Fields, presented: Presented, policy: SigV4Policy) -> list[str]:
    """Names of headers that must be signed and are not, or are signed and not there."""
    there, signed = fields.keys(), presented.credential.signed
    wanted = [name for name in there if name[:6] == "x-amz-" and name not in signed]
    if "host" in signed and signed <= there and not policy.required and not wanted:
        return wanted
    return sorted({*wanted, *(signed - there), *({"host", *policy.required} - signed)})[:_LISTED]


def _scope_failures(credential: Credential, policy: SigV4Policy) -> list[Failure]:
    region, service = credential.region, credential.service
    if (not policy.regions or region in policy.regions) and (not policy.services or service in policy.services):
        return []
    expected = tuple(f"{each}/{other}" for each in policy.regions or ("*",) for other in policy.services or ("*",))
    return [
        Failure(Cause.WRONG_AUDIENCE, None, {"expected": expected[:_LISTED], "seen": (clip(f"{region}/{service}"),)})
    ]
