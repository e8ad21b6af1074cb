"""The runner of documentation pages notices what is not true."""

import subprocess
import sys
from pathlib import Path

import pytest

RUNNER = Path(__file__).resolve().parents[2] / "tools/docs_run.py"
PAGE = """
```python
from authwhy.guard import Guard, api_key

async def inner(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-is", b"here")]})
    await send({"type": "http.response.body", "body": b"hello"})

app = Guard(api_key("key", lookup=str)).asgi(inner, {"/open": None, "/*": "key"})
```

```console
$ uvicorn page:app
$ curl -i localhost:8000/open
HTTP/1.1 200 OK
x-is: here

hello
$ curl -i localhost:8000/ -H 'X-Api-Key: k' \\
    -H 'X-More: 1'
HTTP/1.1 200 OK
$ curl -i localhost:8000/closed
HTTP/1.1 401 Unauthorized
www-authenticate: ApiKey realm="key", in="header", name="x-api-key"

{"type":"urn:authwhy:problem:missing","title":"Authentication is required","status":401,"code":"missing","ref":"0123456789abcdef"}
```
"""


def run(page: Path, *options: str) -> int:
    """The status of the runner."""
    command = [sys.executable, str(RUNNER), *options, str(page)]
    return subprocess.run(command, capture_output=True, check=False).returncode


@pytest.mark.parametrize(
    ("before", "after", "status"),
    [
        ("", "", 0),
        ("$ uvicorn page:app", "$ uvicorn page:app --port 9", 0),
        ("x-is: here\n", "", 0),  # a header that the page leaves out
        ("async def inner", "1 / 0\nasync def inner", 1),
        ("200 OK\nx-is", "204 OK\nx-is", 1),
        ("x-is: here", "x-is: there", 1),
        ("\nhello\n", "\ngood day\n", 1),
        ('in="header", name', 'in="query", name', 1),
        ('"code":"missing"', '"code":"expired"', 1),
    ],
)
def test_what_is_noticed(before: str, after: str, status: int, tmp_path: Path) -> None:
    """Status, header lines that are shown, body; not what no two runs share."""
    page = tmp_path / "page.md"
    assert before in PAGE
    page.write_text(PAGE.replace(before, after, 1), "utf-8")
    assert run(page) == status


def test_write(tmp_path: Path) -> None:
    """What happens is put into the page, once."""
    page = tmp_path / "page.md"
    page.write_text(PAGE.replace("\nhello\n", "\ngood day\n"), "utf-8")
    assert run(page, "--write") == 0
    assert "\nhello\n" in page.read_text("utf-8")
    written = page.read_text("utf-8")
    assert (run(page), run(page, "--write"), page.read_text("utf-8")) == (0, 0, written)
