"""Differential tests: the same tokens through authwhy, PyJWT and joserfc; every difference has a known reason.

The reasons are the rows of docs/decisions/0006-jose-differences.md. `AUTHWHY_ORACLE_TOKENS=100000` raises the number.
"""

from __future__ import annotations

import os
import time
import warnings
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import jwt as pyjwt
import pytest
from joserfc import jwk as jose_jwk
from joserfc import jwt as jose_jwt
from joserfc.jws import JWSRegistry
from tests.verify.jose_generator import ALGORITHMS, CHANGES, SIGNERS, Case, make
from tests.verify.jose_tokens import AUDIENCE, ISSUER

from authwhy.model.outcome import Accepted
from authwhy.model.policy import JwtPolicy
from authwhy.verify import jwt
from authwhy.verify.flow import drive
from authwhy.verify.jwk import KeySet

TOKENS = int(os.environ.get("AUTHWHY_ORACLE_TOKENS", "4000"))
DECISION = Path(__file__).parents[2] / "docs/decisions/0006-jose-differences.md"
JWKS: list[dict[str, Any]] = [{**one.jwk, "alg": alg} for alg, one in SIGNERS.items()]
OWN = KeySet.from_jwks({"keys": JWKS})
OWN_ALONE = {jwk["alg"]: KeySet.from_jwks({"keys": [jwk]}) for jwk in JWKS}


class Difference(NamedTuple):
    """One known reason: which library, whether it accepts what we refuse, and the changes that show it."""

    name: str
    library: str
    accepts: bool
    changes: frozenset[str]


def _known(name: str, library: str, *changes: str, accepts: bool = True) -> Difference:
    return Difference(name, library, accepts, frozenset(changes))


KNOWN: tuple[Difference, ...] = (
    _known("duplicate members", "PyJWT", "duplicate_header_member", "duplicate_claim"),
    _known("duplicate members", "joserfc", "duplicate_header_member", "duplicate_claim"),
    _known("not UTF-8", "PyJWT", "byte_order_mark", "not_utf8", "utf16", "lone_surrogate"),
    _known("not UTF-8", "joserfc", "byte_order_mark", "not_utf8", "utf16", "lone_surrogate"),
    _known("numbers that are none", "PyJWT", "number_that_is_none", "number_beyond_a_double"),
    _known("numbers that are none", "joserfc", "number_that_is_none", "number_beyond_a_double"),
    _known("deep nesting", "PyJWT", "very_deep_claims"),
    _known("deep nesting", "joserfc", "very_deep_claims"),
    _known("crit with b64", "PyJWT", "critical_b64"),
    _known("crit with b64", "joserfc", "critical_b64"),
    _known("broken crit list", "joserfc", "broken_critical"),
    _known("header members of a wrong type", "PyJWT", "header_type_of_wrong_type", "b64_of_wrong_type"),
    _known("times of a wrong type", "PyJWT", "time_as_text", "time_as_boolean"),
    _known("padding", "PyJWT", "padded"),
    _known("key id ignored", "PyJWT", "unknown_kid", "kid_of_another_key"),
    _known("key id ignored", "joserfc", "unknown_kid", "kid_of_another_key"),
    _known("no key id", "PyJWT", "no_kid", accepts=False),
    _known("no key id", "joserfc", "no_kid", accepts=False),
    _known("key members that nobody reads", "joserfc", "key_in_header", "odd_key_member", accepts=False),
)


@cache
def pyjwt_keys() -> pyjwt.PyJWKSet:
    """The keys as PyJWT takes them: each bound to its algorithm."""
    return pyjwt.PyJWKSet.from_dict({"keys": JWKS})


@cache
def joserfc_keys() -> jose_jwk.KeySet:
    """The keys as joserfc takes them."""
    return jose_jwk.KeySet.import_key_set({"keys": JWKS})


