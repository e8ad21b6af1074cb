"""One nginx on loopback with a given server block; what its client printed and what it logged meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from tests.e2e.conftest import Start
from tests.e2e.loopback import HOST, Server, binary, free_port, run

MAIN = """
daemon off; worker_processes 1; pid {home}/nginx.pid; error_log {home}/error.log info;
events {{ worker_connections 64; }}
http {{
  access_log {home}/access.log;
  client_body_temp_path {home}/t1; proxy_temp_path {home}/t2; fastcgi_temp_path {home}/t3;
  uwsgi_temp_path {home}/t4; scgi_temp_path {home}/t5;
  {http}
  server {{ listen {host}:{port}{tls}; root {home}/www; {server} }}
}}
"""


class Heard(NamedTuple):
    """What the client printed and what the server wrote to its log."""

    client: str
    log: str


class Nginx(NamedTuple):
    """A running nginx."""

    server: Server
    port: int
    home: Path

    def curl(self, *options: str, path: str = "/", scheme: str = "http") -> Heard:
        """Call it with curl -v, and take the lines it logged for that."""
        error, access = self.home / "error.log", self.home / "access.log"
        mark, lines = len(error.read_text()), self.server.mark()
        client = run([binary("curl"), "-sv", *options, f"{scheme}://{HOST}:{self.port}{path}"], self.home)
        if access == self.server.log and "< HTTP/" in client:
            self.server.since(lines, "\n")  # the access line is written last
        return Heard(client, error.read_text()[mark:])


def start_nginx(start: Start, home: Path, server: str, *, http: str = "", tls: bool = False) -> Nginx:
    """Start nginx with this `server` block content and wait until it serves."""
    program, port = binary("nginx"), free_port()
    (home / "www").mkdir(exist_ok=True)
    (home / "www/index.html").write_text("hello\n")
    config = MAIN.format(home=home, http=http, host=HOST, port=port, tls=" ssl" if tls else "", server=server)
    (home / "nginx.conf").write_text(config)
    words = [program, "-p", str(home), "-c", str(home / "nginx.conf")]
    running = start(words, lambda _: _serving(home), folder=home, log=home / "access.log")
    return Nginx(running, port, home)


def _serving(home: Path) -> bool:
    """The worker is up: nginx says so in its log once the sockets are bound."""
    log = home / "error.log"
    return log.exists() and "start worker process " in log.read_text()
