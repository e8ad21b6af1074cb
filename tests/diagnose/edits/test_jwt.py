"""Proofs for JSON Web Tokens: real tokens, the real check, one named change."""

import base64
from collections.abc import Sequence

import jwt as pyjwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from authwhy.causes import Cause
from authwhy.diagnose.context import Context
from authwhy.diagnose.edits.jwt import replays
from authwhy.diagnose.replays import Replayed
from authwhy.model.evidence import Evidence, Exchange, HttpResponse, KeySetFound, Token
from authwhy.model.secret import Vault

NOW = 1_790_000_000
SECRET = "c2VjcmV0IHRoYXQgaXMgYmFzZTY0IGVuY29kZWQgLi4u"
CLAIMS = {"iss": "https://id.example", "aud": "orders", "sub": "alice", "iat": NOW - 20_000, "exp": NOW + 600}
DATE = "Mon, 21 Sep 2026 14:13:20 GMT"  # NOW as the Date header has it


def replay(
    token: str, exchanges: Sequence[Exchange] = (), keys: Sequence[dict[str, object]] = (), **given: object
) -> Replayed:
    """Replay one token with what was given."""
    vault = Vault()
    evidence = Evidence(
        tokens=(Token(raw=vault.hide(token, "jwt")),),
        exchanges=tuple(exchanges),
        key_sets=(KeySetFound(tuple(keys)),) if keys else (),
        vault=vault,
    )
    fields = {"clock": NOW, "at": NOW, "secret": SECRET, "issuers": ("https://id.example",), "audiences": ("orders",)}
    return replays(evidence, Context(**{**fields, **given}))[0]  # type: ignore[arg-type]


def signed(key: str | bytes = SECRET, **claims: object) -> str:
    """A token of this key with some claims changed."""
    return pyjwt.encode({**CLAIMS, **claims}, key, algorithm="HS256")


def test_a_good_token_passes_and_says_what_was_checked() -> None:
    """No finding where nothing is wrong."""
    assert replay(signed()).passed is not None


@pytest.mark.parametrize(
    ("key", "codec"),
    [
        (base64.b64decode(SECRET), "secret base64-decoded"),
        (SECRET.encode() + b"\n", "secret with a final newline"),
        (base64.b64encode(SECRET.encode()), "secret base64-encoded"),
    ],
)
def test_the_codec_of_the_secret_is_proven(key: bytes, codec: str) -> None:
    """One-sided: the bytes of the key differ, and by which encoding."""
    proved = replay(signed(key)).proved[Cause.BAD_SIGNATURE]
    assert (proved.certainty, proved.detail) == ("proven", "key_encoding")
    assert proved.edits == (f"key: {codec}",)


@pytest.mark.parametrize(
    ("damage", "detail"),
    [
        (lambda token: f'"{token}"', "quotes"),
        (lambda token: token + "\n", "whitespace"),
        (lambda token: f"Bearer {token}", "prefix"),
    ],
)
def test_damage_to_the_text_is_proven(damage, detail: str) -> None:  # type: ignore[no-untyped-def]
    """The token is good once the damage is undone."""
    proved = replay(damage(signed())).proved[Cause.MALFORMED]
    assert (proved.certainty, proved.detail) == ("proven", detail)


def test_an_old_token_is_narrowed_without_a_witness() -> None:
    """Expired and clock skew flip under the same edit (design, idea 3)."""
    proved = replay(signed(exp=NOW - 312)).proved
    assert proved[Cause.EXPIRED].certainty == "narrowed"
    assert proved[Cause.EXPIRED].among == (Cause.EXPIRED, Cause.CLOCK_SKEW)
    assert proved[Cause.EXPIRED].facts["gap_s"] == 313


def test_clocks_that_agree_are_the_witness_for_expired() -> None:
    """The exchange shows both clocks: they agree, so the lifetime is really over."""
    exchange = Exchange(None, HttpResponse(401, headers=(("Date", DATE),)), at=float(NOW))
    assert replay(signed(exp=NOW - 312), [exchange], at=None).proved[Cause.EXPIRED].certainty == "proven"


def test_a_measured_offset_proves_clock_skew() -> None:
    """The server's clock is 400 s ahead of the caller's, and taking that away makes the token pass."""
    exchange = Exchange(None, HttpResponse(401, headers=(("Date", DATE),)), at=float(NOW - 400))
    proved = replay(signed(exp=NOW - 312), [exchange], at=None).proved[Cause.CLOCK_SKEW]
    assert (proved.certainty, proved.facts["offset_s"]) == ("proven", 400)


def test_every_needed_edit_is_reported() -> None:
    """Expired, and the audience would fail next."""
    proved = replay(signed(exp=NOW - 9_000, aud="orders/")).proved
    assert {Cause.EXPIRED, Cause.WRONG_AUDIENCE} <= set(proved)
    assert proved[Cause.WRONG_AUDIENCE].detail == "trailing_slash"
    assert len(proved[Cause.WRONG_AUDIENCE].edits) == 2


@pytest.mark.parametrize("algorithms", [("none",), ("HS255", "HS256"), ("",)])
def test_odd_algorithm_names_in_a_configuration_do_no_harm(algorithms: tuple[str, ...]) -> None:
    """A setting is hostile text too; unknown names allow nothing."""
    replayed = replay(signed(), algorithms=algorithms)
    assert (replayed.passed is not None) == ("HS256" in algorithms)


def test_a_retired_key_is_found() -> None:
    """Signed with the key of before the rotation."""
    old, new = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
    as_jwk = pyjwt.algorithms.RSAAlgorithm.to_jwk
    keys = [{**as_jwk(key.public_key(), as_dict=True), "kid": kid} for key, kid in ((old, "a"), (new, "b"))]
    token = pyjwt.encode(CLAIMS, old, algorithm="RS256", headers={"kid": "a"})
    proved = replay(token, keys=keys[1:], retired_jwks={"keys": keys[:1]}, secret=None).proved[Cause.UNKNOWN_KEY]
    assert proved.edits == ("key: the retired key set",)


def test_another_secret_is_not_proven_to_be_anything() -> None:
    """No edit helps: the signature stays refused, and nothing is claimed."""
    outcome = replay(signed("quite another secret, long enough to sign"))
    assert outcome.proved == {}
    assert outcome.observations[0].causes[0][0] is Cause.WRONG_SECRET
