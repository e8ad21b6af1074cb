"""Who does what: the fixes of a cause's page, those for the side that must act first."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct

from authwhy.causes import Cause
from authwhy.model.diagnosis import Fix
from authwhy.model.outcome import FactValue

_AUDIENCE_OF_SIDE = {
    "caller": ("caller", "developer", "administrator"),
    "verifier": ("administrator", "developer", "caller"),
    "provider": ("administrator", "developer", "caller"),
    "rule": ("administrator", "caller", "developer"),
    "path": ("administrator", "developer", "caller"),
}
# Tools that belong to one kind of system, and the words that show that the input is about it.
_AT_HOME: tuple[tuple[str, str], ...] = (
    ("ldapwhoami ldapsearch slapcat", r"ldap|active directory|bind dn|dc="),
    ("kinit klist kvno ktutil", r"kerberos|krb5|kinit|gss|ticket|keytab|spnego|negotiate"),
    ("ssh sshd ssh-keygen ssh-add ssh-keyscan sftp", r"ssh|sftp|publickey|known_hosts"),
    ("psql", r"postgres|psql|pg_|28p01|28000|libpq"),
    ("mysql mariadb", r"mysql|mariadb|using password"),
    ("redis-cli", r"redis|noauth|wrongpass"),
    ("kubectl kubeadm", r"kube|pods?\b|namespace|system:"),
    ("aws", r"\baws|amazonaws|sigv4|x-amz|arn:|iam|akia|asia"),
    ("az", r"azure|entra|aadsts|microsoft"),
    ("gcloud", r"google|gcp|gcloud"),
    ("gh", r"github"),
    ("chage passwd faillock pam_tally2 getent su sudo", r"\bpam|sshd|login:|sudo|su:|password aged|unix"),
    ("doveadm postconf swaks", r"imap|smtp|pop3|dovecot|postfix|535|mail"),
    ("snmpget snmpwalk snmpset", r"snmp|usm|engine ?id"),
    ("docker podman", r"docker|registry|podman|container"),
    ("npm", r"\bnpm|registry"),
    ("git", r"\bgit"),
)


# What a failure is about, by the words of its own evidence and the credential that was sent.
_ABOUT: Mapping[str, str] = {
    "certificate": r"certificat|x\.?509|not ?after|\.(?:pem|crt|cer)\b",
    "api_key": r"\bapi[-_ ]?key",
}
_HOLE = re.compile(r"\{(\w+)\}")


class Failed(Struct, frozen=True):
    """What is known of the failure beside its cause. `about`: words of its evidence, and how the caller signed in."""

    side: str = "undecided"
    detail: str | None = None
    facts: Mapping[str, FactValue] = {}
    about: str = ""


def fixes_for(cause: Cause, failed: Failed, text: str = "") -> tuple[Fix, ...]:
    """The fixes of the cause's page: those for this very failure first, then by who must act.

    Fixes for other failures of the same cause, and commands of other systems, are left out.
    """
    from authwhy.causes._fixes import FIXES

    order = _AUDIENCE_OF_SIDE.get(failed.side, ("caller", "developer", "administrator"))
    rows = [row for row in FIXES.get(cause.value, ()) if _holds(row[4], failed) and _can_say(row[1], failed)]
    rows.sort(key=lambda row: (row[4] is None or row[4].startswith("!"), order.index(row[0])))
    lowered = text[:100_000].lower()
    return tuple(
        Fix(who, _HOLE.sub(lambda hole: str(failed.facts[hole[1]]), do), check if _fits(check, lowered) else None, how)
        for who, do, check, how, _ in rows
    )


def _holds(when: str | None, failed: Failed) -> bool:
    """Whether the condition of a fix holds (causes.schema.PageFix)."""
    if when is None:
        return True
    if when.startswith("!"):
        return not _holds(when[1:], failed)
    name, has_value, value = when.partition("=")
    if name == "about":
        return re.search(_ABOUT[value], failed.about[:20_000].lower()) is not None
    found = failed.detail if name == "detail" else failed.facts.get(name)
    return str(found) == value if has_value else found is not None


def _can_say(do: str, failed: Failed) -> bool:
    return all(isinstance(failed.facts.get(name), str | int) for name in _HOLE.findall(do))


def _fits(check: str | None, text: str) -> bool:
    """True for a general command, and for one whose system the text is about; a text of no system gets them all."""
    if check is None:
        return False
    tool = check.split()[0].strip("$(")
    words = next((words for tools, words in _AT_HOME if tool in tools.split()), None)
    return words is None or not text or re.search(words, text) is not None