def own_accepts(case: Case, now: int) -> bool:
    """Ask authwhy, both ways; they must agree."""
    policy = JwtPolicy(
        algorithms=ALGORITHMS,
        issuers=(ISSUER, "https://other.example.com"),
        audiences=(AUDIENCE,),
        required=case.required,
        leeway_s=case.leeway,
        max_bytes=1 << 17,
    )
    keys = OWN_ALONE[case.alg] if case.alone else OWN
    outcome = jwt.check(case.token, policy, now, keys)
    assert drive(jwt.verify(case.token, policy, now), lambda _: keys) == outcome
    return isinstance(outcome, Accepted)


def pyjwt_accepts(case: Case) -> bool:
    """Ask PyJWT, with a key chosen as its key set client does it."""
    keys = pyjwt_keys()
    try:
        if case.alone:
            key = next(key for key in keys if key.algorithm_name == case.alg)
        else:
            key = keys[pyjwt.get_unverified_header(case.token).get("kid", "")]
        pyjwt.decode(
            case.token,
            key,
            algorithms=list(ALGORITHMS),
            issuer=[ISSUER, "https://other.example.com"],
            audience=[AUDIENCE],
            leeway=case.leeway,
            options={"require": list(case.required)},
        )
    except Exception:  # noqa: BLE001  whatever it raises is a refusal
        return False
    return True


def joserfc_accepts(case: Case, now: int) -> bool:
    """Ask joserfc, with unknown header members allowed and its size limits lifted."""
    registry = JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False)
    registry.max_header_length = registry.max_signature_length = 1 << 17
    options: dict[str, Any] = {name: {"essential": True, "allow_blank": True} for name in case.required}
    claims = jose_jwt.JWTClaimsRegistry(
        now=now,
        leeway=case.leeway,
        **{
            **options,
            "iss": {"essential": True, "values": [ISSUER, "https://other.example.com"]},
            "aud": {"essential": True, "values": [AUDIENCE]},
        },
    )
    key = next(key for key in joserfc_keys() if key.alg == case.alg) if case.alone else joserfc_keys()
    try:
        claims.validate(jose_jwt.decode(case.token, key, registry=registry).claims)
    except Exception:  # noqa: BLE001  whatever it raises is a refusal
        return False
    return True


def differences(seeds: range, now: int) -> tuple[Counter[str], list[tuple[int, str, bool, Case]]]:
    """Count the differences by their known name, and list those without one."""
    counted: Counter[str] = Counter()
    unknown = []
    for seed in seeds:
        case = make(seed, now)
        own = own_accepts(case, now)
        for library, theirs in (("PyJWT", pyjwt_accepts(case)), ("joserfc", joserfc_accepts(case, now))):
            if own == theirs:
                continue
            reasons = [
                row.name
                for row in KNOWN
                if (row.library, row.accepts) == (library, theirs) and not row.changes.isdisjoint(case.traits)
            ]
            if reasons:
                counted[f"{reasons[0]}, {library}"] += 1
            else:
                unknown.append((seed, library, theirs, case))
    return counted, unknown


def test_every_difference_has_a_known_reason() -> None:
    """Same accept and refuse on every generated token, or a row that says why."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        counted, unknown = differences(range(TOKENS), int(time.time()))
    print(f"\n{TOKENS} tokens: " + ", ".join(f"{name} {count}" for name, count in counted.most_common()))
    listed = [f"{s}: {lib} {'accepts' if yes else 'refuses'} {c.traits} {c.token[:200]}" for s, lib, yes, c in unknown]
    assert listed == []


def test_every_known_reason_is_written_down() -> None:
    """The decision and the table name the same reasons."""
    text = DECISION.read_text("utf-8")
    assert [row.name for row in KNOWN if f"| {row.name} |" not in text] == []


@pytest.mark.parametrize("name", sorted({change for row in KNOWN for change in row.changes}))
def test_every_reason_belongs_to_a_change(name: str) -> None:
    """A renamed change does not leave a reason behind."""
    assert name in CHANGES
