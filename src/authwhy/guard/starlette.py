"""Guard inside Starlette; see guard.integrations.starlette."""

from __future__ import annotations

from authwhy.guard.integrations.starlette import RefusedRequest as RefusedRequest
from authwhy.guard.integrations.starlette import install as install
from authwhy.guard.integrations.starlette import require as require
