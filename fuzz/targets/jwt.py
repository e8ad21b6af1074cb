"""The verifier's own reading of a token: strict, and it never raises."""

from authwhy.model.outcome import Accepted
from authwhy.model.policy import JwtPolicy
from authwhy.verify.jwk import KeySet
from authwhy.verify.jwt import check as verify

SEEDS = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbGljZSIsImV4cCI6MTc5MDAwMDAwMH0.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
    "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.",
    "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..aXY.dGV4dA.dGFn",
)
KEYS = KeySet.from_secret("a shared secret of more than thirty-two bytes")
POLICY = JwtPolicy(algorithms=("HS256",))


def check(text: str) -> None:
    """Nothing without the right signature is accepted."""
    for token in (text, text.encode("utf-8", "surrogatepass")):
        assert not isinstance(verify(token, POLICY, 1_780_000_000, KEYS), Accepted)
