"""The core knows no framework, and a framework that is not there is named with what to install."""

from __future__ import annotations

import subprocess
import sys

import pytest

FRAMEWORKS = ("asgiref", "django", "fastapi", "flask", "rest_framework", "starlette")


def run(code: str) -> str:
    """What a new interpreter prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_core_imports_no_framework() -> None:
    code = (
        "import sys; from authwhy.guard import Guard, View, api_key, basic, deny, jwt\n"
        "guard = Guard(jwt('token', secret='x' * 32), api_key('key', lookup=lambda key: 'robot'))\n"
        "guard.asgi(None, {'/*': 'token'}), guard.wsgi(None, {'/*': 'token'})\n"
        "assert guard.decide_sync(View.of('GET', '/', {'X-Api-Key': 'k'}), 'key').accepted\n"
        f"print([name for name in {FRAMEWORKS} if name in sys.modules])"
    )
    assert run(code) == "[]"


@pytest.mark.parametrize(
    ("absent", "home", "extra"),
    [
        ("starlette", "starlette", "starlette"),
        ("fastapi", "fastapi", "fastapi"),
        ("flask", "flask", "flask"),
        ("django", "django", "django"),
    ],
)
def test_absent(absent: str, home: str, extra: str) -> None:
    code = (
        f"import sys; sys.modules[{absent!r}] = None\n"
        f"try: import authwhy.guard.{home}\n"
        "except ImportError as error: print(error)"
    )
    assert run(code).endswith(f"is not installed: pip install 'authwhy[{extra}]'")


def test_absent_rest_framework() -> None:
    code = (
        "import sys; sys.modules['rest_framework'] = None\n"
        "import authwhy.guard.django as module\n"
        "try: module.RestAuthentication\n"
        "except ImportError as error: print(error)"
    )
    assert run(code) == "Django REST framework is not installed: pip install 'authwhy[django-rest]'"
