"""Client certificates as a whole: every failing check, in the fixed order."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st
from tests.verify.certificate_factory import DAY, NOW, Issued, issue, rsa_key, with_signature_algorithm

from authwhy.causes import Cause
from authwhy.model.outcome import Accepted, Outcome, Refused
from authwhy.model.policy import ClientCertPolicy
from authwhy.verify.client_cert import ClientCertificate, verify
from authwhy.verify.flow import Ask, RevokedAsk, Unavailable, drive

ROOT = issue("root", ca=True, days=(-100, 1_000))
MIDDLE = issue("middle", ROOT, ca=True, days=(-50, 500))
SERVER_ONLY = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
POLICY = ClientCertPolicy(roots=(ROOT.der,))
FOR_BOB = ClientCertPolicy(roots=(ROOT.der,), names=("bob",))
WITHOUT_10 = ClientCertPolicy(roots=(ROOT.der,), revoked=("0A",))
UNTRUSTED = "untrusted_certificate"


def no_ask(ask: Ask) -> object:
    raise AssertionError(ask)


def check(leaf: Issued, *sent: Issued, policy: ClientCertPolicy = POLICY, now: int = NOW) -> Outcome:
    credential = ClientCertificate(leaf.der, tuple(each.der for each in sent))
    return drive(verify(credential, policy, now), no_ask)


def refusal(outcome: Outcome) -> list[tuple[str, object]]:
    """(cause, problem or detail) of every failure."""
    assert isinstance(outcome, Refused)
    return [
        (str(each.cause), each.facts.get("problem", each.facts.get("reason", each.detail))) for each in outcome.failures
    ]


@pytest.mark.parametrize("sent", [(), (MIDDLE,), (MIDDLE, ROOT)])
def test_accepted(sent: tuple[Issued, ...]) -> None:
    """A good chain, with or without the root in it, and a leaf straight from the root."""
    leaf = issue("alice", MIDDLE if sent else ROOT, serial=0xAB)
    outcome = check(leaf, *sent)
    assert isinstance(outcome, Accepted)
    assert (outcome.claims["sub"], outcome.claims["names"], outcome.claims["serial"]) == ("CN=alice", ("alice",), "ab")


def test_pinned_self_signed_certificate() -> None:
    """A self-signed certificate that is itself a root is trusted."""
    alice = issue("alice")
    assert isinstance(check(alice, policy=ClientCertPolicy(roots=(alice.der,))), Accepted)


@pytest.mark.parametrize(
    ("leaf", "sent", "policy", "now", "expected"),
    [
        (issue("a"), (), POLICY, NOW, [(UNTRUSTED, "self_signed")]),
        (issue("a", MIDDLE), (), POLICY, NOW, [(UNTRUSTED, "unknown_issuer")]),
        (issue("a", ROOT, days=(-9, -1)), (), POLICY, NOW, [("expired", None)]),
        (issue("a", ROOT, days=(1, 9)), (), POLICY, NOW, [("not_yet_valid", None)]),
        (issue("a", ROOT), (), POLICY, NOW + 5_000 * DAY, [("expired", None), ("expired", None)]),
        (issue("a", ROOT, extensions=[SERVER_ONLY]), (), POLICY, NOW, [(UNTRUSTED, "extended_key_usage")]),
        (issue("a", ROOT, key=rsa_key(1024)), (), POLICY, NOW, [("unsupported_algorithm", "too_old")]),
        (issue("a", ROOT), (), FOR_BOB, NOW, [(UNTRUSTED, "name")]),
        (issue("a", ROOT, serial=10), (), WITHOUT_10, NOW, [("revoked", None)]),
        (issue("a", ROOT), (), ClientCertPolicy(), NOW, [("misconfigured", "empty")]),
    ],
)
def test_one_cause(
    leaf: Issued, sent: tuple[Issued, ...], policy: ClientCertPolicy, now: int, expected: list[tuple[str, str | None]]
) -> None:
    """Each thing that can be wrong has its cause."""
    assert refusal(check(leaf, *sent, policy=policy, now=now)) == expected


def test_all_failing_checks_in_order() -> None:
    """Everything that is wrong is reported, in the fixed order, though the library stops at the first."""
    leaf = issue("a", issue("stranger", ca=True), days=(-9, -1), serial=7, key=rsa_key(1024), extensions=[SERVER_ONLY])
    policy = ClientCertPolicy(roots=(ROOT.der,), names=("b",), revoked=("07",))
    assert refusal(check(leaf, policy=policy)) == [
        ("unsupported_algorithm", "too_old"),
        (UNTRUSTED, "unknown_issuer"),
        (UNTRUSTED, "extended_key_usage"),
        (UNTRUSTED, "name"),
        ("expired", None),
        ("revoked", None),
    ]


def test_facts_of_an_expired_leaf_are_attested() -> None:
    """A trusted issuer signed the dates; those of a stranger's certificate are only claimed."""
    outcome = check(issue("a", ROOT, days=(-9, -1)))
    assert isinstance(outcome, Refused)
    assert outcome.primary.attested
    assert outcome.primary.facts == {"certificate": "leaf", "expired_at": NOW - DAY, "late_s": DAY}
    stranger = check(issue("a", issue("stranger", ca=True), days=(-9, -1)))
    assert isinstance(stranger, Refused)
    assert not any(each.attested for each in stranger.failures)


def test_expired_intermediate() -> None:
    """The leaf is fine, its issuer is over."""
    old = issue("old", ROOT, ca=True, days=(-50, -1))
    outcome = check(issue("a", old), old)
    assert refusal(outcome) == [("expired", None)]
    assert isinstance(outcome, Refused)
    assert outcome.primary.facts["certificate"] == "issuer"


