"""A small API in a process of its own that verifies bearer tokens with PyJWT, says little to the caller and more to its log.

Usage: python jose_api.py SETTINGS.json; the settings name the port and the services:
{"port": 20000, "services": {"orders": {"issuer": "...", "audience": "...", "algorithms": ["RS256"], "jwks": {...}}}}
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt

SETTINGS: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text()) if __name__ == "__main__" else {}
log = logging.getLogger("orders-api")


def verify(token: str, service: Mapping[str, Any]) -> Mapping[str, Any]:
    """The claims; raises what PyJWT raises."""
    kid = jwt.get_unverified_header(token).get("kid")
    keys = jwt.PyJWKSet.from_dict(service["jwks"]).keys
    key = next((key for key in keys if key.key_id == kid), None)
    if key is None:
        raise jwt.PyJWKClientError(f'Unable to find a signing key that matches: "{kid}"')
    claims: Mapping[str, Any] = jwt.decode(
        token, key.key, algorithms=service["algorithms"], issuer=service["issuer"], audience=service["audience"]
    )
    return claims


class Api(BaseHTTPRequestHandler):
    """GET /SERVICE with a bearer token."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """200 with the subject, or 401 with a challenge that hides the reason."""
        service = SETTINGS["services"][self.path.strip("/")]
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return self.answer(401, {"message": "Unauthorized"}, 'Bearer realm="orders"')
        try:
            claims = verify(token, service)
        except jwt.PyJWTError as error:
            log.warning("token refused: %s: %s", type(error).__name__, error)
            return self.answer(401, {"error": "invalid_token"}, 'Bearer realm="orders", error="invalid_token"')
        return self.answer(200, {"subject": claims["sub"]})

    def answer(self, status: int, body: Mapping[str, str], challenge: str = "") -> None:
        """One JSON answer."""
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if challenge:
            self.send_header("WWW-Authenticate", challenge)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        """One access line, through the same log."""
        log.info(str(args[0]), *args[1:])


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    server = ThreadingHTTPServer(("127.0.0.1", SETTINGS["port"]), Api)
    log.info("listening on %s", SETTINGS["port"])
    server.serve_forever()
