"""OpenSSH certificates: the client sees one sentence for all refusals, the log tells them apart."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.e2e.answers import names_first, sends_to, settles
from tests.e2e.conftest import Start
from tests.e2e.loopback import binary
from tests.e2e.sshd_server import Heard, Sshd, make_key, prepare, quiet, start_sshd

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def sshd(start: Start, home: Path) -> Sshd:
    """A server that trusts one authority for users and knows no key by itself."""
    prepare(home)
    make_key(home / "authority")
    make_key(home / "unknown_authority")
    (home / "revoked_keys").touch()
    return start_sshd(
        start, home, f"TrustedUserCAKeys {home}/authority.pub", "AuthorizedKeysFile none",
        f"RevokedKeys {home}/revoked_keys",
    )  # fmt: skip


def sign_in(sshd: Sshd, key: str, *options: str, authority: str = "authority") -> Heard:
    """Make a key, let the authority sign it, and sign in with both."""
    path = sshd.home / key
    make_key(path)
    quiet(binary("ssh-keygen"), "-q", "-s", str(sshd.home / authority), "-I", f"{key}@laptop", *options, f"{path}.pub")
    if key == "revoked":
        (sshd.home / "revoked_keys").write_text(Path(f"{path}.pub").read_text())
    return sshd.ssh("-o", f"CertificateFile={path}-cert.pub", key=key)


def test_expired_certificate(sshd: Sshd) -> None:
    """Its lifetime ended years ago."""
    heard = sign_in(sshd, "expired", "-n", "root", "-V", "20200101:20200201")
    sends_to("journalctl -u ssh", "expired", heard.client)
    settles("expired", heard.client, heard.log)


def test_certificate_not_yet_valid(sshd: Sshd) -> None:
    """Its lifetime begins in years."""
    heard = sign_in(sshd, "early", "-n", "root", "-V", "20400101:20400201")
    names_first("not_yet_valid", heard.client, heard.log, also=("clock_skew",))


def test_certificate_of_a_later_year(sshd: Sshd) -> None:
    """A clock may be the reason for a text that says not yet valid, but nothing speaks for it here."""
    heard = sign_in(sshd, "later", "-n", "root", "-V", "20400101:20400201")
    names_first("not_yet_valid", heard.client, heard.log)


def test_certificate_for_another_principal(sshd: Sshd) -> None:
    """It names deploy and the sign-in is for root."""
    heard = sign_in(sshd, "principal", "-n", "deploy", "-V", "-1d:+1d")
    sends_to("journalctl -u ssh", "identity_not_mapped", heard.client)
    settles("identity_not_mapped", heard.client, heard.log)


def test_certificate_of_an_unknown_authority(sshd: Sshd) -> None:
    """Signed by an authority that the server does not list."""
    heard = sign_in(sshd, "stranger", "-n", "root", "-V", "-1d:+1d", authority="unknown_authority")
    names_first("untrusted_certificate", heard.client, heard.log, also=("unknown_key", "wrong_credential_selected"))


def test_revoked_certificate(sshd: Sshd) -> None:
    """The key stands in RevokedKeys."""
    heard = sign_in(sshd, "revoked", "-n", "root", "-V", "-1d:+1d")
    settles("revoked", heard.client, heard.log)


def test_certificate_that_is_good_elsewhere_only(sshd: Sshd) -> None:
    """It may be used only from another address."""
    heard = sign_in(sshd, "address", "-n", "root", "-V", "-1d:+1d", "-O", "source-address=192.0.2.0/24")
    settles("address_not_allowed", heard.client, heard.log)
