"""Who does what: the fixes of a cause's page, those for the side that must act first."""

from __future__ import annotations

import re

from authwhy.causes import Cause
from authwhy.model.diagnosis import Fix

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


def fixes_for(cause: Cause, side: str, text: str = "") -> tuple[Fix, ...]:
    """The fixes of the cause's page, ordered by who must act; commands of other systems are left out."""
    from authwhy.causes._fixes import FIXES

    order = _AUDIENCE_OF_SIDE.get(side, ("caller", "developer", "administrator"))
    rows = sorted(FIXES.get(cause.value, ()), key=lambda row: order.index(row[0]))
    lowered = text[:100_000].lower()
    return tuple(Fix(who, do, check if _fits(check, lowered) else None, how) for who, do, check, how in rows)


def _fits(check: str | None, text: str) -> bool:
    """True for a general command, and for one whose system the text is about; a text of no system gets them all."""
    if check is None:
        return False
    tool = check.split()[0].strip("$(")
    words = next((words for tools, words in _AT_HOME if tool in tools.split()), None)
    return words is None or not text or re.search(words, text) is not None
