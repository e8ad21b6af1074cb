"""What the server says: challenges as RFC 7616 section 3.3 wants them quoted, and its own proof."""

from __future__ import annotations

import re

import pytest
from msgspec.structs import replace
from tests.verify.digest_client import hashed, parameters

from authwhy.model.outcome import Accepted
from authwhy.verify.digest_challenge import ALGORITHMS, DigestPolicy, authentication_info, challenges
from authwhy.verify.digest_nonce import DigestNonces

NONCES = DigestNonces((b"k" * 32,))
NOW = 1_767_622_351
RANDOM = b"r" * 12
POLICY = DigestPolicy(realm="ops")


def nonce_in(line: str) -> str:
    found = re.search('nonce="([0-9a-f]{66})"', line)
    assert found
    return found[1]


def test_one_line_an_algorithm_each_with_its_own_nonce() -> None:
    """Algorithm unquoted, qop quoted, in the policy's order."""
    policy = replace(POLICY, algorithms=("SHA-512-256", "MD5"), qop=("auth", "auth-int"))
    first, second = challenges(policy, NONCES, NOW, RANDOM)
    assert first == (
        f'Digest realm="ops", qop="auth, auth-int", algorithm=SHA-512-256, nonce="{nonce_in(first)}", charset=UTF-8'
    )
    assert " algorithm=MD5, " in second
    assert nonce_in(first) != nonce_in(second)
    assert NONCES.made_at(nonce_in(first), "ops", "SHA-512-256") == NOW
    assert NONCES.made_at(nonce_in(second), "ops", "MD5") == NOW


def test_everything_switched_on() -> None:
    """opaque quoted; charset, userhash and stale not."""
    policy = replace(POLICY, algorithms=("SHA-256",), opaque="FQhe/qaU", userhash=True)
    (line,) = challenges(policy, NONCES, NOW, RANDOM, stale=True)
    assert line.endswith('", opaque="FQhe/qaU", charset=UTF-8, userhash=true, stale=true')


def test_default_is_safe() -> None:
    """No MD5, no -sess, no auth-int: the one that every client knows."""
    assert [re.findall("algorithm=([^,]*)", line) for line in challenges(DigestPolicy(), NONCES, NOW, RANDOM)] == [
        ["SHA-256"],
    ]
    assert POLICY.qop == ("auth",)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_hashes(name: str) -> None:
    """All six of the registry, against hashlib."""
    row = ALGORITHMS[name]
    assert row.hash(b"abc") == hashed(name, b"abc")
    assert row.digits == len(row.hash(b""))
    assert (row.base, row.is_session) == (name.removesuffix("-sess"), name.endswith("-sess"))


@pytest.mark.parametrize(
    "change",
    [
        {"algorithms": ()},
        {"algorithms": ("SHA-1",)},
        {"algorithms": ("sha-256",)},
        {"algorithms": "MD5"},
        {"qop": ()},
        {"qop": ("auth-conf",)},
        {"qop": "auth"},
        {"realm": ""},
        {"realm": 'a"b'},
        {"realm": "a\\b"},
        {"realm": "a\r\nb"},
        {"realm": "\u00e9"},
        {"opaque": 'a"'},
        {"nonce_lifetime_s": 0},
        {"max_nonce_count": 0},
        {"max_value_chars": 0},
        {"max_name_bytes": -1},
    ],
)
def test_policy_that_cannot_work(change: dict[str, object]) -> None:
    """At start-up, not at the first request."""
    with pytest.raises(ValueError):
        DigestPolicy(**change)  # type: ignore[arg-type]


def test_authentication_info() -> None:
    """rspauth, nextnonce and cnonce quoted, qop and nc not (RFC 7616 section 3.5)."""
    sent = parameters("n1")
    facts = {name: sent[name] for name in ("qop", "nc", "cnonce")}
    accepted = Accepted({"sub": "alice"}, {**facts, "rspauth": "ab"})
    assert authentication_info(accepted) == 'rspauth="ab", qop=auth, cnonce="f2/wE4q74E6zIJEt", nc=00000001'
    assert authentication_info(Accepted({}, facts), "n2").startswith('nextnonce="n2", qop=auth, ')
    odd = Accepted({}, {**facts, "cnonce": 'a"b\\c'})
    assert 'cnonce="a\\"b\\\\c"' in authentication_info(odd)


def test_another_verifiers_acceptance_has_no_authentication_info() -> None:
    """An any-of of Basic and Digest may hand in either."""
    assert authentication_info(Accepted({"sub": "alice"})) == ""
