"""The token's own header and claims against the time, the slot it is used in and what the verifier wants."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from authwhy.causes import Cause
from authwhy.diagnose.context import Context
from authwhy.diagnose.normalise import difference
from authwhy.diagnose.observation import Observation, Strength, observed
from authwhy.diagnose.observe.two_times import late_causes
from authwhy.diagnose.times import is_zone_offset, iso, spell
from authwhy.diagnose.witness import server_time
from authwhy.model.evidence import Evidence, Token

RULE = "claims"
AGREE_S = 5
MILLISECONDS = 3e10  # a NumericDate above this is the year 2920, so it counts milliseconds
DAMAGE = ("truncated", "quotes", "whitespace", "prefix", "escape_codes", "encoding")
MOST_NAMES = 20
DETAILS = ("trailing_slash", "case", "scheme", "version", "realm")


def observe(evidence: Evidence, context: Context) -> Iterator[Observation]:
    """What each readable token says against itself."""
    for token in evidence.tokens[:20]:
        if token.problem and _meant_as_jwt(token, evidence):
            yield from _damage(token, token.problem)
        if token.claims is None and token.header is None:
            continue
        yield from _times(token, evidence, context)
        yield from _parties(token, context)
        yield from _type(token)


def _meant_as_jwt(token: Token, evidence: Evidence) -> bool:
    """False for an opaque token that merely holds dots, or the letters eyJ (base64url of `{"`) somewhere."""
    if token.header is not None:  # any JSON object in base64 looks like a header; only JOSE's own say alg or enc
        return "alg" in token.header or "enc" in token.header or token.claims is not None
    raw = evidence.vault.reveal(token.raw)[:200]
    return (
        re.match(r"[\s\"'`“‘]{0,4}(?:(?:bearer|jwt|token)[\s:]{1,4}){0,3}[\s\"'`]{0,4}eyJ", raw, re.IGNORECASE)
        is not None
    )


def _damage(token: Token, problem: str) -> Iterator[Observation]:
    """Damage to the token's text. What whoever pasted it may have done (a cut end, a wrapped line) is only a hint."""
    detail = problem.partition(":")[0]
    if detail not in DAMAGE:
        if token.header is None:
            yield observed(
                RULE, Strength.SAID, Cause.MALFORMED, f"the token cannot be read: {problem}", where=token.where
            )
        return
    if "dots in the place" in problem:  # the person who pasted it shortened it
        return
    unreadable = token.header is None or token.claims is None
    if detail == "quotes" and not unreadable and token.slot != "authorization":  # the quotes of a file's own syntax
        return
    sent = token.slot == "authorization" and detail in ("prefix", "quotes")
    cut = detail == "truncated" and problem.endswith((" bytes", "breaks off"))  # a removed one is missing as a whole
    yield observed(
        RULE, Strength.SAID if unreadable or sent or cut else Strength.HINT, Cause.MALFORMED,
        f"the token {'cannot be read' if unreadable else 'is damaged'}: {problem}", where=token.where, detail=detail,
    )  # fmt: skip


