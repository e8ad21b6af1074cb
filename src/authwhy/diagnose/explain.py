"""The engine of explain: read, observe, prove, judge, say who does what. The clock comes in as a value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import structs

from authwhy.causes import Cause
from authwhy.diagnose.context import Context, complete
from authwhy.diagnose.fixes import Failed, fixes_for
from authwhy.diagnose.judge import findings, kin
from authwhy.diagnose.observation import Observation, Strength, observed
from authwhy.diagnose.observe import observe
from authwhy.diagnose.observe.claims import number
from authwhy.diagnose.observe.http import paired, reads_scheme, sent
from authwhy.diagnose.questions import question
from authwhy.diagnose.replays import Replayed, replays
from authwhy.diagnose.witness import server_time
from authwhy.model.diagnosis import Diagnosis, EvidenceItem, Finding, Verdict
from authwhy.model.evidence import Evidence
from authwhy.model.outcome import FactValue
from authwhy.model.secret import Vault

if TYPE_CHECKING:
    from authwhy.model.event import Event


def diagnose(evidence: Evidence, context: Context, event: Event | None = None) -> Diagnosis:
    """Say why authentication failed, from everything found in the input. Never raises for any evidence.

    `event` is the record of this very failure: what it says counts as a check that was run.
    """
    context = complete(context, evidence)
    record = None
    if event is not None:
        from authwhy.diagnose.recorded import recorded, with_policy

        record, context = recorded(event), with_policy(context, event)
    noticed = reconsider(observe(evidence, context), evidence, context.at)
    replayed = replays(evidence, context)
    replayed += [record.replayed] if record is not None else []
    noticed += [observation for one in replayed for observation in one.observations]
    noticed += _passes_here(replayed, evidence, noticed)
    topic = evidence.text if record is None else evidence.text + record.topic
    sent_as = _sent_as(evidence) if record is None else record.topic
    found = tuple(_complete(finding, replayed, evidence.vault, topic, sent_as) for finding in findings(noticed))
    found = tuple(sorted(found, key=lambda one: _RANK[one.certainty] if one.certainty in _RUN else len(_RANK)))
    tried = sum(one.runs for one in replayed)
    verdict, reason = _verdict(found, noticed, evidence, replayed)
    if verdict == "not_an_authentication_failure":
        found = ()
    found = _settled(found)
    look = None if found and found[0].proof else _look(noticed, found)
    ask = question(found[0].among, look) if found and found[0].certainty != "proven" else None
    return Diagnosis(
        verdict=verdict,
        findings=found,
        next_question=ask,
        reason=reason,
        read=(("event",) if event is not None else ()) + evidence.kinds + tuple(evidence.notes),
        tried=tried,
    )


def reconsider(noticed: list[Observation], evidence: Evidence, at: int | None = None) -> list[Observation]:
    """A server that says nothing was sent, to a request that did carry a credential, did not read or not get it.

    One that offers the very scheme that was used reads it: its "login required" says no more than the status.
    """
    if _still_valid(evidence, at):
        noticed = [_without_expired(one) for one in noticed]
    exchanges = [exchange for exchange in paired(evidence) if exchange.request]
    if not exchanges or not all(exchange.request and sent(exchange.request) for exchange in exchanges):
        return noticed
    reads = all(reads_scheme(exchange) for exchange in exchanges)
    return [_not_read(one, reads) if _says_missing(one) else one for one in noticed]


def _still_valid(evidence: Evidence, at: int | None) -> bool:
    """True when the one token of the input ends well after the server's own clock at the refusal.

    `at` is the time of the failure as given, for an exchange without the server's own.
    """
    server = server_time(evidence)
    server = at if server is None and evidence.exchanges else server
    ends = {number((token.claims or {}).get("exp")) for token in evidence.tokens}
    end = next(iter(ends)) if len(ends) == 1 else None
    return server is not None and end is not None and end > server + 1


def _without_expired(one: Observation) -> Observation:
    """A set without the cause that the token's own lifetime rules out."""
    if len(one.causes) < 2 or Cause.EXPIRED not in dict(one.causes):
        return one
    left = [(cause, share) for cause, share in one.causes if cause is not Cause.EXPIRED]
    total = sum(share for _, share in left)
    return structs.replace(one, causes=tuple((cause, share / total) for cause, share in left))


def _says_missing(one: Observation) -> bool:
    return one.rule.startswith("lexicon") and bool(one.causes) and one.causes[0][0] is Cause.MISSING


def _not_read(one: Observation, reads: bool) -> Observation:
    """Most say the same of nothing and of what they do not read; one that tells these apart got nothing."""
    what = f"{one.what}, though the request carried a credential"
    others = tuple((cause, share) for cause, share in one.causes if cause is not Cause.MISSING)
    if others and others[0][0] is Cause.STRIPPED_IN_TRANSIT:
        total = sum(share for _, share in others)
        return structs.replace(one, what=what, causes=tuple((cause, share / total) for cause, share in others))
    strength, causes = (Strength.HINT, NOT_READ[1:]) if reads else (Strength.PHRASE, NOT_READ)
    return observed(one.rule, strength, causes, what, where=one.where, quote=one.quote, order=one.order)


NOT_READ = (Cause.UNSUPPORTED_SCHEME, Cause.MALFORMED, Cause.STRIPPED_IN_TRANSIT, Cause.WRONG_SECRET)


