"""The command as a whole: help, version, wrong usage."""

import subprocess
import sys

from tests.app.cli.conftest import Run

from authwhy import __version__
from authwhy.app.cli.main import COMMANDS


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


def test_help_imports_no_engine() -> None:
    """Cold start: help must not pay for reading, proving and judging."""
    code = (
        "import sys\nfrom authwhy.app.cli.main import main\nsys.argv=['authwhy','--help']\n"
        "try: main()\nexcept SystemExit: pass\n"
        "heavy=[m for m in sys.modules if m.startswith(('authwhy.diagnose','authwhy.evidence','msgspec','cryptography'))]\n"
        "print(heavy, file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stderr.strip() == "[]"
