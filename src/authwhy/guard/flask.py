"""Guard inside Flask; see guard.integrations.flask."""

from __future__ import annotations

from authwhy.guard.integrations.flask import install as install
from authwhy.guard.integrations.flask import protect as protect
