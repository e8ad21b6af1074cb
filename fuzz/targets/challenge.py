"""WWW-Authenticate."""

from authwhy.evidence.challenge import parse_challenges

SEEDS = (
    'Basic realm="a, b", Bearer realm="x",error="invalid_token", Negotiate',
    'Digest realm="r", qop="auth,auth-int", nonce="n\\"q", stale=TRUE',
    "Negotiate YIIabc==, NTLM TlRMTVNTUAAB",
    "AWS4-HMAC-SHA256 Credential=a/b/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=abc",
)


def check(text: str) -> None:
    """Challenges come in order, within the value, and do not overlap."""
    end = 0
    for challenge in parse_challenges(text):
        assert end <= challenge.start < challenge.end <= len(text)
        end = challenge.end
