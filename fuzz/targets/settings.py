"""Keys and values."""

from authwhy.evidence.read import read
from authwhy.evidence.settings import MAX_SETTINGS

SEEDS = (
    "[auth]\nissuer = https://id.example.com/ # c\n[a.b]\nx: |\n  y\nlist:\n  - name: A\n    value: 'b'\n  - C=\"d\"\n",
    "{'error': {'message': 'it isn\\'t', 'code': None}} time=\"2026\" level=error msg=\"a b\" x = ['y']",
    'see {"a": {"b": [1, {"c": null}]}} and https://a.example/cb?error=x&error_description=a+b',
)


def check(text: str) -> None:
    """Bounded in number."""
    assert len(read(text).settings) <= MAX_SETTINGS
