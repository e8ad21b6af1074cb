"""Digest as a whole: the RFCs' vectors, causes in order, replay, equal work, nothing secret told."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.verify.digest_client import hashed, header, parameters

from authwhy.causes import Cause
from authwhy.model.outcome import Accepted, Outcome, Refused
from authwhy.verify import digest
from authwhy.verify.basic_account import Account
from authwhy.verify.digest import DigestAccountAsk, DigestRequest, DigestSecret
from authwhy.verify.digest_challenge import ALGORITHMS, Algorithm, DigestPolicy, authentication_info
from authwhy.verify.digest_nonce import DigestNonces
from authwhy.verify.flow import Ask, Flow, SeenAsk, Unavailable, drive

NOW = 1_767_622_351
POLICY = DigestPolicy(realm="ops")
NONCES = DigestNonces((b"k" * 32,))
TARGET = "/orders?page=2"
REQUEST = DigestRequest("GET", TARGET)
SECRET = DigestSecret("alice", {name: digest.ha1("alice", "ops", "secret", name) for name in ("MD5", "SHA-256")})
PLAIN = DigestSecret("alice", password="secret")


def nonce(at: int = NOW, algorithm: str = "SHA-256", realm: str = "ops") -> str:
    return NONCES.make(realm, algorithm, at, b"r" * 12)


GOOD = parameters(nonce())


def check(
    value: str,
    secret: object = SECRET,
    *,
    seen: object = False,
    policy: DigestPolicy = POLICY,
    request: DigestRequest = REQUEST,
    now: int = NOW,
) -> Outcome:
    flow = digest.verify(value, request, policy, NONCES, now)
    return drive(flow, lambda ask: seen if isinstance(ask, SeenAsk) else secret)


def causes(outcome: Outcome) -> list[str]:
    return [cause.value for cause in outcome.causes] if isinstance(outcome, Refused) else []


def test_accepted() -> None:
    """With a stored HA1 and with a plain password; the facts are what Authentication-Info needs."""
    outcome = check(header(GOOD), now=NOW + 9)
    assert isinstance(outcome, Accepted)
    assert outcome.claims == {"sub": "alice"}
    ha1, ha2 = hashed("SHA-256", "alice:ops:secret"), hashed("SHA-256", f":{TARGET}")
    rspauth = hashed("SHA-256", f"{ha1}:{GOOD['nonce']}:00000001:{GOOD['cnonce']}:auth:{ha2}")
    assert outcome.facts == {
        "algorithm": "SHA-256",
        "qop": "auth",
        "nonce": GOOD["nonce"],
        "nc": "00000001",
        "cnonce": GOOD["cnonce"],
        "nonce_age_s": 9,
        "rspauth": rspauth,
    }
    assert f'rspauth="{rspauth}"' in authentication_info(outcome)
    assert check(header(GOOD), PLAIN, now=NOW + 9) == outcome


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("qop", ["auth", "auth-int"])
def test_every_algorithm_and_qop(algorithm: str, qop: str) -> None:
    """Against a client that knows only the RFC; a changed body is refused with auth-int."""
    policy = replace(POLICY, algorithms=(algorithm,), qop=(qop,))
    value = header(parameters(nonce(algorithm=algorithm), algorithm=algorithm, qop=qop, method="PUT", body=b"{}"))
    put = DigestRequest("PUT", TARGET, body=b"{}")
    outcome = check(value, PLAIN, policy=policy, request=put)
    assert isinstance(outcome, Accepted)
    assert ("rspauth" in outcome.facts) == (qop == "auth")
    changed = check(value, PLAIN, policy=policy, request=replace(put, body=b"{ }"))
    assert causes(changed) == (["wrong_secret"] if qop == "auth-int" else [])


def asked(value: str, policy: DigestPolicy) -> Ask:
    return next(digest.verify(value, REQUEST, policy, NONCES, NOW))


def test_what_is_asked_for() -> None:
    """The name or its hash, the policy's own realm, and the algorithm without -sess."""
    session = replace(POLICY, algorithms=("MD5-sess",))
    value = header(parameters("n", algorithm="MD5-sess", realm="evil"))
    assert asked(value, session) == DigestAccountAsk("ops", "alice", "MD5")
    userhash = hashed("SHA-256", "alice:ops")
    value = header({**GOOD, "username": userhash, "userhash": "true"})
    assert asked(value, replace(POLICY, userhash=True)) == DigestAccountAsk("ops", userhash, "SHA-256", True)


