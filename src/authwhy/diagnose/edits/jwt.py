"""Replays of JSON Web Tokens: the edits that may make a refused token verify, and what each proves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct, structs

from authwhy.causes import Cause
from authwhy.diagnose.context import Context
from authwhy.diagnose.edits.text import secret_codecs, text_edits
from authwhy.diagnose.normalise import difference
from authwhy.diagnose.observation import Observation, Strength, observed
from authwhy.diagnose.prove import Budget, Edit, Trial, prove
from authwhy.diagnose.replays import Proved, Replayed
from authwhy.diagnose.settle import settle
from authwhy.diagnose.times import is_zone_offset, spell
from authwhy.diagnose.witness import clock_offset, server_time
from authwhy.model.evidence import Evidence, Token
from authwhy.model.outcome import Accepted, Failure, Outcome, Refused
from authwhy.model.policy import KNOWN_ALGORITHMS, SAFE_ALGORITHMS, JwtPolicy
from authwhy.verify.jwk import KeySet
from authwhy.verify.jwt import check

RULE = "replay:jwt"
MOST_TOKENS = 4
MOST_KEYS = 32
HMAC = ("HS256", "HS384", "HS512")
KEY_CAUSES = (Cause.BAD_SIGNATURE, Cause.UNKNOWN_KEY, Cause.MISCONFIGURED)


class JwtCase(Struct, frozen=True):
    """One token, the policy and keys it is checked with, and now (s since 1970)."""

    token: str
    policy: JwtPolicy
    keys: KeySet
    now: int
    secret: str | None = None
    retired: KeySet | None = None
    measured_offset: int | None = None
    key_edited: bool = False


JwtEdit = Edit[JwtCase]


def run(case: JwtCase) -> Outcome:
    """The real check, as guard makes it."""
    return check(case.token, case.policy, case.now, case.keys)


def replays(evidence: Evidence, context: Context) -> list[Replayed]:
    """Check each token found with the keys found; nothing when there is no key to check with."""
    keys = found_keys(evidence, context)
    if not keys.keys:
        return []
    given = tuple(name for name in context.algorithms if name in KNOWN_ALGORITHMS)
    usual = SAFE_ALGORITHMS + HMAC if context.secret or _has_shared(keys) else SAFE_ALGORITHMS
    policy = JwtPolicy(
        id="explain",
        algorithms=given if context.algorithms else usual,
        issuers=context.issuers,
        audiences=context.audiences,
        required=context.required,
        scope=context.scope,
        leeway_s=max(0, context.leeway_s),
        max_bytes=1 << 20,
    )
    server, offset = server_time(evidence), _offset(evidence, context)
    now = context.at if context.at is not None else int(server) if server is not None else context.clock
    found = []
    for token in evidence.tokens[:MOST_TOKENS]:
        case = JwtCase(
            token=evidence.vault.reveal(token.raw),
            policy=policy,
            keys=keys,
            now=now,
            secret=context.secret,
            retired=KeySet.from_jwks(context.retired_jwks) if context.retired_jwks else None,
            measured_offset=round(offset) if offset is not None else None,
        )
        timely = context.at is not None or server is not None or "text" not in evidence.kinds
        if server is not None and context.at is not None:
            case = _by_the_servers_clock(case, int(server))
        found.append(_replay_one(case, token, evidence, context, timely=timely))
    return found


def _offset(evidence: Evidence, context: Context) -> float | None:
    """Server clock minus the other clock at hand: the caller's recorded one, else the given time."""
    measured, server = clock_offset(evidence), server_time(evidence)
    if measured is None and server is not None and context.at is not None:
        return server - context.at
    return measured


def _by_the_servers_clock(case: JwtCase, server: int) -> JwtCase:
    """The token passes by the given time and not by the server's: then the server's clock is what to replay."""
    there = structs.replace(case, now=server)
    refused = run(there)
    passes_here = isinstance(run(case), Accepted)
    return there if passes_here and isinstance(refused, Refused) and set(refused.causes) <= TIME_CAUSES else case


