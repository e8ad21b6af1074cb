"""What docs/guard says is so: every block runs, every answer shown is the answer, every option and test named exists."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

from authwhy import guard
from authwhy.causes import Cause, Public, meta
from authwhy.guard.public import TOLD_EXACTLY
from authwhy.guard.schemes.totp import totp
from authwhy.guard.throttle import GUESSES

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs/guard"
SRC = ROOT / "src/authwhy"
PAGES = sorted(DOCS.glob("*.md"))
FACTORIES = {"totp": totp} | {
    name: getattr(guard, name)
    for name in (
        "jwt", "introspection", "api_key", "basic", "digest", "client_certificate", "signed_request", "custom",
    )
}  # fmt: skip
# Where the causes of each provider come from, beside those of every provider.
SOURCES = {
    "jwt": "guard/schemes/bearer_jwt guard/schemes/binding verify/jw* verify/claims verify/token_type verify/dpop*",
    "introspection": "verify/introspection verify/claims verify/token_type",
    "api_key": "guard/schemes/api_key verify/api_key*",
    "basic": "guard/schemes/credential verify/basic*",
    "digest": "verify/digest*",
    "totp": "verify/totp guard/decide",
    "client_certificate": "guard/schemes/client_certificate verify/client_cert verify/certificate_*",
    "signed_request": "guard/schemes/signed_request verify/hmac_request/*",
}


def text_of(page: str) -> str:
    """A page of docs/guard."""
    return (DOCS / f"{page}.md").read_text("utf-8")


def sections(page: str) -> dict[str, str]:
    """The text below each heading of the second level."""
    parts = re.split(r"^## (.+)$", text_of(page), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def words_of(text: str) -> list[str]:
    """Everything in backquotes."""
    return re.findall(r"`([^`]+)`", text)


def options_of(section: str) -> set[str]:
    """The names in the first column of the table of options."""
    table = section.split("| option | what it is |\n|---|---|\n")[1].split("\n\n")[0]
    return {name for row in table.splitlines() for name in words_of(row.split("|")[1])}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_shows_happens(page: Path) -> None:
    """In a process of its own, as frameworks keep settings for a whole process; warnings are errors."""
    command = [sys.executable, "-W", "error", str(ROOT / "tools/docs_run.py"), str(page)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_page_can_be_reached() -> None:
    """In the navigation, and from the first page or one that it leads to."""
    navigation = (ROOT / "mkdocs.yml").read_text("utf-8")
    linked = {name for page in PAGES for name in re.findall(r"\]\(([a-z-]+)\.md", page.read_text("utf-8"))}
    for page in PAGES:
        assert f"guard/{page.name}" in navigation
        assert page.stem == "index" or page.stem in linked


@pytest.mark.parametrize("name", FACTORIES)
def test_every_option_of_a_provider_is_told(name: str) -> None:
    """The table has the factory's parameters, no other, none left out."""
    parameters = set(inspect.signature(FACTORIES[name]).parameters) - {"name"}
    assert options_of(sections("providers")[name]) == parameters


@pytest.mark.parametrize("name", SOURCES)
def test_a_provider_can_find_the_causes_it_lists(name: str) -> None:
    """Each is one that its source, or that of its verifier, names."""
    listed = words_of(sections("providers")[name].split("Causes: ")[1].split("\n\n")[0].split(". ")[0])
    files = [file for pattern in SOURCES[name].split() for file in SRC.glob(f"{pattern}.py")]
    source = "\n".join(file.read_text("utf-8") for file in files)
    found = {word.lower() for word in re.findall(r"Cause\.([A-Z_]+)", source)} | {"ambiguous"}
    assert {word for word in listed if word in set(Cause)} <= found
    assert len([word for word in listed if word in set(Cause)]) >= 3


def test_what_outsiders_learn_is_listed() -> None:
    """The exact causes, then the coarse words, whole."""
    _, exact, coarse, *_ = re.split(
        r"\n\n(?=`missing`)|\n\n(?=Where)", sections("answers")["What an outsider may learn"]
    )
    assert set(words_of(exact.split("\n\n")[0])) == {cause.value for cause in TOLD_EXACTLY}
    assert set(words_of(coarse)) == {word.value for word in Public}


def test_the_status_of_each_cause() -> None:
    """The rows of the causes that are not 401 or one of the many denials have them all."""
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", sections("answers")["Status"], re.MULTILINE)
    listed = {int(status): {word for word in words_of(causes) if word in set(Cause)} for status, causes in rows}
    real: dict[int, set[str]] = {}
    for cause in Cause:
        real.setdefault(meta(cause).status, set()).add(cause.value)
    many = {401, 403}
    assert {status: causes for status, causes in listed.items() if status not in many | {303}} == {
        status: causes for status, causes in real.items() if status not in many
    }
    assert all(listed[status] <= real[status] for status in many)


def test_every_option_of_the_guard_is_told() -> None:
    assert options_of(text_of("index")) == set(inspect.signature(guard.Guard).parameters) - {"providers"}


def test_the_throttle() -> None:
    assert options_of(text_of("throttle")) == set(inspect.signature(guard.Throttle).parameters)
    assert set(words_of(sections("throttle")["What counts"].split(":\n")[0])) == {cause.value for cause in GUESSES}


def test_all_of_ktors_behaviours_are_answered() -> None:
    """1 to 42, each with a test that is there."""
    rows = re.findall(r"^\| (\d+) \|.*\| `(\w+)` \|$", text_of("ktor"), re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, 43))
    tests = "".join(file.read_text("utf-8") for file in (ROOT / "tests/guard").glob("test_ktor_parity*.py"))
    for number, name in rows:
        assert name.startswith(f"test_rule_{number}_")
        assert f"def {name}(" in tests


def test_the_proofs_of_the_security_page_are_there() -> None:
    """Ten pitfalls, and every folder's test is listed."""
    rows = re.findall(r"^\| (\d+) \|.*\| (.+) \|$", text_of("security"), re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, 11))
    named = {path for _, tests in rows for path in words_of(tests)}
    assert [path for path in named if not (ROOT / path).is_file()] == []
    folder = {f"tests/guard/security/{file.name}" for file in (ROOT / "tests/guard/security").glob("test_*.py")}
    assert folder <= named
