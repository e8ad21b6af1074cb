"""HTTP archives."""

import json

from authwhy.evidence.har import read_har
from authwhy.model.secret import Vault

_ENTRY = {
    "startedDateTime": "2026-01-01T00:00:00Z",
    "request": {
        "method": "POST",
        "url": "https://a.example/token?a=b",
        "headers": [{"name": "Cookie", "value": "a=b"}],
        "postData": {"text": "a=b"},
    },
    "response": {
        "status": 401,
        "statusText": "No",
        "headers": [{"name": "Set-Cookie", "value": "a=b"}],
        "content": {"encoding": "base64", "mimeType": "text/html", "text": "YWJj"},
    },
}
SEEDS = (
    json.dumps({"log": {"version": "1.2", "entries": [_ENTRY, _ENTRY]}}),
    json.dumps([_ENTRY]),
    json.dumps(_ENTRY, indent=1),
)


def check(text: str) -> None:
    """An archive has exchanges, or is none."""
    archive = read_har(text, Vault())
    assert archive is None or archive.exchanges