_BY_NOW = {
    Cause.EXPIRED: "by this machine's clock it is over now; when it was refused is not known",
    Cause.NOT_YET_VALID: "by this machine's clock it has not begun yet; when it was refused is not known",
}
TIME_CAUSES = set(_BY_NOW)


def _replay_one(case: JwtCase, token: Token, evidence: Evidence, context: Context, *, timely: bool) -> Replayed:
    """Replay one token. When nobody says when it was refused, this machine's clock accuses it only softly."""
    trial = prove(case, run, edits, Budget())
    if timely or not set(trial.failures) & TIME_CAUSES:
        return _replayed(trial, case, token, evidence, context)
    at_its_time = _within_lifetime(case, trial)
    again = prove(at_its_time, run, edits, Budget())
    replayed = _replayed(again, at_its_time, token, evidence, context)
    by_now = tuple(
        structs.replace(_observation(failure, token, case), strength=Strength.PHRASE, what=_BY_NOW[failure.cause])
        for failure in _failures(trial)
        if failure.cause in TIME_CAUSES
    )
    runs = trial.runs + again.runs
    return structs.replace(replayed, observations=replayed.observations + by_now, runs=runs)


def _failures(trial: Trial[JwtCase]) -> tuple[Failure, ...]:
    return trial.baseline.failures if isinstance(trial.baseline, Refused) else ()


def _within_lifetime(case: JwtCase, trial: Trial[JwtCase]) -> JwtCase:
    """The same case at a moment its own claims allow."""
    for failure in _failures(trial):
        late, early = failure.facts.get("late_s"), failure.facts.get("early_s")
        if failure.cause is Cause.EXPIRED and isinstance(late, int):
            return structs.replace(case, now=case.now - late - 1)
        if failure.cause is Cause.NOT_YET_VALID and isinstance(early, int):
            return structs.replace(case, now=case.now + early)
    return case


def found_keys(evidence: Evidence, context: Context) -> KeySet:
    """Every key handed in: by name, as JWK, as PEM or certificate, as shared secret."""
    sets: list[KeySet] = []
    if context.jwks is not None:
        sets.append(KeySet.from_jwks(context.jwks))
    for found in evidence.key_sets[:8]:
        keys = [_revealed(key, evidence) for key in found.keys[:MOST_KEYS]]
        sets.append(KeySet.from_jwks({"keys": keys}))
    sets += [KeySet.from_pem(_pem(certificate.der)) for certificate in evidence.certificates[:4]]
    if context.secret:
        sets.append(
            KeySet.from_pem(context.secret) if "-----BEGIN" in context.secret else KeySet.from_secret(context.secret)
        )
    return KeySet.join(*sets)


def _revealed(key: Mapping[str, object], evidence: Evidence) -> dict[str, object]:
    return {name: evidence.vault.reveal(value) if isinstance(value, str) else value for name, value in key.items()}


def _pem(der: bytes) -> bytes:
    from base64 import encodebytes

    return b"-----BEGIN CERTIFICATE-----\n" + encodebytes(der) + b"-----END CERTIFICATE-----\n"


def _has_shared(keys: KeySet) -> bool:
    return any(key.kty == "oct" for key in keys.keys)


def edits(case: JwtCase, outcome: Refused) -> Iterator[JwtEdit]:
    """The edits worth trying, for the checks that fail."""
    causes = set(outcome.causes)
    if causes & {Cause.MALFORMED, Cause.WRONG_TOKEN_TYPE}:
        yield from _of_text(case)
    if causes & set(KEY_CAUSES) and not case.key_edited:
        yield from _of_keys(case)
    for failure in outcome.failures:
        make = _BY_CAUSE.get(failure.cause)
        if make is not None:
            yield from make(case, failure)


