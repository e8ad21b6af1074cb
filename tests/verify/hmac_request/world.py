"""A world that knows one answer to each question, and a way to name what an outcome says."""

from __future__ import annotations

from collections.abc import Callable

from authwhy.model.outcome import Outcome, Refused
from authwhy.verify.flow import Ask, Flow, SeenAsk, drive
from authwhy.verify.hmac_request.interface import SecretAsk, SigningSecret, SigningSecrets


def known(*secrets: SigningSecret | str | bytes, owner: str = "alice", **state: str) -> SigningSecrets:
    """Secrets with the ids k0, k1 ..., newest first."""
    ready = [s if isinstance(s, SigningSecret) else SigningSecret(f"k{n}", s) for n, s in enumerate(secrets)]
    return SigningSecrets(tuple(ready), owner, **state)  # type: ignore[arg-type]


def judge(flow: Flow, secrets: object, seen: object = False) -> Outcome:
    """Run a verifier against these answers."""
    return drive(flow, lambda ask: seen if isinstance(ask, SeenAsk) else secrets)


def recording(secrets: object, asked: list[Ask]) -> Callable[[Ask], object]:
    """The same, writing down every question."""

    def answer(ask: Ask) -> object:
        asked.append(ask)
        return secrets if isinstance(ask, SecretAsk) else False

    return answer


def said(outcome: Outcome) -> list[str]:
    """Each failure as `cause`, `cause/detail`, or `cause:problem-or-claim`; empty when accepted."""
    if not isinstance(outcome, Refused):
        return []
    lines = []
    for failure in outcome.failures:
        more = failure.facts.get("problem") or failure.facts.get("claim")
        lines.append(
            failure.cause.value + (f"/{failure.detail}" if failure.detail else "") + (f":{more}" if more else "")
        )
    return lines
