"""Makes the vectors in tests/verify/vectors: one JSON file per algorithm, with public keys only.

Run `python -m tests.verify.jose_vectors` from the root to make them again, with new keys. What each vector must lead
to is written here by hand, never taken from the code under test.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from tests.verify.jose_tokens import (
    AUDIENCE,
    ISSUER,
    NOW,
    Signer,
    b64,
    digest_for,
    segment,
    signer,
    unb64,
)

from authwhy.model.policy import KNOWN_ALGORITHMS

FOLDER = Path(__file__).parent / "vectors"
SHORT = {"iss": ISSUER, "aud": AUDIENCE, "exp": NOW + 300}
Vector = tuple[str, str, str | None, str | None]
"""What was done, the token, the cause (None: accepted), the detail (`*`: any)."""

ORDERS = {
    "P-256": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "P-384": int("F" * 48 + "C7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973", 16),
    "P-521": int("1" + "F" * 64 + "FA51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409", 16),
    "secp256k1": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141,
}
ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493
ED448_ORDER = 2**446 - 13818066809895115352007386748515426880336692474882178609894547503885


def parts(token: str) -> tuple[str, str, bytes]:
    """Header, claims, raw signature."""
    head, body, signature = token.split(".")
    return head, body, unb64(signature)


def with_signature(token: str, raw: bytes) -> str:
    """The same signing input with other signature octets."""
    return f"{token.rpartition('.')[0]}.{b64(raw)}"


def flipped(raw: bytes, at: int, bit: int = 1) -> bytes:
    """One bit changed."""
    return bytes(octet ^ bit if index == at % len(raw) else octet for index, octet in enumerate(raw))


def accepted(one: Signer) -> Iterator[Vector]:
    """What must stay accepted, so that refusals are refusals of the change alone."""
    yield "as issued", one.token(), None, None
    yield "no key id", one.token({"kid": None}), None, None
    yield "unknown header members are ignored", one.token({"x": [1, {"y": None}], "cty": "json"}), None, None
    yield "a key in the header is ignored", one.token({"jwk": signer("ES256", "evil", 7).jwk}), None, None
    yield "a key address in the header is ignored", one.token({"jku": "https://evil.example/", "x5u": "x"}), None, None
    yield (
        "blanks in the JSON",
        one.raw(json.dumps({"alg": one.alg}).encode(), json.dumps(SHORT, indent=1).encode()),
        None,
        None,
    )


def none_and_others(one: Signer) -> Iterator[Vector]:
    """`none` in every letter case, and every other algorithm name over this key and signature."""
    good = one.token()
    _, body, raw = parts(good)
    for index in range(16):
        name = "".join(letter.upper() if index >> place & 1 else letter for place, letter in enumerate("none"))
        head = segment({"alg": name, "kid": one.kid})
        yield f"alg {name}, no signature", f"{head}.{body}.", "unsupported_algorithm", None
        yield f"alg {name}, old signature", f"{head}.{body}.{b64(raw)}", "unsupported_algorithm", None
    for name in ("", " ", one.alg.lower() + " ", one.alg.lower(), "HS1", "RS1", "ES224", f"{one.alg}\0", "dir"):
        if name != one.alg:
            yield f"alg {name!r}", one.raw({"alg": name, "kid": one.kid}, SHORT), "unsupported_algorithm", None
    family = {name for name in KNOWN_ALGORITHMS if shares_key(name, one.alg)}
    for name in KNOWN_ALGORITHMS:
        if name not in family:
            head = segment({"alg": name, "kid": one.kid})
            yield (
                f"alg {name} on another kind of key",
                f"{head}.{body}.{b64(raw)}",
                "unsupported_algorithm",
                "verifier_mismatch",
            )
        elif name != one.alg and not one.alg.startswith("Ed"):
            head = segment({"alg": name, "kid": one.kid})
            yield f"signed as {one.alg}, alg says {name}", f"{head}.{body}.{b64(raw)}", "bad_signature", None


def shares_key(one: str, other: str) -> bool:
    """Can both algorithms be used with the same key?"""
    if one[:2] in ("RS", "PS") and other[:2] in ("RS", "PS"):
        return True
    if "Ed" in one and "Ed" in other:
        return "EdDSA" in (one, other) or one == other
    return (one[:2], other[:2]) == ("HS", "HS") or one == other


def public_key_as_secret(one: Signer) -> Iterator[Vector]:
    """HMAC with every text form of the public key as the secret (RFC 8725 2.1)."""
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    der = one.public.public_bytes(serialization.Encoding.DER, spki)
    forms = {
        "PEM": one.pem,
        "PEM without final newline": one.pem.rstrip(b"\n"),
        "PEM with CRLF": one.pem.replace(b"\n", b"\r\n"),
        "PEM body": b"".join(one.pem.splitlines()[1:-1]),
        "DER": der,
        "JWK": json.dumps(one.jwk).encode(),
        "JWK, compact and sorted": json.dumps(one.jwk, separators=(",", ":"), sort_keys=True).encode(),
        "JWK Set": json.dumps({"keys": [one.jwk]}).encode(),
        "empty": b"",
    }
    if isinstance(one.public, rsa.RSAPublicKey):
        forms["PKCS #1"] = one.public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.PKCS1)
        forms["modulus"] = unb64(str(one.jwk["n"]))
    if isinstance(one.public, ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey):
        forms["x"] = unb64(str(one.jwk["x"]))
    for form, secret in forms.items():
        for alg in ("HS256", "HS384", "HS512") if form == "PEM" else ("HS256",):
            forged = Signer(alg, secret, one.kid, SHORT)
            yield f"{alg} with the {form} as secret", forged.token(), "unsupported_algorithm", "verifier_mismatch"
        forged = Signer("HS256", secret, None, SHORT)
        yield f"HS256, {form}, no key id", forged.token(), "unsupported_algorithm", "verifier_mismatch"


def damaged_signatures(one: Signer) -> Iterator[Vector]:
    """Bits, lengths and spellings."""
    good = one.token()
    head, body, raw = parts(good)
    text = good.rpartition(".")[2]
    for at in (0, 1, len(raw) // 2, len(raw) - 1):
        for bit in (1, 128):
            yield f"bit {bit} of octet {at} flipped", with_signature(good, flipped(raw, at, bit)), "bad_signature", None
    yield "first octet missing", with_signature(good, raw[1:]), "malformed", "truncated"
    yield "last octet missing", with_signature(good, raw[:-1]), "malformed", "truncated"
    yield "half of it", with_signature(good, raw[: len(raw) // 2]), "*", "*"
    yield "one octet", with_signature(good, raw[:1]), "malformed", "truncated"
    yield "empty", with_signature(good, b""), "malformed", "truncated"
    yield "an octet more", with_signature(good, raw + b"\0"), "bad_signature", None
    yield "an octet before", with_signature(good, b"\0" + raw), "bad_signature", None
    yield "twice", with_signature(good, raw + raw), "bad_signature", None
    yield "all zero", with_signature(good, bytes(len(raw))), "bad_signature", None
    yield "all one", with_signature(good, b"\xff" * len(raw)), "bad_signature", None
    yield "reversed", with_signature(good, raw[::-1]), "bad_signature", None
    yield "hex", f"{head}.{body}.{b64(raw.hex().encode())}", "bad_signature", None
    yield "padding added", f"{good}{'=' * (-len(text) % 4) or '='}", "malformed", "encoding"
    yield "a character less", good[:-1], "malformed", "truncated"
    yield "final newline", good + "\n", "malformed", "whitespace"
    yield "a third dot", good + ".", "malformed", None
    if len(text) % 4:
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        spelled = good[:-1] + letters[letters.index(good[-1]) ^ 1]
        yield "another spelling of the same octets", spelled, "malformed", "encoding"
    standard = text.replace("-", "+").replace("_", "/")
    if standard != text:
        yield "standard base64", f"{head}.{body}.{standard}", "malformed", "encoding"


def other_keys_and_texts(one: Signer) -> Iterator[Vector]:
    """Right form, wrong key or text."""
    other = replace(signer(one.alg, "k1", 1), claims=SHORT)
    good = one.token()
    head, body, raw = parts(good)
    yield "signed with another key under the same key id", other.token(), "bad_signature", None
    yield "another key, no key id", other.token({"kid": None}), "bad_signature", None
    yield "key id not in the set", one.token({"kid": "k2"}), "unknown_key", None
    yield "key id in other letters", one.token({"kid": "K1"}), "unknown_key", None
    yield "key id empty", one.token({"kid": ""}), "unknown_key", None
    yield "key id as a path", one.token({"kid": "../../dev/null"}), "unknown_key", None
    yield "key id as a query", one.token({"kid": "k1' OR '1'='1"}), "unknown_key", None
    yield "key id with a NUL", one.token({"kid": "k1\0"}), "unknown_key", None
    yield "key id of 2,000 characters", one.token({"kid": "k" * 2_000}), "unknown_key", None
    yield "own key in the header", other.token({"kid": "k9", "jwk": other.jwk}), "unknown_key", None
    claims = segment({**SHORT, "sub": "mallory"})
    yield "claims changed", f"{head}.{claims}.{b64(raw)}", "bad_signature", None
    renamed = segment({"alg": one.alg, "kid": one.kid, "typ": "at+jwt"})
    yield "header changed", f"{renamed}.{body}.{b64(raw)}", "bad_signature", None
    yield "header and claims swapped", f"{body}.{head}.{b64(raw)}", "malformed", None


def critical(one: Signer) -> Iterator[Vector]:
    """RFC 7515 4.1.11 and RFC 7797."""
    for crit, extra, cause in (
        (["exp"], {"exp": 1}, "unsupported_algorithm"),
        (["b64"], {"b64": True}, "unsupported_algorithm"),
        (["b64"], {"b64": False}, "unsupported_algorithm"),
        (["http://example.com/ext"], {"http://example.com/ext": 1}, "unsupported_algorithm"),
        (["absent"], {}, "malformed"),
        (["alg"], {}, "malformed"),
        (["x", "x"], {"x": 1}, "malformed"),
        ([], {}, "malformed"),
        ([1], {}, "malformed"),
        ("exp", {"exp": 1}, "malformed"),
        ({"exp": 1}, {"exp": 1}, "malformed"),
    ):
        yield f"crit {json.dumps(crit)}", one.token({"crit": crit, **extra}), cause, None
    yield "b64 false, not critical", one.token({"b64": False}), "unsupported_algorithm", None


def of_ecdsa(one: Signer) -> Iterator[Vector]:
    """r and s at their bounds, other encodings (RFC 7518 3.4)."""
    good = one.token()
    _, _, raw = parts(good)
    half = len(raw) // 2
    order = ORDERS[str(one.jwk["crv"])]
    r, s = raw[:half], raw[half:]
    zero, top = bytes(half), order.to_bytes(half, "big")
    one_ = (1).to_bytes(half, "big")
    for name, left, right in (
        ("r = 0", zero, s), ("s = 0", r, zero), ("r = s = 1", one_, one_), ("r = n", top, s), ("s = n", r, top),
        ("r = n, s = n", top, top), ("swapped", s, r), ("r = 0, s = 1", zero, one_), ("r = s", r, r),
    ):  # fmt: skip
        yield name, with_signature(good, left + right), "bad_signature", None
    mirrored = (order - int.from_bytes(s, "big")).to_bytes(half, "big")
    yield "s = n - s is the other signature of the same text", with_signature(good, r + mirrored), None, None
    der = encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
    yield "DER", with_signature(good, der), "bad_signature", None
    yield "a zero before r and s", with_signature(good, b"\0" + r + b"\0" + s), "bad_signature", None
    assert isinstance(one.private, ec.EllipticCurvePrivateKey)
    wrong = hashes.SHA384() if one.alg in ("ES256", "ES256K") else hashes.SHA256()
    pair = decode_dss_signature(one.private.sign(good.rpartition(".")[0].encode(), ec.ECDSA(wrong)))
    other = b"".join(value.to_bytes(half, "big") for value in pair)
    yield "another digest", with_signature(good, other), "bad_signature", None


def of_rsa(one: Signer) -> Iterator[Vector]:
    """The other padding, digest and salt (RFC 7518 3.3, 3.5)."""
    good = one.token()
    signed = good.rpartition(".")[0].encode()
    digest = digest_for(one.alg)
    assert isinstance(one.private, rsa.RSAPrivateKey)
    tries: dict[str, tuple[padding.AsymmetricPadding, hashes.HashAlgorithm]] = {
        "PKCS #1 v1.5 with another digest": (
            padding.PKCS1v15(), hashes.SHA512() if one.alg[2:] == "256" else hashes.SHA256(),
        ),
        "PSS without salt": (padding.PSS(padding.MGF1(digest), 0), digest),
        "PSS with the longest salt": (padding.PSS(padding.MGF1(digest), padding.PSS.MAX_LENGTH), digest),
        "PSS, mask with SHA-1": (padding.PSS(padding.MGF1(hashes.SHA1()), digest.digest_size), digest),
        "PKCS #1 v1.5 with SHA-1": (padding.PKCS1v15(), hashes.SHA1()),
    }  # fmt: skip
    if one.alg[0] == "P":
        tries["PKCS #1 v1.5 instead of PSS"] = (padding.PKCS1v15(), digest)
    else:
        tries["PSS instead of PKCS #1 v1.5"] = (padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
    for name, (scheme, hashed) in tries.items():
        yield name, with_signature(good, one.private.sign(signed, scheme, hashed)), "bad_signature", None
    numbers = one.private.public_key().public_numbers()
    _, _, raw = parts(good)
    grown = int.from_bytes(raw, "big") + numbers.n
    if grown.bit_length() <= 2048:
        yield "signature + modulus", with_signature(good, grown.to_bytes(256, "big")), "bad_signature", None
    yield "modulus", with_signature(good, numbers.n.to_bytes(256, "big")), "bad_signature", None
    yield "1", with_signature(good, (1).to_bytes(256, "big")), "bad_signature", None
    yield "no padding at all", with_signature(good, digest.name.encode().rjust(256, b"\0")), "bad_signature", None


def of_eddsa(one: Signer) -> Iterator[Vector]:
    """S not reduced, neutral R (RFC 8032 5.1.7, 5.2.7)."""
    good = one.token()
    _, _, raw = parts(good)
    half = len(raw) // 2
    order = ED25519_ORDER if half == 32 else ED448_ORDER
    s = int.from_bytes(raw[half:], "little")
    yield "S + L", with_signature(good, raw[:half] + (s + order).to_bytes(half, "little")), "bad_signature", None
    yield "S = 0", with_signature(good, raw[:half] + bytes(half)), "bad_signature", None
    yield "R = 0", with_signature(good, bytes(half) + raw[half:]), "bad_signature", None
    neutral = (1).to_bytes(half, "little")
    yield "R neutral, S = 0", with_signature(good, neutral + bytes(half)), "bad_signature", None
    yield "swapped", with_signature(good, raw[half:] + raw[:half]), "bad_signature", None


def vectors(one: Signer) -> Iterator[Vector]:
    """All vectors of one algorithm."""
    yield from accepted(one)
    yield from none_and_others(one)
    yield from damaged_signatures(one)
    yield from other_keys_and_texts(one)
    yield from critical(one)
    if not one.alg.startswith("HS"):
        yield from public_key_as_secret(one)
    if one.alg.startswith("ES"):
        yield from of_ecdsa(one)
    if one.alg[:2] in ("RS", "PS"):
        yield from of_rsa(one)
    if one.alg.startswith("Ed"):
        yield from of_eddsa(one)


def document(one: Signer) -> str:
    """One file: the situation, then its vectors, one a line."""
    head = {
        "about": "Made by tests/verify/jose_vectors.py. Every known algorithm is allowed, so only the key binds it.",
        "algorithm": one.alg,
        "now": NOW,
        "issuer": ISSUER,
        "audience": AUDIENCE,
        "keys": [one.jwk],
    }
    lines = [
        json.dumps({"id": index, "what": what, "token": token, "cause": cause, "detail": detail})
        for index, (what, token, cause, detail) in enumerate(vectors(one), 1)
    ]
    return json.dumps(head, indent=1)[:-2] + ',\n "vectors": [\n' + ",\n".join(lines) + "\n]}\n"


def main() -> None:
    """Write one file per algorithm."""
    FOLDER.mkdir(exist_ok=True)
    for alg in KNOWN_ALGORITHMS:
        (FOLDER / f"{alg.lower()}.json").write_text(document(replace(signer(alg), claims=SHORT)), "utf-8")


if __name__ == "__main__":
    main()
