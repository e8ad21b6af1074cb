"""API keys as a whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authwhy.causes import Cause
from authwhy.model.outcome import Accepted, Outcome, Refused
from authwhy.model.policy import ApiKeyPolicy
from authwhy.verify.api_key import ApiKeyRecord, PreparedKeys, digest_of, verify
from authwhy.verify.flow import ApiKeyAsk, Ask, Unavailable, drive, replay

KEY = "acme_live_k7Qp2Zx9Lm4Vt8Rw1Yc6"
DIGEST = digest_of(KEY)
POLICY = ApiKeyPolicy(prefix="acme_live_")
SCOPED = ApiKeyPolicy(prefix="acme_live_", scope=("read", "write"))
GOOD = ApiKeyRecord("k1", DIGEST, "alice", scopes=("read", "write"))


def check(record: object, policy: ApiKeyPolicy = POLICY, now: int = 100) -> Outcome:
    return replay(verify(KEY, policy, now), {ApiKeyAsk(DIGEST): record})


@pytest.mark.parametrize("policy", [POLICY, SCOPED])
def test_accepted(policy: ApiKeyPolicy) -> None:
    """A known, active key with enough scope."""
    assert check(GOOD, policy) == Accepted({"sub": "alice", "key_id": "k1", "scope": ("read", "write")})


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (None, [("wrong_secret", None)]),
        (ApiKeyRecord("k1", digest_of("another key"), "alice"), [("wrong_secret", None)]),
        (ApiKeyRecord("k1", "\u20ac", "alice"), [("wrong_secret", None)]),
        (ApiKeyRecord("k1", DIGEST, "alice", expires_at=100, scopes=SCOPED.scope), [("expired", None)]),
        (ApiKeyRecord("k1", DIGEST, "alice", retired_at=100, scopes=SCOPED.scope), [("revoked", None)]),
        (ApiKeyRecord("k1", DIGEST, "alice", "revoked", scopes=SCOPED.scope), [("revoked", None)]),
        (ApiKeyRecord("k1", DIGEST, "alice", "disabled", scopes=SCOPED.scope), [("account_disabled", "suspended")]),
        (ApiKeyRecord("k1", DIGEST, "alice", scopes=("read",)), [("insufficient_scope", "scope")]),
        (
            ApiKeyRecord("k1", DIGEST, "alice", "disabled", 1, 2),
            [
                ("expired", None),
                ("revoked", None),
                ("account_disabled", "suspended"),
                ("insufficient_scope", "scope"),
            ],
        ),
        (Unavailable(), [("provider_unreachable", None)]),
        ({"id": "k1"}, [("misconfigured", "backend_unwired")]),
    ],
)
def test_refused(record: object, expected: list[tuple[str, str | None]]) -> None:
    """Every failing check, in the fixed order."""
    outcome = check(record, SCOPED)
    assert isinstance(outcome, Refused)
    assert [(each.cause, each.detail) for each in outcome.failures] == expected


def test_facts() -> None:
    """Facts are typed and hold no secret."""
    outcome = check(ApiKeyRecord("k1", DIGEST, "alice", expires_at=90, retired_at=70), SCOPED)
    assert isinstance(outcome, Refused)
    assert [each.facts for each in outcome.failures] == [
        {"expired_at": 90, "late_s": 10, "key_id": "k1"},
        {"revoked_at": 70, "late_s": 30, "key_id": "k1"},
        {"needed": ("read", "write"), "granted": ()},
    ]


def test_damaged_keys_ask_nothing() -> None:
    """What cannot be a key is not looked up."""

    def no_ask(ask: Ask) -> object:
        raise AssertionError(ask)

    for key, cause in ((KEY + "\n", Cause.MALFORMED), ("", Cause.WRONG_SECRET), ("ghp_" + KEY, Cause.WRONG_SECRET)):
        outcome = drive(verify(key, POLICY, 0), no_ask)
        assert isinstance(outcome, Refused)
        assert outcome.causes == (cause,)


def test_placeholder_of_a_good_length() -> None:
    """Text that could be a key is looked up; unknown, it is seen to be a placeholder."""
    outcome = drive(verify("your-api-key-here", ApiKeyPolicy(), 0), lambda _: None)
    assert isinstance(outcome, Refused)
    assert outcome.primary.detail == "placeholder"


def test_unknown_key_of_a_known_kind() -> None:
    """Without a prefix in the policy the kind is a hint only."""
    outcome = drive(verify("ghp_0123456789abcdef", ApiKeyPolicy(), 0), lambda _: None)
    assert isinstance(outcome, Refused)
    assert (outcome.primary.detail, outcome.primary.facts) == (None, {"kind": "github_personal"})


def test_text_form_tells_no_digest() -> None:
    """A record may end in a traceback."""
    assert repr(GOOD) == "ApiKeyRecord('k1')"


RECORDS = st.builds(
    ApiKeyRecord,
    st.just("k1"),
    st.sampled_from([DIGEST, digest_of("other")]),
    st.just("alice"),
    st.sampled_from(["active", "revoked", "disabled"]),
    st.one_of(st.none(), st.integers(-5, 5)),
    st.one_of(st.none(), st.integers(-5, 5)),
    st.sampled_from([(), ("read",), ("read", "write")]),
)
KEYS = st.one_of(st.text(max_size=40), st.sampled_from([KEY, KEY + " ", KEY[:-1], f"Bearer {KEY}"]))


@given(KEYS, RECORDS, st.sampled_from([POLICY, SCOPED, ApiKeyPolicy()]), st.integers(-6, 6))
def test_prepared_keys_accept_what_verify_accepts(
    key: str, record: ApiKeyRecord, policy: ApiKeyPolicy, now: int
) -> None:
    """The hot path is no second opinion: for keys of an ordinary form both say the same."""
    outcome = drive(verify(key, policy, now), lambda ask: {record.digest: record}.get(getattr(ask, "digest", "")))
    found = PreparedKeys([record], policy).find(key, now)
    assert found == (outcome if isinstance(outcome, Accepted) else None)
    assert isinstance(outcome, Accepted) or "acme_live_k" not in repr(outcome)


def test_prepared_keys_skip_records_that_are_no_digest() -> None:
    """A broken record accepts nobody."""
    assert PreparedKeys([ApiKeyRecord("k1", KEY, "alice")], POLICY).find(KEY, 0) is None


@given(st.text(), st.integers())
def test_never_raises(key: str, now: int) -> None:
    """Hostile text is refused, and never as an error of ours."""
    outcome = drive(verify(key, ApiKeyPolicy(), now), lambda _: None)
    assert isinstance(outcome, Refused)
    assert set(outcome.causes) <= {Cause.MALFORMED, Cause.WRONG_SECRET}
