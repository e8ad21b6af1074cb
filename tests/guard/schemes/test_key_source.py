"""Where keys come from, and that a set-up without one usable key does not start."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.verify.jose_tokens import signer

from authwhy.guard import ConfigurationError
from authwhy.guard.schemes.fetched_keys import Fetched
from authwhy.guard.schemes.key_source import Given, key_source
from authwhy.verify.jwk import KeySet

ONE = signer("ES256")
JWKS = {"keys": [ONE.jwk]}


@pytest.mark.parametrize(
    "keys", [JWKS, json.dumps(JWKS), json.dumps(JWKS).encode(), ONE.pem, ONE.pem.decode(), ONE.keys, ONE.jwk]
)
def test_given(keys: Any) -> None:
    source = key_source(keys, None, (), ())
    assert isinstance(source, Given)
    assert source.fixed
    assert source.get("any") is source.current
    assert len(source.current.keys) == 1
    assert source.version == 1
    source.close()


def test_secret() -> None:
    source = key_source(None, "s" * 40, (), ())
    assert [key.kty for key in source.current.keys] == ["oct"]
    with pytest.raises(ConfigurationError, match="not both"):
        key_source(JWKS, "s" * 40, (), ())


class Own:
    """A store of the application."""

    fixed, version, current = False, 3, ONE.keys

    def get(self, kid: str | None) -> KeySet:
        return ONE.keys

    def close(self) -> None: ...


def test_a_store_of_your_own() -> None:
    own: Any = Own()
    source = key_source(own, None, (), ())
    assert (source.fixed, source.version, source.overdue_s) == (False, 3, None)
    assert source.current is own.current
    assert source.get("k1").keys
    own.overdue_s = 7  # it knows itself how old its keys are
    assert key_source(own, None, (), ()) is own


def test_fetched() -> None:
    for source in (
        key_source("https://id.example.com/jwks", None, (), ()),
        key_source(None, None, ("https://id.example.com",), ()),
    ):
        assert isinstance(source, Fetched)
        source.close()


@pytest.mark.parametrize(
    ("keys", "issuers"),
    [
        (None, ()), (None, ("https://a", "https://b")), ({}, ()), ({"keys": []}, ()), ("nonsense", ()), (b"\xff", ()), (7, ()),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", ()), (object(), ()), ({"keys": [{"kty": "oct", "k": ""}]}, ()),
    ],
)  # fmt: skip
def test_what_cannot_work(keys: Any, issuers: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError):
        key_source(keys, None, issuers, ())


def test_a_secret_that_is_no_secret() -> None:
    with pytest.raises(ConfigurationError) as caught:
        key_source(None, "x" * 31, (), ())
    assert "32 octets" in str(caught.value)
    assert key_source(None, "x" * 32, (), ()).fixed
