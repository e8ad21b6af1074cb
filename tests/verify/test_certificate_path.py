"""The path to a root, and the reason when there is none."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from tests.verify.certificate_factory import DAY, NOW, Issued, issue, key_usage

from authwhy.causes import Cause
from authwhy.model.outcome import Failure
from authwhy.verify import certificate_path as paths

ROOT = issue("root", ca=True)
MIDDLE = issue("middle", ROOT, ca=True)
LEAF = issue("leaf", MIDDLE)


def anchors(*roots: Issued, depth: int = 8) -> paths.Anchors:
    prepared = paths.prepare(tuple(root.der for root in roots), depth)
    assert isinstance(prepared, paths.Anchors)
    return prepared


@pytest.mark.parametrize(
    ("roots", "depth", "detail", "setting"),
    [
        ((), 8, "missing_setting", "roots"),
        ((b"noise",), 8, None, "roots"),
        ((ROOT.der,), 300, None, "max_chain_depth"),
        ((ROOT.der,), -1, None, "max_chain_depth"),
    ],
)
def test_unusable_policy(roots: tuple[bytes, ...], depth: int, detail: str | None, setting: str) -> None:
    """No root, an unreadable root or an impossible depth is the verifier's own set-up."""
    failure = paths.prepare(roots, depth)
    assert isinstance(failure, Failure)
    assert (failure.cause, failure.detail, failure.facts["setting"]) == (
        Cause.MISCONFIGURED,
        detail,
        setting,
    )


def test_validate_gives_the_path() -> None:
    """The path runs from the leaf to the root."""
    path = paths.validate(LEAF.certificate, [MIDDLE.certificate], anchors(ROOT), NOW)
    assert path == (LEAF.certificate, MIDDLE.certificate, ROOT.certificate)


@pytest.mark.parametrize("at", [NOW - 11 * DAY, NOW + 101 * DAY, -(10**15), 10**15])
def test_validate_refuses_outside_the_lifetime(at: int) -> None:
    """No time, however far, is accepted or raises."""
    assert paths.validate(LEAF.certificate, [MIDDLE.certificate], anchors(ROOT), at) is None


def test_walk_reaches_the_root() -> None:
    """A good chain has no problem."""
    way = paths.walk(LEAF.certificate, [ROOT.certificate, MIDDLE.certificate], anchors(ROOT), NOW)
    assert (len(way.certificates), way.problem) == (3, None)


def stuck(leaf: Issued, sent: list[Issued], *roots: Issued, depth: int = 8) -> Failure:
    way = paths.walk(leaf.certificate, [each.certificate for each in sent], anchors(*roots, depth=depth), NOW)
    assert way.problem is not None
    return way.problem


def test_self_signed() -> None:
    """A certificate that nobody but itself signed."""
    assert stuck(issue("alice"), [], ROOT).facts == {
        "reason": "self_signed",
        "certificate": "leaf",
        "subject": "CN=alice",
    }


def test_unknown_issuer_names_the_missing_certificate() -> None:
    """The intermediate was not sent: the fact names it."""
    assert stuck(LEAF, [], ROOT).facts == {"reason": "unknown_issuer", "certificate": "leaf", "issuer": "CN=middle"}


def test_foreign_root() -> None:
    """The chain ends in a root that is not trusted."""
    facts = stuck(LEAF, [MIDDLE, ROOT], issue("other root", ca=True)).facts
    assert (facts["reason"], facts["certificate"]) == ("self_signed", "issuer")


def test_issuer_with_the_same_name_and_another_key() -> None:
    """An authority that was set up again under the same name signed with another key."""
    assert stuck(issue("alice", issue("root", ca=True)), [], ROOT).facts["reason"] == "issuer_signature"


def test_loop_ends() -> None:
    """Two authorities that certify each other lead nowhere, and the walk stops."""
    one = issue("one", ca=True)
    two = issue("two", one, ca=True)
    back = issue("one", two, ca=True, key=one.key)
    assert stuck(issue("leaf", two), [two, back], ROOT).facts["reason"] == "unknown_issuer"


def test_chain_too_long() -> None:
    """More intermediates than the policy allows."""
    assert stuck(LEAF, [MIDDLE], ROOT, depth=0).facts == {"reason": "chain_too_long", "limit": 0}


def test_walk_has_a_budget() -> None:
    """Many issuers of one name cost a bounded number of signature checks."""
    namesakes = [issue("middle", ca=True) for _ in range(70)]
    way = paths.walk(LEAF.certificate, [each.certificate for each in namesakes], anchors(ROOT), NOW)
    assert way.problem is not None


def test_walk_prefers_an_issuer_that_is_valid() -> None:
    """Of an old and a renewed intermediate with one key, the valid one is followed."""
    old = issue("middle", ROOT, ca=True, days=(-100, -1), key=MIDDLE.key)
    way = paths.walk(LEAF.certificate, [old.certificate, MIDDLE.certificate], anchors(ROOT), NOW)
    assert way.certificates[1] == MIDDLE.certificate


SERVER_ONLY = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])


@pytest.mark.parametrize(
    ("issuer", "problem"),
    [
        (issue("middle", ROOT), "issuer_not_ca"),
        (issue("middle", ROOT, ca=True, extensions=[(key_usage(sign=True), True)]), "issuer_key_usage"),
        (issue("middle", ROOT, ca=True, extensions=[(SERVER_ONLY, False)]), "issuer_extended_key_usage"),
    ],
)
def test_issuer_rules(issuer: Issued, problem: str) -> None:
    """An issuer must be an authority, may sign certificates, and for clients; the library agrees."""
    leaf = issue("leaf", issuer)
    path = (leaf.certificate, issuer.certificate, ROOT.certificate)
    assert [each.facts["reason"] for each in paths.path_failures(path)] == [problem]
    assert paths.validate(leaf.certificate, [issuer.certificate], anchors(ROOT), NOW) is None


def test_path_length() -> None:
    """An authority that may not have authorities below it."""
    short = issue("short", ROOT, ca=True, path_length=0)
    below = issue("below", short, ca=True)
    leaf = issue("leaf", below)
    path = tuple(each.certificate for each in (leaf, below, short, ROOT))
    assert paths.path_failures(path)[0].facts == {
        "reason": "path_length",
        "certificate": "issuer",
        "subject": "CN=short",
        "limit": 0,
        "depth": 1,
    }
    assert paths.validate(leaf.certificate, [below.certificate, short.certificate], anchors(ROOT), NOW) is None


def test_common_time() -> None:
    """The time nearest to now at which the whole path is valid."""
    early, late, never = (issue("a", days=days).certificate for days in ((-9, -5), (3, 9), (-5, -4)))
    assert paths.common_time((early, ROOT.certificate), NOW) == NOW - 5 * DAY
    assert paths.common_time((late, ROOT.certificate), NOW) == NOW + 3 * DAY
    assert paths.common_time((late, never), NOW) is None
