"""The quick way and click's way give the same output and status."""

import pytest
from tests.app.cli.conftest import Run

from authwhy.app.cli.quick import SEVERAL, SINGLE, parse

TEXT = "AADSTS50055: Password is expired"


@pytest.mark.parametrize(
    "arguments",
    [
        ("explain", TEXT),
        ("explain", TEXT, "--format", "json"),
        ("explain", "--format=plain", TEXT, "--issuer", "a", "--issuer=b"),
        ("explain", "-", "--at", "2026-01-05T10:00:00Z"),
        ("explain", "./absent.txt"),
        ("explain", "--at", "teatime", TEXT),
        ("explain", "--format", "xml", TEXT),
    ],
)
def test_both_ways_agree(authwhy: Run, arguments: tuple[str, ...]) -> None:
    """An environment variable that only click looks at switches the quick way off."""
    quick = authwhy(*arguments, stdin=TEXT)
    slow = authwhy(*arguments, stdin=TEXT, env={"_AUTHWHY_COMPLETE": ""})
    assert (quick.returncode, quick.stdout) == (slow.returncode, slow.stdout)
    assert quick.stderr == slow.stderr


@pytest.mark.parametrize(
    "arguments",
    [[], ["causes"], ["explain", "--help"], ["explain", "-h"], ["explain", "--jwks"], ["explain", "--new", "x"]],
)
def test_what_is_unusual_is_left_to_click(arguments: list[str]) -> None:
    """Help, unknown options, options without their value, other commands."""
    assert parse(arguments) is None


def test_the_quick_way_knows_every_option_of_the_command() -> None:
    """A new option of `explain` must be added here too, or be left to click on purpose."""
    from authwhy.app.cli.explain import command

    assert {option for parameter in command.params for option in parameter.opts if option.startswith("--")} == set(
        SINGLE + SEVERAL
    )
