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
        ("JWT expired at once; timedatectl says System clock synchronized: no", Cause.CLOCK_SKEW),
        ("All codes of the authenticator are wrong, the clock of the server is 4 minutes behind", Cause.CLOCK_SKEW),
        ("Bad credentials since I pushed my .env with the token to a public repo", Cause.REVOKED),
        (
            "With 2 pods and the MemoryStore the session is gone every second request: 401 Unauthorized",
            Cause.SESSION_INVALID,
        ),
        ("The header api_key never gets through nginx, the app answers 401 missing", Cause.STRIPPED_IN_TRANSIT),
        ("Our account is in the EU region and every call answers 401 Unauthorized", Cause.WRONG_ENDPOINT),
        (
            "Key from https://app.example.eu and then https://api.example.com/v1/x answers 403 Forbidden",
            Cause.WRONG_ENDPOINT,
        ),
        (
            "createHmac with the secret over JSON.stringify(req.body): the webhook signature is invalid",
            Cause.BAD_SIGNATURE,
        ),
        ("402 from the API with our token: your trial has ended, please upgrade", Cause.PAYMENT_REQUIRED),
        (
            "403 Forbidden for the token; GH_TOKEN was still set to the old account in my profile",
            Cause.WRONG_CREDENTIAL_SELECTED,
        ),
        ("I turned on two-factor yesterday and now my password is denied by git", Cause.SECOND_FACTOR_REQUIRED),
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


@pytest.mark.parametrize(
    "text",
    [
        "Docs at https://docs.example.com/a and https://api.example.com/b say 401 Unauthorized for a bad key",
        "https://www.example.com/login posts to https://eu1.evil.test/ and then 403 Forbidden",
    ],
)
def test_two_hosts_of_one_region_are_no_contrast(text: str) -> None:
    """Other names of one service, and names of another."""
    assert Cause.WRONG_ENDPOINT not in {one.causes[0][0] for one in observe(Evidence(text=text))}


@pytest.mark.parametrize(
    "text",
    [
        "Release 2.4: rotated logo, an error where the old list was still shown. Everyone gets it at the same time.",
        "After the upgrade the charts are not shown for every user since 9 am; sometimes there is an error",
    ],
)
def test_a_story_about_something_else_is_none(text: str) -> None:
    """Not a word of signing in."""
    assert list(observe(Evidence(text=text))) == []


def test_a_server_interface_alone_strips_nothing() -> None:
    """Its name must stand beside the header or credential that is gone."""
    assert (
        list(observe(Evidence(text="The cgi script was required to be moved; tokens of the parser are missing"))) == []
    )
