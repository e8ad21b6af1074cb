"""JWT, JWS, JWE."""

from authwhy.evidence.read import read
from authwhy.evidence.token import read_token
from authwhy.model.secret import Vault

SEEDS = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbGljZSIsImV4cCI6MTc5MDAwMDAwMH0.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
    "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..aXY.dGV4dA.dGFn",
    'Authorization: Bearer "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0."',
)


def check(text: str) -> None:
    """A token is read or has a problem."""
    result = read_token(text, Vault())
    assert result.claims is not None or result.problem is not None
    for token in read(text).tokens:
        assert token.claims is not None or token.problem is not None
