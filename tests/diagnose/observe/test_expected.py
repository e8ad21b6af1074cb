"""Expected and actual value, both printed."""

import pytest

from authwhy.causes import Cause
from authwhy.diagnose.observe.expected import observe
from authwhy.model.evidence import Evidence


@pytest.mark.parametrize(
    ("text", "cause", "expected", "seen"),
    [
        ("audience: expected orders but got billing", Cause.WRONG_AUDIENCE, "orders", "billing"),
        ('unexpected "iss" claim value: got "https://a.example", expected "https://b.example"', Cause.WRONG_ISSUER, "https://b.example", "https://a.example"),
        ("The redirect URI 'http://a/cb' does not match the registered value 'https://a/cb'", Cause.WRONG_CLIENT, "https://a/cb", "http://a/cb"),
        ("the region 'us-east-1' is wrong; expecting 'eu-west-1'", Cause.WRONG_ENDPOINT, "eu-west-1", "us-east-1"),
    ],
)  # fmt: skip
def test_the_label_names_the_cause(text: str, cause: Cause, expected: str, seen: str) -> None:
    """And both values are facts."""
    (one,) = observe(Evidence(text=text))
    assert one.causes[0][0] is cause
    assert (one.facts["expected"], one.facts["seen"]) == (expected, seen)


def test_a_single_difference_is_the_detail() -> None:
    """The slash at the end."""
    (one,) = observe(Evidence(text="issuer mismatch: expected https://id.example but got https://id.example/"))
    assert one.detail == "trailing_slash"


@pytest.mark.parametrize("text", ["expected end of file but found token", "widths expected 3 but got 4", "all match"])
def test_other_expectations_are_none_of_ours(text: str) -> None:
    """A parser's complaint is no failed authentication."""
    assert list(observe(Evidence(text=text))) == []


@pytest.mark.parametrize(
    "text",
    [
        "checksum mismatch: expected sha256:aaaa but got sha256:bbbb for package left-pad",
        "warning: region 'eu-west-1' does not match bucket region 'us-east-1', transfer will be slower",
    ],
)
def test_other_mismatches_are_no_failed_authentication(text: str) -> None:
    """A label counts only where the text is about authentication."""
    assert list(observe(Evidence(text=text))) == []


def test_a_full_stop_belongs_to_the_sentence() -> None:
    """Not to the value, whose last slash would be hidden behind it."""
    (one,) = observe(Evidence(text="issuer mismatch: expected https://id.example but got https://id.example/."))
    assert (one.facts["seen"], one.detail) == ("https://id.example/", "trailing_slash")
