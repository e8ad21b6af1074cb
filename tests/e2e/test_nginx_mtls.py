"""nginx that wants a client certificate: a bare 400 for the caller, the verification result in the error log."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.e2e.answers import names_among, names_first, settles
from tests.e2e.certificates import DAY, Authority
from tests.e2e.conftest import Start
from tests.e2e.nginx_server import Heard, Nginx, start_nginx

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def authority(home: Path) -> Authority:
    """The authority that the server trusts, and that signed the server."""
    return Authority(home, "Example CA")


@pytest.fixture(scope="module")
def nginx(start: Start, home: Path, authority: Authority) -> Nginx:
    """A server that demands a certificate of that authority."""
    own = authority.issue("server")
    block = (
        f'ssl_certificate "{own.certificate}"; ssl_certificate_key "{own.key}"; ssl_verify_client on;'
        f' ssl_client_certificate "{authority.path}";'
    )
    return start_nginx(start, home, block, tls=True)


def call(nginx: Nginx, authority: Authority, signer: Authority, name: str, **lifetime: object) -> Heard:
    """Call with a certificate that `signer` made."""
    pair = signer.issue(name, **lifetime)  # type: ignore[arg-type]
    mine = ("--cert", str(pair.certificate), "--key", str(pair.key))
    return nginx.curl("--cacert", str(authority.path), *mine, scheme="https")


def test_a_good_certificate_passes(nginx: Nginx, authority: Authority) -> None:
    """The control: the set-up itself works."""
    assert "< HTTP/1.1 200" in call(nginx, authority, authority, "good").client


def test_no_certificate(nginx: Nginx, authority: Authority) -> None:
    """The page says that the required certificate was not sent."""
    heard = nginx.curl("--cacert", str(authority.path), scheme="https")
    names_first("missing", heard.client)
    settles("missing", heard.client, heard.log)


def test_expired_certificate(nginx: Nginx, authority: Authority) -> None:
    """The page says only that the certificate is in error; the log says expired."""
    heard = call(nginx, authority, authority, "expired", ended=3 * DAY)
    names_among("expired", heard.client)
    settles("expired", heard.client, heard.log)


def test_certificate_of_an_untrusted_authority(nginx: Nginx, authority: Authority) -> None:
    """The page says only that the certificate is in error; the log says that no issuer was found."""
    heard = call(nginx, authority, Authority(nginx.home, "Other CA"), "stranger")
    names_among("untrusted_certificate", heard.client)
    settles("untrusted_certificate", heard.client, heard.log)


def test_client_does_not_trust_the_server(nginx: Nginx) -> None:
    """curl without the private authority refuses the server before anything is sent."""
    heard = nginx.curl(scheme="https")
    names_first("untrusted_server", heard.client)
    settles("untrusted_server", heard.client, heard.log)
