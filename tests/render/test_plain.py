"""The plain form of a diagnosis."""

from authwhy.model.diagnosis import Diagnosis
from authwhy.render import render


def test_every_line_is_a_sentence_of_its_own(narrowed: Diagnosis) -> None:
    """A screen reader needs no columns: each line says what it is first."""
    lines = render(narrowed, "plain").splitlines()
    assert all(line.split(":")[0] for line in lines)
    assert [line.split(":")[0] for line in lines][:3] == ["Cause", "Certainty", "Side"]
    assert "\x1b" not in "".join(lines)


def test_unexplained_is_a_sentence_too(unexplained: Diagnosis) -> None:
    """The reason is told."""
    assert render(unexplained, "plain") == "Answer: unexplained: the input is empty.\n"
