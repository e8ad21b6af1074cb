"""What a directory's answer to a bind means: result codes, password policy, and what servers write beside code 49."""

from __future__ import annotations

import re
from collections.abc import Mapping

from authwhy.causes import Cause
from authwhy.model.outcome import Failure
from authwhy.stores.ldap_message import PolicyState, Result

SUCCESS, SIZE_LIMIT, NO_SUCH_OBJECT, INVALID_DN, INVALID_SYNTAX = 0, 4, 32, 34, 21
_WORDS = {
    1: "operations_error",
    2: "protocol_error",
    3: "time_limit_exceeded",
    7: "auth_method_not_supported",
    8: "stronger_authentication_required",
    10: "referral",
    11: "admin_limit_exceeded",
    12: "unavailable_critical_extension",
    13: "confidentiality_required",
    14: "sasl_bind_in_progress",
    16: "no_such_attribute",
    17: "undefined_attribute_type",
    18: "inappropriate_matching",
    19: "constraint_violation",
    32: "no_such_object",
    34: "invalid_dn_syntax",
    48: "inappropriate_authentication",
    49: "invalid_credentials",
    50: "insufficient_access_rights",
    51: "busy",
    52: "unavailable",
    53: "unwilling_to_perform",
    80: "other",
}
_OF_THE_ACCOUNT = frozenset((19, 48, 49, 50, 53))
"""Codes beside which a server may say more about the account."""

_DISABLED_EXPIRED = Failure(Cause.ACCOUNT_DISABLED, "account_expired")
_POLICY = {
    0: Failure(Cause.PASSWORD_EXPIRED),
    1: Failure(Cause.ACCOUNT_LOCKED),
    2: Failure(Cause.PASSWORD_EXPIRED),  # changeAfterReset: nothing else is allowed until it is changed
}
# Win32 error numbers (Active Directory, Samba). Whole and from the start, so that no name can say them.
_WIN32 = re.compile(
    r"[0-9A-F]{8}: LdapErr: DSID-[0-9A-F]+, comment: AcceptSecurityContext error, "
    r"data ([0-9a-f]{1,8}), v[0-9a-f]+\0?\s*",
    re.ASCII,
)
_BY_WIN32: Mapping[str, Failure] = {
    "525": Failure(Cause.UNKNOWN_IDENTITY),
    "57": Failure(Cause.UNKNOWN_IDENTITY, facts={"problem": "name_too_long"}),
    "52b": Failure(Cause.WRONG_SECRET),
    "52e": Failure(Cause.WRONG_SECRET),
    "8009030c": Failure(Cause.WRONG_SECRET),
    "52f": Failure(Cause.POLICY_BLOCKED),
    "530": Failure(Cause.POLICY_BLOCKED, "time"),
    "531": Failure(Cause.POLICY_BLOCKED, "device"),
    "569": Failure(Cause.POLICY_BLOCKED, "method"),
    "532": Failure(Cause.PASSWORD_EXPIRED),
    "773": Failure(Cause.PASSWORD_EXPIRED),
    "533": Failure(Cause.ACCOUNT_DISABLED, "suspended"),
    "701": _DISABLED_EXPIRED,
    "775": Failure(Cause.ACCOUNT_LOCKED),
    "51f": Failure(Cause.PROVIDER_UNREACHABLE, facts={"problem": "no_logon_servers"}),
    "54b": Failure(Cause.PROVIDER_UNREACHABLE, facts={"problem": "no_such_domain"}),
}
# NDS error numbers (eDirectory)
_NDS = re.compile(r"NDS error: [A-Za-z ]{1,60}\((-\d{3})\)\s*", re.ASCII)
_BY_NDS: Mapping[str, Failure] = {
    "-669": Failure(Cause.WRONG_SECRET),
    "-601": Failure(Cause.UNKNOWN_IDENTITY),
    "-220": Failure(Cause.ACCOUNT_DISABLED),
    "-222": Failure(Cause.PASSWORD_EXPIRED),
    "-223": Failure(Cause.PASSWORD_EXPIRED),
    "-197": Failure(Cause.ACCOUNT_LOCKED),
    "-218": Failure(Cause.POLICY_BLOCKED, "time"),
    "-219": Failure(Cause.ADDRESS_NOT_ALLOWED),
    "-625": Failure(Cause.PROVIDER_UNREACHABLE, facts={"problem": "transport_failure"}),
    "-626": Failure(Cause.PROVIDER_UNREACHABLE, facts={"problem": "referrals_failed"}),
}
# how messages begin (389 Directory Server and FreeIPA; OpenLDAP)
_BY_WORDS: Mapping[str, Failure] = {
    "Account inactivated.": Failure(Cause.ACCOUNT_DISABLED, "suspended"),
    "Account inactivity limit exceeded.": Failure(Cause.ACCOUNT_DISABLED),
    "Account (Kerberos principal) is expired": _DISABLED_EXPIRED,
    "Exceed password retry limit.": Failure(Cause.ACCOUNT_LOCKED),
    "Too many failed logins.": Failure(Cause.ACCOUNT_LOCKED),
    "Account is permanently locked": Failure(Cause.ACCOUNT_LOCKED),
    "Entry permanently locked.": Failure(Cause.ACCOUNT_LOCKED),
    "password expired!": Failure(Cause.PASSWORD_EXPIRED),
    "unwilling to perform simple authentication": Failure(
        Cause.SERVICE_NOT_ENABLED, facts={"problem": "simple_bind_disallowed"}
    ),
}
# 19, 50, 53 without a word: a no that says nothing of the password, so that outside it is one like any other
_BY_CODE: Mapping[int, Failure] = {
    7: Failure(Cause.SERVICE_NOT_ENABLED, facts={"problem": "simple_bind_disallowed"}),
    8: Failure(Cause.MISCONFIGURED, facts={"setting": "start_tls", "problem": _WORDS[8]}),
    10: Failure(Cause.MISCONFIGURED, facts={"setting": "url", "problem": _WORDS[10]}),
    13: Failure(Cause.MISCONFIGURED, facts={"setting": "start_tls", "problem": _WORDS[13]}),
    19: Failure(Cause.REJECTED_BY_APPLICATION, facts={"seen": _WORDS[19]}),
    NO_SUCH_OBJECT: Failure(Cause.UNKNOWN_IDENTITY),
    INVALID_DN: Failure(Cause.UNKNOWN_IDENTITY, facts={"problem": _WORDS[34]}),
    48: Failure(Cause.WRONG_SECRET, facts={"problem": "no_password_set"}),
    49: Failure(Cause.WRONG_SECRET),
    50: Failure(Cause.REJECTED_BY_APPLICATION, facts={"seen": _WORDS[50]}),
    53: Failure(Cause.REJECTED_BY_APPLICATION, facts={"seen": _WORDS[53]}),
}


