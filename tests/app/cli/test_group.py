"""The command in click: help, version, wrong usage."""

from tests.app.cli.conftest import Run

from authwhy import __version__
from authwhy.app.cli.group import COMMANDS


def test_help_lists_every_command_with_examples(authwhy: Run) -> None:
    """A newcomer sees what there is."""
    result = authwhy("--help")
    assert result.returncode == 0
    assert all(name in result.stdout for name in COMMANDS)
    assert "Examples:" in result.stdout


def test_version_is_the_packages(authwhy: Run) -> None:
    """For reports."""
    assert authwhy("--version").stdout.strip() == f"authwhy {__version__}"


def test_an_unknown_command_is_wrong_usage(authwhy: Run) -> None:
    """Exit status 2 and no traceback."""
    result = authwhy("explian", "x")
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