def _of_text(case: JwtCase) -> Iterator[JwtEdit]:
    for edit, changed in text_edits(case.token):
        yield Edit(
            name=f"token: {edit.name}",
            touches="credential",
            cause=Cause.MALFORMED,
            detail=edit.detail,
            apply=_setter(token=changed),
        )


def _setter(**fields: object) -> Callable[[JwtCase], JwtCase]:
    def apply(case: JwtCase) -> JwtCase:
        return structs.replace(case, **fields)

    return apply


def _policy(**fields: object) -> Callable[[JwtCase], JwtCase]:
    def apply(case: JwtCase) -> JwtCase:
        return structs.replace(case, policy=structs.replace(case.policy, **fields))

    return apply


def _of_keys(case: JwtCase) -> Iterator[JwtEdit]:
    if case.secret and "-----BEGIN" not in case.secret:
        for name, octets in secret_codecs(case.secret):
            keys = KeySet.from_secret(octets)
            if keys.keys:
                yield Edit(
                    name=f"key: {name}", touches="key", cause=Cause.BAD_SIGNATURE, detail="key_encoding",
                    apply=_setter(keys=keys, key_edited=True), facts={"key_encoding": name},
                )  # fmt: skip
    if case.retired is not None and case.retired.keys:
        yield Edit(
            name="key: the retired key set", touches="key", cause=Cause.UNKNOWN_KEY,
            apply=_setter(keys=case.retired, key_edited=True),
        )  # fmt: skip
    for key in case.keys.keys[:MOST_KEYS]:
        if key.kid is not None:
            alone = KeySet(keys=(key,), without_kid=(key,))
            yield Edit(
                name=f"key: kid ignored, key {key.kid[:60]} of the set", touches="key", cause=Cause.UNKNOWN_KEY,
                apply=_setter(keys=alone, key_edited=True), facts={"fitting_kid": key.kid[:60]},
            )  # fmt: skip


def _clock(case: JwtCase, failure: Failure, target: float) -> Iterator[JwtEdit]:
    shift = round(target) - case.now
    if case.measured_offset and abs(case.measured_offset) > 1:
        yield Edit(
            name=f"clock: corrected by the measured {case.measured_offset} s", touches="clock", cause=Cause.CLOCK_SKEW,
            detail="timezone_offset" if is_zone_offset(case.measured_offset) else "offset",
            apply=_setter(now=case.now - case.measured_offset), facts={"offset_s": case.measured_offset},
        )  # fmt: skip
    word = "earlier" if shift < 0 else "later"
    yield Edit(
        name=f"clock: {spell(shift)} {word}", touches="clock", cause=failure.cause,
        apply=_setter(now=case.now + shift), facts={"gap_s": abs(shift)}, rivals=(Cause.CLOCK_SKEW,),
    )  # fmt: skip


def _expired(case: JwtCase, failure: Failure) -> Iterator[JwtEdit]:
    late = failure.facts.get("late_s")
    if isinstance(late, int):
        yield from _clock(case, failure, case.now - late - 1)


def _early(case: JwtCase, failure: Failure) -> Iterator[JwtEdit]:
    early = failure.facts.get("early_s")
    if isinstance(early, int):
        yield from _clock(case, failure, case.now + early)


def _names(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, tuple) else ()


def _party(case: JwtCase, failure: Failure) -> Iterator[JwtEdit]:
    """Accept what the token says: names the one difference when there is only one."""
    seen, expected = _names(failure.facts.get("seen")), _names(failure.facts.get("expected"))
    field, word = ("issuers", "issuer") if failure.cause is Cause.WRONG_ISSUER else ("audiences", "audience")
    if not seen:
        return
    kind = next((found for want in expected for have in seen if (found := difference(want, have))), None)
    name = f"{word}: {kind.replace('_', ' ')} difference accepted" if kind else f"{word}: the token's own accepted"
    yield Edit(
        name=name, touches="policy", cause=failure.cause, detail=failure.detail or kind, apply=_policy(**{field: seen}),
        facts={"expected": expected, "seen": seen}, rivals=(Cause.MISCONFIGURED,),
    )  # fmt: skip


