"""For the tests of services that use guard: credentials in any state, the events, the clock. See docs/guard/testing.md.

With pytest: `pytest_plugins = ["authwhy.testing"]`, a fixture `guard`, and tests that ask for `guard_probe`.
PYTEST_DONT_REWRITE: there are no assertions here.
"""

from __future__ import annotations

import os
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import datetime
from functools import cache
from secrets import token_hex
from typing import TYPE_CHECKING, Any

import msgspec

from authwhy.diagnose.times import parse_time
from authwhy.guard.guard import Guard
from authwhy.guard.schemes.api_key import ApiKey
from authwhy.guard.schemes.bearer_jwt import BearerJwt
from authwhy.guard.schemes.key_source import Given
from authwhy.model.event import Event
from authwhy.model.policy import JwtPolicy
from authwhy.verify.algorithms import ALGORITHMS, Algorithm
from authwhy.verify.jwk import KeySet

if TYPE_CHECKING:
    import pytest

Headers = dict[str, str]
KID = "authwhy-testing"
LIFETIME_S = 300
LATER_S = 3_600
_TIMES = ("exp", "nbf", "iat", "auth_time")
_CHEAPEST = ("ES", "Ed", "HS", "PS", "RS")  # families of algorithms by the time it takes to make a key
_ELSEWHERE = "https://elsewhere.invalid"


class Tokens:
    """Tokens for one `jwt(...)` provider, good unless asked otherwise. Every method returns headers.

    A claim given by name replaces the usual one; None leaves it out. `exp`, `nbf`, `iat` and `auth_time` are seconds
    from now. A method named after a cause makes a token that is refused for this cause alone; it raises ValueError
    where this provider cannot refuse for it.
    """

    def __init__(self, provider: BearerJwt | None, clock: Callable[[], float]) -> None:
        self.provider, self._clock = provider, clock

    @property
    def now(self) -> int:
        """The guard's time, s since 1970."""
        return int(self._clock())

    def token(self, **claims: object) -> Headers:
        """A good token, but for what these claims make of it."""
        return self._sent(self._signed(claims))

    def expired(self, **claims: object) -> Headers:
        """A token whose end is past the leeway by one second."""
        late = self.policy.leeway_s + 1
        return self.token(**{"exp": -late, "iat": -late - LIFETIME_S, **claims})

    def not_yet_valid(self, **claims: object) -> Headers:
        """A token that begins an hour after the leeway."""
        start = self.policy.leeway_s + LATER_S
        return self.token(**{"nbf": start, "exp": start + LIFETIME_S, **claims})

    def wrong_audience(self, **claims: object) -> Headers:
        """A token for another API."""
        self._demand(self.policy.audiences, "checks no audience")
        return self.token(**{"aud": _ELSEWHERE, **claims})

    def wrong_issuer(self, **claims: object) -> Headers:
        """A token of another issuer, signed by a key of this one."""
        self._demand(self.policy.issuers, "checks no issuer")
        return self.token(**{"iss": _ELSEWHERE, **claims})

    def unknown_key(self, **claims: object) -> Headers:
        """A token that names a key which the provider does not hold."""
        return self._sent(self._signed(claims, {"kid": f"{KID}-unknown"}))

    def bad_signature(self, **claims: object) -> Headers:
        """A token whose signature was made over other bytes."""
        return self._sent(self._signed(claims, change=b"."))

    def malformed(self, **claims: object) -> Headers:
        """A token that lost its signature, as when it is cut on the way."""
        return self._sent(self._signed(claims).rpartition(".")[0])

    def missing_claim(self, claim: str | None = None, **claims: object) -> Headers:
        """A token without this claim; without a name, the first that is required."""
        required = _required(self.policy)
        name = claim if claim is not None else next(iter(required), None)
        self._demand(name in required, "requires no claim" if claim is None else f"does not require {claim}")
        return self.token(**{str(name): None, **claims})

    def unsupported_algorithm(self, **claims: object) -> Headers:
        """A token without a signature, whose `alg` says `none` (RFC 7515 appendix A.5)."""
        return self._sent(self._signed(claims, {"alg": "none", "kid": None}).rpartition(".")[0] + ".")

    def wrong_token_type(self, **claims: object) -> Headers:
        """A token whose header has another `typ`."""
        self._demand(self.policy.typ, "accepts any typ")
        return self._sent(self._signed(claims, {"typ": "probe+jwt"}))

    def insufficient_scope(self, **claims: object) -> Headers:
        """A token that grants nothing; refused where the route or the provider demands a scope."""
        return self.token(**{"scope": "", **claims})

    @property
    def policy(self) -> JwtPolicy:
        """What the provider demands. Raises LookupError for a guard without a jwt provider."""
        if self.provider is None:
            raise LookupError("this guard has no jwt provider to make tokens for")
        return self.provider.policy

    def _demand(self, met: object, otherwise: str) -> None:
        if not met:
            raise ValueError(f"the provider {self.policy.id!r} {otherwise}, so it cannot refuse a token for that")

    def _claims(self, changes: Mapping[str, object]) -> dict[str, object]:
        policy = self.policy
        claims: dict[str, object] = dict.fromkeys(_required(policy), "probe")
        claims |= {"sub": "probe", "iat": 0, "exp": LIFETIME_S, "jti": token_hex(16)}
        if "auth_time" in claims:
            claims["auth_time"] = 0
        claims |= {"iss": policy.issuers[0]} if policy.issuers else {}
        claims |= {"aud": policy.audiences[0]} if policy.audiences else {}
        claims |= {"scope": " ".join(policy.scope)} if policy.scope else {}
        claims |= changes
        now = self.now
        for name in _TIMES:
            value = claims.get(name)
            if isinstance(value, int | float) and not isinstance(value, bool):
                claims[name] = now + value
        return _given(claims)

    def _signed(
        self, changes: Mapping[str, object], header: Mapping[str, object] | None = None, *, change: bytes = b""
    ) -> str:
        policy = self.policy
        signer = signer_for(policy)
        usual = {"alg": signer.algorithm.name, "kid": KID, "typ": policy.typ[0] if policy.typ else "JWT"}
        parts = (_given({**usual, **(header or {})}), self._claims(changes))
        signed = b".".join(_base64url(msgspec.json.encode(part)) for part in parts)
        return (signed + b"." + _base64url(signer.sign(signed + change))).decode()

    @staticmethod
    def _sent(token: str) -> Headers:
        return {"Authorization": f"Bearer {token}"}


