"""What docs/guard/sign-in.md takes for granted: its environment."""

from __future__ import annotations

import os
from base64 import b64encode
from hashlib import pbkdf2_hmac

_digest = b64encode(pbkdf2_hmac("sha256", b"correct horse", b"salt", 1_000)).decode()
os.environ["ALICE_HASH"] = f"pbkdf2_sha256$1000$salt${_digest}"
os.environ["SESSION_KEY"] = "an-example-secret-of-32-bytes-or-more"
