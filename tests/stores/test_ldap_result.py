"""What answers to a bind mean. What servers really say: tests/e2e/test_ldap_provider.py and the lexicon's rows."""

from __future__ import annotations

import pytest

from authwhy.causes import Cause, Kind, meta
from authwhy.causes.schema import read_pages
from authwhy.lexicon.build import read_all
from authwhy.model.outcome import Failure
from authwhy.stores.ldap_message import PolicyState, Result
from authwhy.stores.ldap_result import _BY_CODE, _BY_NDS, _BY_WIN32, _BY_WORDS, _POLICY, bind_failure, fault, word

WIN32 = "80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data {}, v4563"
ROWS = [(system.system, source.row) for system, rows in read_all() for source in rows]


def said(code: int, text: str = "", error: int | None = None) -> Failure | None:
    """The failure for a code, a message and a password policy error."""
    return bind_failure(Result(code, text, PolicyState(error) if error is not None else None))


def cause(code: int, text: str = "", error: int | None = None) -> str | None:
    failure = said(code, text, error)
    return None if failure is None else failure.cause.value


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (0, None),
        (1, "provider_error"),
        (2, "provider_error"),
        (3, "provider_error"),
        (7, "service_not_enabled"),
        (8, "misconfigured"),
        (10, "misconfigured"),
        (11, "provider_error"),
        (13, "misconfigured"),
        (14, "provider_error"),
        (19, "rejected_by_application"),
        (32, "unknown_identity"),
        (34, "unknown_identity"),
        (48, "wrong_secret"),
        (49, "wrong_secret"),
        (50, "rejected_by_application"),
        (51, "provider_error"),
        (52, "provider_error"),
        (53, "rejected_by_application"),
        (80, "provider_error"),
        (118, "provider_error"),
        (4096, "provider_error"),
    ],
)
def test_result_codes(code: int, expected: str | None) -> None:
    assert cause(code) == expected


@pytest.mark.parametrize(
    ("data", "expected", "detail"),
    [
        ("525", "unknown_identity", None),
        ("52e", "wrong_secret", None),
        ("530", "policy_blocked", "time"),
        ("531", "policy_blocked", "device"),
        ("532", "password_expired", None),
        ("533", "account_disabled", "suspended"),
        ("57", "unknown_identity", None),
        ("701", "account_disabled", "account_expired"),
        ("773", "password_expired", None),
        ("775", "account_locked", None),
        ("51f", "provider_unreachable", None),
        ("6fd", "provider_error", None),
    ],
)
def test_active_directory(data: str, expected: str, detail: str | None) -> None:
    """A number that is not about the account is never a wrong password."""
    for ending in ("", "\0", "\n"):
        failure = said(49, WIN32.format(data) + ending)
        assert failure is not None
        assert (failure.cause.value, failure.detail) == (expected, detail)


@pytest.mark.parametrize(
    "text", [f"user {WIN32.format('533')}", WIN32.format("533") + " by x", "data 533, v4563", "533"]
)
def test_a_name_in_a_message_says_nothing(text: str) -> None:
    """Only a whole message counts, so that nobody chooses a cause by the name that a server repeats."""
    assert cause(49, text) == "wrong_secret"


@pytest.mark.parametrize(
    ("code", "text", "error", "expected"),
    [
        (53, "Account inactivated. Contact system administrator.", 1, "account_disabled"),
        (19, "Exceed password retry limit. Please try later.", None, "account_locked"),
        (19, "", 1, "account_locked"),
        (49, "password expired!", None, "password_expired"),
        (53, "Account (Kerberos principal) is expired", None, "account_disabled"),
        (53, "Too many failed logins.\n", None, "account_locked"),
        (53, "unwilling to perform simple authentication", None, "service_not_enabled"),
        (49, "NDS error: failed authentication (-669)", None, "wrong_secret"),
        (53, "NDS error: log account expired (-220)", None, "account_disabled"),
        (53, "NDS error: login lockout (-197)", None, "account_locked"),
        (49, "NDS error: maximum logins exceeded or Q stn not server (-217)", None, "wrong_secret"),
        (49, "NDS error: bad login time or Q halted (-218)", None, "policy_blocked"),
    ],
)
def test_other_directories(code: int, text: str, error: int | None, expected: str) -> None:
    """The words come before the control: 389 Directory Server says accountLocked of an account it calls inactivated."""
    assert cause(code, text, error) == expected


@pytest.mark.parametrize(
    ("code", "error", "expected"),
    [
        (49, 0, "password_expired"),
        (49, 1, "account_locked"),
        (0, 2, "password_expired"),
        (0, 0, "password_expired"),
        (0, 1, "account_locked"),
        (0, 5, None),
        (0, None, None),
        (49, 8, "wrong_secret"),
        (52, 1, "provider_error"),
    ],
)
def test_password_policy(code: int, error: int | None, expected: str | None) -> None:
    """A success beside such an error is none; an outage stays one."""
    assert cause(code, "", error) == expected


def lexicon(system: str, code: str = "", start: str = "") -> set[str]:
    """Every cause that rows of a system give for a code or the beginning of a message."""
    return {
        str(cause)
        for name, row in ROWS
        if name == system and ((code and row.code == code) or (start and row.pattern.startswith(start)))
        for cause in row.causes
    }


def test_the_lexicon_says_the_same() -> None:
    """One number has one meaning, whether it is read from a log or from the wire."""
    known = [("active_directory", code, failure) for code, failure in _BY_WIN32.items()]
    known += [("edirectory", code, failure) for code, failure in _BY_NDS.items()]
    wrong = [(system, code) for system, code, failure in known if failure.cause.value not in lexicon(system, code)]
    assert wrong == [("active_directory", "57")]  # a name over 255 characters there: nobody's
    words = [text for text, failure in _BY_WORDS.items() if failure.cause.value in lexicon("ds389", start=text)]
    assert len(words) >= 5


def test_facts_are_on_the_pages_of_their_causes() -> None:
    pages = {page.code: page for page in read_pages()}
    every = [*_BY_CODE.values(), *_BY_WORDS.values(), *_BY_NDS.values(), *_BY_WIN32.values(), *_POLICY.values()]
    every += [fault(Result(51)), said(49, WIN32.format("6fd")) or fault(Result(0))]
    for failure in every:
        page = pages[failure.cause.value]
        assert set(failure.facts) <= set(page.facts), failure
        if meta(failure.cause).kind is Kind.ERROR:  # to which the directory adds its host
            assert {"host", "problem"} <= set(page.facts), failure
        assert failure.detail is None or failure.detail in page.details


def test_words() -> None:
    assert (word(Result(51)), word(Result(4096))) == ("busy", "result_4096")
    assert Cause.PROVIDER_ERROR is fault(Result(80)).cause