def test_late_and_against_a_rule() -> None:
    """With the dates put right the path would still be refused: both are said."""
    critical = (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)
    leaf = issue("a", ROOT, days=(-9, -1), extensions=[critical])
    assert refusal(check(leaf)) == [(UNTRUSTED, "path_policy"), ("expired", None)]


def test_name_constraints_are_enforced() -> None:
    """An authority for one domain cannot vouch for another."""
    constraints = x509.NameConstraints([x509.DNSName("example.com")], None)
    limited = issue("limited", ROOT, ca=True, extensions=[(constraints, True)])
    san = x509.SubjectAlternativeName([x509.DNSName("client.example.org")])
    leaf = issue("a", limited, extensions=[(san, False)])
    assert refusal(check(leaf, limited)) == [(UNTRUSTED, "path_policy")]


def test_sha1_signature() -> None:
    """An old hash is named, though the signature cannot be checked at all."""
    root = issue("rsa root", ca=True, key=rsa_key(2048))
    der = with_signature_algorithm(issue("a", root).der, 5)
    flow = verify(ClientCertificate(der), ClientCertPolicy(roots=(root.der,)), NOW)
    assert refusal(drive(flow, no_ask)) == [
        ("unsupported_algorithm", "too_old"),
        (UNTRUSTED, "issuer_signature"),
    ]


def test_root_with_an_old_hash_still_anchors() -> None:
    """Nobody checks the signature of a root, so its hash does not matter."""
    root = issue("rsa root", ca=True, key=rsa_key(2048))
    policy = ClientCertPolicy(roots=(with_signature_algorithm(root.der, 5),))
    assert isinstance(check(issue("a", root), policy=policy), Accepted)


def test_everything_unreadable_is_reported() -> None:
    """Each broken certificate is one failure."""
    outcome = drive(verify(ClientCertificate(b"", (b"x", ROOT.der, b"y")), POLICY, NOW), no_ask)
    assert refusal(outcome) == [("malformed", "empty"), ("malformed", "not_der"), ("malformed", "not_der")]


def test_too_many_intermediates() -> None:
    """A flood of certificates is refused before it is parsed."""
    outcome = drive(verify(ClientCertificate(ROOT.der, (b"x",) * 17), POLICY, NOW), no_ask)
    assert refusal(outcome) == [("malformed", "too_many_certificates")]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (True, [("revoked", None)]),
        (Unavailable(), [("provider_unreachable", None)]),
        (None, [("misconfigured", "backend_unwired")]),
    ],
)
def test_revocation_is_asked(answer: object, expected: list[tuple[str, str | None]]) -> None:
    """With check_revoked the world is asked about issuer and serial."""
    asked: list[Ask] = []

    def reply(ask: Ask) -> object:
        asked.append(ask)
        return answer

    policy = ClientCertPolicy(roots=(ROOT.der,), check_revoked=True)
    flow = verify(ClientCertificate(issue("a", ROOT, serial=0xFE).der), policy, NOW)
    assert refusal(drive(flow, reply)) == expected
    assert asked == [RevokedAsk("CN=root", "fe")]


def test_not_revoked_is_accepted_and_a_bad_certificate_is_not_asked_about() -> None:
    """The world is bothered only for a certificate that passes all else."""
    policy = ClientCertPolicy(roots=(ROOT.der,), check_revoked=True)
    assert isinstance(drive(verify(ClientCertificate(issue("a", ROOT).der), policy, NOW), lambda _: False), Accepted)
    assert refusal(check(issue("a", ROOT, days=(-9, -1)), policy=policy)) == [("expired", None)]


LEAF = issue("a", MIDDLE)


@given(st.integers(0, len(LEAF.der) - 1), st.binary(min_size=1, max_size=3), st.integers(-(2**70), 2**70))
def test_no_change_is_accepted_and_nothing_raises(at: int, octets: bytes, now: int) -> None:
    """Any change to a certificate's bytes is refused at any time; no time raises."""
    der = LEAF.der[:at] + octets + LEAF.der[at + len(octets) :]
    outcome = drive(verify(ClientCertificate(der, (MIDDLE.der,)), POLICY, now), no_ask)
    assert isinstance(outcome, Refused) or der == LEAF.der


@given(st.binary(max_size=200), st.lists(st.binary(max_size=50), max_size=4))
def test_noise_is_malformed(leaf: bytes, sent: list[bytes]) -> None:
    """Noise never is an error of ours."""
    outcome = drive(verify(ClientCertificate(leaf, tuple(sent)), POLICY, NOW), no_ask)
    assert isinstance(outcome, Refused)
    assert set(outcome.causes) == {Cause.MALFORMED}


def test_broken_intermediate() -> None:
    """An intermediate that loads but cannot be read is malformed."""
    broken = MIDDLE.der.replace(bytes.fromhex("30030101ff"), bytes.fromhex("30030101fe"))
    outcome = drive(verify(ClientCertificate(LEAF.der, (broken,)), POLICY, NOW), no_ask)
    assert isinstance(outcome, Refused)
    assert outcome.primary.facts == {"problem": "not_a_certificate", "part": "intermediate"}


@pytest.mark.parametrize("key", [rsa_key(1024), None])
def test_issuer_with_a_short_key(key: rsa.RSAPrivateKey | None) -> None:
    """Path validation refuses a short key of an issuer; the cause names it."""
    root = issue("short root", ca=True, key=key)
    outcome = check(issue("a", root), policy=ClientCertPolicy(roots=(root.der,)))
    assert isinstance(outcome, Accepted) if key is None else refusal(outcome) == [("unsupported_algorithm", "too_old")]
