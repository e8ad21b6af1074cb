"""Finding an event in guard's files."""

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authwhy.app.cli.event_files import LONGEST_LINE, find_event
from authwhy.app.cli.inputs import UnreadableInput
from authwhy.causes import Cause
from authwhy.guard.sinks import jsonl
from authwhy.model.event import Event, Weighed


def event(ref: str, cause: Cause = Cause.EXPIRED) -> Event:
    """A refusal with this reference."""
    return Event(time="2026-01-31T14:00:00.000Z", outcome="failure", causes=(Weighed(cause),), ref=ref)


def test_in_what_the_sink_writes_rotated_or_not(tmp_path: Path) -> None:
    """Every event that is kept is found; a reference is compared as a whole."""
    sink = jsonl(tmp_path / "events.jsonl", max_bytes=2_000, keep=20)
    for number in range(20):
        sink.put(event(f"ref-{number:02d}"))
    sink.close()
    assert len(list(tmp_path.iterdir())) > 2
    (tmp_path / "events.jsonl.bak").write_bytes(event("other").to_json())
    packed = tmp_path / "events.jsonl.1"
    (tmp_path / "events.jsonl.1.gz").write_bytes(gzip.compress(packed.read_bytes()))
    packed.unlink()
    for number in range(20):
        found = find_event(f"ref-{number:02d}", str(tmp_path / "events.jsonl"))
        assert found == event(f"ref-{number:02d}")
    for absent in ("ref-0", "ref-20", "", "other", "expired", "é", "\udcff"):
        assert find_event(absent, str(tmp_path / "events.jsonl")) is None


def test_a_compressed_file_by_its_bytes(tmp_path: Path) -> None:
    """Whatever its name."""
    (tmp_path / "yesterday").write_bytes(gzip.compress(event("r1").to_json() + b"\n"))
    assert find_event("r1", str(tmp_path / "yesterday")) == event("r1")


def test_lines_that_are_no_events_are_passed_over(tmp_path: Path) -> None:
    """Torn ones, foreign ones, endless ones; a last line needs no newline."""
    lines = [b'{"ref": "r1"}', b'{"schema":"authwhy.event/1","ref":"r1"', b"r1" * LONGEST_LINE, b"\xff r1", b""]
    (tmp_path / "e").write_bytes(b"\n".join([*lines, event("r1").to_json()]))
    assert find_event("r1", str(tmp_path / "e")) == event("r1")


@given(st.lists(st.sampled_from(["a", "b", "aa", "A"]), max_size=6), st.sampled_from(["a", "b", "aa", "A", "c"]))
def test_the_first_of_that_reference(tmp_path_factory: pytest.TempPathFactory, refs: list[str], wanted: str) -> None:
    """Or none."""
    path = tmp_path_factory.mktemp("e") / "events.jsonl"
    path.write_bytes(b"".join(event(ref).to_json() + b"\n" for ref in refs))
    assert find_event(wanted, str(path)) == (event(wanted) if wanted in refs else None)


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    """With the file's name."""
    whole = gzip.compress(event("r1").to_json() * 50)
    (tmp_path / "torn").write_bytes(whole[:-12])
    (tmp_path / "broken").write_bytes(whole[:12] + bytes(40))
    for name in ("absent", ".", "torn", "broken"):
        with pytest.raises(UnreadableInput, match=f"cannot read .*{name}"):
            find_event("r2", str(tmp_path / name))