def test_userhash_is_accepted_for_the_name_behind_it() -> None:
    """The response is over the name, not over its hash."""
    value = header({**GOOD, "username": hashed("SHA-256", "alice:ops"), "userhash": "true"})
    assert isinstance(check(value, policy=replace(POLICY, userhash=True)), Accepted)
    assert isinstance(check(value, PLAIN, policy=replace(POLICY, userhash=True)), Accepted)


WRONG = parameters(nonce(), password="wrong")
OLD = parameters(nonce(NOW - 300))
FORGED = parameters("f" * 66)
LOCKED = replace(SECRET, account=Account("alice", locked=True))
REFUSED = [
    (header(WRONG), SECRET, ["wrong_secret"]),
    (header(WRONG), PLAIN, ["wrong_secret"]),
    (header(GOOD), None, ["unknown_identity"]),
    (header(GOOD), DigestSecret("alice"), ["wrong_secret"]),
    (header(GOOD), DigestSecret("alice", {"MD5": "x"}), ["wrong_secret"]),
    (header(parameters(nonce(), password="")), DigestSecret("alice"), ["wrong_secret"]),
    (header(parameters(nonce(), password="")), DigestSecret("alice", password=""), ["wrong_secret"]),
    (header(parameters(nonce(), password="")), None, ["unknown_identity"]),
    (header(parameters(nonce(), method="POST")), SECRET, ["wrong_secret"]),
    (header(OLD), SECRET, ["stale_nonce"]),
    (header(OLD), None, ["unknown_identity", "stale_nonce"]),
    (header(FORGED), SECRET, ["stale_nonce"]),
    (header(parameters("f" * 66, password="wrong")), SECRET, ["wrong_secret", "stale_nonce"]),
    (header(parameters(nonce(NOW + 301))), SECRET, ["stale_nonce"]),
    (header(parameters(nonce(realm="shop"))), SECRET, ["stale_nonce"]),
    (header(parameters(nonce(algorithm="MD5"))), SECRET, ["stale_nonce"]),
    (header(parameters(nonce(), nc=10_001)), SECRET, ["stale_nonce"]),
    (header({**GOOD, "opaque": "earlier"}), SECRET, ["stale_nonce"]),
    (header({**GOOD, "realm": "shop"}), SECRET, ["wrong_issuer"]),
    (header(parameters(nonce(), realm="shop")), SECRET, ["wrong_secret", "wrong_issuer"]),
    (header(parameters(nonce(), uri="/orders?page=3")), SECRET, ["wrong_binding"]),
    (header(parameters(nonce(), uri="/admin")), SECRET, ["wrong_binding"]),
    (header({**GOOD, "uri": "/admin"}), SECRET, ["wrong_secret", "wrong_binding"]),
    (header(GOOD), LOCKED, ["account_locked"]),
    (header(WRONG), LOCKED, ["wrong_secret", "account_locked"]),
    (
        header(parameters("f" * 66, password="wrong", realm="shop", uri="/admin")),
        LOCKED,
        ["wrong_secret", "wrong_issuer", "wrong_binding", "stale_nonce", "account_locked"],
    ),
    (header(GOOD), Unavailable(), ["provider_unreachable"]),
    (header(GOOD), "secret", ["misconfigured"]),
    (header(GOOD), True, ["misconfigured"]),
]


@pytest.mark.parametrize(("value", "secret", "expected"), REFUSED)
def test_refused(value: str, secret: object, expected: list[str]) -> None:
    """Every failing check, in the fixed order, and no count is spent."""

    def answer(ask: Ask) -> object:
        assert not isinstance(ask, SeenAsk)
        return secret

    outcome = drive(digest.verify(value, REQUEST, POLICY, NONCES, NOW), answer)
    assert causes(outcome) == expected
    assert digest.is_stale(outcome) == (expected == ["stale_nonce"])


def test_lifetime_of_a_nonce() -> None:
    """Good in its last second, stale in the next; made by an instance whose clock is ahead it is good too."""
    assert isinstance(check(header(GOOD), now=NOW + 299), Accepted)
    outcome = check(header(GOOD), now=NOW + 303)
    assert isinstance(outcome, Refused)
    assert outcome.primary.facts == {"problem": "expired", "late_s": 3, "expired_at": NOW + 300}
    assert outcome.primary.attested
    assert isinstance(check(header(GOOD), now=NOW - 300), Accepted)


def test_the_last_count_of_a_nonce() -> None:
    """The limit itself is still good, so a limit of one is a nonce for one request."""
    policy = replace(POLICY, max_nonce_count=1)
    assert isinstance(check(header(GOOD), policy=policy), Accepted)
    outcome = check(header(parameters(nonce(), nc=2)), policy=policy)
    assert isinstance(outcome, Refused)
    assert outcome.primary.facts == {"problem": "nonce_count", "limit": 1}