def bind_failure(result: Result) -> Failure | None:
    """Why a bind was refused, by one cause; None for success. Its kind is error where the directory could not decide.

    A good password that must be changed first is refused too (draft-behera-ldap-password-policy-11 section 8.1).
    """
    if result.code == SUCCESS:
        return _by_policy(result.policy)
    if result.code in _OF_THE_ACCOUNT:
        said = _by_text(result.diagnostic) or _by_policy(result.policy)
        if said is not None:
            return said
    return _BY_CODE.get(result.code) or fault(result)


def fault(result: Result) -> Failure:
    """The directory's own fault."""
    return Failure(Cause.PROVIDER_ERROR, facts={"problem": word(result)})


def word(result: Result) -> str:
    """The name of a result code (RFC 4511 4.1.9)."""
    return _WORDS.get(result.code, f"result_{result.code}")


def _by_policy(policy: PolicyState | None) -> Failure | None:
    return _POLICY.get(policy.error) if policy is not None and policy.error is not None else None


def _by_text(text: str) -> Failure | None:
    if found := _WIN32.fullmatch(text):
        # a number that says nothing of the account is a fault there, never a wrong password
        return _BY_WIN32.get(found[1]) or Failure(Cause.PROVIDER_ERROR, facts={"problem": "win32", "seen": found[1]})
    if found := _NDS.fullmatch(text):
        return _BY_NDS.get(found[1])
    return next((failure for start, failure in _BY_WORDS.items() if text.startswith(start)), None)
