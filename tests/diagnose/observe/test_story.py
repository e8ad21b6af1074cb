"""Words of the story around a failure."""

import pytest

from authwhy.causes import Cause
from authwhy.diagnose.observe.story import TALES, observe
from authwhy.model.evidence import Evidence


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (
            "Works with the development server, behind Apache mod_wsgi the header is missing: 401",
            Cause.STRIPPED_IN_TRANSIT,
        ),
        ("The code from my authenticator is never accepted (TOTP)", Cause.CLOCK_SKEW),
        (
            "I enabled two-factor authentication; git asks for my password: Authentication failed",
            Cause.SECOND_FACTOR_REQUIRED,
        ),
        ("All users were signed out at the same time", Cause.PROVIDER_UNREACHABLE),
        ("The cluster was made a year ago; login is refused", Cause.EXPIRED),
    ],
)
def test_the_story_points_somewhere(text: str, cause: Cause) -> None:
    """As a hint or a phrase, never as proof."""
    found = list(observe(Evidence(text=text)))
    assert cause in {one.causes[0][0] for one in found}
    assert all(one.strength <= 3 for one in found)


def test_a_long_log_is_no_story() -> None:
    """Words far apart in a log tell no tale."""
    assert list(observe(Evidence(text="mod_wsgi missing\n" + "x" * 30_000))) == []


def test_every_tale_says_why() -> None:
    """A reader sees the reason, not a pattern."""
    assert all(len(tale.what) > 20 for tale in TALES)
