"""Django's settings, which a process has once."""

from __future__ import annotations

import django
from django.conf import settings


def configure() -> None:
    """Configure Django, if no test has done so."""
    if not settings.configured:
        settings.configure(
            SECRET_KEY="only for tests",
            ALLOWED_HOSTS=["*"],
            USE_TZ=True,
            INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"],
        )
        django.setup()
