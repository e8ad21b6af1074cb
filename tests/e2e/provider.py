"""An identity provider's keys and tokens, and the API that trusts it, for tests on loopback."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.e2e.conftest import Start
from tests.e2e.loopback import HOST, Server, binary, free_port, run

ISSUER = "https://id.example.com/realms/shop"
AUDIENCE = "https://orders.example.com"
SETTINGS = f"ORDERS_JWT_ISSUER={ISSUER}\nORDERS_JWT_AUDIENCE={AUDIENCE}\n"


class Key:
    """One signing key with its id."""

    def __init__(self, kid: str) -> None:
        self.kid = kid
        self.private = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def public(self) -> dict[str, Any]:
        """As a member of a key set."""
        entry = jwt.algorithms.RSAAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return {**entry, "kid": self.kid, "use": "sig", "alg": "RS256"}

    def pem(self) -> bytes:
        """The public key as PEM: what an attacker can get."""
        return self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def token(self, *, lives_s: int = 300, **claims: Any) -> str:
        """A signed token that ends `lives_s` seconds from now; a claim given as None is left out."""
        now = int(time.time())
        usual = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": "alice",
            "iat": now + min(lives_s, 0) - 600,
            "exp": now + lives_s,
        }
        content = {name: value for name, value in {**usual, **claims}.items() if value is not None}
        return jwt.encode(content, self.private, algorithm="RS256", headers={"kid": self.kid})


def key_set(*keys: Key) -> dict[str, Any]:
    """A JWK Set."""
    return {"keys": [key.public() for key in keys]}


class Heard(NamedTuple):
    """What curl printed, what the API logged, and when the caller asked by its own clock (s since 1970)."""

    client: str
    log: str
    at: int


class Api(NamedTuple):
    """The running API."""

    server: Server
    port: int
    home: Path

    def url(self, service: str = "orders") -> str:
        """Where a service is."""
        return f"http://{HOST}:{self.port}/{service}"

    def curl(self, token: str, service: str = "orders") -> Heard:
        """Call a service with a bearer token."""
        mark, at = self.server.mark(), int(time.time())
        words = [binary("curl"), "-sv", "-H", f"Authorization: Bearer {token}", self.url(service)]
        client = run(words, self.home)
        return Heard(client, self.server.since(mark, f"GET /{service}"), at)


def start_api(start: Start, home: Path, *keys: Key, clock: str = "") -> Api:
    """The API in a process of its own; `clock` shifts its time as faketime writes it, such as +312s."""
    port = free_port()
    orders = {"issuer": ISSUER, "audience": AUDIENCE, "algorithms": ["RS256"], "jwks": key_set(*keys)}
    services = {"orders": orders, "legacy": {**orders, "algorithms": ["HS256"]}}
    settings = home / f"api-{port}.json"
    settings.write_text(json.dumps({"port": port, "services": services}))
    program = [sys.executable, str(Path(__file__).with_name("jose_api.py")), str(settings)]
    words = [binary("faketime"), "-f", clock, *program] if clock else program
    folder = home / str(port)
    folder.mkdir()
    console = folder / "console.log"
    return Api(start(words, lambda one: "listening" in one.text(), folder=folder, log=console), port, home)
