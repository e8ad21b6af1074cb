"""Mistakes visible in configuration."""

import pytest

from authwhy.causes import Cause
from authwhy.diagnose.observe.config import observe
from authwhy.model.evidence import Evidence


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("    environment:\n      - API_KEY='abc'\n", "quotes"),
        ("DATABASE_URL=postgres://app:p@ss@db.example/orders", "encoding"),
    ],
)
def test_the_format_itself_makes_it_wrong(text: str, detail: str) -> None:
    """Quotes that stay, an @ that ends the password early."""
    (one,) = observe(Evidence(text=text))
    assert (one.causes[0][0], one.detail) == (Cause.MALFORMED, detail)


@pytest.mark.parametrize(
    "text", ["- API_KEY=abc", 'environment:\n  API_KEY: "abc"', "postgres://app:p%40ss@db.example/orders"]
)
def test_right_forms_are_left_alone(text: str) -> None:
    """A YAML mapping takes its quotes away."""
    assert list(observe(Evidence(text=text))) == []
