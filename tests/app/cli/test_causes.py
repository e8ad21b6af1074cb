"""`authwhy causes`."""

import json

from tests.app.cli.conftest import Run

from authwhy import Cause


def test_the_list_has_every_cause(authwhy: Run) -> None:
    """As text and as JSON."""
    assert all(cause.value in authwhy("causes").stdout for cause in Cause)
    assert len(json.loads(authwhy("causes", "--format", "json").stdout)) == len(Cause)


def test_a_page_is_shown_whole(authwhy: Run) -> None:
    """Prose, facts and fixes; hyphens and capitals are forgiven."""
    page = authwhy("causes", "Clock-Skew").stdout
    assert page.startswith("clock_skew: ")
    assert "## What happened" in page
    assert json.loads(authwhy("causes", "expired", "--format", "json").stdout)["code"] == "expired"


def test_a_near_miss_is_suggested(authwhy: Run) -> None:
    """Status 2, and the cause that was meant."""
    result = authwhy("causes", "expird")
    assert result.returncode == 2
    assert "expired" in result.stderr
