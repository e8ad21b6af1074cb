"""One-time codes: the vectors of the RFCs, and every way to be wrong."""

from __future__ import annotations

import base64

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from authwhy.causes import Cause
from authwhy.model.outcome import Accepted, Outcome, Refused
from authwhy.model.policy import TotpPolicy
from authwhy.verify import totp
from authwhy.verify.flow import Ask, SeenAsk, Unavailable, drive, replay
from authwhy.verify.totp import TotpAsk, TotpCode, TotpEnrolment

SEED = b"12345678901234567890"
SECRET = base64.b32encode(SEED).decode()
POLICY = TotpPolicy()
NOW = 1_800_000_015
STEP = NOW // 30
ENROLMENT = TotpEnrolment("e1", SECRET)
UNCONFIRMED = TotpEnrolment("e1", SECRET, confirmed=False)


def code(offset: int) -> str:
    return totp.hotp(SEED, STEP + offset, 6)


def check(sent: str, *, enrolment: object = ENROLMENT, seen: object = False, policy: TotpPolicy = POLICY) -> Outcome:
    def answer(ask: Ask) -> object:
        return enrolment if isinstance(ask, TotpAsk) else seen

    return drive(totp.verify(TotpCode(sent, "alice"), policy, NOW), answer)


def primary(outcome: Outcome) -> tuple[str, str | None, object]:
    assert isinstance(outcome, Refused)
    return outcome.primary.cause, outcome.primary.detail, outcome.primary.facts.get("problem")


def test_rfc_4226_appendix_d() -> None:
    """The ten published HOTP values."""
    published = "755224 287082 359152 969429 338314 254676 287922 162583 399871 520489".split()
    assert [totp.hotp(SEED, counter, 6) for counter in range(10)] == published


RFC_6238 = [
    (59, "94287082", "46119246", "90693936"),
    (1111111109, "07081804", "68084774", "25091201"),
    (1111111111, "14050471", "67062674", "99943326"),
    (1234567890, "89005924", "91819424", "93441116"),
    (2000000000, "69279037", "90698825", "38618901"),
    (20000000000, "65353130", "77737706", "47863826"),
]


