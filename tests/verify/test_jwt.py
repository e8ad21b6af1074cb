"""The whole check of a token: order, completeness, attestation, questions to the world, and that nothing raises."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.verify.jose_tokens import AUDIENCE, CLAIMS, ISSUER, NOW, POLICY, SECRET, b64, segment, signer

from authwhy.causes import Cause, Kind, meta
from authwhy.model.outcome import Accepted, Failure, Outcome, Refused
from authwhy.model.policy import KNOWN_ALGORITHMS, SAFE_ALGORITHMS, JwtPolicy
from authwhy.verify import jwt
from authwhy.verify.flow import Ask, KeyAsk, RevokedAsk, SeenAsk, Unavailable, drive, replay
from authwhy.verify.jwk import NO_KEYS, KeySet

ONE = signer("ES256")
KEYS = ONE.keys
OUTAGE = Unavailable(facts={"waited_s": 2})


def causes(outcome: Outcome) -> list[str]:
    """The causes of a refusal."""
    assert isinstance(outcome, Refused)
    return [cause.value for cause in outcome.causes]


def check(token: str | bytes, policy: JwtPolicy = POLICY, now: int = NOW, keys: KeySet = KEYS) -> Outcome:
    """Check both ways; they must agree."""
    outcome = jwt.check(token, policy, now, keys)
    assert drive(jwt.verify(token, policy, now), lambda _: keys) == outcome
    return outcome


@pytest.mark.parametrize("alg", KNOWN_ALGORITHMS)
def test_a_good_token_of_every_algorithm_is_accepted(alg: str) -> None:
    """With its claims and the facts of its signature; as text and as octets."""
    one = signer(alg)
    expected = Accepted(CLAIMS, {"alg": alg, "kid": "k1"})
    assert check(one.token(), keys=one.keys) == expected
    assert check(one.token().encode(), keys=one.keys) == expected
    assert jwt.check(bytearray(one.token().encode()), POLICY, NOW, one.keys) == expected  # type: ignore[arg-type]


def test_all_failures_are_found_in_the_fixed_order() -> None:
    """Type, issuer, audience, time, missing, scope; the signature was good, so all of it is attested."""
    policy = replace(POLICY, typ=("at+jwt",), required=("tenant",), scope=("admin",))
    outcome = check(ONE.token(iss="https://evil.example", aud="other", nbf=NOW + 9_000), policy, NOW + 1_000)
    assert causes(outcome) == [
        "wrong_token_type", "wrong_issuer", "wrong_audience", "expired", "not_yet_valid", "missing_claim",
        "insufficient_scope",
    ]  # fmt: skip
    assert isinstance(outcome, Refused)
    assert all(failure.attested for failure in outcome.failures)


def test_claims_are_checked_though_the_signature_is_bad() -> None:
    """Each failure is found, and none is attested."""
    policy = replace(POLICY, scope=("admin",))
    forged = signer("ES256", "k1", 1).token(aud="other", exp=NOW - 312)
    outcome = check(forged, policy)
    assert causes(outcome) == ["bad_signature", "wrong_audience", "expired", "insufficient_scope"]
    assert isinstance(outcome, Refused)
    assert not any(failure.attested for failure in outcome.failures)
    assert outcome.failures[2].facts["late_s"] == 312


def test_claims_are_checked_though_no_key_or_algorithm_fits() -> None:
    """What the caller must mend next is known at once."""
    assert causes(check(ONE.token({"kid": "k9"}, exp=NOW - 1))) == ["unknown_key", "expired"]
    assert causes(check(ONE.token(exp=NOW - 1), replace(POLICY, algorithms=SAFE_ALGORITHMS[:1]))) == [
        "unsupported_algorithm", "expired",
    ]  # fmt: skip
    assert causes(check(ONE.token({"kid": "k9"}), replace(POLICY, typ=("at+jwt",)))) == [
        "wrong_token_type", "unknown_key",
    ]  # fmt: skip


def test_a_damaged_token_has_that_failure_only() -> None:
    """Nothing after the shape means anything."""
    policy = replace(POLICY, algorithms=("RS256",))
    for token in (ONE.token(exp="soon"), ONE.token() + "=", "x", ONE.raw({"alg": "RS256"}, b"[]")):
        assert causes(check(token, policy, NOW + 10_000)) == ["malformed"]


def test_a_wrong_type_of_a_signed_claim_is_attested() -> None:
    """The issuer wrote it: damage of another kind than a cut text."""
    outcome = check(ONE.token(exp="1767625200"))
    assert isinstance(outcome, Refused)
    assert outcome.primary.attested
    assert outcome.primary.facts == {"part": "claims", "problem": "wrong_type", "member": "exp"}


def test_a_cut_signature_does_not_hide_the_claims() -> None:
    """The claims are whole, so they are checked, not attested."""
    head, body, _ = ONE.token(exp=NOW - 5).split(".")
    outcome = check(f"{head}.{body}.{b64(bytes(40))}")
    assert causes(outcome) == ["malformed", "expired"]
    assert isinstance(outcome, Refused)
    assert outcome.primary.detail == "truncated"
    assert not outcome.failures[1].attested


def test_an_access_token_is_told_from_an_id_token() -> None:
    """By its header type, or by its claims where plain JWTs are accepted too (RFC 9068 4)."""
    strict, lenient = replace(POLICY, typ=("at+jwt",)), replace(POLICY, typ=("application/at+JWT", "JWT"))
    assert isinstance(check(ONE.token({"typ": "at+jwt"}), strict), Accepted)
    assert isinstance(check(ONE.token(), lenient), Accepted)
    assert causes(check(ONE.token(), strict)) == ["wrong_token_type"]
    outcome = check(ONE.token(at_hash="x"), lenient)
    assert causes(outcome) == ["wrong_token_type"]
    assert isinstance(outcome, Refused)
    assert outcome.primary.facts["looks_like"] == "id_token"
    assert isinstance(check(ONE.token(at_hash="x")), Accepted)


def asked(token: str, policy: JwtPolicy, answers: Callable[[Ask], object]) -> tuple[Outcome, list[Ask]]:
    """Run the flow and note what it asks."""
    asks: list[Ask] = []

    def answer(ask: Ask) -> object:
        asks.append(ask)
        return answers(ask)

    return drive(jwt.verify(token, policy, NOW), answer), asks


def world(**changes: object) -> Callable[[Ask], object]:
    """Answers by kind of question; by default everything is fine."""
    answers = {"KeyAsk": KEYS, "RevokedAsk": False, "SeenAsk": False, **changes}
    return lambda ask: answers[type(ask).__name__]


def test_keys_are_asked_for_by_names_that_the_policy_knows() -> None:
    """An issuer in a token that nobody checked yet chooses no address, and a foreign one causes no look for its key."""
    two = replace(POLICY, issuers=(ISSUER, "https://b.example"))
    evil = {"iss": "https://evil.example"}
    for policy, claims, issuer, kid in (
        (POLICY, {}, ISSUER, "k1"),
        (POLICY, evil, ISSUER, None),
        (two, {"iss": "https://b.example"}, "https://b.example", "k1"),
        (two, evil, None, None),
        (two, {"iss": None}, None, None),
        (replace(POLICY, issuers=()), evil, None, "k1"),
    ):
        _, asks = asked(ONE.token(**claims), policy, world())
        assert asks == [KeyAsk(issuer, kid)]


def test_a_key_id_that_nobody_would_have_is_not_passed_on() -> None:
    """A megabyte of key id stays here; the token is refused all the same."""
    outcome, asks = asked(ONE.token({"kid": "k" * 257}), POLICY, world())
    assert asks == [KeyAsk(ISSUER, None)]
    assert causes(outcome) == ["unknown_key"]


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "Bearer x",
        ONE.token()[:60],
        ONE.token({"alg": "none"}),
        ONE.token({"crit": ["x"], "x": 1}),
        "a.b.c.d.e",
    ],
    ids=["empty", "letter", "prefix", "cut", "none", "crit", "five segments"],
)
def test_nothing_is_asked_for_a_token_that_is_refused_anyway(token: str) -> None:
    """Damaged text and refused algorithms cost the world nothing."""
    outcome, asks = asked(token, POLICY, world())
    assert isinstance(outcome, Refused)
    assert asks == []


def test_an_outage_is_never_a_bad_credential() -> None:
    """Law 4: its own cause comes first; what the claims say follows, not attested."""
    outcome, _ = asked(ONE.token(exp=NOW - 1), POLICY, world(KeyAsk=OUTAGE))
    assert causes(outcome) == ["provider_unreachable", "expired"]
    assert isinstance(outcome, Refused)
    assert outcome.primary.facts == {"waited_s": 2}
    assert not outcome.failures[1].attested


@pytest.mark.parametrize("answer", [None, True, {}, "key", [KEYS], object()])
def test_an_answer_of_the_wrong_kind_is_misconfigured(answer: object) -> None:
    """Law 3: None is never success."""
    policy = replace(POLICY, check_revoked=True, check_replay=True)
    for ask in ("KeyAsk", "RevokedAsk", "SeenAsk"):
        if answer is True and ask != "KeyAsk":
            continue
        outcome, _ = asked(ONE.token(), policy, world(**{ask: answer}))
        assert isinstance(outcome, Refused)
        assert outcome.failures == (Failure(Cause.MISCONFIGURED, "backend_unwired", {"ask": ask}),)


def test_revocation_is_asked_about_when_the_signature_is_good() -> None:
    """By issuer and token id; the answer stands before the scope."""
    policy = replace(POLICY, check_revoked=True, scope=("admin",))
    outcome, asks = asked(ONE.token(aud="other"), policy, world(RevokedAsk=True))
    assert asks == [KeyAsk(ISSUER, "k1"), RevokedAsk(ISSUER, "f1c5b2a09d")]
    assert causes(outcome) == ["wrong_audience", "revoked", "insufficient_scope"]
    _, asks = asked(signer("ES256", "k1", 1).token(), policy, world())
    assert asks == [KeyAsk(ISSUER, "k1")]
    for claims, expected in (
        ({"jti": None}, ["missing_claim", "insufficient_scope"]),
        ({"jti": 5}, ["malformed"]),
        ({"iss": []}, ["malformed"]),
    ):
        outcome, asks = asked(ONE.token(**claims), policy, world())
        assert causes(outcome) == expected
        assert len(asks) == 1


def test_replay_is_asked_about_last_and_only_when_all_else_is_fine() -> None:
    """Asking records the id, so a refused try must not use it up."""
    policy = replace(POLICY, check_revoked=True, check_replay=True, leeway_s=5)
    outcome, asks = asked(ONE.token(), policy, world())
    assert isinstance(outcome, Accepted)
    assert asks[1:] == [RevokedAsk(ISSUER, "f1c5b2a09d"), SeenAsk(ISSUER, "f1c5b2a09d", NOW + 305)]
    outcome, _ = asked(ONE.token(), policy, world(SeenAsk=True))
    assert causes(outcome) == ["replayed"]
    for token, answers in ((ONE.token(aud="x"), world()), (ONE.token(), world(RevokedAsk=True))):
        outcome, asks = asked(token, policy, answers)
        assert isinstance(outcome, Refused)
        assert not any(isinstance(ask, SeenAsk) for ask in asks)
    outcome, _ = asked(ONE.token(jti=None, exp=None), policy, world())
    assert causes(outcome) == ["missing_claim", "missing_claim"]
    outcome, asks = asked(ONE.token(iss=None), replace(policy, issuers=()), world())
    assert asks[2] == SeenAsk("jwt", "f1c5b2a09d", NOW + 305)


def test_outages_of_the_stores_are_outages() -> None:
    """The token is undecided, not bad."""
    policy = replace(POLICY, check_revoked=True, check_replay=True)
    for ask in ("RevokedAsk", "SeenAsk"):
        outcome, _ = asked(ONE.token(), policy, world(**{ask: OUTAGE}))
        assert causes(outcome) == ["provider_unreachable"]


def test_the_fast_way_cannot_answer_questions() -> None:
    """It would have to guess."""
    for policy in (replace(POLICY, check_revoked=True), replace(POLICY, check_replay=True)):
        assert causes(jwt.check(ONE.token(), policy, NOW, KEYS)) == ["misconfigured"]


def test_a_recorded_run_can_be_replayed_under_an_edit() -> None:
    """The same answers, another now (idea 2 of the design)."""
    policy = replace(POLICY, check_revoked=True)
    answers = {KeyAsk(ISSUER, "k1"): KEYS, RevokedAsk(ISSUER, "f1c5b2a09d"): False}
    assert causes(replay(jwt.verify(ONE.token(), policy, NOW + 612), answers)) == ["expired"]
    assert isinstance(replay(jwt.verify(ONE.token(), policy, NOW + 612 - 313), answers), Accepted)


def test_no_keys_at_all_is_an_unknown_key() -> None:
    """The set may still be empty on the first day."""
    assert causes(check(ONE.token(), keys=NO_KEYS)) == ["unknown_key"]


def test_a_token_that_is_no_text_is_a_mistake_of_the_caller() -> None:
    """Not a refusal."""
    for token in (None, 5, object(), ["a"]):
        with pytest.raises(TypeError):
            jwt.check(token, POLICY, NOW, KEYS)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            drive(jwt.verify(token, POLICY, NOW), world())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({"algorithms": ("RS256", "none")}, "unknown algorithms: none"),
        ({"algorithms": ("rs256",)}, "unknown algorithms"),
        ({"issuers": ISSUER}, "issuers must be a list"),
        ({"audiences": AUDIENCE}, "audiences must be a list"),
        ({"scope": "a b"}, "scope must be a list"),
        ({"leeway_s": -1}, "negative"),
        ({"max_age_s": -1}, "negative"),
        ({"max_bytes": 0}, "positive"),
    ],
)
def test_a_policy_that_cannot_work_is_refused_when_it_is_made(fields: dict[str, Any], match: str) -> None:
    """A mistake of configuration must not become a 401."""
    with pytest.raises(ValueError, match=match):
        JwtPolicy(**fields)
    with pytest.raises(ValueError, match=match):
        replace(POLICY, **fields)


def test_a_policy_takes_lists_and_is_a_value() -> None:
    """Configuration files have lists; a policy can be a key."""
    policy = JwtPolicy(issuers=[ISSUER], typ=["application/AT+JWT"])  # type: ignore[arg-type]
    assert policy == JwtPolicy(issuers=(ISSUER,), typ=("at+jwt",))
    assert hash(policy) == hash(JwtPolicy(issuers=(ISSUER,), typ=("at+jwt",)))


CANARY = "canary-5f2e-7c31"


def test_facts_never_carry_the_token_or_a_secret() -> None:
    """A canary in every part that is no fact."""
    secret = KeySet.from_secret(CANARY + SECRET.decode(), "k1")
    policy = replace(POLICY, required=("tenant",), scope=("admin",))
    hostile = ONE.token({"x": CANARY, "jwk": {"k": CANARY}}, sub=CANARY, email=CANARY, exp=NOW - 1)
    for token in (
        hostile,
        hostile[:-1],
        f'"{hostile}"',
        f"{CANARY}.{hostile}",
        CANARY,
        ONE.raw({"alg": CANARY * 9}, {}),
    ):
        for keys in (KEYS, secret):
            text = repr(check(token, policy, keys=keys)).replace(repr(CANARY * 9), "")
            assert text.count(CANARY) == text.count(f"'alg': '{CANARY}") * 9
            assert hostile.split(".")[1] not in text
            assert hostile.split(".")[2] not in text


@given(st.binary(max_size=200) | st.text(max_size=200))
@settings(max_examples=500, deadline=None)
def test_noise_is_refused_and_never_raises(token: str | bytes) -> None:
    """With a cause of the caller's, never an error that would raise an alarm (law 4)."""
    outcome = check(token)
    assert isinstance(outcome, Refused)
    assert {meta(cause).kind for cause in outcome.causes} == {Kind.INVALID_CREDENTIALS}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