class Probe(Tokens):
    """Credentials for a guard, its events and its clock, while open (`with Probe(guard) as probe:`).

    Opening gives every jwt provider of the guard a signing key of the probe's own, and all events to the probe alone:
    the guard's own sinks hear nothing of a test. Closing gives back keys, sinks and clock.
    """

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        jwts = [one for one in guard.providers.values() if isinstance(one, BearerJwt)]
        self._makers = {one.name: Tokens(one, self._time) for one in jwts}
        super().__init__(jwts[0] if jwts else None, self._time)
        self.events: list[Event] = []
        self._closing = ExitStack()
        self._running = guard.clock

    def __enter__(self) -> Probe:
        sources = [(maker.provider, Given(signer_for(maker.policy).keys)) for maker in self._makers.values()]
        self._running = self._guard.clock
        self._closing.callback(self.unfreeze)
        self._closing.callback(setattr, self._guard.recorder, "sinks", self._guard.recorder.sinks)
        self._guard.recorder.sinks = (self.events.append,)
        for provider, source in sources:
            assert provider is not None
            self._closing.callback(provider.use_keys, provider.use_keys(source))
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    def _time(self) -> float:
        return self._guard.clock()

    # credentials

    def of(self, provider: str) -> Tokens:
        """Tokens for the jwt provider of this name. Raises LookupError."""
        if provider not in self._makers:
            raise LookupError(
                f"no jwt provider is called {provider!r} (there are: {', '.join(self._makers) or 'none'})"
            )
        return self._makers[provider]

    @staticmethod
    def basic(user: str, password: str) -> Headers:
        """A name and a password (RFC 7617, UTF-8)."""
        return {"Authorization": "Basic " + b64encode(f"{user}:{password}".encode()).decode()}

    def api_key(self, value: str) -> Headers:
        """An API key where the guard's first api_key provider looks for it. Raises LookupError without one, and
        ValueError when it reads keys from the query string only."""
        provider = next((one for one in self._guard.providers.values() if isinstance(one, ApiKey)), None)
        if provider is None:
            raise LookupError("this guard has no api_key provider")
        if provider.scheme is not None:
            return {"Authorization": f"{provider.scheme} {value}"}
        if provider.header is not None:
            return {provider.header: value}
        if provider.cookie is None:
            raise ValueError(f"{provider.name!r} reads keys from the query string; no header can carry one")
        return {"Cookie": f"{provider.cookie}={value}"}

    # events

    @property
    def last(self) -> Event:
        """The event of the last decision. Raises LookupError when there is none yet."""
        if not self.events:
            raise LookupError("no event yet: the guard was not asked since the start or the last clear()")
        return self.events[-1]

    def clear(self) -> None:
        """Forget the events so far."""
        self.events.clear()

    # the clock

    def freeze(self, time: float | str | datetime | None = None) -> None:
        """Stop the guard's clock at this time: s since 1970, text such as 2026-01-31T14:00:00Z, a datetime with a zone.

        Without one, at the present moment. Raises ValueError for what is no time.
        """
        at = _seconds(self._guard.clock() if time is None else time)
        self._guard.clock = lambda: at

    def advance(self, seconds: float) -> None:
        """Let this many seconds pass and stop the clock there."""
        self.freeze(self._guard.clock() + seconds)

    def unfreeze(self) -> None:
        """Let the clock run again."""
        self._guard.clock = self._running


