"""The markdown form of a diagnosis."""

from authwhy.model.diagnosis import Diagnosis
from authwhy.render import render


def test_it_is_a_heading_a_list_and_a_checklist(narrowed: Diagnosis) -> None:
    """Fit for an issue."""
    text = render(narrowed, "markdown")
    assert text.startswith("### expired: ")
    assert "- [ ] caller: Fetch a new token. Check: `authwhy explain -`" in text


def test_hostile_quotes_stay_inside_their_code_span(narrowed: Diagnosis) -> None:
    """Backticks in a quote get a longer fence; tags stay text."""
    line = next(line for line in render(narrowed, "markdown").splitlines() if "evil" in line)
    assert "``` " in line
    assert line.count("```") == 2


def test_unexplained_is_a_heading(unexplained: Diagnosis) -> None:
    """Nothing more to say."""
    assert render(unexplained, "markdown").strip() == "### unexplained: the input is empty"