def _algorithm(case: JwtCase, failure: Failure) -> Iterator[JwtEdit]:
    algorithm = failure.facts.get("alg")
    if isinstance(algorithm, str) and algorithm in SAFE_ALGORITHMS + HMAC:
        yield Edit(
            name=f"policy: algorithm {algorithm} allowed", touches="policy", cause=failure.cause,
            detail="verifier_mismatch", apply=_policy(algorithms=(*case.policy.algorithms, algorithm)),
            facts={"seen": algorithm},
        )  # fmt: skip


def _demand(case: JwtCase, failure: Failure) -> Iterator[JwtEdit]:
    field = "scope" if failure.cause is Cause.INSUFFICIENT_SCOPE else "required"
    if getattr(case.policy, field):
        yield Edit(
            name=f"policy: {field} not demanded", touches="policy", cause=failure.cause, detail=failure.detail,
            apply=_policy(**{field: ()}), facts=failure.facts,
        )  # fmt: skip


_BY_CAUSE: Mapping[Cause, Callable[[JwtCase, Failure], Iterator[JwtEdit]]] = {
    Cause.EXPIRED: _expired,
    Cause.NOT_YET_VALID: _early,
    Cause.WRONG_AUDIENCE: _party,
    Cause.WRONG_ISSUER: _party,
    Cause.UNSUPPORTED_ALGORITHM: _algorithm,
    Cause.MISSING_CLAIM: _demand,
    Cause.INSUFFICIENT_SCOPE: _demand,
}


def _replayed(trial: Trial[JwtCase], case: JwtCase, token: Token, evidence: Evidence, context: Context) -> Replayed:
    """What the trial noticed and proved, in the words of a diagnosis."""
    if isinstance(trial.baseline, Accepted):
        return Replayed((), {}, trial.runs, passed=f"the token verifies with the keys and policy given{_limits(case)}")
    proved = settle(trial, evidence, context)
    observations = tuple(_observation(failure, token, case) for failure in trial.baseline.failures)
    known = {failure.cause for failure in trial.baseline.failures}
    extra = tuple(
        _passes(cause, one, token)
        for cause, one in proved.items()
        if cause not in known and one.certainty in ("proven", "narrowed")
    )
    return Replayed(extra + observations, proved, trial.runs)


def _passes(cause: Cause, proved: Proved, token: Token) -> Observation:
    """A cause that no single check named, but that the proof points at; a rival without a witness only softly."""
    strength = Strength.REPLAYED if proved.certainty == "proven" else Strength.PHRASE
    return observed(RULE, strength, cause, "the check passes with: " + "; ".join(proved.edits), where=token.where)


def _limits(case: JwtCase) -> str:
    unchecked = [
        name for name, values in (("issuer", case.policy.issuers), ("audience", case.policy.audiences)) if not values
    ]
    return f"; {' and '.join(unchecked)} not checked, none was given" if unchecked else ""


def _observation(failure: Failure, token: Token, case: JwtCase) -> Observation:
    causes: tuple[Cause, ...] = (failure.cause,)
    if failure.cause is Cause.BAD_SIGNATURE and case.secret:
        causes = (Cause.WRONG_SECRET, Cause.BAD_SIGNATURE)
    return observed(
        RULE, Strength.REPLAYED, causes, f"the real check was run here and refuses: {_words(failure)}",
        where=token.where, detail=failure.detail, facts=failure.facts,
    )  # fmt: skip


def _words(failure: Failure) -> str:
    return failure.cause.value.replace("_", " ") + (f" ({failure.detail.replace('_', ' ')})" if failure.detail else "")
