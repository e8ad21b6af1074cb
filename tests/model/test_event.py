"""The private record of one attempt: flat, typed, and the same after a trip through JSON."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authwhy.causes import Cause, Kind, Public, meta
from authwhy.model.event import SCHEMA, Event, Refusal, Weighed, from_json

DOCS = Path(__file__).resolve().parents[2] / "docs/guard/events.md"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
MAYBE = st.none() | TEXT
FACTS = st.dictionaries(TEXT, st.none() | TEXT | st.booleans() | st.integers(-(2**53), 2**53), max_size=4)
CAUSES = st.sampled_from(list(Cause))
EVENTS = st.builds(
    Event,
    time=TEXT,
    outcome=st.sampled_from(("success", "failure", "interrupt", "unknown")),
    causes=st.lists(st.builds(Weighed, CAUSES, st.floats(0, 1)), max_size=3).map(tuple),
    kind=st.none() | st.sampled_from(list(Kind)),
    user=MAYBE,
    address=MAYBE,
    agent=MAYBE,
    port=st.none() | st.integers(0, 65_535),
    public=st.none() | st.sampled_from(list(Public)),
    facts=FACTS,
    refusals=st.lists(
        st.builds(Refusal, TEXT, st.lists(CAUSES, min_size=1, max_size=3).map(tuple), MAYBE, FACTS), max_size=2
    ).map(tuple),
    duration_us=st.none() | st.integers(0, 2**53),
    notes=st.lists(TEXT, max_size=3).map(tuple),
)
EXPIRED = Event(
    time="2026-03-01T10:00:00Z",
    outcome="failure",
    causes=(Weighed(Cause.EXPIRED), Weighed(Cause.WRONG_AUDIENCE)),
    kind=Kind.INVALID_CREDENTIALS,
    provider="token",
    facts={"late_s": 312},
    refusals=(Refusal("token", (Cause.EXPIRED, Cause.WRONG_AUDIENCE), attested=True),),
)


@given(EVENTS)
def test_an_event_survives_json_on_one_line(event: Event) -> None:
    """Whatever a caller put into it, a line stays a line and nothing is lost."""
    line = event.to_json()
    assert b"\n" not in line
    assert from_json(line) == event
    assert from_json(line.decode()) == event


def test_the_schema_stands_first_and_every_field_is_there() -> None:
    """A reader sees at once what the line is; absent values are null, so that columns stay."""
    names = list(json.loads(EXPIRED.to_json()))
    assert names == list(EXPIRED.keys())
    assert names[0] == "schema"
    assert json.loads(EXPIRED.to_json())["schema"] == EXPIRED.schema == SCHEMA


def test_an_event_reads_as_a_mapping() -> None:
    """What the design names as JSON works on the object too."""
    assert dict(EXPIRED)["provider"] == EXPIRED["provider"] == "token"
    assert EXPIRED["schema"] == EXPIRED.get("schema") == SCHEMA
    assert EXPIRED.get("user", "nobody") is None
    assert EXPIRED.get("password", "no such field") == "no such field"
    assert dict(EXPIRED.refusals[0])["causes"] == (Cause.EXPIRED, Cause.WRONG_AUDIENCE)
    with pytest.raises(KeyError):
        EXPIRED["password"]
    with pytest.raises(KeyError):
        EXPIRED.causes[0]["q"]


def test_the_first_cause_leads() -> None:
    """The order of checks decides; a success has none."""
    assert EXPIRED.cause is Cause.EXPIRED
    assert EXPIRED.refusals[0].cause is Cause.EXPIRED
    assert Event(time="2026-03-01T10:00:00Z", outcome="success").cause is None


def test_unknown_fields_of_a_newer_writer_are_ignored() -> None:
    """A collector of today reads what a guard of tomorrow writes."""
    line = EXPIRED.to_json().replace(b'"provider":"token"', b'"provider":"token","mood":"fine"')
    assert from_json(line) == EXPIRED


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        EXPIRED.to_json()[:-1],
        EXPIRED.to_json().replace(b"event/1", b"event/2"),
        EXPIRED.to_json().replace(b'"failure"', b'"maybe"'),
        EXPIRED.to_json().replace(b'"expired"', b'"gone_off"'),
        EXPIRED.to_json().replace(b'{"late_s":312}', b"[" * 100_000),
    ],
    ids=["empty", "object", "list", "bytes", "torn", "version", "outcome", "cause", "deep"],
)
def test_what_is_no_event_is_a_value_error(line: bytes) -> None:
    """One error for every bad line, however hostile."""
    with pytest.raises(ValueError, match=r"no authwhy\.event/1 record"):
        from_json(line)


def test_text_that_is_no_unicode_is_a_value_error() -> None:
    """A lone surrogate, as reading a file with surrogateescape leaves it."""
    with pytest.raises(ValueError):
        from_json('{"schema":"authwhy.event/1","time":"\udc80"}')


@pytest.mark.parametrize("cause", list(Cause))
def test_every_cause_has_its_kind(cause: Cause) -> None:
    """The kind of a cause is the one its page gives."""
    page = Path(__file__).resolve().parents[2] / f"src/authwhy/causes/{cause.value}.md"
    assert f'kind = "{meta(cause).kind.value}"' in page.read_text("utf-8")


def test_every_field_is_documented() -> None:
    """The page about events has one line for each field, and none for a field that is gone."""
    rows = [line.split("`")[1] for line in DOCS.read_text("utf-8").splitlines() if line.startswith("| `")]
    assert rows == [*EXPIRED.keys(), *EXPIRED.refusals[0].keys()]
