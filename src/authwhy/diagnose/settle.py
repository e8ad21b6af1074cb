"""From a trial to what is proven: one-sided edits prove by themselves, two-sided ones need a witness. Pure."""

from __future__ import annotations

from typing import Any

from authwhy.causes import Cause
from authwhy.diagnose.context import Context
from authwhy.diagnose.prove import ONE_SIDED, Edit, Trial
from authwhy.diagnose.replays import Proved
from authwhy.diagnose.times import is_zone_offset
from authwhy.diagnose.witness import clock_offset, server_time
from authwhy.model.diagnosis import Proof
from authwhy.model.evidence import Evidence

AGREE_S = 5


def settle(trial: Trial[Any], evidence: Evidence, context: Context) -> dict[Cause, Proved]:
    """What each needed edit of the first smallest proof settles; a rival proof makes it narrower, not surer."""
    if not trial.proofs:
        return {}
    chosen = min(trial.proofs, key=_surprise)
    proof = Proof(tuple(edit.name for edit in chosen), trial.runs)
    settled: dict[Cause, Proved] = {}
    for edit in chosen:
        if edit.touches in ONE_SIDED:
            settled[edit.cause] = Proved(proof, "proven", edit.detail, "caller", (), edit.facts)
        elif edit.touches == "clock":
            settled.update(_by_clock_witness(edit, proof, evidence, context))
        else:
            settled[edit.cause] = Proved(proof, "narrowed", edit.detail, None, (edit.cause, *edit.rivals), edit.facts)
    return settled


def _surprise(proof: tuple[Edit[Any], ...]) -> tuple[int, int]:
    """Among equal sizes prefer edits to bytes over edits to the policy: they need no witness."""
    order = ("credential", "key", "clock", "policy")
    return len(proof), sum(order.index(edit.touches) for edit in proof)


def _by_clock_witness(edit: Edit[Any], proof: Proof, evidence: Evidence, context: Context) -> dict[Cause, Proved]:
    gap = edit.facts.get("gap_s")
    if edit.cause is Cause.CLOCK_SKEW:  # the measured offset itself made it pass: the offset is the witness
        return {Cause.CLOCK_SKEW: Proved(proof, "proven", edit.detail, None, (), edit.facts)}
    if clocks_agree(evidence, context):
        return {edit.cause: Proved(proof, "proven", None, "caller", (), edit.facts)}
    among = (edit.cause, Cause.CLOCK_SKEW)
    zone = "timezone_offset" if isinstance(gap, int) and is_zone_offset(gap) else "offset"
    return {
        edit.cause: Proved(proof, "narrowed", None, None, among, edit.facts),
        Cause.CLOCK_SKEW: Proved(proof, "narrowed", zone, None, among, edit.facts),
    }


def clocks_agree(evidence: Evidence, context: Context) -> bool:
    """True when two clocks were seen to agree: caller and server in one exchange, or the server and the given time."""
    offset = clock_offset(evidence)
    if offset is not None:
        return abs(offset) <= AGREE_S
    server = server_time(evidence)
    return server is not None and abs(server - context.now) <= AGREE_S
