"""Guard's LDAP provider against Samba's Active Directory: result 49 for everything, and the reason in a number."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.conftest import Start
from tests.e2e.loopback import accepts, as_root, binary, environment

from authwhy.model.outcome import Refused
from authwhy.stores.ldap import Bound, LdapDirectory
from authwhy.verify.flow import Unavailable

pytestmark = pytest.mark.e2e
HOST, PORT = "127.0.0.1", 389  # samba has no setting for another port
GOOD = "Correct-Horse1"
USERS = "CN=Users,DC=example,DC=com"
# Without file permissions of Windows, which a test's folder need not be able to keep.
PROVISION = """
import sys
import samba.provision
from samba.auth import system_session
from samba.netcmd.main import cmd_sambatool
from samba.param import LoadParm
from samba.samdb import SamDB

samba.provision.setsysvolacl = lambda *args, **options: None
folder, good = sys.argv[1:]
options = ["--realm=EXAMPLE.COM", "--domain=EXAMPLE", "--server-role=dc", "--host-ip=127.0.0.1"]
status = cmd_sambatool()._run("samba-tool", "domain", "provision", f"--targetdir={folder}", f"--adminpass={good}", *options)
if status:
    sys.exit(status)
settings = LoadParm()
settings.load(f"{folder}/etc/smb.conf")
users = SamDB(url=f"{folder}/private/sam.ldb", lp=settings, session_info=system_session())
for name in ("alice", "disabled", "ended", "mustchange", "hours", "workstation", "locked"):
    users.newuser(name, good)
users.disable_account("(sAMAccountName=disabled)")
changes = {
    "CN=ended,CN=Users": "accountExpires: 116444736000000001",
    "CN=mustchange,CN=Users": "pwdLastSet: 0",
    "CN=hours,CN=Users": "logonHours:: " + "A" * 28,
    "CN=workstation,CN=Users": "userWorkstations: ELSEWHERE",
}
for dn, line in changes.items():
    users.modify_ldif(f"dn: {dn},DC=example,DC=com\\nchangetype: modify\\nreplace: {line.split(':')[0]}\\n{line}\\n")
users.modify_ldif("dn: DC=example,DC=com\\nchangetype: modify\\nreplace: lockoutThreshold\\nlockoutThreshold: 3\\n")
"""
SETTINGS = """[global]
interfaces = 127.0.0.1
bind interfaces only = yes
server services = ldap
ldap server require strong auth = {strong}
pid directory = {folder}
ncalrpc dir = {folder}/ncalrpc
log file = {folder}/log.%m
"""


@pytest.fixture(scope="module")
def domain(home: Path) -> Path:
    """The folder of a domain with a person in every state."""
    binary("samba")
    as_root("samba listens on port 389")
    if accepts(PORT):
        pytest.skip("port 389 is taken")
    python = "/usr/bin/python3"
    if subprocess.run([python, "-c", "import samba.samdb"], capture_output=True, check=False).returncode != 0:
        pytest.skip("samba's own python modules are not installed")
    if not Path("/usr/share/samba/setup").is_dir() or not list(Path("/usr/lib").glob("*/samba/ldb/samba_dsdb.so")):
        pytest.skip("samba-ad-provision or samba-dsdb-modules is not installed")
    folder = home / "dc"
    words = [python, "-c", PROVISION, str(folder), GOOD]
    made = subprocess.run(words, capture_output=True, text=True, env=environment(home), timeout=120, check=False)
    assert made.returncode == 0, made.stderr[-2_000:]
    return folder


@pytest.fixture(scope="module")
def controller(domain: Path, start: Start) -> str:
    """The address of its controller, which takes passwords without TLS."""
    path = domain / "etc/smb.conf"
    path.write_text(path.read_text().replace("[global]\n", SETTINGS.format(strong="no", folder=domain), 1))
    start([binary("samba"), "-F", "-M", "single", "-s", str(path)], lambda _: accepts(PORT))
    return f"ldap://{HOST}"


def by_search(url: str, **given: Any) -> LdapDirectory:
    account = {"service_dn": "administrator@example.com", "service_password": GOOD}
    return LdapDirectory(url, **{"base": USERS, "attribute": "sAMAccountName", **account, **given})


def said(answer: Bound | Refused | Unavailable) -> tuple[str, object]:
    """Cause, and its detail or the setting that is wrong."""
    if isinstance(answer, Refused):
        return answer.primary.cause.value, answer.primary.detail
    assert isinstance(answer, Unavailable)
    return answer.cause.value, answer.facts.get("setting")


def test_who_gets_in(controller: str) -> None:
    """Every form of a name, and the whole domain with its references to elsewhere."""
    directories = [
        by_search(controller),
        by_search(controller, base="DC=example,DC=com"),
        LdapDirectory(controller, dn_template="{}@example.com"),
        LdapDirectory(controller, dn_template="EXAMPLE\\{}"),
        LdapDirectory(controller, dn_template=f"CN={{}},{USERS}"),
    ]
    for directory in directories:
        for name in ("alice", "ALICE"):
            bound = directory.bind(name, GOOD)
            assert isinstance(bound, Bound), bound
            assert bound.name == "alice"


@pytest.mark.parametrize(
    ("name", "password", "cause", "detail"),
    [
        ("alice", "wrong", "wrong_secret", None),
        ("disabled", GOOD, "account_disabled", "suspended"),
        ("ended", GOOD, "account_disabled", "account_expired"),
        ("mustchange", GOOD, "password_expired", None),
        ("hours", GOOD, "policy_blocked", "time"),
        ("workstation", GOOD, "policy_blocked", "device"),
        ("*)(objectClass=*", GOOD, "unknown_identity", None),
    ],
)
def test_causes(controller: str, name: str, password: str, cause: str, detail: str | None) -> None:
    """With and without a search."""
    for directory in (by_search(controller), LdapDirectory(controller, dn_template="{}@example.com")):
        assert said(directory.bind(name, password)) == (cause, detail)


def test_an_unknown_name_needs_a_search(controller: str) -> None:
    """Samba says 52e for both."""
    assert said(by_search(controller).bind("nobody", GOOD)) == ("unknown_identity", None)
    assert said(LdapDirectory(controller, dn_template="{}@example.com").bind("nobody", GOOD)) == ("wrong_secret", None)


def test_lockout(controller: str) -> None:
    directory = by_search(controller)
    assert {said(directory.bind("locked", "wrong")) for _ in range(3)} == {("wrong_secret", None)}
    assert said(directory.bind("locked", GOOD)) == ("account_locked", None)


def test_set_ups_that_cannot_work(controller: str) -> None:
    nobody = LdapDirectory(controller, base=USERS, attribute="sAMAccountName")
    assert said(nobody.bind("alice", GOOD)) == ("misconfigured", "service_dn")
    assert said(by_search(controller, service_password="wrong").bind("alice", GOOD)) == ("misconfigured", "service_dn")
    assert said(by_search(controller, base="CN=None,DC=example,DC=com").bind("alice", GOOD)) == (
        "misconfigured",
        "base",
    )


def test_its_certificate_has_another_name(controller: str, domain: Path) -> None:
    """The controller made one for its own name, and is asked by address here."""
    authority = str(domain / "private/tls/ca.pem")
    for url, start_tls in ((controller, True), (controller.replace("ldap:", "ldaps:"), False)):
        directory = LdapDirectory(url, dn_template="{}@example.com", start_tls=start_tls, ca_file=authority)
        answer = directory.bind("alice", GOOD)
        assert isinstance(answer, Unavailable)
        assert (answer.cause.value, answer.facts["problem"]) == ("untrusted_server", "other_name")
