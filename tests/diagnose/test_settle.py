"""One-sided edits prove; two-sided ones need a witness."""

from authwhy.causes import Cause
from authwhy.diagnose.context import Context
from authwhy.diagnose.prove import Edit, Touches, Trial
from authwhy.diagnose.settle import settle
from authwhy.model.evidence import Evidence
from authwhy.model.outcome import refused


def edit(touches: Touches, cause: Cause, **facts: int) -> Edit[None]:
    """An edit that does nothing."""
    return Edit(name=f"{touches} {cause}", touches=touches, cause=cause, apply=lambda case: case, facts=facts)


def settled(*edits: Edit[None]) -> dict[Cause, str]:
    """Certainty by cause of a trial with one proof."""
    trial = Trial(refused(Cause.EXPIRED), (edits,), 5)
    return {cause: one.certainty for cause, one in settle(trial, Evidence(), Context(clock=0, at=0)).items()}


def test_bytes_prove_by_themselves() -> None:
    """Nobody else could have made the difference."""
    assert settled(edit("credential", Cause.MALFORMED)) == {Cause.MALFORMED: "proven"}
    assert settled(edit("key", Cause.BAD_SIGNATURE)) == {Cause.BAD_SIGNATURE: "proven"}


def test_clock_and_policy_only_narrow() -> None:
    """What differs is proven, not whose fault it is."""
    assert settled(edit("clock", Cause.EXPIRED, gap_s=312)) == {Cause.EXPIRED: "narrowed", Cause.CLOCK_SKEW: "narrowed"}
    assert settled(edit("policy", Cause.WRONG_AUDIENCE)) == {Cause.WRONG_AUDIENCE: "narrowed"}


def test_a_proof_by_bytes_is_preferred_to_one_by_policy() -> None:
    """Stripping a newline explains more than accepting another audience."""
    trial = Trial(
        refused(Cause.MALFORMED),
        ((edit("policy", Cause.WRONG_AUDIENCE),), (edit("credential", Cause.MALFORMED),)),
        5,
    )
    assert list(settle(trial, Evidence(), Context(clock=0))) == [Cause.MALFORMED]
