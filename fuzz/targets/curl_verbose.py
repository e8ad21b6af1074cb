"""`curl -v`."""

from authwhy.evidence.read import read

SEEDS = (
    "*   Trying 192.0.2.1:443...\n> CONNECT a:443 HTTP/1.1\n> \n< HTTP/1.1 200 OK\n< \n> GET / HTTP/2\n> a: b\n> \n",
    '< HTTP/2 401 \n< www-authenticate: Bearer\n< \n{"a":1}* Connection #0 to host a left intact\n',
    "12:00:00.123456 > GET /a HTTP/1.1\n12:00:00.2 < HTTP/1.1 100 Continue\n<\n< HTTP/1.1 403 No\n<\nbody\n",
)


def check(text: str) -> None:
    """Every exchange has a side."""
    for exchange in read(text).exchanges:
        assert exchange.request or exchange.response