def _seconds(time: float | str | datetime) -> float:
    if isinstance(time, datetime):
        if time.tzinfo is None:
            raise ValueError("a datetime without a zone is no time; give one with tzinfo")
        return time.timestamp()
    at = parse_time(time) if isinstance(time, str) else float(time)
    if at is None:
        raise ValueError(f"{time!r} is no time; write 2026-01-31T14:00:00Z or seconds since 1970")
    return at


def _required(policy: JwtPolicy) -> tuple[str, ...]:
    """Every claim without which this policy refuses a token."""
    names = [*policy.required]
    names += ["exp"] if policy.check_replay else []
    names += ["iat"] if policy.max_age_s is not None else []
    names += ["jti"] if policy.check_replay or policy.check_revoked else []
    names += ["iss"] if policy.issuers else []
    names += ["aud"] if policy.audiences else []
    return tuple(dict.fromkeys(names))


def _given(members: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in members.items() if value is not None}


def _base64url(octets: bytes) -> bytes:
    return urlsafe_b64encode(octets).rstrip(b"=")


class Signer:
    """A key that exists in this process only, for one algorithm."""

    def __init__(self, algorithm: Algorithm) -> None:
        self.algorithm = algorithm
        self._key: Any = _private_key(algorithm)

    @property
    def keys(self) -> KeySet:
        """What the provider checks with."""
        allowed = (self.algorithm.name,)
        if isinstance(self._key, bytes):
            return KeySet.from_secret(self._key, KID, allowed)
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        pem = self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return KeySet.from_pem(pem, KID, allowed)

    def sign(self, octets: bytes) -> bytes:
        """The signature as it stands in a token (RFC 7518 section 3)."""
        import hmac

        from cryptography.hazmat.primitives.asymmetric import ec, padding, utils

        family, digest = self.algorithm.family, self.algorithm.digest()
        if family == "HS":
            return hmac.digest(self._key, octets, digest.name)
        if family == "Ed":
            return bytes(self._key.sign(octets))
        if family == "ES":
            r, s = utils.decode_dss_signature(self._key.sign(octets, ec.ECDSA(digest)))
            half = self.algorithm.size // 2
            return r.to_bytes(half, "big") + s.to_bytes(half, "big")
        pad = padding.PKCS1v15() if family == "RS" else padding.PSS(padding.MGF1(digest), digest.digest_size)
        return bytes(self._key.sign(octets, pad, digest))


def _private_key(algorithm: Algorithm) -> object:
    from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

    if algorithm.family == "HS":
        return os.urandom(64)
    if algorithm.family == "Ed":
        return ed448.Ed448PrivateKey.generate() if algorithm.name == "Ed448" else ed25519.Ed25519PrivateKey.generate()
    if algorithm.family == "ES":
        curves = (ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1(), ec.SECP256K1())
        names = ("P-256", "P-384", "P-521", "secp256k1")
        return ec.generate_private_key(curves[names.index(algorithm.curves[0])])
    return rsa.generate_private_key(65_537, 2_048)


@cache
def _signer(name: str) -> Signer:
    return Signer(ALGORITHMS[name])


def signer_for(policy: JwtPolicy) -> Signer:
    """The probe's key for the cheapest algorithm that a policy allows; one key for each algorithm and process."""
    return _signer(min(policy.algorithms, key=lambda name: _CHEAPEST.index(ALGORITHMS[name].family)))


def pytest_configure(config: pytest.Config) -> None:
    """Called by pytest: brings the fixture `guard_probe`, for the guard that the fixture `guard` returns."""
    import pytest

    class Fixtures:
        """The two fixtures; a class, so that importing this module needs no pytest."""

        @pytest.fixture
        def guard(self) -> Guard:
            """The guard under test; define a fixture of this name in your conftest.py."""
            raise pytest.UsageError("define a fixture `guard` that returns your Guard: guard_probe is bound to it")

        @pytest.fixture
        def guard_probe(self, guard: Guard) -> Iterator[Probe]:
            """Credentials for the guard, its events and its clock."""
            with Probe(guard) as probe:
                yield probe

    config.pluginmanager.register(Fixtures(), "authwhy-guard-probe")