def number(value: object) -> float | None:
    """A NumericDate claim (RFC 7519 section 2) as seconds, None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value < 1e15 else None


def _times(token: Token, evidence: Evidence, context: Context) -> Iterator[Observation]:
    claims = token.claims or {}
    server = server_time(evidence)
    now = context.at if context.at is not None else server if server is not None else context.clock
    known = context.at is not None or server is not None
    source = "the given time" if context.at is not None else "the server's Date" if server else "this machine's clock"
    strength = Strength.SEEN if known else Strength.PHRASE
    agree = server is not None and context.at is not None and abs(server - context.at) <= AGREE_S
    exp, begin = number(claims.get("exp")), number(claims.get("nbf"))
    issued = number(claims.get("iat"))
    if server is not None and context.at is not None:
        yield from _two_clocks(token, exp, begin, server, context.at)
    if exp is not None and exp > MILLISECONDS:
        yield observed(
            RULE,
            Strength.SEEN,
            Cause.MALFORMED,
            "exp counts milliseconds; NumericDate counts seconds",
            where=token.where,
        )
    elif exp is not None and now >= exp + context.leeway_s:
        yield observed(
            RULE, strength, (Cause.EXPIRED,) if agree else late_causes(now - exp),
            f"exp {iso(exp)} lies {spell(now - exp)} before {source}",
            where=token.where, late_s=round(now - exp), expired_at=round(exp), now=round(now),
        )  # fmt: skip
    for name, start in (("nbf", begin), ("iat", issued)):
        if start is not None and now + context.leeway_s < start <= MILLISECONDS:
            yield observed(
                RULE, strength, (Cause.NOT_YET_VALID,) if agree else (Cause.NOT_YET_VALID, Cause.CLOCK_SKEW),
                f"{name} {iso(start)} lies {spell(start - now)} after {source}",
                where=token.where, early_s=round(start - now), not_before=round(start), now=round(now),
            )  # fmt: skip
            break


def _two_clocks(token: Token, exp: float | None, begin: float | None, server: float, at: int) -> Iterator[Observation]:
    """In its lifetime by the given time, not by the server's Date: the difference of the clocks is what refuses it."""
    ends = exp is not None and at < exp <= server
    starts = begin is not None and server < begin <= at
    if ends or starts:
        offset = round(server - at)
        word = "ahead" if offset > 0 else "behind"
        yield observed(
            RULE, Strength.SEEN, Cause.CLOCK_SKEW,
            f"the server's Date is {spell(offset)} {word} of the other clock at hand", where=token.where,
            detail="timezone_offset" if is_zone_offset(offset) else "offset", offset_s=offset,
        )  # fmt: skip


def _parties(token: Token, context: Context) -> Iterator[Observation]:
    claims = token.claims or {}
    issuer = claims.get("iss")
    if context.issuers and isinstance(issuer, str) and issuer not in context.issuers:
        yield _mismatch(token, Cause.WRONG_ISSUER, "iss", context.issuers, (issuer,))
    seen = _names(claims.get("aud"))
    if context.audiences and seen and not set(seen) & set(context.audiences):
        yield _mismatch(token, Cause.WRONG_AUDIENCE, "aud", context.audiences, seen)
    algorithm = (token.header or {}).get("alg")
    if context.algorithms and isinstance(algorithm, str) and algorithm not in context.algorithms:
        yield observed(
            RULE, Strength.SEEN, Cause.UNSUPPORTED_ALGORITHM,
            f"the token's alg {algorithm[:40]!r} is not among the allowed ones",
            where=token.where, expected=context.algorithms, seen=algorithm[:40],
        )  # fmt: skip


def _names(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list | tuple) else ()


def _short(names: tuple[str, ...]) -> tuple[str, ...]:
    """As many names as a person reads; a hostile list costs no more."""
    return tuple(name[:400] for name in names[:MOST_NAMES])


def _mismatch(token: Token, cause: Cause, claim: str, expected: tuple[str, ...], seen: tuple[str, ...]) -> Observation:
    expected, seen = _short(expected), _short(seen)
    differences = (difference(want, have) for want in expected for have in seen)
    detail = next((found for found in differences if found in DETAILS), None)
    return observed(
        RULE, Strength.SEEN, cause, f"the token's {claim} is not what the verifier wants",
        where=token.where, quote=f"{claim} {', '.join(seen)}; expected {', '.join(expected)}"[:300], detail=detail,
        expected=expected, seen=seen,
    )  # fmt: skip


def _type(token: Token) -> Iterator[Observation]:
    """A refresh or ID token where an access token is wanted (RFC 9068 4, OIDC Core 2)."""
    if token.slot != "authorization":
        return
    kind = _kind(token.header or {}, token.claims or {})
    if kind:
        yield observed(
            RULE,
            Strength.SAID,
            Cause.WRONG_TOKEN_TYPE,
            f"the token in the Authorization header is {kind}",
            where=token.where,
        )


def _kind(header: Mapping[str, object], claims: Mapping[str, object]) -> str | None:
    typ = str(claims.get("typ", "")).lower() or str(claims.get("token_type", "")).lower()
    use = str(claims.get("token_use", "")).lower()
    if typ in ("refresh", "refreshtoken", "refresh_token", "offline") or use == "refresh":
        return "a refresh token"
    if typ == "id" or use == "id" or "at_hash" in claims or "c_hash" in claims:
        return "an ID token"
    return None
