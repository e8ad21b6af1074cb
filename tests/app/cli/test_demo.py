"""`authwhy demo`: the first thing a newcomer sees."""

import json

from tests.app.cli.conftest import Run


def test_the_demo_proves_its_cause_and_says_how_to_go_on(authwhy: Run) -> None:
    """A recorded failure of a real server, proven with one named change."""
    result = authwhy("demo")
    assert result.returncode == 0
    assert "PROVEN" in result.stdout
    assert "Your own:" in result.stdout
    finding = json.loads(authwhy("demo", "--format", "json").stdout)["findings"][0]
    assert finding["proof"]["edits"] == ["key: secret base64-decoded"]
