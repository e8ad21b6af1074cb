"""Session cookies as a whole: what is accepted, every cause, and that no changed byte passes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from authwhy.causes import Cause
from authwhy.model.outcome import Accepted, Outcome, Refused
from authwhy.verify.flow import Ask, Unavailable, drive
from authwhy.verify.session import SessionAsk, SessionPolicy, SessionRecord, id_text, seal, verify
from authwhy.verify.session_keys import SessionKey, SessionKeys

NOW = 1_767_625_200
ID = bytes(range(16))
OLD, NEW = (
    SessionKey("k1", b"an old secret of thirty-two bytes"),
    SessionKey("k2", b"the new secret of 32 random bytes"),
)
KEYS = SessionKeys([NEW, OLD])
POLICY = SessionPolicy(KEYS, lifetime_s=1_000, idle_s=100)
COOKIE = seal(ID, NOW - 60, KEYS)
RECORD = SessionRecord(id_text(ID), "alice", NOW - 60, NOW - 10, acr="mfa", amr=("otp",), authenticated_at=NOW - 60)


def check(
    cookie: str = COOKIE,
    record: object = RECORD,
    policy: SessionPolicy = POLICY,
    now: int = NOW,
    binding: str | None = None,
) -> Outcome:
    """Run the flow in a world that has this one session."""

    def answer(ask: Ask) -> object:
        assert ask == SessionAsk(id_text(ID))
        return record

    return drive(verify(cookie, policy, now, binding), answer)


def causes(outcome: Outcome) -> list[str]:
    assert isinstance(outcome, Refused)
    return [cause.value for cause in outcome.causes]


def test_accepted() -> None:
    """With what the record says; its claims name nobody else."""
    claims = {"sub": "alice", "sid": id_text(ID), "acr": "mfa", "amr": ("otp",), "auth_time": NOW - 60}
    assert check() == Accepted(claims, {"key_id": "k2", "old_key": False})
    outcome = check(record=replace(RECORD, claims={"sub": "mallory", "tenant": "a"}))
    assert outcome == Accepted({**claims, "tenant": "a"}, {"key_id": "k2", "old_key": False})


def test_an_old_key_is_accepted_and_told() -> None:
    """So that somebody can see when it may be thrown away."""
    outcome = check(seal(ID, NOW - 60, SessionKeys([OLD])))
    assert isinstance(outcome, Accepted)
    assert outcome.facts == {"key_id": "k1", "old_key": True}


FORGED = COOKIE[:-43] + "A" * 43
MALFORMED: list[tuple[str, str | None, str]] = [
    ("", None, "empty"),
    (COOKIE + "\n", "whitespace", "blanks"),
    (f'"{COOKIE}"', "quotes", "quoted"),
    (COOKIE.replace(".", "%2E", 1), "encoding", "percent_encoded"),
    ("2" + COOKIE[1:], None, "version"),
    ("1.k2.x", "truncated", "segments"),
    ("1." + COOKIE, None, "segments"),
    (COOKIE[:-5], "truncated", "cut"),
    (COOKIE[:-1] + "\u20ac", None, "not_base64url"),
    ("x" * 129, None, "too_large"),
]


@pytest.mark.parametrize(("cookie", "detail", "problem"), MALFORMED)
def test_malformed(cookie: str, detail: str | None, problem: str) -> None:
    """One word says what is wrong with the text, and nothing is looked up."""
    outcome = drive(verify(cookie, POLICY, NOW), lambda ask: pytest.fail(repr(ask)))
    assert causes(outcome) == ["malformed"]
    assert isinstance(outcome, Refused)
    assert (outcome.primary.detail, outcome.primary.facts["problem"]) == (detail, problem)


@pytest.mark.parametrize(
    ("cookie", "now", "expected", "attested"),
    [
        (FORGED, NOW, ["bad_signature"], False),
        (FORGED, NOW + 940, ["bad_signature", "expired"], False),
        (COOKIE.replace("k2", "k9"), NOW, ["unknown_key"], False),
        (COOKIE.replace("k2", "k9"), NOW + 940, ["unknown_key", "expired"], False),
        (COOKIE, NOW + 940, ["expired"], True),
        (COOKIE, NOW - 361, ["not_yet_valid"], True),
    ],
)
def test_refused_before_anything_is_looked_up(cookie: str, now: int, expected: list[str], attested: bool) -> None:
    """A forged or old cookie costs the store nothing."""
    outcome = drive(verify(cookie, POLICY, now), lambda ask: pytest.fail(repr(ask)))
    assert causes(outcome) == expected
    assert isinstance(outcome, Refused)
    assert {failure.attested for failure in outcome.failures} == {attested}


ANSWERS: list[tuple[object, list[str]]] = [
    (None, ["session_invalid"]),
    (Unavailable(), ["provider_unreachable"]),
    ({"id": id_text(ID)}, ["misconfigured"]),
    (replace(RECORD, id=id_text(ID).lower()), ["misconfigured"]),
    (replace(RECORD, last_seen_at=NOW - 100), ["expired"]),
    (replace(RECORD, created_at=NOW - 1_000), ["expired"]),
    (replace(RECORD, revoked_at=NOW - 5), ["revoked"]),
    (replace(RECORD, revoked_at=NOW + 5), ["revoked"]),
    (replace(RECORD, binding="thumbprint"), ["wrong_binding"]),
    (
        replace(RECORD, binding="t", created_at=0, last_seen_at=0, revoked_at=1),
        ["wrong_binding", "expired", "expired", "revoked"],
    ),
]


@pytest.mark.parametrize(("record", "expected"), ANSWERS)
def test_answers_of_the_store(record: object, expected: list[str]) -> None:
    """Every failing check, in the fixed order."""
    assert causes(check(record=record)) == expected


def test_facts() -> None:
    """What an operator needs: how long idle, since when revoked, which key."""
    outcome = check(record=replace(RECORD, last_seen_at=NOW - 130, revoked_at=NOW - 5))
    assert isinstance(outcome, Refused)
    assert [failure.facts for failure in outcome.failures] == [
        {"expired_at": NOW - 30, "late_s": 30, "now": NOW, "idle_s": 130},
        {"revoked_at": NOW - 5, "late_s": 5},
    ]
    unknown = check(record=None)
    assert isinstance(unknown, Refused)
    assert unknown.primary.facts == {"issued_at": NOW - 60}


def test_binding() -> None:
    """A session tied to a certificate or key goes with that one only."""
    bound = replace(RECORD, binding="thumb\u00e9")
    assert isinstance(check(record=bound, binding="thumb\u00e9"), Accepted)
    assert causes(check(record=bound, binding="other")) == ["wrong_binding"]
    assert isinstance(check(binding="anything"), Accepted)


def test_limits_can_be_switched_off() -> None:
    """For a service whose store ends sessions itself."""
    endless = SessionPolicy(KEYS, lifetime_s=None, idle_s=None)
    assert isinstance(check(policy=endless, now=NOW + 10**8), Accepted)


@pytest.mark.parametrize("limits", [{"lifetime_s": 0}, {"idle_s": -1}, {"leeway_s": -1}])
def test_policy_that_cannot_work(limits: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must"):
        SessionPolicy(KEYS, **limits)


@pytest.mark.parametrize(("session_id", "at"), [(b"short", NOW), (bytes(17), NOW), (ID, -1), (ID, 10**12)])
def test_seal_refuses_what_it_could_not_open(session_id: bytes, at: int) -> None:
    with pytest.raises(ValueError, match="16 octets"):
        seal(session_id, at, KEYS)


def test_text_forms_tell_no_session_id() -> None:
    """Both may end in a log."""
    assert (repr(SessionAsk("secret")), repr(RECORD)) == ("SessionAsk(...)", "SessionRecord(subject='alice')")


@given(st.binary(min_size=16, max_size=16), st.integers(0, 10**12 - 1), st.sampled_from([[NEW], [OLD], [OLD, NEW]]))
def test_round_trip(session_id: bytes, at: int, keys: list[SessionKey]) -> None:
    """What was sealed is opened, by every set that has the key."""
    assert KEYS.open(seal(session_id, at, SessionKeys(keys))) == (
        id_text(session_id), at, keys[0].id, keys[0].id != "k2",
    )  # fmt: skip


@given(st.integers(0, len(COOKIE) - 1), st.characters())
def test_any_changed_character_is_refused(at: int, character: str) -> None:
    """In every place, whatever it becomes; and never as an error of ours."""
    changed = COOKIE[:at] + character + COOKIE[at + 1 :]
    outcome = check(changed)
    assert isinstance(outcome, Accepted) == (changed == COOKIE)
    if isinstance(outcome, Refused):
        assert set(outcome.causes) <= {
            Cause.MALFORMED, Cause.BAD_SIGNATURE, Cause.UNKNOWN_KEY, Cause.EXPIRED, Cause.NOT_YET_VALID,
        }  # fmt: skip


@given(st.text() | st.from_regex(r"1\.k[12]\.[A-Za-z0-9_-]{22}\.\d{1,12}\.[A-Za-z0-9_-]{43}"), st.integers())
def test_never_raises(cookie: str, now: int) -> None:
    """Hostile text is refused without a question."""
    assert isinstance(drive(verify(cookie, POLICY, now), lambda ask: pytest.fail(repr(ask))), Refused)
