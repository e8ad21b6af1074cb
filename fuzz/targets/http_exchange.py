"""HTTP messages in texts."""

from authwhy.evidence.read import read

SEEDS = (
    "    GET /x HTTP/1.1\n    Host: a\n    Authorization: Bearer abc\n\n",
    '    HTTP/1.1 401 No\n    WWW-Authenticate: Basic,\n      Bearer\n\n    {"a": 1}\n',
    "```\nPOST /token HTTP/1.1\nA: b\n\na=b&c=d\n```\nHTTP/2 401\nwww-authenticate: Basic\nContent-Length: 3\n\nabc",
    "GET /api -> 403 Forbidden\nResponse: HTTP/1.1 429 Too Many\n> HTTP/1.1 401\n> a: b\n",
)


def check(text: str) -> None:
    """Every exchange has a side, and bodies are bounded."""
    for exchange in read(text).exchanges:
        assert exchange.request or exchange.response
        assert exchange.response is None or len(exchange.response.body) <= 65_536
