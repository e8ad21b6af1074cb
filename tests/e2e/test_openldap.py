"""OpenLDAP: result 49 for an unknown name and a wrong password alike, and its log hides it as well."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.e2e.answers import names_among, names_first, settles
from tests.e2e.conftest import Start
from tests.e2e.loopback import HOST, binary, free_port, run

pytestmark = pytest.mark.e2e
BASE = "dc=example,dc=com"
SCHEMA = Path("/etc/ldap/schema/core.schema")
PROFILES = Path("/sys/kernel/security/apparmor/profiles")  # root may read it where AppArmor is on
SETTINGS = """
include {schema}
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload ppolicy
pidfile {home}/slapd.pid
disallow bind_anon
require authc
access to attrs=userPassword by self write by anonymous auth by * none
access to * by users read
database mdb
suffix "{base}"
rootdn "cn=admin,{base}"
rootpw admin-password
directory {home}/ldap
overlay ppolicy
ppolicy_default "cn=policy,{base}"
ppolicy_use_lockout
"""
ENTRIES = """
dn: dc=example,dc=com
objectClass: organization
objectClass: dcObject
o: example
dc: example

dn: cn=policy,dc=example,dc=com
objectClass: device
objectClass: pwdPolicy
cn: policy
pwdAttribute: userPassword
pwdLockout: TRUE
pwdMaxFailure: 2
pwdLockoutDuration: 0
pwdFailureCountInterval: 0

dn: cn=alice,dc=example,dc=com
objectClass: person
cn: alice
sn: alice
userPassword: correct-horse

dn: cn=carol,dc=example,dc=com
objectClass: person
cn: carol
sn: carol
userPassword: correct-horse
"""


class Heard(NamedTuple):
    """What ldapsearch or ldapwhoami printed and what slapd logged."""

    client: str
    log: str


Ldap = Callable[..., Heard]


@pytest.fixture(scope="module")
def ldap(start: Start, home: Path) -> Ldap:
    """An LDAP client against a directory with two people and a policy that locks after two failures."""
    slapd, slapadd, port = binary("slapd"), binary("slapadd"), free_port()
    if not SCHEMA.is_file():
        pytest.skip("slapd is packaged another way: no /etc/ldap/schema/core.schema")
    if PROFILES.exists() and (not os.access(PROFILES, os.R_OK) or "slapd (enforce)" in PROFILES.read_text()):
        pytest.skip("AppArmor keeps slapd out of the test's folder")
    (home / "ldap").mkdir()
    (home / "slapd.conf").write_text(SETTINGS.format(home=home, base=BASE, schema=SCHEMA))
    (home / "entries.ldif").write_text(ENTRIES)
    load = [slapadd, "-f", str(home / "slapd.conf"), "-l", str(home / "entries.ldif")]
    subprocess.run(load, check=True, capture_output=True)
    address = f"ldap://{HOST}:{port}"
    words = [slapd, "-d", "stats", "-f", str(home / "slapd.conf"), "-h", f"{address}/"]
    running = start(words, lambda one: "slapd starting" in one.text())

    def call(program: str, *options: str) -> Heard:
        mark = running.mark()
        client = run([binary(program), "-x", "-H", address, *options], home)
        return Heard(client, running.since(mark, " closed"))

    return call


def who(name: str) -> tuple[str, str]:
    """The option that names the person."""
    return "-D", f"cn={name},{BASE}"


def test_wrong_password(ldap: Ldap) -> None:
    """Result 49 merges two causes on both sides."""
    heard = ldap("ldapwhoami", *who("alice"), "-w", "wrong")
    names_among("wrong_secret", heard.client)
    names_among("wrong_secret", heard.client, heard.log)


def test_unknown_name(ldap: Ldap) -> None:
    """Result 49 for a name that is not there."""
    heard = ldap("ldapwhoami", *who("nobody"), "-w", "wrong")
    names_among("unknown_identity", heard.client)
    names_among("unknown_identity", heard.client, heard.log)


def test_account_locked(ldap: Ldap) -> None:
    """With the policy control the client is told that the account is locked."""
    for _ in range(2):
        ldap("ldapwhoami", *who("carol"), "-w", "wrong")
    heard = ldap("ldapwhoami", "-e", "ppolicy", *who("carol"), "-w", "correct-horse")
    names_first("account_locked", heard.client)
    settles("account_locked", heard.client, heard.log)


def test_anonymous_bind_forbidden(ldap: Ldap) -> None:
    """Nobody may bind without a name here."""
    heard = ldap("ldapwhoami")
    names_first("missing", heard.client, also=("unsupported_scheme",))
    settles("missing", heard.client, heard.log, also=("unsupported_scheme",))


def test_access_not_granted(ldap: Ldap) -> None:
    """Alice is who she says, and may not write the policy."""
    heard = ldap("ldapdelete", *who("alice"), "-w", "correct-horse", f"cn=policy,{BASE}")
    names_first("insufficient_scope", heard.client)
    settles("insufficient_scope", heard.client, heard.log)


def test_malformed_name(ldap: Ldap) -> None:
    """A bind name that is no distinguished name."""
    heard = ldap("ldapwhoami", "-D", "alice", "-w", "correct-horse")
    names_first("malformed", heard.client)
    settles("malformed", heard.client, heard.log)