def _passes_here(replayed: Sequence[Replayed], evidence: Evidence, said: Sequence[Observation]) -> list[Observation]:
    """A credential that passes here and was refused there: the other side differs in key, policy or clock."""
    recorded = any(one.observations for one in replayed if one.runs == 0)
    if not any(one.passed for one in replayed if one.runs):
        return []
    signature = any(cause is Cause.BAD_SIGNATURE for one in said for cause, _ in one.causes)
    if signature:
        what = (
            "the signature verifies here with the key as given: the other side reads that key otherwise or has another"
        )
        return [
            observed("replay", Strength.SEEN, (Cause.BAD_SIGNATURE, Cause.WRONG_SECRET), what, detail="key_encoding")
        ]
    if not recorded and not any(one.response and one.response.status == 401 for one in evidence.exchanges):
        return []
    what = "the credential passes the real check here, so the service that refused has another key, policy or clock"
    return [observed("replay", Strength.PHRASE, (Cause.MISCONFIGURED, Cause.REVOKED, Cause.CLOCK_SKEW), what)]


def _settled(found: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """What a proven cause refines, or is refined by, is no second answer beside it."""
    proven = [finding.cause for finding in found if finding.certainty == "proven"]
    return tuple(
        structs.replace(finding, certainty="possible")
        if finding.certainty == "likely" and any(kin(finding.cause, cause) for cause in proven)
        else finding
        for finding in found
    )


_RANK = {"proven": 0, "narrowed": 1, "likely": 2, "possible": 3}
_RUN = ("proven", "narrowed")  # only a check that was run gives these


def _sent_as(evidence: Evidence) -> str:
    """The names of the header fields of the requests: one of them carried the credential."""
    requests = [exchange.request for exchange in evidence.exchanges[:50] if exchange.request]
    return " ".join(name for request in requests for name, _ in request.headers)


def _complete(finding: Finding, replayed: Sequence[Replayed], vault: Vault, text: str, sent_as: str) -> Finding:
    """Add proof, certainty by proof, side by witness, fixes; mask what is left of placeholders."""
    for one in replayed:
        proved = one.proved.get(finding.cause)
        if proved is not None:
            finding = structs.replace(
                finding,
                proof=proved.proof,
                certainty=proved.certainty,
                side=proved.side or finding.side,
                detail=proved.detail or finding.detail,
                among=proved.among,
                facts={**finding.facts, **proved.facts},
            )
            break
    shown = tuple(EvidenceItem(vault.mask(item.what), item.where, vault.mask(item.quote)) for item in finding.evidence)
    facts = {name: _masked(value, vault) for name, value in finding.facts.items()}
    about = " ".join([sent_as, *facts, *(f"{item.what} {item.quote}" for item in shown)])
    failed = Failed(finding.side, finding.detail, facts, about)
    return structs.replace(finding, fixes=fixes_for(finding.cause, failed, text), evidence=shown, facts=facts)


def _masked(value: FactValue, vault: Vault) -> FactValue:
    if isinstance(value, str):
        return vault.mask(value)[:400]
    if isinstance(value, tuple):
        return tuple(vault.mask(one)[:400] for one in value[:20])
    return value


def _look(noticed: Sequence[Observation], found: Sequence[Finding]) -> str | None:
    """The place that the best observation itself names as the one that splits its set."""
    if not found:
        return None
    named = [o for o in noticed if o.look and any(cause == found[0].cause for cause, _ in o.causes)]
    best = max(named, key=lambda one: one.strength, default=None)
    return best.look if best else None


def _verdict(
    found: Sequence[Finding], noticed: Sequence[Observation], evidence: Evidence, replayed: Sequence[Replayed]
) -> tuple[Verdict, str | None]:
    failures = [one for one in noticed if one.outcome == "failure"]
    strongest = max((one.strength for one in failures), default=None)
    other = next((one for one in noticed if one.outcome == "not_failure"), None)
    pending = next((one for one in noticed if one.outcome == "interrupt"), None)
    if strongest is not None and strongest > Strength.HINT:
        return "explained", None
    passed = next((one.passed for one in replayed if one.passed), None)
    if passed is not None and strongest is None:
        return "not_an_authentication_failure", f"the check passes: {passed}"
    if other is not None:
        return "not_an_authentication_failure", f"{other.what}: {other.quote}"[:300]
    if pending is not None:
        return "not_an_authentication_failure", f"a step is still open, nothing failed yet: {pending.quote}"[:300]
    if strongest is not None:
        return "unexplained", "a refusal is there, but nothing in the input says why"
    responses = [exchange.response for exchange in evidence.exchanges if exchange.response]
    if responses and all(response.status < 400 for response in responses):
        return "not_an_authentication_failure", f"the server answered {responses[-1].status}"
    if responses and responses[-1].status in (404, 405, 406, 409, 410, 411, 413, 414, 415, 422):
        status = responses[-1].status
        return (
            "not_an_authentication_failure",
            f"the server answered {status}, which is about the request, not the caller",
        )
    if not evidence.text.strip() and not evidence.tokens and not evidence.certificates:
        return "unexplained", evidence.notes[0] if evidence.notes else "the input is empty"
    if found:
        return "explained", None
    return "unexplained", "nothing in the input names an authentication failure that authwhy knows"
