"""Guard inside FastAPI; see guard.integrations.fastapi."""

from __future__ import annotations

from authwhy.guard.integrations.fastapi import install as install
from authwhy.guard.integrations.fastapi import need as need
from authwhy.guard.integrations.openapi import document as document
from authwhy.guard.integrations.starlette import RefusedRequest as RefusedRequest
from authwhy.guard.integrations.starlette import require as require
