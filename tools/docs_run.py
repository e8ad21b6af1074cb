"""Run a page of the documentation: `python tools/docs_run.py docs/guard/index.md`; status 1 when it is not true.

Python blocks are executed one after the other in one namespace, in a folder of their own; what a page takes for granted
(the reader's application) stands in tools/docs_given/<page>.py. In console blocks `uvicorn name:app` or `gunicorn
name:app` names the application, `curl` calls it in this process, `tail` and `authwhy` are run; what the page shows must
be what they print, but for times, references and other numbers that no two runs share. Other commands are not run.
`--write` puts into the page what is printed now; a line `?` below a command asks for it the first time.
"""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from inspect import iscoroutinefunction
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlencode

import httpx2

ROOT = Path(__file__).resolve().parent.parent
GIVEN = ROOT / "tools/docs_given"
_BLOCK = re.compile(r"^```(python|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_REF = re.compile(r'(?<="ref":")[0-9a-f]{16}(?=")')
_VALUE = re.compile(r"([A-Z]+)=(.*)")
_OPTIONS = ("-H", "-u", "-X", "-d", "-b", "-c", "--data-urlencode")
_SERVER_LINES = ("date", "server", "connection", "transfer-encoding")
_DIFFERS = (
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z"), "<time>"),
    (re.compile(r"\b[0-9a-f]{16}\b"), "<ref>"),
    (re.compile(r'"fingerprint":"[0-9a-f]+"'), "<fingerprint>"),
    (re.compile(r'"(port|duration_us)":\d+'), r"<\1>"),
    (re.compile(r'"(address|agent)":"[^"]*"'), r"<\1>"),
    (re.compile(r'nonce="[^"]*"'), "<nonce>"),
    (re.compile(r"(session|login)=[^;]+;"), "<cookie>"),
    (re.compile(r"\b(exp|late_s|now|age_s)\b.{1,3}\d+"), r"<\1>"),
)


class Untrue(Exception):
    """What a page shows is not what happens."""


def blocks(path: Path) -> Iterator[tuple[int, str, str]]:
    """Each python or console block of a page: its line, language and text."""
    text = path.read_text("utf-8")
    for match in _BLOCK.finditer(text):
        yield text.count("\n", 0, match.start()) + 2, match[1], match[2]


def runs(path: Path) -> bool:
    """Is there anything on this page to run?"""
    return any(language == "python" or "$ curl -i" in code for _, language, code in blocks(path))


class Page:
    """One run of a page."""

    def __init__(self, path: Path, *, write: bool = False) -> None:
        self.path, self.write = path, write
        module = sys.modules["docs"] = ModuleType("docs")
        self.names: dict[str, Any] = module.__dict__
        self.application: Any = None
        self.jars: dict[str, str] = {}
        self.refs: dict[str, str] = {}  # as shown on the page -> as given now

    def run(self) -> int:
        """Returns how many blocks are not true, and says which."""
        with suppress(ValueError):
            given = (GIVEN / self.path.resolve().relative_to(ROOT / "docs")).with_suffix(".py")
            if given.is_file():
                self._execute(1, given.read_text("utf-8"), given)
        failed = 0
        for line, language, code in blocks(self.path):
            try:
                if language == "python":
                    self._execute(line, code, self.path)
                else:
                    self._replay(code)
            except Exception as error:  # noqa: BLE001  any failure of an example is reported the same way
                print(f"{self.path}:{line}: {type(error).__name__}: {error}")
                failed += 1
        return failed

    def _execute(self, line: int, code: str, source: Path) -> None:
        exec(compile("\n" * (line - 1) + code, str(source), "exec"), self.names)  # noqa: S102  our own documentation

    def _replay(self, code: str) -> None:
        for command, shown in commands(code):
            words = [os.path.expandvars(word) for word in shlex.split(command.replace("\\\n", " "), comments=True)]
            if len(words) == 1 and (value := _VALUE.fullmatch(words[0])):
                os.environ[value[1]] = value[2]
            elif words[0] in ("uvicorn", "gunicorn"):
                self.application = self.names[words[1].partition(":")[2]]
            elif words[0] == "curl" and self.application is not None:
                self._compare(command, shown, call(self.application, words[1:], self.jars))
            elif words[0] in ("authwhy", "tail"):
                self._compare(command, shown, self._command(command))

    def _command(self, command: str) -> str:
        for page, now in self.refs.items():
            command = command.replace(page, now)
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "COLUMNS": "96", "NO_COLOR": "1"}
        done = subprocess.run(command, shell=True, env=environment, capture_output=True, text=True, check=False)  # noqa: S602  our own page
        return done.stdout + done.stderr

    def _compare(self, command: str, shown: str, now: str) -> None:
        self.refs.update(zip(_REF.findall(shown), _REF.findall(now), strict=False))
        if not shown or is_shown(shown, now):
            return
        if not self.write:
            raise Untrue(f"{command}\n--- the page shows\n{shown}\n--- what happens\n{now}")
        page = self.path.read_text("utf-8")
        page = page.replace(f"$ {command}\n{shown}", f"$ {command}\n{self._as_shown(now).rstrip()}\n", 1)
        self.path.write_text(page, "utf-8")

    def _as_shown(self, text: str) -> str:
        """The text with the references that the page shows."""
        for page, now in self.refs.items():
            text = text.replace(now, page)
        return text