HEAD_NAMES = st.sampled_from(["alg", "kid", "typ", "crit", "b64", "enc", "jwk", "x"])
BODY_NAMES = st.sampled_from(["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "scope", "typ", "events", "x"])
ALGS = st.sampled_from([*KNOWN_ALGORITHMS, "none"])


@given(
    st.dictionaries(HEAD_NAMES, JSON, max_size=4),
    st.dictionaries(BODY_NAMES, JSON, max_size=6),
    ALGS,
    st.binary(max_size=70),
    st.integers(-(2**70), 2**70),
)
@settings(max_examples=500, deadline=None)
def test_no_header_claims_or_signature_raise(
    head: dict[str, object], body: dict[str, object], alg: str, raw: bytes, now: int
) -> None:
    """Signed properly, signed with noise, and not at all."""
    policy = JwtPolicy(
        algorithms=KNOWN_ALGORITHMS, issuers=("i",), typ=("at+jwt",), required=("x",), scope=("s",), max_age_s=9
    )
    head = {"alg": alg, **head}
    signed = f"{segment(json.dumps(head).encode())}.{segment(json.dumps(body).encode())}"
    for keys in (KEYS, signer("HS256").keys, NO_KEYS):
        outcome = check(f"{signed}.{b64(raw)}", policy, now, keys)
        assert isinstance(outcome, Refused)
        assert {meta(cause).kind for cause in outcome.causes} <= {Kind.INVALID_CREDENTIALS, Kind.DENIED}
    good = signer("HS256")
    check(f"{signed}.{b64(good.sign(signed.encode()))}", policy, now, good.keys)


@given(st.integers(0, len(ONE.token()) - 1), st.integers(0, 255))
@settings(max_examples=300, deadline=None)
def test_one_changed_octet_is_never_accepted(at: int, octet: int) -> None:
    """Wherever it is; only the same text is the same token."""
    token = ONE.token().encode()
    changed = token[:at] + bytes([octet]) + token[at + 1 :]
    assert isinstance(check(changed), Accepted) == (changed == token)
