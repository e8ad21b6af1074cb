"""Reading a small body: capped, strict, and never an error cause for what somebody sent."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authwhy.causes import Cause, Kind, meta
from authwhy.guard import View
from authwhy.guard.answers import Deny
from authwhy.guard.effects import Call
from authwhy.guard.schemes.form_body import FORM, JSON, MAX_BYTES, fields, media_type, name_and_password, pairs
from authwhy.model.policy import BasicPolicy


def pair(view: View) -> Any:
    """Small limits."""
    return name_and_password(view, ("user", "secret"), BasicPolicy(max_name_bytes=10, max_password_bytes=20))


def read(body: bytes | None, content_type: str = FORM, reader: Any = fields) -> Any:
    """The answer for this body; None is one that is too long."""
    view = View.of("POST", "/", {"content-type": content_type})
    view.read_body = lambda limit: body if body is not None and len(body) <= limit else None
    step = reader(view)
    value: object = None
    while True:
        try:
            call = step.send(value)
        except StopIteration as stop:
            return stop.value
        assert isinstance(call, Call)
        value = call.function(*call.arguments)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"name=J%C3%BCrgen+M&x=", FORM),
        ("name=Jürgen M&x=".encode(), FORM + "; charset=UTF-8"),
        ('{"name":"Jürgen M","x":""}'.encode(), "Application/JSON"),
    ],
)
def test_fields(body: bytes, content_type: str) -> None:
    """Both ways to write the same."""
    assert read(body, content_type) == {"name": "Jürgen M", "x": ""}


@pytest.mark.parametrize(
    ("body", "content_type", "problem"),
    [
        (b"a=1", "multipart/form-data; boundary=x", "content_type"),
        (b"a=1", "", "content_type"),
        (b"a=1", FORM + "; charset=utf-16", "charset"),
        (b"a=\xff", FORM, "not_utf8"),
        (b"a=%ff", FORM, "not_utf8"),
        (b"&".join(b"a%d=1" % n for n in range(65)), FORM, "too_many"),
        (None, FORM, "too_large"),
        (b"a" * (MAX_BYTES + 1), FORM, "too_large"),
        (b"[]", JSON, "not_json"),
        (b'{"a":1}', JSON, "not_json"),
        (b'{"a":"\xff"}', JSON, "not_json"),
        (b"[" * 9_000, JSON, "not_json"),
    ],
)
def test_what_is_no_form(body: bytes | None, content_type: str, problem: str) -> None:
    """One word says what is wrong with it."""
    found = read(body, content_type)
    assert isinstance(found, Deny)
    assert (found.cause, found.failures[0].facts["problem"]) == (Cause.MALFORMED, problem)


def test_a_field_twice() -> None:
    """Nobody chooses between two names; who wants them all gets them in order."""
    found = read(b"a=1&a=2")
    assert isinstance(found, Deny)
    assert found.cause is Cause.AMBIGUOUS
    assert read(b"a=1&a=2", reader=pairs) == [("a", "1"), ("a", "2")]


def test_an_adapter_that_cannot_read_bodies() -> None:
    """Our fault, and not the caller's."""
    step = fields(View.of("POST", "/", {"content-type": FORM, "content-length": "9"}))
    with pytest.raises(StopIteration) as stop:
        next(step)
    assert stop.value.value.cause is Cause.MISCONFIGURED


def test_a_body_that_does_not_come() -> None:
    """Whoever sends it slowly, or hangs up, does not make an outage of ours."""
    view = View.of("POST", "/", {"content-type": FORM})
    view.read_body = lambda limit: None
    step = fields(view)
    next(step)
    with pytest.raises(StopIteration) as stop:
        step.throw(TimeoutError())
    assert stop.value.value.cause is Cause.MALFORMED


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "missing_member"),
        (b"user=&secret=x", "missing_member"),
        (b"user=a", "missing_member"),
        (b"user=a%00&secret=x", "characters"),
        ("user=ä&secret=".encode() + b"x" * 21, "too_long"),
        ("user=äääääö&secret=x".encode(), "too_long"),
    ],
)
def test_names_and_passwords_that_are_none(body: bytes, problem: str) -> None:
    """Lengths are bytes."""
    found = read(body, reader=pair)
    assert isinstance(found, Deny)
    assert found.failures[0].facts["problem"] == problem


def test_a_name_and_a_password() -> None:
    """As typed: blanks, colons and an empty password stay."""
    found = read(b"user=a%3Ab&secret=+x+", reader=pair)
    assert (found.name, found.password) == ("a:b", " x ")
    assert read(b"user=a&secret=", reader=pair).password == ""


@given(st.binary(max_size=300), st.sampled_from([FORM, JSON]))
def test_any_bytes(body: bytes, content_type: str) -> None:
    """Text fields or a refusal that is no error."""
    found = read(body, content_type)
    if isinstance(found, Deny):
        assert meta(found.cause).kind is not Kind.ERROR
    else:
        assert all(isinstance(text, str) for pair in found.items() for text in pair)


def test_media_type() -> None:
    """Without parameters, in lower case."""
    assert media_type(View.of("POST", "/", {"content-type": "Text/HTML ;charset=x"})) == "text/html"
    assert media_type(View.of("POST", "/")) == ""
