"""What is kept between checks is bounded, belongs to one policy and key set, and never changes an outcome."""

from __future__ import annotations

from msgspec.structs import replace
from tests.verify.jose_tokens import NOW, POLICY, segment, signer

from authwhy.causes import Cause
from authwhy.model.outcome import Accepted, Refused
from authwhy.verify import jwt
from authwhy.verify.prepared import bind, plan_for
from authwhy.verify.segments import Damage

ONE = signer("HS256")


def test_equal_policies_share_their_preparation() -> None:
    """A policy is a value."""
    assert plan_for(POLICY) is plan_for(replace(POLICY))
    assert bind(POLICY, ONE.keys) is not bind(POLICY, ONE.keys)
    keys = ONE.keys
    assert bind(POLICY, keys) is bind(replace(POLICY), keys)


def test_the_same_header_means_something_else_to_another_policy_or_set() -> None:
    """Nothing is carried over."""
    token, keys = ONE.token(), ONE.keys
    for _ in range(2):
        assert isinstance(jwt.check(token, POLICY, NOW, keys), Accepted)
        narrow = jwt.check(token, replace(POLICY, algorithms=("RS256",)), NOW, keys)
        assert isinstance(narrow, Refused)
        assert narrow.causes == (Cause.UNSUPPORTED_ALGORITHM,)
        other = jwt.check(token, POLICY, NOW, signer("HS256", "k1", 1).keys)
        assert isinstance(other, Refused)
        assert other.causes == (Cause.BAD_SIGNATURE,)
        unknown = jwt.check(token, POLICY, NOW, signer("HS256", "k2").keys)
        assert isinstance(unknown, Refused)
        assert unknown.causes == (Cause.UNKNOWN_KEY,)


def test_hostile_headers_neither_fill_memory_nor_push_anything_out() -> None:
    """Two thousand key ids, and headers too long to be kept."""
    keys, token = ONE.keys, ONE.token()
    body, signature = token.split(".")[1:]
    for index in range(2_000):
        head = segment({"alg": "HS256", "kid": f"{index}" * (1 if index % 10 else 1_000)})
        outcome = jwt.check(f"{head}.{body}.{signature}", POLICY, NOW, keys)
        assert isinstance(outcome, Refused)
    bound = bind(POLICY, keys)
    for kept in (bound.resolutions, bound.plan.headers):
        assert len(kept) <= 512
        assert max(map(len, kept)) <= 1_024
    assert isinstance(jwt.check(token, POLICY, NOW, keys), Accepted)


def test_many_policies_are_bounded_too() -> None:
    """One policy a tenant may be thousands."""
    keys = ONE.keys
    for index in range(200):
        assert isinstance(jwt.check(ONE.token(), replace(POLICY, id=f"p{index}"), NOW, keys), Accepted)
    assert len(keys.memo) <= 64


def test_damaged_headers_are_not_kept() -> None:
    """Only what could be read is."""
    plan = plan_for(replace(POLICY, id="fresh"))
    assert isinstance(plan.header(b"eyJ"), Damage)
    assert isinstance(bind(plan.policy, ONE.keys).resolve(b""), Damage)
    assert plan.headers == {}
