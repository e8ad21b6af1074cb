"""The search for the smallest set of edits, on a lock whose parts are known."""

from collections.abc import Callable, Iterator

from hypothesis import given
from hypothesis import strategies as st

from authwhy.causes import Cause
from authwhy.diagnose.prove import Budget, Edit, prove
from authwhy.model.outcome import Accepted, Failure, Outcome, Refused

PARTS = (Cause.MALFORMED, Cause.BAD_SIGNATURE, Cause.WRONG_ISSUER, Cause.WRONG_AUDIENCE, Cause.EXPIRED)
Lock = frozenset[Cause]


def run(lock: Lock) -> Outcome:
    """A lock opens when nothing is wrong with it."""
    wrong = tuple(Failure(part) for part in PARTS if part in lock)
    return Refused(wrong) if wrong else Accepted()


def without(part: Cause) -> Callable[[Lock], Lock]:
    """A change that mends one part."""
    return lambda lock: lock - {part}


def edits(lock: Lock, outcome: Refused) -> Iterator[Edit[Lock]]:
    """One edit a part, also for parts that are fine, as real edits are."""
    for part in PARTS:
        yield Edit(name=part.value, touches="credential", cause=part, apply=without(part))


def test_a_check_that_passes_needs_no_proof() -> None:
    """One run, no edits."""
    trial = prove(Lock(), run, edits)
    assert trial.proofs == ()
    assert trial.runs == 1


@given(st.sets(st.sampled_from(PARTS), min_size=1, max_size=3))
def test_the_proof_is_exactly_what_is_wrong(wrong: set[Cause]) -> None:
    """All needed edits and no other, whichever parts are broken."""
    trial = prove(frozenset(wrong), run, edits)
    assert {frozenset(edit.cause for edit in proof) for proof in trial.proofs} == {frozenset(wrong)}
    assert set(trial.failures) == wrong


def test_more_than_the_depth_is_honestly_not_proven() -> None:
    """Four faults with a depth of three: no proof, and the failures are all named."""
    trial = prove(frozenset(PARTS[:4]), run, edits, Budget(depth=3))
    assert trial.proofs == ()
    assert len(trial.failures) == 4


def test_the_budget_stops_the_search() -> None:
    """A hostile case costs a bounded number of runs."""

    def endless(lock: Lock, outcome: Refused) -> Iterator[Edit[Lock]]:
        for number in range(1000):
            yield Edit(name=str(number), touches="key", cause=Cause.EXPIRED, apply=lambda lock: lock)

    assert prove(frozenset(PARTS), run, endless, Budget(runs=50)).runs == 50
