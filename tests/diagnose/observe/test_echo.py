"""The server's echo of what it got."""

import pytest

from authwhy.causes import Cause
from authwhy.diagnose.observe.echo import observe
from authwhy.model.evidence import Evidence


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("Incorrect key provided: undefined. See the docs.", (Cause.MISSING, None)),
        ("Invalid token supplied: null", (Cause.MISSING, None)),
        ("API key provided: your-api-key", (Cause.WRONG_SECRET, "placeholder")),
        ('Incorrect API key provided:\n"sk-ab****************7Q". Find yours', (Cause.MALFORMED, "quotes")),
        ("key provided: sk-ab********wxyz. My key ends in 4711.", (Cause.WRONG_SECRET, "stale_source")),
    ],
)
def test_the_echo_tells_what_was_really_sent(text: str, cause: tuple[Cause, str | None]) -> None:
    """Nothing, a template, quotes, another key."""
    assert [(one.causes[0][0], one.detail) for one in observe(Evidence(text=text))] == [cause]


@pytest.mark.parametrize(
    "text", ["key provided: sk-ab********wxyz. It ends in wxyz.", "no key provided", "keys were rotated"]
)
def test_an_echo_that_agrees_says_nothing(text: str) -> None:
    """Only a difference is evidence."""
    assert list(observe(Evidence(text=text))) == []


def test_only_an_ending_that_may_be_one_is_compared() -> None:
    """`ends in failure` is prose; of two endings that are named, one that agrees is enough."""
    assert list(observe(Evidence(text="key provided: sk-ab********wxyz. Each call ends in failure."))) == []
    two = "key provided: sk-ab********wxyz. The old one ends in 4711, the new one ends with `wxyz`."
    assert list(observe(Evidence(text=two))) == []
