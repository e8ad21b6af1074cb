"""`authwhy code`."""

import json

from tests.app.cli.conftest import Run


def test_a_code_is_looked_up_with_and_without_its_system(authwhy: Run) -> None:
    """The system may be named by an alias."""
    with_system = authwhy("code", "postgres", "28P01")
    assert with_system.returncode == 0
    assert "wrong_secret" in with_system.stdout
    rows = json.loads(authwhy("code", "AADSTS50076", "--format", "json").stdout)
    assert rows[0]["causes"] == ["second_factor_required"]


def test_an_unknown_code_is_status_1_an_unknown_system_status_2(authwhy: Run) -> None:
    """Not found, or not understood."""
    assert authwhy("code", "openssh", "NO-SUCH-CODE").returncode == 1
    result = authwhy("code", "postgrse", "28P01")
    assert result.returncode == 2
    assert "postgres" in result.stderr
