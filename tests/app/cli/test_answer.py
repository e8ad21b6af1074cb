"""What explain does, whoever parsed the arguments."""

from pathlib import Path
from typing import Any

import pytest

from authwhy.app.cli.answer import WrongUsage, answer
from authwhy.app.cli.inputs import UnreadableInput
from authwhy.causes import Cause
from authwhy.model.event import Event, Refusal, Weighed
from authwhy.render import FORMATS


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


EVENT = Event(
    time="2026-01-31T14:00:00.000Z", outcome="failure", causes=(Weighed(Cause.EXPIRED),), provider="token", ref="8f14e45f",
    source="guard", refusals=(Refusal("token", (Cause.EXPIRED,), facts={"late_s": 312}),),
)  # fmt: skip


def test_the_reference_of_a_public_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In every format; standard input is left alone."""
    (tmp_path / "events.jsonl").write_bytes(EVENT.to_json() + b"\n")
    events = str(tmp_path / "events.jsonl")
    for form in FORMATS:
        assert answer(("8f14e45f",), events=events, format=form) == 0
        assert "provider token refused: expired (late_s 312)" in " ".join(capsys.readouterr().out.split())
    assert answer(("another",), events=events) == 1
    assert "no event in" in capsys.readouterr().out


def test_the_credential_beside_the_event(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Is read as it would be sent."""
    (tmp_path / "events.jsonl").write_bytes(EVENT.to_json() + b"\n")
    (tmp_path / "token.txt").write_text("eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjE3Njk4Njc2ODh9.AAAA\n")
    files: dict[str, Any] = {"events": str(tmp_path / "events.jsonl"), "token_file": str(tmp_path / "token.txt")}
    assert answer(("8f14e45f",), format="json", **files) == 0
    said = capsys.readouterr().out
    assert "exp 2026-01-31T13:54:48Z lies 312 s before the given time" in said
    assert "event 8f14e45f: provider token refused" in said


def test_events_want_one_reference_and_a_file(tmp_path: Path) -> None:
    """No more; without one the last failures are listed."""
    for inputs, token_file in ((("a", "b"), None), ((), "token.txt")):
        with pytest.raises(WrongUsage, match="one reference"):
            answer(inputs, events="x", token_file=token_file)
    with pytest.raises(UnreadableInput, match="absent"):
        answer(("a",), events=str(tmp_path / "absent"))
