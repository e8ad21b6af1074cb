"""What explain does, whoever parsed the arguments."""

from pathlib import Path

import pytest

from authwhy.app.cli.answer import WrongUsage, answer
from authwhy.app.cli.inputs import UnreadableInput


def test_the_status_says_whether_a_cause_was_found(capsys: pytest.CaptureFixture[str]) -> None:
    """0 or 1, and the text on standard output."""
    assert answer(("AADSTS50055",)) == 0
    assert "password_expired" in capsys.readouterr().out
    assert answer(("fine weather",)) == 1


def test_files_are_read_and_missing_ones_named(tmp_path: Path) -> None:
    """With the path the person typed."""
    with pytest.raises(UnreadableInput, match="absent"):
        answer(("x",), jwks=str(tmp_path / "absent.json"))
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(WrongUsage, match="jwks"):
        answer(("x",), jwks=str(tmp_path / "bad.json"))


def test_an_unknown_format_is_wrong_usage() -> None:
    """The known ones are listed."""
    with pytest.raises(WrongUsage, match="markdown"):
        answer(("x",), format="xml")
