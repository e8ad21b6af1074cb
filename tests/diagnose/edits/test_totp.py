"""Proofs for one-time codes, on codes made with the RFC's own algorithm."""

import base64

from authwhy.causes import Cause
from authwhy.diagnose.context import Context
from authwhy.diagnose.edits.totp import found_case, replays
from authwhy.diagnose.replays import Replayed
from authwhy.model.evidence import Evidence, Setting
from authwhy.verify.totp import hotp

SEED = b"twenty bytes of seed"
NOW = 1_790_000_000


def evidence(code: str, **more: str) -> Evidence:
    """Settings as a person pastes them."""
    named = {"totp_secret": base64.b32encode(SEED).decode(), "code": code, "time": str(NOW), **more}
    return Evidence(settings=tuple(Setting(key, value) for key, value in named.items()))


def replay(code: str, **more: str) -> Replayed:
    """The one replay of these settings."""
    return replays(evidence(code, **more), Context(clock=NOW))[0]


def code_at(at: int, digest: str = "sha1", digits: int = 6, period: int = 30) -> str:
    """The right code of a moment."""
    return hotp(SEED, at // period, digits, digest)


def test_a_right_code_passes() -> None:
    """No finding."""
    assert replay(code_at(NOW)).passed is not None


def test_a_clock_that_is_off_is_narrowed_with_the_offset() -> None:
    """Five minutes: more than the window, less than an hour."""
    found = replay(code_at(NOW - 300)).proved[Cause.CLOCK_SKEW]
    assert found.certainty == "narrowed"
    assert found.facts["offset_s"] == -300


def test_another_algorithm_is_found_before_the_clock_is_blamed() -> None:
    """The app took SHA-256, the server SHA-1."""
    found = replay(code_at(NOW, "sha256")).proved[Cause.WRONG_SECOND_FACTOR]
    assert found.edits == ("algorithm SHA256",)


def test_a_wrong_code_stays_wrong() -> None:
    """No change helps, and that is said."""
    wrong = f"{(int(code_at(NOW)) + 1) % 10**6:06d}"
    assert replay(wrong).proved == {}


def test_without_a_secret_or_a_time_there_is_nothing_to_run() -> None:
    """A code alone proves nothing."""
    alone = Evidence(settings=(Setting("code", "123456"),))
    assert found_case(alone, Context(clock=NOW)) is None
    assert replays(alone, Context(clock=NOW)) == []
