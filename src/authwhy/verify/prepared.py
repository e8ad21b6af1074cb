"""What a JWT check needs that no claim changes: prepared once per policy, and once per policy and key set.

A header is read and judged once and kept by its text, so that the next token with the same header costs one look-up.
All of it is bounded, and forgetting it changes no outcome.
"""

from __future__ import annotations

from typing import TypeAlias, TypeVar

from msgspec import Struct, field

from authwhy.model.outcome import Failure
from authwhy.model.policy import JwtPolicy
from authwhy.verify.claims import ClaimsCheck, claims_check
from authwhy.verify.jwk import KeySet
from authwhy.verify.jws import NO_HEADER, OPENERS, Header, Resolution, algorithm_failure, read_header, resolve
from authwhy.verify.segments import Damage

_KEPT = 512  # headers of a policy, and resolutions of a policy with a key set
_POLICIES_KEPT = 64
_LONGEST_KEPT = 1_024  # characters of a header that is kept

JudgedHeader: TypeAlias = tuple[Header, Failure | None]
"""A header, and why its algorithm is refused."""
_Value = TypeVar("_Value")


class Plan(Struct, frozen=True, eq=False):
    """A prepared policy.

    `asks` is set when it needs more from the world than keys, `plain` when signature and claims decide alone.
    """

    policy: JwtPolicy
    asks: bool
    plain: bool
    claims_check: ClaimsCheck
    headers: dict[bytes, JudgedHeader] = field(default_factory=dict)

    def header(self, segment: bytes) -> JudgedHeader | Damage:
        """Read a header segment and judge its algorithm."""
        known = self.headers.get(segment)
        if known is not None:
            return known
        if not segment or segment[0] not in OPENERS:  # as read_header, but before any more is done for noise
            return NO_HEADER
        header = read_header(segment)
        if isinstance(header, Damage):
            return header
        judged = header, algorithm_failure(header, self.policy.algorithms, self.policy.understood_crit)
        _keep(self.headers, segment, judged)
        return judged


class Bound(Struct, frozen=True, eq=False):
    """A prepared policy with one key set; the fields of the plan that every check needs are copied."""

    plan: Plan
    keys: KeySet
    max_bytes: int
    plain: bool
    claims_check: ClaimsCheck
    resolutions: dict[bytes, Resolution] = field(default_factory=dict)

    def resolve(self, segment: bytes) -> Resolution | Damage:
        """Choose the keys for a header segment."""
        if not segment or segment[0] not in OPENERS:
            return NO_HEADER
        judged = self.plan.header(segment)
        if isinstance(judged, Damage):
            return judged
        resolution = resolve(*judged, self.keys)
        _keep(self.resolutions, segment, resolution)
        return resolution


PLANS: dict[JwtPolicy, Plan] = {}
"""Policies already prepared."""


def plan_for(policy: JwtPolicy) -> Plan:
    """The prepared policy."""
    plan = PLANS.get(policy)
    if plan is None:
        if len(PLANS) >= _POLICIES_KEPT:
            PLANS.clear()
        asks = policy.check_revoked or policy.check_replay
        plan = PLANS[policy] = Plan(policy, asks, not policy.typ and not asks, claims_check(policy))
    return plan


def bind(policy: JwtPolicy, keys: KeySet) -> Bound:
    """The prepared policy with these keys; kept with the keys."""
    bound: Bound | None = keys.memo.get(policy)
    if bound is None:
        plan = plan_for(policy)
        if len(keys.memo) >= _POLICIES_KEPT:
            keys.memo.clear()
        bound = keys.memo[policy] = Bound(plan, keys, policy.max_bytes, plan.plain, plan.claims_check)
    return bound


def _keep(kept: dict[bytes, _Value], segment: bytes, value: _Value) -> None:
    if len(kept) >= _KEPT:
        kept.clear()
    if len(segment) <= _LONGEST_KEPT:
        kept[segment] = value
