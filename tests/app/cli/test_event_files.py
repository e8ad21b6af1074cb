"""Finding an event in guard's files."""

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authwhy.app.cli.event_files import LONGEST_LINE, Found, find_event, last_failures
from authwhy.app.cli.inputs import UnreadableInput
from authwhy.causes import Cause
from authwhy.guard.sinks import jsonl
from authwhy.model.event import Event, Weighed


def event(ref: str, number: int = 0, *, failed: bool = True) -> Event:
    """A refusal with this reference."""
    causes = (Weighed(Cause.EXPIRED),) if failed else ()
    time = f"2026-01-31T14:00:00.{number:03d}Z"
    return Event(time=time, outcome="failure" if failed else "success", causes=causes, ref=ref)


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
        assert found == Found(event(f"ref-{number:02d}"), 0)
    for absent in ("ref-0", "ref-20", "", "other", "expired", "é", "\udcff"):
        assert find_event(absent, str(tmp_path / "events.jsonl")) is None


def test_a_compressed_file_by_its_bytes(tmp_path: Path) -> None:
    """Whatever its name."""
    (tmp_path / "yesterday").write_bytes(gzip.compress(event("r1").to_json() + b"\n"))
    assert find_event("r1", str(tmp_path / "yesterday")) == Found(event("r1"), 0)


def test_lines_that_are_no_events_are_passed_over(tmp_path: Path) -> None:
    """Torn ones, foreign ones, endless ones; a last line needs no newline."""
    lines = [b'{"ref": "r1"}', b'{"schema":"authwhy.event/1","ref":"r1"', b"r1" * LONGEST_LINE, b"\xff r1", b""]
    (tmp_path / "e").write_bytes(b"\n".join([*lines, event("r1").to_json()]))
    assert find_event("r1", str(tmp_path / "e")) == Found(event("r1"), 0)


@given(st.lists(st.sampled_from(["a", "b", "aa", "A"]), max_size=6), st.sampled_from(["a", "b", "aa", "A", "c"]))
def test_the_newest_of_that_reference(tmp_path_factory: pytest.TempPathFactory, refs: list[str], wanted: str) -> None:
    """And how many older ones there are, over all files; or none."""
    path = tmp_path_factory.mktemp("e") / "events.jsonl"
    made = [event(ref, number=number) for number, ref in enumerate(refs)]
    older = made[: len(made) // 2]
    (path.parent / "events.jsonl.1").write_bytes(b"".join(one.to_json() + b"\n" for one in older))
    path.write_bytes(b"".join(one.to_json() + b"\n" for one in made[len(older) :]))
    same = [one for one in made if one.ref == wanted]
    assert find_event(wanted, str(path)) == (Found(same[-1], len(same) - 1) if same else None)


@given(st.lists(st.booleans(), max_size=8), st.integers(0, 8), st.integers(1, 4))
def test_the_last_failures(tmp_path_factory: pytest.TempPathFactory, kinds: list[bool], cut: int, most: int) -> None:
    """Newest first, over rotated files, without successes."""
    path = tmp_path_factory.mktemp("e") / "events.jsonl"
    made = [event("r", number=number, failed=failed) for number, failed in enumerate(kinds)]
    (path.parent / "events.jsonl.1").write_bytes(b"".join(one.to_json() + b"\n" for one in made[:cut]))
    path.write_bytes(b"".join(one.to_json() + b"\n" for one in made[cut:]))
    assert last_failures(str(path), most) == [one for one in reversed(made) if one.outcome == "failure"][:most]


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    """With the file's name."""
    whole = gzip.compress(event("r1").to_json() * 50)
    (tmp_path / "torn").write_bytes(whole[:-12])
    (tmp_path / "broken").write_bytes(whole[:12] + bytes(40))
    for name in ("absent", ".", "torn", "broken"):
        with pytest.raises(UnreadableInput, match=f"cannot read .*{name}"):
            find_event("r2", str(tmp_path / name))
