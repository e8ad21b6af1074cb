"""The terminal form of a diagnosis."""

from authwhy.model.diagnosis import Diagnosis
from authwhy.render import render
from authwhy.render.interface import Style


def test_the_cause_comes_first_then_the_place_then_who_does_what(narrowed: Diagnosis) -> None:
    """A tired person reads from the top."""
    lines = render(narrowed, "text", Style(width=100)).splitlines()
    assert lines[0].startswith("expired: ")
    assert lines[0].endswith("NARROWED, 1 of 2")
    labels = [line[2:12].strip() for line in lines[1:] if line[2:12].strip()]
    assert labels == ["seen", "facts", "tried", "and", "do", "to decide", "page"]


def test_no_line_is_wider_than_the_screen(narrowed: Diagnosis) -> None:
    """Text wraps; the terminal never has to."""
    for width in (60, 80, 110):
        assert max(len(line) for line in render(narrowed, "text", Style(width=width)).splitlines()) <= width


def test_hostile_quotes_cannot_move_the_cursor(narrowed: Diagnosis) -> None:
    """Escape codes, bells and bidi marks are made visible."""
    text = render(narrowed, "text", Style())
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "\u202e" not in text
    assert "\\x1b[2J" in text


def test_colours_only_when_asked(narrowed: Diagnosis) -> None:
    """The same words with and without."""
    import re

    colored = render(narrowed, "text", Style(color=True))
    assert "\x1b[1;36m" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == render(narrowed, "text", Style())


def test_unexplained_says_what_to_hand_in(unexplained: Diagnosis) -> None:
    """An honest no, with a next step."""
    text = render(unexplained, "text")
    assert text.startswith("unexplained: the input is empty")
    assert "curl -v" in text
