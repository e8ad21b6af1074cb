"""The one cheapest question that splits the causes that remain. Data."""

from __future__ import annotations

from collections.abc import Sequence

from authwhy.causes import Cause
from authwhy.model.diagnosis import Question

C = Cause

# The first row whose causes are all among those that remain is asked.
_PAIRS: tuple[tuple[frozenset[Cause], str], ...] = (
    (frozenset({C.EXPIRED, C.CLOCK_SKEW}), "date -u; curl -sI https://HOST | grep -i ^date     (both lines, from the machine that refused and the one that called)"),
    (frozenset({C.NOT_YET_VALID, C.CLOCK_SKEW}), "date -u; curl -sI https://HOST | grep -i ^date     (both lines, from the machine that refused and the one that issued)"),
    (frozenset({C.WRONG_SECOND_FACTOR, C.CLOCK_SKEW}), "date -u on the server and the time the phone shows, read in the same minute"),
    (frozenset({C.MISSING, C.STRIPPED_IN_TRANSIT}), "curl -v the same request straight at the service, past the proxy: does it pass there?"),
    (frozenset({C.BAD_SIGNATURE, C.WRONG_SECRET}), "the first and last two characters and the length of the secret on both sides; do they agree?"),
    (frozenset({C.WRONG_SECRET, C.WRONG_CREDENTIAL_SELECTED}), "where does the program take the credential from (environment, profile, cache file), and does its ending agree with the intended one?"),
    (frozenset({C.WRONG_SECRET, C.UNKNOWN_IDENTITY}), "does the account exist on the server that refused? Its log tells the two apart, the answer does not"),
    (frozenset({C.UNKNOWN_KEY, C.WRONG_SECRET}), "which keys were offered, and is one of them registered for this account on the server?"),
    (frozenset({C.UNKNOWN_KEY, C.WRONG_ISSUER}), "curl the issuer's jwks_uri: is the token's kid in it?"),
    (frozenset({C.EXPIRED, C.REVOKED}), "when was the credential issued, and was the password changed or the grant removed since?"),
    (frozenset({C.WRONG_AUDIENCE, C.MISCONFIGURED}), "which audience is this API registered under: the one in the token or the one in the verifier's configuration?"),
    (frozenset({C.WRONG_ISSUER, C.MISCONFIGURED}), "curl ISSUER/.well-known/openid-configuration: does its issuer equal the token's iss or the verifier's setting?"),
    (frozenset({C.UNSUPPORTED_SCHEME, C.WRONG_SECRET}), "do the provider's documents still accept a password for this interface, or only a token?"),
    (frozenset({C.UNSUPPORTED_SCHEME, C.SECOND_FACTOR_REQUIRED}), "is two-factor sign-in on for this account? Then only a token or an app password works here"),
    (frozenset({C.PROVIDER_UNREACHABLE, C.PROVIDER_ERROR}), "does the provider's status page or a curl to its discovery document answer from the machine that refused?"),
    (frozenset({C.INSUFFICIENT_SCOPE, C.POLICY_BLOCKED}), "does the same credential pass for another operation or resource on the same host?"),
)  # fmt: skip

_DEFAULT = "the log of the side that refused, at the time of the failure (authwhy explain reads it)"


def question(among: Sequence[Cause], look: str | None) -> Question | None:
    """What to ask when more than one cause remains; `look` is the place the source itself names."""
    if len(among) < 2:
        return None
    remaining = tuple(among[:4])
    if look:
        return Question(look, remaining)
    known = set(remaining)
    for pair, ask in _PAIRS:
        if pair <= known and remaining[0] in pair:
            return Question(ask, tuple(cause for cause in remaining if cause in pair))
    return Question(_DEFAULT, remaining[:3])