def commands(code: str) -> Iterator[tuple[str, str]]:
    """Each command of a console block with what it prints; nothing where the page shows nothing."""
    for match in re.finditer(r"^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)", code, re.MULTILINE):
        yield match[1], match[2]


def call(application: Any, words: list[str], jars: dict[str, str]) -> str:
    """What curl prints with these arguments: an option of _OPTIONS, -i, and an address of this machine."""
    parser = ArgumentParser()
    for option in _OPTIONS:
        parser.add_argument(option, action="append" if option in ("-H", "--data-urlencode") else "store", default=None)
    parser.add_argument("-i", action="store_true")
    parser.add_argument("url")
    given = parser.parse_args(words)
    headers = {"user-agent": "curl/8.5.0", **dict(one.split(": ", 1) for one in given.H or ())}
    if given.b:
        headers["cookie"] = jars.get(given.b, given.b)
    fields = [tuple(one.split("=", 1)) for one in given.data_urlencode or ()]
    data = urlencode(fields) if fields else given.d
    if data is not None:
        headers.setdefault("content-type", "application/x-www-form-urlencoded")
    method = given.X or ("GET" if data is None else "POST")
    request = httpx2.Request(method, f"http://{given.url}", headers=headers, content=data)
    if given.u:
        request = next(httpx2.BasicAuth(*given.u.split(":", 1)).auth_flow(request))
    answer = _answer(application, request)
    if given.c:
        jars[given.c] = "; ".join(line.partition(";")[0] for line in answer.headers.get_list("set-cookie"))
    lines = "".join(f"{name}: {value}\n" for name, value in answer.headers.multi_items())
    head = f"HTTP/1.1 {answer.status_code} {answer.reason_phrase}\n{lines}\n"
    return (head if given.i else "") + answer.text.rstrip() + "\n"


def _answer(application: Any, request: httpx2.Request) -> httpx2.Response:
    """One request to an ASGI or a WSGI application in this process."""
    if iscoroutinefunction(application) or iscoroutinefunction(getattr(application, "__call__", None)):  # noqa: B004
        return asyncio.run(_awaited(application, request))
    with httpx2.Client(transport=httpx2.WSGITransport(application, remote_addr="127.0.0.1")) as client:
        return client.send(request)


async def _awaited(application: Any, request: httpx2.Request) -> httpx2.Response:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(application)) as client:
        return await client.send(request)


def is_shown(shown: str, now: str) -> bool:
    """Is this what happens? A page may leave header lines out, and of the server's own nobody asks."""
    if not shown.startswith("HTTP/"):
        return masked(shown) == masked(now)
    (status, lines, body), (status_now, lines_now, body_now) = _parts(masked(shown)), _parts(masked(now))
    return status == status_now and not lines - lines_now and body in ("", body_now)


def _parts(answer: str) -> tuple[str, Counter[str], str]:
    head, _, body = answer.partition("\n\n")
    status, *lines = head.splitlines()
    pairs = (line.partition(": ") for line in lines)
    kept = Counter(f"{name.lower()}: {value}" for name, _, value in pairs if name.lower() not in _SERVER_LINES)
    return status, kept, body


def masked(text: str) -> str:
    """The text without what no two runs share."""
    for pattern, word in _DIFFERS:
        text = pattern.sub(word, text)
    return text.strip()


def main() -> int:
    """Run one page in a new folder."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("page", type=Path)
    given = parser.parse_args()
    page = Page(given.page.resolve(), write=given.write)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        failed = page.run()
        os.chdir(ROOT)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
