"""A slapd with TLS and a password policy, and people in every state an account can be in."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.e2e.certificates import Authority
from tests.e2e.conftest import Start
from tests.e2e.loopback import HOST, Server, accepts, binary, free_port, until
from tests.e2e.test_openldap import PROFILES, SCHEMA

BASE = "dc=example,dc=com"
PEOPLE = f"ou=people,{BASE}"
SERVICE = f"cn=reader,{BASE}"
GOOD = "correct-horse"
SETTINGS = """
include {schema}
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload ppolicy
pidfile {folder}/slapd.pid
TLSCertificateFile {certificate}
TLSCertificateKeyFile {key}
{more}
access to attrs=userPassword by self write by anonymous auth by * none
access to dn.subtree="ou=hidden,{base}" by dn.exact="{service}" read by anonymous auth by * none
access to * by dn.exact="{service}" read by self read by anonymous auth by * none
database mdb
suffix "{base}"
rootdn "cn=admin,{base}"
rootpw admin-password
directory {folder}/data
overlay ppolicy
ppolicy_default "cn=policy,{base}"
ppolicy_use_lockout
"""
ENTRIES = f"""
dn: {BASE}
objectClass: organization
objectClass: dcObject
o: example
dc: example

dn: {PEOPLE}
objectClass: organizationalUnit
ou: people

dn: ou=hidden,{BASE}
objectClass: organizationalUnit
ou: hidden

dn: cn=policy,{BASE}
objectClass: device
objectClass: pwdPolicy
cn: policy
pwdAttribute: userPassword
pwdMustChange: TRUE

dn: cn=strict,{BASE}
objectClass: device
objectClass: pwdPolicy
cn: strict
pwdAttribute: userPassword
pwdLockout: TRUE
pwdMaxFailure: 3

dn: cn=ageing,{BASE}
objectClass: device
objectClass: pwdPolicy
cn: ageing
pwdAttribute: userPassword
pwdMaxAge: 86400

dn: cn=lenient,{BASE}
objectClass: device
objectClass: pwdPolicy
cn: lenient
pwdAttribute: userPassword
pwdMaxAge: 86400
pwdGraceAuthNLimit: 99

dn: {SERVICE}
objectClass: person
cn: reader
sn: reader
userPassword: reader-password
"""
PERSON = """
dn: {rdn},{parent}
objectClass: person
objectClass: uidObject
cn: {uid}
sn: {uid}
uid: {uid}
{more}
"""
PASSWORD = f"userPassword: {GOOD}"
OLD = "pwdChangedTime: 20200101000000Z"


class Directory(NamedTuple):
    """Where a slapd listens, and the authority of its certificate."""

    plain: str
    tls: str
    authority: Path
    server: Server


def people() -> str:
    """Everybody, each with a state of its own."""
    states = {
        "alice": PASSWORD,
        "Zoë": PASSWORD,
        "locked": f"{PASSWORD}\npwdPolicySubentry: cn=strict,{BASE}",
        "expired": f"{PASSWORD}\npwdPolicySubentry: cn=ageing,{BASE}\n{OLD}",
        "grace": f"{PASSWORD}\npwdPolicySubentry: cn=lenient,{BASE}\n{OLD}",
        "reset": f"{PASSWORD}\npwdReset: TRUE",
        "nopassword": "description: none",
        "a,dc=x": PASSWORD,
    }
    made = [
        PERSON.format(rdn="uid=" + uid.replace(",", "\\,").replace("=", "\\="), parent=PEOPLE, uid=uid, more=more)
        for uid, more in states.items()
    ]
    made += [
        PERSON.format(rdn=f"cn=twin{number}", parent=PEOPLE, uid="twin", more=f"{PASSWORD}\ncn: twin{number}")
        for number in (1, 2)
    ]
    made.append(PERSON.format(rdn="uid=ghost", parent=f"ou=hidden,{BASE}", uid="ghost", more=PASSWORD))
    return ENTRIES + "".join(made)


def launch(start: Start, folder: Path, *, more: str = "") -> Directory:
    """A slapd of its own in this folder."""
    slapd, slapadd = binary("slapd"), binary("slapadd")
    if not SCHEMA.is_file():
        pytest.skip("slapd is packaged another way: no /etc/ldap/schema/core.schema")
    if PROFILES.exists() and (not os.access(PROFILES, os.R_OK) or "slapd (enforce)" in PROFILES.read_text()):
        pytest.skip("AppArmor keeps slapd out of the test's folder")
    (folder / "data").mkdir(parents=True)
    folder.chmod(0o755)
    authority = Authority(folder, "authority")
    pair = authority.issue("directory")
    settings = SETTINGS.format(
        schema=SCHEMA, folder=folder, base=BASE, service=SERVICE, certificate=pair.certificate, key=pair.key, more=more
    )
    (folder / "slapd.conf").write_text(settings)
    (folder / "entries.ldif").write_text(people())
    load = [slapadd, "-f", str(folder / "slapd.conf"), "-l", str(folder / "entries.ldif")]
    loaded = subprocess.run(load, capture_output=True, text=True)
    assert loaded.returncode == 0, loaded.stderr
    plain, tls = f"ldap://{HOST}:{free_port()}", f"ldaps://{HOST}:{free_port()}"
    words = [slapd, "-d", "stats", "-f", str(folder / "slapd.conf"), "-h", f"{plain}/ {tls}/"]
    ports = [int(url.rsplit(":", 1)[1]) for url in (plain, tls)]
    server = start(words, lambda _: all(map(accepts, ports)), folder=folder)  # it says that it starts before it listens
    until(lambda: server.text().count(" closed") >= len(ports), "the probes to be gone")
    return Directory(plain, tls, authority.path, server)
