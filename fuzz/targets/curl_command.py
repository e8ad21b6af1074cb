"""Curl command lines."""

from authwhy.evidence.read import read

SEEDS = (
    "curl -sSu alice:s3cr3t -H 'Authorization: Bearer abc' --data-urlencode 'a=b c' -G -L -k https://a.example/x?y=1",
    'curl ^"https://a.example^" ^\n  -H ^"a: b^" ^\n --data-raw ^"^{^\\^"a^\\^":1^}^"',
    "curl --json '{\"password\":\"x\"}' --proxy-user b:c --cert a.pem:pw --aws-sigv4 aws:amz:eu:s3 -b 'a=b' b:80/",
)


def check(text: str) -> None:
    """Every command has a method."""
    for command in read(text).commands:
        assert command.request.method
