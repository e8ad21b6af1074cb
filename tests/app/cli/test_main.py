"""Cold start: what a call must not import."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("arguments", "heavy"),
    [
        (["--help"], ("authwhy.diagnose", "authwhy.evidence", "msgspec", "cryptography")),
        (["explain", "Signature has expired"], ("click", "cryptography", "tomllib", "pathlib", "urllib")),
    ],
)
def test_a_call_imports_only_what_it_needs(arguments: list[str], heavy: tuple[str, ...]) -> None:
    """Help pays for no engine, a plain error text for no click and no cryptography."""
    code = (
        f"import sys\nfrom authwhy.app.cli.main import main\nsys.argv=['authwhy', *{arguments!r}]\n"
        "try: main()\nexcept SystemExit: pass\n"
        f"print([m for m in sys.modules if m.startswith({heavy!r})], file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stderr.strip().splitlines()[-1] == "[]"
