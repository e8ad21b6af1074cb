"""The public answer says little, and only what was set."""

import json

from authwhy.model.problem import MEDIA_TYPE, Problem


def test_what_is_not_known_is_not_said() -> None:
    """RFC 9457: absent members are absent, not null."""
    problem = Problem(type="https://authwhy.example/denied", title="Not allowed", status=403)
    assert json.loads(problem.to_json()) == {
        "type": "https://authwhy.example/denied",
        "title": "Not allowed",
        "status": 403,
    }


def test_everything_that_may_be_told() -> None:
    """Six members, no other: no cause, no fact, no name."""
    problem = Problem("about:blank", "Try later", 429, code="rate_limited", ref="r-1", retry_after=30)
    assert json.loads(problem.to_json()) == {
        "type": "about:blank",
        "title": "Try later",
        "status": 429,
        "code": "rate_limited",
        "ref": "r-1",
        "retry_after": 30,
    }


def test_the_media_type_is_the_registered_one() -> None:
    """RFC 9457 section 6.1."""
    assert MEDIA_TYPE == "application/problem+json"
