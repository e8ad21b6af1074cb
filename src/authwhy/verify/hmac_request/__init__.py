"""Requests signed with a shared secret or key: one module a dialect, each with `verify` and `string_to_sign`."""

from __future__ import annotations

from authwhy.verify.hmac_request import azure_shared_key, http_signature, sigv4, webhook
from authwhy.verify.hmac_request.interface import Dialect

DIALECTS: tuple[Dialect, ...] = (azure_shared_key, http_signature, sigv4, webhook)
"""Every dialect that can be checked."""
