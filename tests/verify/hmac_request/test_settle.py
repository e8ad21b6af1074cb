"""Secrets that are asked for, tried and rotated; every failing check in the fixed order."""

from __future__ import annotations

import pytest
from tests.verify.hmac_request.world import judge, known, recording, said

from authwhy.causes import Cause
from authwhy.model.outcome import Accepted, Failure, Outcome, Refused
from authwhy.verify.flow import Ask, SeenAsk, Unavailable, drive
from authwhy.verify.hmac_request.interface import MAX_SECRETS, SecretAsk, SigningSecret
from authwhy.verify.hmac_request.settle import Signed, settle
from authwhy.verify.hmac_request.sigv4 import SigV4Policy

POLICY = SigV4Policy(overlap_s=100)
NOW = 1_000


def signed(by: str | None = "good", **more: object) -> Signed:
    return Signed("id", lambda secret: secret.octets == (by or "").encode(), "test", **more)  # type: ignore[arg-type]


def test_the_newest_secret() -> None:
    """Accepted, and the facts say which one."""
    outcome = judge(settle(signed(claims={"x": 1}), POLICY, NOW), known("good", "other"))
    assert outcome == Accepted({"sub": "alice", "key_id": "id", "x": 1}, {"secret_id": "k0", "old_secret": False})


def test_an_older_secret_in_the_overlap() -> None:
    """Accepted until overlap_s after it was retired, and told."""
    old = SigningSecret("old", "good", retired_at=NOW - 99)
    outcome = judge(settle(signed(), POLICY, NOW), known("new", old))
    assert isinstance(outcome, Accepted)
    assert outcome.facts == {"secret_id": "old", "old_secret": True}


def test_an_older_secret_after_the_overlap() -> None:
    """It did sign the request, and it is revoked."""
    old = SigningSecret("old", "good", retired_at=NOW - 100)
    outcome = judge(settle(signed(), POLICY, NOW), known("new", old))
    assert outcome == Refused((Failure(Cause.REVOKED, None, {"revoked_at": 900, "late_s": 0, "key_id": "id"}, True),))


@pytest.mark.parametrize(
    ("secrets", "expected"),
    [
        (None, ["unknown_identity"]),
        (known(), ["unknown_identity"]),
        (known("bad"), ["bad_signature"]),
        (known("good", status="revoked"), ["revoked"]),
        (known("good", status="disabled"), ["account_disabled/suspended"]),
        (known("bad", status="disabled"), ["bad_signature", "account_disabled/suspended"]),
        (Unavailable(), ["provider_unreachable"]),
        ("secret", ["misconfigured/backend_unwired"]),
    ],
)
def test_answers_of_the_world(secrets: object, expected: list[str]) -> None:
    """Each has its cause; an outage is no bad credential."""
    assert said(judge(settle(signed(), POLICY, NOW), secrets)) == expected


def test_everything_that_fails_is_listed_in_order() -> None:
    """Signature, demands, status; attested is what follows a signature that held."""
    late = Failure(Cause.EXPIRED, None, {"late_s": 1})
    secrets = known(SigningSecret("k", "good", retired_at=1), status="disabled")
    outcome = judge(settle(signed(demands=(late,), body_changed={"seen": "x"}), POLICY, NOW), secrets)
    assert isinstance(outcome, Refused)
    assert said(outcome) == ["bad_signature/body_changed", "expired", "revoked", "account_disabled/suspended"]
    assert outcome.failures[1].attested
    outcome = judge(settle(signed("nobody", demands=(late,)), POLICY, NOW), known("good"))
    assert isinstance(outcome, Refused)
    assert not outcome.failures[1].attested


def test_an_algorithm_that_is_not_allowed_computes_nothing() -> None:
    """Nobody is asked, no signature routine runs (RFC 8725 3.1)."""
    no = Failure(Cause.UNSUPPORTED_ALGORITHM)
    flow = settle(Signed("id", lambda _: 1 / 0, "test", algorithm=(no,)), POLICY, NOW)  # type: ignore[arg-type, return-value]
    assert drive(flow, lambda _: 1 / 0) == Refused((no,))


@pytest.mark.parametrize("secrets", [None, known("a"), known("a", "b"), known(), known("good", status="revoked")])
def test_refusals_cost_the_same(secrets: object) -> None:
    """As many signatures for a name that nobody has as for one with fewer secrets than are tried."""
    tried: list[SigningSecret] = []
    probe = Signed("id", lambda secret: tried.append(secret) or False, "test")  # type: ignore[func-returns-value]
    assert isinstance(judge(settle(probe, SigV4Policy(secrets_tried=3), NOW), secrets), Refused)
    assert len(tried) == 3


def test_secrets_that_are_tried_are_bounded() -> None:
    """A store that returns thousands does not make a request cost thousands."""
    many = known(*(f"s{n}" for n in range(100)), "good")
    outcome = judge(settle(signed(), POLICY, NOW), many)
    assert isinstance(outcome, Refused)
    assert outcome.primary.facts["keys_tried"] == MAX_SECRETS


def test_secrets_of_a_form_that_cannot_sign() -> None:
    """The verifier's own fault, and only when none of them can."""
    unusable = Signed("id", lambda secret: True if secret.octets == b"good" else None, "test")
    assert said(judge(settle(unusable, POLICY, NOW), known("a", "b"))) == ["misconfigured:secret_not_usable"]
    assert said(judge(settle(unusable, POLICY, NOW), known("a", "good"))) == []
    assert said(judge(settle(unusable, POLICY, NOW), None)) == ["unknown_identity"]


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (False, []),
        (True, ["replayed"]),
        (Unavailable(), ["provider_unreachable"]),
        (None, ["misconfigured/backend_unwired"]),
    ],
)
def test_replay(seen: object, expected: list[str]) -> None:
    """Asked last, when the policy says so."""
    policy = SigV4Policy(check_replay=True)
    assert said(judge(settle(signed(replay=("nonce", 2_000)), policy, NOW), known("good"), seen)) == expected


def test_no_text_form_tells_a_token() -> None:
    """Only the key id."""
    assert repr(signed(session_token="canary-4711")) == "Signed('id')"


def test_only_a_good_request_is_remembered() -> None:
    """A refused one asks nothing more; the session token goes with the question."""
    asked: list[Ask] = []
    policy = SigV4Policy(check_replay=True)
    good = signed(replay=("nonce", 2_000), session_token="token")
    outcome: Outcome = drive(settle(good, policy, NOW), recording(known("good"), asked))
    assert isinstance(outcome, Accepted)
    assert asked == [SecretAsk("id", "token"), SeenAsk("test:id", "nonce", 2_000)]
    asked.clear()
    drive(settle(good, policy, NOW), recording(known("bad"), asked))
    assert len(asked) == 1