def test_facts_of_another_target_hold_no_query() -> None:
    """A query may carry a secret."""
    outcome = check(header(parameters(nonce(), uri="/admin?token=canary")))
    assert isinstance(outcome, Refused)
    assert outcome.primary.facts == {"problem": "uri", "expected": "/orders", "seen": "/admin"}
    outcome = check(header(parameters(nonce(), uri="/orders?token=canary")))
    assert isinstance(outcome, Refused)
    assert outcome.primary.facts == {"problem": "query", "expected": "/orders", "seen": "/orders"}


@pytest.mark.parametrize(
    ("uri", "target", "authority", "is_same"),
    [
        ("/a?b", "/a?b", "", True),
        ("*", "*", "", True),
        ("http://h:1/a", "http://h:1/a", "", True),
        ("http://h:1/a", "/a", "h:1", True),
        ("https://h:1/a", "/a", "h:1", True),
        ("/a", "http://h:1/a", "h:1", True),
        ("http://h:1/a", "/a", "", False),
        ("http:///a", "/a", "", False),
        ("http://evil/a", "/a", "h:1", False),
        ("http://h:1.evil/a", "/a", "h:1", False),
        ("/a", "http://evil/a", "h:1", False),
        ("/A", "/a", "h:1", False),
        ("/a/", "/a", "h:1", False),
        ("/a", "/a?b", "h:1", False),
        ("/%61", "/a", "h:1", False),
        ("/b/../a", "/a", "h:1", False),
    ],
)
def test_uri_and_target(uri: str, target: str, authority: str, is_same: bool) -> None:
    """Compared exactly, as octets; absolute form only with the service's own authority."""
    request = DigestRequest("GET", target, authority)
    outcome = check(header(parameters(nonce(), uri=uri)), request=request)
    assert causes(outcome) == ([] if is_same else ["wrong_binding"])


def spend(store: set[tuple[str, str]], lock: Lock, value: str) -> Outcome:
    """A driver with a shared store: the first to come is the one."""

    def answer(ask: Ask) -> object:
        if not isinstance(ask, SeenAsk):
            return SECRET
        with lock:
            key = (ask.scope, ask.value)
            known = key in store
            store.add(key)
            return known

    return drive(digest.verify(value, REQUEST, POLICY, NONCES, NOW), answer)


def test_one_count_is_good_once() -> None:
    """One after the other, and out of order; another count of the same nonce is fine."""
    store: set[tuple[str, str]] = set()
    one, two = header(GOOD), header(parameters(nonce(), nc=2))
    outcomes = [spend(store, Lock(), value) for value in (two, one, one, two)]
    assert [causes(outcome) for outcome in outcomes] == [[], [], ["replayed"], ["replayed"]]
    assert isinstance(outcomes[3], Refused)
    assert outcomes[3].primary.facts == {"nonce_count": 2}
    assert not digest.is_stale(outcomes[3])


def test_fifty_at_once_give_one_success() -> None:
    """The same request fifty times in parallel."""
    store: set[tuple[str, str]] = set()
    lock = Lock()
    with ThreadPoolExecutor(50) as pool:
        outcomes = list(pool.map(lambda _: spend(store, lock, header(GOOD)), range(50)))
    assert sorted(map(causes, outcomes)) == [[]] + [["replayed"]] * 49


def test_what_is_remembered_outlives_the_nonce() -> None:
    """One ask, after everything else, until the nonce is stale everywhere."""
    asks: list[Ask] = []

    def answer(ask: Ask) -> object:
        asks.append(ask)
        return SECRET if isinstance(ask, DigestAccountAsk) else False

    drive(digest.verify(header(GOOD), REQUEST, POLICY, NONCES, NOW + 9), answer)
    assert asks[1:] == [SeenAsk("digest:ops", f"{GOOD['nonce']}:00000001", NOW + 360)]


@pytest.mark.parametrize(
    ("seen", "expected"), [(Unavailable(), "provider_unreachable"), (None, "misconfigured"), (1, "misconfigured")]
)
def test_a_store_that_does_not_answer(seen: object, expected: str) -> None:
    """An outage is no bad credential, and never a success."""
    assert causes(check(header(GOOD), seen=seen)) == [expected]


