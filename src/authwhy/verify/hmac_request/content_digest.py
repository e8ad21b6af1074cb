"""Content-Digest (RFC 9530): does the body have the digests that a request declares for it?"""

from __future__ import annotations

import binascii
from hashlib import sha256, sha512
from hmac import compare_digest

from authwhy.causes import Cause
from authwhy.model.outcome import FactValue, Failure
from authwhy.verify.hmac_request.interface import SignedRequest, damaged
from authwhy.verify.jws import clip
from authwhy.verify.structured_field import Item, parse_dictionary

ALGORITHMS = ("sha-256", "sha-512")
"""RFC 9530 section 5: the active ones."""


def digest_failure(value: str, request: SignedRequest) -> Failure | None:
    """Why a Content-Digest does not fit the body, or None. Every digest of a known algorithm must fit.

    Without a body at hand only its SHA-256 can be compared.
    """
    members = parse_dictionary(value)
    if members is None or not all(isinstance(each, Item) and type(each.value) is bytes for each in members.values()):
        return damaged("content-digest", "not_a_dictionary")
    known = [name for name in members if name in (ALGORITHMS if request.body is not None else ALGORITHMS[:1])]
    if not known:
        facts: dict[str, FactValue] = {"seen": clip(", ".join(members)), "expected": ALGORITHMS}
        return Failure(Cause.UNSUPPORTED_ALGORITHM, None, facts)
    for name in known:
        member = members[name]
        declared = member.value if isinstance(member, Item) else b""
        seen = _digest(name, request)
        if not isinstance(declared, bytes) or not compare_digest(declared, seen):
            changed: dict[str, FactValue] = {"alg": name, "seen": _text(seen)}
            if isinstance(declared, bytes):
                changed["expected"] = clip(_text(declared))
            return Failure(Cause.BAD_SIGNATURE, "body_changed", changed)
    return None


def _digest(name: str, request: SignedRequest) -> bytes:
    if request.body is None:
        try:
            return bytes.fromhex(request.body_sha256 or "")
        except ValueError:
            return b""
    return (sha256 if name == "sha-256" else sha512)(request.body).digest()


def _text(octets: bytes) -> str:
    return binascii.b2a_base64(octets, newline=False).decode()
