"""JWKs and PEM keys."""

from authwhy.evidence.read import read

_PUBLIC = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEVs/o5+uQbTjL3chynL4wXgUg2R9\n"
    "q9UU8I5mEovUf86QZ7kOBIjJwqnzD1omageEHWwHdBO6B+dFabmdT9POxg==\n"
)
_PRIVATE = "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
SEEDS = (
    '{"keys":[{"kty":"RSA","kid":"1","n":"AQAB","e":"AQAB","d":"c2VjcmV0c2VjcmV0"},{"kty":"oct","k":"c2VjcmV0"}]}',
    f"-----BEGIN PUBLIC KEY-----\n{_PUBLIC}-----END PUBLIC KEY-----",
    f"-----BEGIN PRIVATE KEY-----\n{_PRIVATE}-----END PRIVATE KEY-----",
)


def check(text: str) -> None:
    """Private members are never readable."""
    evidence = read(text)
    for found in evidence.key_sets:
        for key in found.keys:
            assert all("\ue000" in str(key[name]) or not key[name] for name in ("d", "k") if name in key)
