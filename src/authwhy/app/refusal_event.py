"""From the diagnosis of an observed refusal to its event: causes with probabilities, and nothing of a credential."""

from __future__ import annotations

import re
from collections.abc import Sequence

from authwhy.app.refusal import Refusal
from authwhy.causes import meta
from authwhy.evidence.redact import redact
from authwhy.guard.record import Clocked, Recorder, plain
from authwhy.model.diagnosis import Diagnosis, Finding
from authwhy.model.event import Event, Weighed
from authwhy.model.evidence import Evidence
from authwhy.model.policy import BasicPolicy
from authwhy.model.secret import Vault
from authwhy.verify.basic import parse
from authwhy.verify.basic_credential import NameAndPassword

WEIGHT = {"proven": 1.0, "likely": 8.0, "narrowed": 4.0, "possible": 1.0}
LEAST = 0.01
_REFERENCE = re.compile(r"[A-Za-z0-9_.:-]{4,64}")
_TRACE = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}.{0,64}")  # W3C Trace Context 3.2.2
_REFERENCE_HEADERS = (b"x-request-id", b"x-correlation-id", b"request-id")
_KEY_HEADERS = (b"x-api-key", b"api-key", b"apikey", b"x-auth-token", b"private-token")
_CLOCK = Clocked()


def weighed(findings: Sequence[Finding]) -> tuple[Weighed, ...]:
    """Findings, best first, as probabilities. What is proven is certain; the others share one, by certainty and rank.

    Beside a proof nothing that is only possible is kept: it is what the proof ruled out.
    """
    proven = [Weighed(one.cause) for one in findings if one.certainty == "proven"]
    if proven:
        return tuple(proven)
    shares = [(one.cause, WEIGHT[one.certainty] / rank) for rank, one in enumerate(findings, 1)]
    total = sum(share for _, share in shares)
    return tuple(Weighed(cause, round(share / total, 3)) for cause, share in shares if share / total >= LEAST)


def event_of(refusal: Refusal, diagnosis: Diagnosis, evidence: Evidence, recorder: Recorder) -> Event:
    """The event of one refusal. Texts of the caller are redacted and made printable."""
    view, top = refusal.view, diagnosis.findings[0] if diagnosis.findings else None
    credential = presented(refusal)
    agent = view.header(b"user-agent")
    return Event(
        time=_CLOCK.text(refusal.at),
        outcome="unknown" if diagnosis.verdict == "not_an_authentication_failure" else "failure",
        causes=weighed(diagnosis.findings),
        kind=meta(top.cause).kind if top is not None else None,
        reason=_reason(diagnosis),
        user_digest=_user_digest(refusal, evidence, recorder),
        app=recorder.app,
        method=_method(refusal, evidence),
        address=view.address,
        port=view.port,
        agent=None if agent is None else _safe(agent),
        host=recorder.host,
        version=recorder.version,
        source="observe",
        ref=_reference(refusal),
        status=refusal.status,
        detail=top.detail if top is not None else None,
        facts=top.facts if top is not None else {},
        route=_route(refusal, evidence),
        verb=plain(view.method),
        via=view.peer if view.via_proxy else None,
        fingerprint=None if credential is None else recorder.fingerprint(credential),
        duration_us=refusal.duration_us,
        notes=(diagnosis.verdict,) if diagnosis.verdict != "explained" else (),
    )


def presented(refusal: Refusal) -> str | None:
    """The credential as guard's providers see it: after the scheme, in the header of a key, in the address."""
    view = refusal.view
    value = view.header(b"authorization") or view.header(b"proxy-authorization")
    if value is not None:
        return value.partition(" ")[2].strip() or value
    found = next((key for name in _KEY_HEADERS if (key := view.header(name)) is not None), None)
    return found if found is not None else next(iter(view.parameters("access_token")), None)


def _reason(diagnosis: Diagnosis) -> str | None:
    """What the leading cause rests on, with the answer's own words."""
    items = diagnosis.findings[0].evidence if diagnosis.findings else ()
    if not items:
        return None if diagnosis.reason is None else plain(diagnosis.reason)
    quote = " ".join(items[0].quote.split())
    return plain(f"{items[0].what}: {quote}" if quote else items[0].what)


def _user_digest(refusal: Refusal, evidence: Evidence, recorder: Recorder) -> str | None:
    """Keyed: nobody checked that this name exists, and people type passwords into the field for the name."""
    scheme, _, value = (refusal.view.header(b"authorization") or "").partition(" ")
    if scheme.lower() == "basic":
        pair = parse(value.strip(), BasicPolicy())
        return recorder.fingerprint(pair.name) if isinstance(pair, NameAndPassword) else None
    subject = (evidence.tokens[0].claims or {}).get("sub") if evidence.tokens else None
    return recorder.fingerprint(evidence.vault.reveal(subject)) if isinstance(subject, str) else None


def _method(refusal: Refusal, evidence: Evidence) -> str | None:
    """The word for the way of signing in, as guard's providers have it."""
    if evidence.tokens:
        return "jwt"
    value = refusal.view.header(b"authorization")
    if value is not None:
        scheme = value.partition(" ")[0].lower()
        return scheme if scheme in ("basic", "bearer", "digest", "negotiate", "ntlm", "dpop") else None
    return "api_key" if presented(refusal) is not None else None


def _reference(refusal: Refusal) -> str | None:
    """The answer's own reference, so that a person who has it finds the event; else that of the request or its trace.

    What a request brings is the caller's to choose: several events may have the same one.
    """
    for lines in (refusal.headers, refusal.view.headers):
        known = {name.lower(): value.decode("latin-1") for name, value in reversed(tuple(lines))}
        found = next((known[name] for name in _REFERENCE_HEADERS if name in known), None)
        if found is not None and _REFERENCE.fullmatch(found) and _safe(found) == found:
            return found
    trace = _TRACE.fullmatch(known.get(b"traceparent", ""))
    return trace[1] if trace else None


def _route(refusal: Refusal, evidence: Evidence) -> str | None:
    """The framework's own name for the route, else the path without what looks like a secret."""
    if refusal.route is not None:
        return plain(refusal.route)
    request = evidence.exchanges[0].request
    return None if request is None else plain(evidence.vault.mask(request.url.partition("?")[0]))


def _safe(text: str) -> str:
    vault = Vault()
    return plain(vault.mask(redact(text[:1_024], vault)))
