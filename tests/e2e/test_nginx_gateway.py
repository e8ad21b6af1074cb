"""nginx as a gateway: auth_request to another service, rate limits, address rules."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.e2e.answers import claims_nothing, names_among, names_first, settles
from tests.e2e.conftest import Start
from tests.e2e.loopback import HOST, free_port
from tests.e2e.nginx_server import Nginx, start_nginx

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def nginx(start: Start, home: Path) -> Nginx:
    """A gateway whose authentication service is down, with a strict limit and a forbidden address."""
    block = f"""
      location /orders {{ auth_request /verify; }}
      location = /verify {{ internal; proxy_pass http://{HOST}:{free_port()}/verify; }}
      location /login {{ limit_req zone=one; try_files /index.html =404; }}
      location /internal {{ deny {HOST}; try_files /index.html =404; }}
    """
    limit = "limit_req_zone $binary_remote_addr zone=one:1m rate=1r/m; limit_req_status 429;"
    return start_nginx(start, home, block, http=limit)


BEARER = ("-H", "Authorization: Bearer abcdef0123456789abcdef0123456789")


def test_authentication_service_is_down(nginx: Nginx) -> None:
    """The caller sees a bare 500, which says nothing about any provider."""
    claims_nothing("provider_unreachable", nginx.curl(*BEARER, path="/orders").client)


def test_authentication_service_is_down_with_the_log(nginx: Nginx) -> None:
    """The log says that the subrequest found nobody listening."""
    heard = nginx.curl(*BEARER, path="/orders")
    settles("provider_unreachable", heard.client, heard.log)


def test_too_many_attempts(nginx: Nginx) -> None:
    """The second login within a minute gets 429, and the log names the limit."""
    nginx.curl(path="/login")
    heard = nginx.curl(path="/login")
    names_first("rate_limited", heard.client)
    settles("rate_limited", heard.client, heard.log)


def test_address_not_allowed(nginx: Nginx) -> None:
    """The caller sees a bare 403; the log says the rule of the server forbade it."""
    heard = nginx.curl(path="/internal")
    names_among("address_not_allowed", heard.client)
    settles("address_not_allowed", heard.client, heard.log)
