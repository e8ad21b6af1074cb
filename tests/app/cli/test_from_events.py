"""Which event of guard's file is meant, and what is said when it is none or not named."""

import json
from pathlib import Path
from typing import Any

import pytest

from authwhy.app.cli.answer import answer
from authwhy.app.cli.from_events import chosen
from authwhy.app.cli.inputs import UnreadableInput
from authwhy.causes import Cause
from authwhy.model.event import Event, Refusal, Weighed


def event(number: int, ref: str = "r1", cause: Cause | None = Cause.EXPIRED, **more: Any) -> Event:
    """An attempt in this second."""
    refusals = () if cause is None else (Refusal("token", (cause,)),)
    return Event(
        time=f"2026-01-31T14:00:{number:02d}.000Z", outcome="failure" if cause else "success", ref=ref, source="guard",
        causes=() if cause is None else (Weighed(cause),), refusals=refusals, provider="token", **more,
    )  # fmt: skip


@pytest.fixture
def events(tmp_path: Path) -> str:
    """A file with three events of one reference, another one, and a success at the end."""
    made = [event(1), event(2), event(3, cause=Cause.REVOKED), event(4, "r2", Cause.WRONG_SECRET), event(5, cause=None)]
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"".join(one.to_json() + b"\n" for one in made))
    return str(path)


def test_the_newest_with_a_reference(events: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A success counts too: it is what happened last. The others are counted on standard error."""
    assert chosen("r1", events) == event(5, cause=None)
    assert "this is the newest event with the reference; 3 older events have the same one" in capsys.readouterr().err
    assert chosen("r2", events) == event(4, "r2", Cause.WRONG_SECRET)
    assert capsys.readouterr().err == ""


def test_last_is_the_newest_failure(events: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever its reference is."""
    assert answer(("last",), events=events, format="json") == 0
    assert json.loads(capsys.readouterr().out)["findings"][0]["cause"] == "wrong_secret"


@pytest.mark.parametrize("form", ["text", "json", "plain", "markdown"])
def test_a_reference_that_is_not_there(events: str, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Says where else to look; a request would not help."""
    assert answer(("r9",), events=events, format=form) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "the file of another host or process, rotated away" in said
    assert "curl -v" not in said


def test_the_last_failures_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Ten, newest first: what one needs to choose a reference. Texts of callers move no cursor."""
    path = tmp_path / "events.jsonl"
    made = [event(number, f"r{number}", user_digest="d1") for number in range(12)]
    made += [event(12, "r12", user="mara\x1b[2J", route="/orders", verb="GET"), event(13, "r13", None)]
    path.write_bytes(b"".join(one.to_json() + b"\n" for one in made))
    assert answer((), events=str(path)) == 0
    head, first, *rest = capsys.readouterr().out.splitlines()
    assert head.split() == ["time", "ref", "cause", "user", "route"]
    assert first.split() == ["2026-01-31T14:00:12.000Z", "r12", "expired", "mara\\x1b[2J", "GET", "/orders"]
    assert [line.split()[1] for line in rest] == [f"r{number}" for number in range(11, 2, -1)]
    assert rest[0].split()[-3:] == ["digest", "d1", "-"]
    assert answer((), events=str(path), format="json") == 0
    assert json.loads(capsys.readouterr().out)[0] == {
        "time": "2026-01-31T14:00:12.000Z",
        "ref": "r12",
        "cause": "expired",
        "user": "mara\x1b[2J",
        "route": "GET /orders",
    }


def test_a_file_without_failures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Is no error; one that is not there is."""
    path = tmp_path / "events.jsonl"
    path.write_bytes(event(1, cause=None).to_json() + b"\n")
    assert answer((), events=str(path)) == 0
    assert "no failure in" in capsys.readouterr().out
    assert answer(("last",), events=str(path)) == 1
    assert "no failure in" in capsys.readouterr().out
    with pytest.raises(UnreadableInput, match="absent"):
        answer((), events=str(tmp_path / "absent"))
