"""Certainty is computed: what beats what, and when an answer stays a set."""

from authwhy.causes import Cause
from authwhy.diagnose.judge import findings
from authwhy.diagnose.observation import Observation, Strength, observed


def said(cause: Cause | tuple[Cause, ...], strength: Strength = Strength.SAID, order: int = 1) -> Observation:
    """An observation of a test."""
    return observed("test", strength, cause, "said so", order=order)


def best(*observations: Observation) -> tuple[Cause, str]:
    """The first finding."""
    top = findings(observations)[0]
    return top.cause, top.certainty


def test_one_vendor_sentence_is_likely_and_never_more() -> None:
    """Text alone never proves (design, idea 4)."""
    assert best(said(Cause.EXPIRED)) == (Cause.EXPIRED, "likely")


def test_a_set_stays_a_set() -> None:
    """Where the source will not say which, the answer is possible, with all of them."""
    top = findings([said((Cause.WRONG_SECRET, Cause.UNKNOWN_IDENTITY))])[0]
    assert (top.cause, top.certainty) == (Cause.WRONG_SECRET, "possible")
    assert top.among[:2] == (Cause.WRONG_SECRET, Cause.UNKNOWN_IDENTITY)


def test_an_earlier_line_beats_the_last_one() -> None:
    """`error in libcrypto` before `Permission denied (publickey)`: the last line is the misleading one."""
    assert best(said(Cause.INSUFFICIENT_SCOPE, order=9), said(Cause.MALFORMED, order=1))[0] is Cause.MALFORMED


def test_what_is_seen_beats_what_is_said() -> None:
    """The quotes around the key outweigh the sentence that calls it a wrong key."""
    assert best(said(Cause.WRONG_SECRET), said(Cause.MALFORMED, Strength.SEEN))[0] is Cause.MALFORMED


def test_a_root_cause_with_support_of_its_own_stands_before_what_it_refines() -> None:
    """`expired` and a measured clock difference: the difference explains it."""
    assert best(said(Cause.EXPIRED, Strength.SEEN), said(Cause.CLOCK_SKEW))[0] is Cause.CLOCK_SKEW


def test_two_rivals_of_equal_weight_are_only_possible() -> None:
    """Sure but wrong is worse than a set."""
    assert best(said(Cause.REVOKED), said(Cause.ACCOUNT_LOCKED))[1] == "possible"


def test_repeating_adds_little() -> None:
    """A hundred lines that say one thing do not outvote one stronger observation."""
    many = [said(Cause.WRONG_SECRET, Strength.PHRASE, order) for order in range(1, 40)]
    assert best(*many, said(Cause.UNKNOWN_IDENTITY, order=2))[0] is Cause.UNKNOWN_IDENTITY