@pytest.mark.parametrize("algorithm", ["SHA-256", "SHA-256-sess"])
def test_equal_work(algorithm: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong response costs the same hashes, over texts of one shape, whoever it is for."""
    calls: list[bytes] = []

    def counting(data: bytes) -> str:
        calls.append(data)
        return hashlib.sha256(data).hexdigest()

    row = ALGORITHMS[algorithm]
    counted = {
        name: Algorithm(name, "SHA-256", counting, row.digits, row.is_session) for name in ("SHA-256", algorithm)
    }
    monkeypatch.setattr(digest, "ALGORITHMS", counted)
    policy = replace(POLICY, algorithms=(algorithm,))
    value = header(parameters(nonce(algorithm=algorithm), algorithm=algorithm, password="wrong"))
    secrets: Iterable[object] = (
        SECRET,
        PLAIN,
        None,
        DigestSecret("alice"),
        DigestSecret("alice", {"MD5": "x"}),
        LOCKED,
    )
    counts = set()
    for secret in secrets:
        calls.clear()
        assert isinstance(check(value, secret, policy=policy), Refused)
        counts.add((len(calls), sum(data.count(b":") for data in calls)))
    assert len(counts) == 1


CHANGES = {
    "username": "bob",
    "realm": "shop",
    "uri": "/orders",
    "algorithm": "SHA-512-256",
    "nonce": nonce(NOW - 1),
    "nc": "00000002",
    "cnonce": "f2/wE4q74E6zIJEu",
    "qop": "auth-int",
    "response": "0" * 64,
    "opaque": "other",
    "userhash": "true",
}
WIDE = replace(
    POLICY, algorithms=("SHA-256", "SHA-512-256", "SHA-256-sess"), qop=("auth", "auth-int"), opaque="o1", userhash=True
)
WIDE_GOOD = {**GOOD, "opaque": "o1", "userhash": "false"}


def directory(ask: Ask) -> object:
    """One account, alice; nothing was seen before."""
    if isinstance(ask, DigestAccountAsk):
        return PLAIN if ask.username == "alice" else None
    return False


@pytest.mark.parametrize("name", WIDE_GOOD)
def test_every_single_parameter_change_is_refused(name: str) -> None:
    """Changed to another legal value, or left out, under a policy that allows everything."""
    assert isinstance(drive(verifying(WIDE_GOOD), directory), Accepted)
    assert isinstance(drive(verifying({**WIDE_GOOD, name: CHANGES[name]}), directory), Refused)
    left = {key: value for key, value in WIDE_GOOD.items() if key != name}
    assert isinstance(drive(verifying(left), directory), Refused) == (name != "userhash")


def verifying(sent: dict[str, str]) -> Flow:
    return digest.verify(header(sent), REQUEST, WIDE, NONCES, NOW)


@given(st.sampled_from(sorted(WIDE_GOOD)), st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=70))
def test_any_other_value_of_a_parameter_is_refused(name: str, value: str) -> None:
    """But for another spelling of the same word: algorithm, qop and userhash do not heed case."""
    if name in ("algorithm", "qop", "userhash") and value.lower() == WIDE_GOOD[name].lower():
        return
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    outcome = drive(verifying({**WIDE_GOOD, name: escaped}), directory)
    assert isinstance(outcome, Accepted) == (value == WIDE_GOOD[name])


@settings(max_examples=60)
@example("Digest \ud800", "\ud800", 0, None)
@given(
    st.one_of(st.text(max_size=80), st.binary(max_size=80)),
    st.text(max_size=9),
    st.integers(-(2**63), 2**63),
    st.sampled_from([SECRET, PLAIN, None]),
)
def test_never_raises_and_never_accepts(value: str | bytes, target: str, now: int, secret: object) -> None:
    """Hostile headers, targets with lone surrogates, absurd times."""
    request = DigestRequest(target, target, target)
    for sent in (value, header(GOOD)):
        outcome = drive(digest.verify(sent, request, POLICY, NONCES, now), lambda _: secret)
        assert isinstance(outcome, Refused)
        assert Cause.REPLAYED not in outcome.causes


@given(st.text(min_size=1, max_size=12))
def test_no_secret_is_told(password: str) -> None:
    """Neither password nor HA1 nor response is in an outcome or a text form."""
    canary = "canary" + password.encode("utf-8", "ignore").decode()
    secret = DigestSecret("alice", {"SHA-256": digest.ha1("alice", "ops", canary, "SHA-256")}, canary)
    for sent in (GOOD, parameters(nonce(), password=canary)):
        told = repr((check(header(sent), secret), secret))
        assert "canary" not in told
        assert secret.ha1["SHA-256"] not in told
        assert sent["response"] not in told
