"""One-time codes from a shared secret and the time (RFC 6238, built on RFC 4226).

The verifier never blames a clock: a code that belongs to another period is `expired_second_factor` (earlier) or
`wrong_second_factor` (later), and the fact `step_offset` says how many periods it is away. A diagnosis that has
a witness of the time may conclude clock_skew from it.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterator
from struct import pack, unpack_from

from msgspec import Struct

from authwhy.causes import Cause
from authwhy.model.outcome import Accepted, Failure, Outcome, Refused, refused
from authwhy.model.policy import TotpPolicy
from authwhy.verify.flow import Ask, Flow, SeenAsk, Unavailable

ALGORITHMS = {"SHA1": "sha1", "SHA256": "sha256", "SHA512": "sha512"}
MAX_SEARCHED = 1_000
_MAX_CODE_CHARS = 64
_MAX_COUNTER = 2**64 - 1
_DUMMY_SECRET = bytes(20)


class TotpAsk(Ask, frozen=True):
    """The second factor enrolled for this account. Answer: a TotpEnrolment, None or Unavailable."""

    account: str


class TotpCode(Struct, frozen=True):
    """A code as typed, and the account whose first factor was right. Its text form tells neither."""

    code: str
    account: str

    def __repr__(self) -> str:
        return "TotpCode(...)"


class TotpEnrolment(Struct, frozen=True):
    """The shared secret in base32, as in an otpauth address; blanks, hyphens, case and padding do not matter.

    `confirmed` is false until a first code was accepted at enrolment. Its text form tells no secret.
    """

    id: str
    secret: str
    confirmed: bool = True

    def __repr__(self) -> str:
        return f"TotpEnrolment({self.id!r})"


def verify(credential: TotpCode, policy: TotpPolicy, now: int) -> Flow:
    """Check a one-time code. `now` is s since 1970. Never raises.

    Order: shape, policy, enrolment, code, confirmation, replay. No enrolment is `unknown_identity` and costs the
    same search. A code is spent by the SeenAsk, which is asked only for a code that passes all else
    (RFC 6238 section 5.2). Accepted claims: `sub`; fact `step_offset`.
    """
    problem = shape_failure(credential.code, policy) or policy_failure(policy)
    if problem:
        return Refused((problem,))
    enrolment = yield TotpAsk(credential.account)
    if isinstance(enrolment, Unavailable):
        return enrolment.refusal()
    if enrolment is not None and not isinstance(enrolment, TotpEnrolment):
        return refused(Cause.MISCONFIGURED, "backend_unwired", ask="TotpAsk")
    secret = _DUMMY_SECRET if enrolment is None else read_secret(enrolment.secret)
    if secret is None:
        return refused(Cause.MISCONFIGURED, problem="secret_not_base32")
    offset = _offset(secret, credential.code, now, policy, policy.searched)
    if enrolment is None:
        return refused(Cause.UNKNOWN_IDENTITY, problem="not_enrolled")
    failures = _failures(offset, policy, enrolment)
    if failures or offset is None:
        return Refused(failures)
    step = now // policy.period_s + offset
    until = (step + policy.window + 1) * policy.period_s
    seen = yield SeenAsk(f"totp:{enrolment.id}", str(step), until)
    return _spent(seen, credential.account, offset)


def _failures(offset: int | None, policy: TotpPolicy, enrolment: TotpEnrolment) -> tuple[Failure, ...]:
    failures: list[Failure] = []
    if offset is None:
        failures.append(Failure(Cause.WRONG_SECOND_FACTOR))
    elif abs(offset) > policy.window:
        cause = Cause.EXPIRED_SECOND_FACTOR if offset < 0 else Cause.WRONG_SECOND_FACTOR
        facts = {"step_offset": offset, "period_s": policy.period_s, "window": policy.window}
        failures.append(Failure(cause, facts=facts))
    if not enrolment.confirmed:
        failures.append(Failure(Cause.EXPIRED_SECOND_FACTOR, facts={"problem": "enrolment_not_confirmed"}))
    return tuple(failures)


def _spent(seen: object, account: str, offset: int) -> Outcome:
    if isinstance(seen, Unavailable):
        return seen.refusal()
    if not isinstance(seen, bool):
        return refused(Cause.MISCONFIGURED, "backend_unwired", ask="SeenAsk")
    if seen:
        return refused(Cause.REPLAYED, step_offset=offset)
    return Accepted({"sub": account}, {"step_offset": offset})


def find_step(secret: str, code: str, at: int, policy: TotpPolicy, search: int | None = None) -> int | None:
    """How many periods away from `at` (s since 1970) this code is right, the nearest first; None within `search`.

    Negative is earlier. `search` is the number of periods on each side, at most 1,000; None takes the policy's.
    None also for a secret, code or policy that cannot be used.
    """
    key = read_secret(secret)
    if key is None or policy_failure(policy) or shape_failure(code, policy):
        return None
    return _offset(key, code, at, policy, policy.searched if search is None else search)


def _offset(secret: bytes, code: str, at: int, policy: TotpPolicy, search: int) -> int | None:
    step = at // policy.period_s
    digest = ALGORITHMS[policy.algorithm]
    wanted = code.encode()
    found = None
    for offset in _nearest(min(max(search, policy.window), MAX_SEARCHED)):
        if 0 <= step + offset <= _MAX_COUNTER:
            same = hmac.compare_digest(hotp(secret, step + offset, policy.digits, digest).encode(), wanted)
            if same and found is None:
                found = offset
                if abs(offset) <= policy.window:
                    break
    return found


def _nearest(search: int) -> Iterator[int]:
    """0, -1, 1, -2, 2 ... : a late code is commoner than an early one."""
    yield 0
    for distance in range(1, search + 1):
        yield -distance
        yield distance


def hotp(secret: bytes, counter: int, digits: int, digest: str = "sha1") -> str:
    """The code for one counter (RFC 4226 section 5.3). Raises struct.error outside 0 to 2**64 - 1."""
    mac = hmac.digest(secret, pack(">Q", counter), digest)
    number = unpack_from(">I", mac, mac[-1] & 15)[0] & 0x7FFFFFFF
    return str(number % 10**digits).zfill(digits)


def read_secret(text: str) -> bytes | None:
    """The bytes of a base32 secret (RFC 4648 section 6), or None. Blanks, hyphens, case, padding do not matter."""
    compact = "".join(text.split()).replace("-", "").rstrip("=").upper()
    try:
        return base64.b32decode(compact + "=" * (-len(compact) % 8)) or None
    except (binascii.Error, ValueError):
        return None


def policy_failure(policy: TotpPolicy) -> Failure | None:
    """What in the policy cannot work, or None."""
    checks = (
        ("algorithm", policy.algorithm in ALGORITHMS),
        ("digits", 6 <= policy.digits <= 8),
        ("period_s", 1 <= policy.period_s <= 86_400),
        ("window", 0 <= policy.window <= 10),
    )
    wrong = next((name for name, good in checks if not good), None)
    return Failure(Cause.MISCONFIGURED, facts={"setting": wrong, "problem": "out_of_range"}) if wrong else None


def shape_failure(code: str, policy: TotpPolicy) -> Failure | None:
    """What is wrong with the text of a code, or None. Its fact `problem` is one word from a fixed list."""
    if not code:
        return Failure(Cause.SECOND_FACTOR_REQUIRED)
    facts: dict[str, str | int | float | bool | tuple[str, ...] | None] = {"expected_digits": policy.digits}
    if len(code) > _MAX_CODE_CHARS:
        return Failure(Cause.MALFORMED, facts={"problem": "too_long", **facts})
    compact = "".join(code.split()).replace("-", "")
    if compact != code and compact.isdigit():
        return Failure(Cause.MALFORMED, "whitespace", {"problem": "grouped", **facts})
    if code[0] in "\"'" or code[-1] in "\"'":
        return Failure(Cause.MALFORMED, "quotes", {"problem": "quoted", **facts})
    if code.isdigit() and not code.isascii():
        return Failure(Cause.MALFORMED, "encoding", {"problem": "other_digits", **facts})
    if not (code.isdigit() and code.isascii()):
        return Failure(Cause.MALFORMED, facts={"problem": "not_digits", **facts})
    if len(code) != policy.digits:
        detail = "truncated" if len(code) < policy.digits else None
        return Failure(Cause.MALFORMED, detail, {"problem": "length", "seen_digits": len(code), **facts})
    return None
