"""An event as text is always there and always safe."""

from __future__ import annotations

from msgspec.structs import replace
from tests.guard.sinks.events import failure, success

from authwhy.guard.sinks.fields import EVENT_START, fields_of, line_of
from authwhy.model.event import from_json

HOSTILE = "eve\r\nFeb 1 sshd: Accepted\x1b[2J\x00\u202eabc"


def test_a_line_is_the_event() -> None:
    """One line, one newline, at the end."""
    line = line_of(failure())
    assert line.startswith(EVENT_START)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert from_json(line) == failure()


def test_a_header_that_is_no_text_does_not_lose_the_event() -> None:
    """A lone surrogate cannot be written as UTF-8; dropping the event would let an attacker stay unseen."""
    event = replace(failure(), agent="\udc80agent", facts={"seen": "\udcff", "late_s": 1})
    read = from_json(line_of(event))
    assert (read.agent, read.facts) == ("\\udc80agent", {"seen": "\\udcff", "late_s": 1})
    assert read.cause is event.cause


def test_fields_are_plain_and_set() -> None:
    """What is not known takes no room; enums are their words."""
    fields = fields_of(success())
    assert fields["user"] == "mara.invented"
    assert "agent" not in fields
    assert "causes" not in fields
    assert fields_of(failure())["causes"] == [{"cause": "expired", "p": 1.0}]


def test_no_control_character_gets_through() -> None:
    """Neither in a value, nor in a list, nor in the name of a fact."""
    fields = fields_of(replace(failure(), user=HOSTILE, notes=(HOSTILE,), facts={HOSTILE: HOSTILE}))
    assert repr(fields).isprintable()
    for text in (fields["user"], fields["notes"][0], *fields["facts"], *fields["facts"].values()):
        assert text.isprintable()
        assert text.startswith("eve")
