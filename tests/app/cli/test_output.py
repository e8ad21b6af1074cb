"""Output fits its reader: width, colours, exit status."""

import io

import pytest

from authwhy.app.cli.output import show, style_for
from authwhy.model.diagnosis import Diagnosis


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Yes."""
        return True


def test_colours_need_a_terminal_and_no_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    """no-color.org."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert style_for(Terminal()).color
    assert not style_for(io.StringIO()).color
    monkeypatch.setenv("NO_COLOR", "1")
    assert not style_for(Terminal()).color


@pytest.mark.parametrize(
    ("verdict", "reason", "status"),
    [
        ("explained", None, 0),
        ("unexplained", "nothing said", 1),
        ("not_an_authentication_failure", "404", 1),
        ("not_an_authentication_failure", "the check passes: all good", 0),
    ],
)
def test_the_exit_status_follows_the_verdict(verdict: str, reason: str | None, status: int) -> None:
    """0 also when the check passed."""
    stream = io.StringIO()
    assert show(Diagnosis(verdict, reason=reason), "plain", stream) == status  # type: ignore[arg-type]
    assert stream.getvalue()
