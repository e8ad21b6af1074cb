"""Replays of one-time codes: the clock, the algorithm, the number of digits, the period (RFC 6238)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import Struct, structs

from authwhy.causes import Cause
from authwhy.diagnose.context import Context, bare_key
from authwhy.diagnose.observation import Observation, Strength, observed
from authwhy.diagnose.prove import Edit, prove
from authwhy.diagnose.replays import Proved, Replayed
from authwhy.diagnose.times import is_zone_offset, parse_time, spell
from authwhy.model.diagnosis import Proof
from authwhy.model.evidence import Evidence
from authwhy.model.outcome import Accepted, Outcome, Refused, refused
from authwhy.model.policy import TotpPolicy
from authwhy.verify.totp import find_step, read_secret

SEARCH_STEPS = 120  # an hour at 30 s: wider finds chance hits
MAX_CHANCE_STEPS = 1000


class TotpCase(Struct, frozen=True):
    """A code, the shared secret, and when it was entered (s since 1970)."""

    secret: str
    code: str
    at: int
    policy: TotpPolicy


TotpEdit = Edit[TotpCase]


def run(case: TotpCase) -> Outcome:
    """The check without its replay memory, which a pasted code has none of."""
    if read_secret(case.secret) is None:
        return refused(Cause.MISCONFIGURED, "missing_setting")
    offset = find_step(case.secret, case.code, case.at, case.policy, case.policy.window)
    if offset is not None:
        return Accepted({}, {"step_offset": offset})
    return refused(Cause.WRONG_SECOND_FACTOR)


def found_case(evidence: Evidence, context: Context) -> TotpCase | None:
    """Secret, code, time and parameters, where the input names all of them."""
    named = {bare_key(setting.key): evidence.vault.reveal(setting.value) for setting in reversed(evidence.settings)}
    code = next(
        (named[key] for key in ("code", "otp", "totp", "totpcode", "otpcode", "passcode") if key in named), None
    )
    secret = next(
        (named[key] for key in ("secretbase32", "totpsecret", "otpsecret", "secret", "seed") if key in named), None
    )
    at = context.at or _moment(named)
    if code is None or secret is None or at is None or not code.strip().isdigit() or not 6 <= len(code.strip()) <= 8:
        return None
    policy = TotpPolicy(
        id="explain",
        algorithm=named.get("algorithm", "SHA1").upper().replace("-", ""),
        digits=_small(named.get("digits"), 6),
        period_s=_small(named.get("period"), 30),
    )
    return TotpCase(secret, code.strip(), at, policy)


def _moment(named: dict[str, str]) -> int | None:
    text = next((named[key] for key in ("time", "at", "enteredat", "timestamp", "now") if key in named), None)
    at = parse_time(text)
    return None if at is None else int(at)


def _small(text: str | None, default: int) -> int:
    return int(text) if text is not None and text.isdigit() and len(text) < 4 else default


def replays(evidence: Evidence, context: Context) -> list[Replayed]:
    """Check the code that was found; nothing when a part is missing."""
    case = found_case(evidence, context)
    if case is None:
        return []
    trial = prove(case, run, edits)
    if isinstance(trial.baseline, Accepted):
        return [Replayed((), {}, trial.runs, passed="the code is right for this secret at this time")]
    if not trial.proofs:
        what = (
            "the real check was run here and refuses; no clock, algorithm, length or period tried makes the code right"
        )
        return [
            Replayed((observed("replay:totp", Strength.REPLAYED, Cause.WRONG_SECOND_FACTOR, what),), {}, trial.runs)
        ]
    edit = trial.proofs[0][0]
    proof = Proof(tuple(one.name for one in trial.proofs[0]), trial.runs)
    skew = edit.touches == "clock"
    among = (
        (Cause.CLOCK_SKEW, Cause.EXPIRED_SECOND_FACTOR) if skew else (Cause.WRONG_SECOND_FACTOR, Cause.MISCONFIGURED)
    )
    proved = {cause: Proved(proof, "narrowed", edit.detail, None, among, edit.facts) for cause in among[:1]}
    return [Replayed((_passes(edit, among),), proved, trial.runs)]


def _passes(edit: TotpEdit, among: tuple[Cause, ...]) -> Observation:
    return observed(
        "replay:totp",
        Strength.REPLAYED,
        among,
        f"the code is right with: {edit.name}",
        detail=edit.detail,
        facts=edit.facts,
    )


def edits(case: TotpCase, outcome: Refused) -> Iterator[TotpEdit]:
    """Parameters first, then the clock by the smallest shift that makes the code right."""
    for algorithm in ("SHA1", "SHA256", "SHA512"):
        if algorithm != case.policy.algorithm:
            yield _parameter(f"algorithm {algorithm}", algorithm=algorithm)
    if len(case.code) != case.policy.digits:
        yield _parameter(f"{len(case.code)} digits", digits=len(case.code))
    for period in (30, 60):
        if period != case.policy.period_s:
            yield _parameter(f"period {period} s", period_s=period)
    step = find_step(case.secret, case.code, case.at, case.policy, SEARCH_STEPS)
    if step is not None:
        shift = step * case.policy.period_s
        word = "later" if shift > 0 else "earlier"
        yield Edit(
            name=f"clock: {spell(shift)} {word}", touches="clock", cause=Cause.CLOCK_SKEW,
            detail="timezone_offset" if is_zone_offset(shift) else "offset",
            apply=_shifted(case.at + shift), facts={"offset_s": shift},
        )  # fmt: skip


def _shifted(at: int) -> Callable[[TotpCase], TotpCase]:
    return lambda case: structs.replace(case, at=at)


def _parameter(name: str, **fields: object) -> TotpEdit:
    def apply(case: TotpCase) -> TotpCase:
        return structs.replace(case, policy=structs.replace(case.policy, **fields))

    return Edit(
        name=name, touches="policy", cause=Cause.WRONG_SECOND_FACTOR, apply=apply, rivals=(Cause.MISCONFIGURED,)
    )