@pytest.mark.parametrize(("at", "sha1", "sha256", "sha512"), RFC_6238)
def test_rfc_6238_appendix_b(at: int, sha1: str, sha256: str, sha512: str) -> None:
    """The published TOTP values, with the seeds of 20, 32 and 64 bytes that the reference code uses."""
    for algorithm, size, published in (("SHA1", 20, sha1), ("SHA256", 32, sha256), ("SHA512", 64, sha512)):
        seed = (b"1234567890" * 7)[:size]
        policy = TotpPolicy(algorithm=algorithm, digits=8, window=0)
        enrolment = TotpEnrolment("e1", base64.b32encode(seed).decode())
        answers: dict[Ask, object] = {TotpAsk("alice"): enrolment}
        answers[SeenAsk("totp:e1", str(at // 30), (at // 30 + 1) * 30)] = False
        outcome = replay(totp.verify(TotpCode(published, "alice"), policy, at), answers)
        assert outcome == Accepted({"sub": "alice"}, {"step_offset": 0})


@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_accepted_within_the_window(offset: int) -> None:
    """One period on each side, and how far off is a fact."""
    assert check(code(offset)) == Accepted({"sub": "alice"}, {"step_offset": offset})


@pytest.mark.parametrize(
    ("offset", "cause"),
    [
        (-2, "expired_second_factor"),
        (-20, "expired_second_factor"),
        (-21, "wrong_second_factor"),
        (2, "wrong_second_factor"),
        (20, "wrong_second_factor"),
        (21, "wrong_second_factor"),
    ],
)
def test_codes_of_other_periods(offset: int, cause: str) -> None:
    """Right once is expired; a code of the future is wrong; both say how many periods, within the search."""
    outcome = check(code(offset))
    assert isinstance(outcome, Refused)
    assert outcome.causes == (cause,)
    assert outcome.primary.facts.get("step_offset") == (offset if abs(offset) <= 20 else None)


@pytest.mark.parametrize(
    ("sent", "cause", "detail", "problem"),
    [
        ("", "second_factor_required", None, None),
        ("123 456", "malformed", "whitespace", "grouped"),
        ("123-456", "malformed", "whitespace", "grouped"),
        ("123456\n", "malformed", "whitespace", "grouped"),
        ('"123456"', "malformed", "quotes", "quoted"),
        ("\u0661\u0662\u0663\u0664\u0665\u0666", "malformed", "encoding", "other_digits"),
        ("\u00b2\u00b2\u00b2\u00b2\u00b2\u00b2", "malformed", "encoding", "other_digits"),
        ("12345a", "malformed", None, "not_digits"),
        ("12345\ud800", "malformed", None, "not_digits"),
        ("12345", "malformed", "truncated", "length"),
        ("12345678", "malformed", None, "length"),
        ("1" * 65, "malformed", None, "too_long"),
    ],
)
def test_shape(sent: str, cause: str, detail: str | None, problem: str | None) -> None:
    """Text that cannot be a code is told before anything is asked."""
    assert primary(drive(totp.verify(TotpCode(sent, "alice"), POLICY, NOW), lambda _: 1 / 0)) == (
        cause,
        detail,
        problem,
    )


@pytest.mark.parametrize(
    "policy",
    [
        TotpPolicy(algorithm="MD5"),
        TotpPolicy(digits=9),
        TotpPolicy(period_s=0),
        TotpPolicy(window=-1),
        TotpPolicy(window=11),
    ],
)
def test_policy_that_cannot_work(policy: TotpPolicy) -> None:
    """The verifier's own set-up is misconfigured, and nothing is asked."""
    sent = "1" * policy.digits
    outcome = drive(totp.verify(TotpCode(sent, "alice"), policy, NOW), lambda _: 1 / 0)
    assert primary(outcome) == ("misconfigured", None, "out_of_range")


@pytest.mark.parametrize(
    ("enrolment", "seen", "expected"),
    [
        (None, False, ("unknown_identity", None, "not_enrolled")),
        (Unavailable(), False, ("provider_unreachable", None, None)),
        ("secret", False, ("misconfigured", "backend_unwired", None)),
        (TotpEnrolment("e1", "not base32!"), False, ("misconfigured", None, "secret_not_base32")),
        (TotpEnrolment("e1", ""), False, ("misconfigured", None, "secret_not_base32")),
        (UNCONFIRMED, False, ("expired_second_factor", None, "enrolment_not_confirmed")),
        (ENROLMENT, True, ("replayed", None, None)),
        (ENROLMENT, Unavailable(), ("provider_unreachable", None, None)),
        (ENROLMENT, None, ("misconfigured", "backend_unwired", None)),
    ],
)
def test_answers_of_the_world(enrolment: object, seen: object, expected: tuple[str, str | None, object]) -> None:
    """A right code still needs an enrolment and must not have been used."""
    assert primary(check(code(0), enrolment=enrolment, seen=seen)) == expected


def test_only_a_good_code_is_spent() -> None:
    """A refused code is not recorded as seen; one period is one value, kept until no window reaches it."""
    asked: list[Ask] = []

    def answer(ask: Ask) -> object:
        asked.append(ask)
        return ENROLMENT if isinstance(ask, TotpAsk) else False

    drive(totp.verify(TotpCode(code(-5), "alice"), POLICY, NOW), answer)
    assert asked == [TotpAsk("alice")]
    drive(totp.verify(TotpCode(code(-1), "alice"), POLICY, NOW), answer)
    assert asked[2:] == [SeenAsk("totp:e1", str(STEP - 1), (STEP + 1) * 30)]


@pytest.mark.parametrize("text", [SECRET.lower(), " ".join(SECRET), SECRET[:8] + "-" + SECRET[8:], SECRET + "===="])
def test_secrets_as_people_write_them(text: str) -> None:
    """Blanks, hyphens, case and padding do not matter."""
    assert totp.read_secret(text) == SEED


@pytest.mark.parametrize("text", ["", "1", "0OIl", "\u20ac", "A"])
def test_secrets_that_are_none(text: str) -> None:
    """Anything else is no secret, without an exception."""
    assert totp.read_secret(text) is None


def test_find_step() -> None:
    """The proof of a wrong clock: how many periods away the code is right."""
    assert totp.find_step(SECRET, code(-300), NOW, POLICY, search=400) == -300
    assert totp.find_step(SECRET, code(7), NOW, POLICY) == 7
    assert totp.find_step(SECRET, code(30), NOW, POLICY) is None
    assert totp.find_step("!", code(0), NOW, POLICY) is None
    assert totp.find_step(SECRET, "12 34", NOW, POLICY) is None
    assert totp.find_step(SECRET, code(0), NOW, msgspec.structs.replace(POLICY, algorithm="x")) is None


def test_find_step_is_bounded() -> None:
    """A search of a billion periods is a search of a thousand."""
    assert totp.find_step(SECRET, code(1_500), NOW, POLICY, search=10**9) in (None, *range(-1_000, 1_001))


def test_text_forms_tell_nothing() -> None:
    """Neither code nor secret ends in a traceback."""
    assert repr(TotpCode("123456", "canary")) == "TotpCode(...)"
    assert repr(ENROLMENT) == "TotpEnrolment('e1')"


@given(st.text(max_size=70), st.text(max_size=40), st.integers(-(2**70), 2**70))
def test_never_raises_and_repeats_nothing(sent: str, secret: str, now: int) -> None:
    """Hostile text, broken secrets and absurd times give an outcome without them in it."""
    enrolment = TotpEnrolment("e1", f"canary{secret}")
    outcome = drive(totp.verify(TotpCode(sent, "canary"), POLICY, now), lambda _: enrolment)
    assert "canary" not in repr(outcome)
    assert Cause.REPLAYED not in getattr(outcome, "causes", ())
