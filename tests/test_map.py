"""One test file a source file, of the same name."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SRC = ROOT / "src/authwhy"
# Files without behaviour of their own (values, data, registries), each proven through the tests named here.
WITHOUT = {
    "__main__.py": "tests/app/cli/test_main.py",
    "app/cli/options.py": "tests/app/cli/test_quick.py",
    "causes/_generated.py": "tests/test_closure.py",
    "causes/_fixes.py": "tests/test_closure.py",
    "diagnose/companions.py": "tests/diagnose/test_judge.py",
    "diagnose/observation.py": "tests/diagnose/test_judge.py",
    "guard/django.py": "tests/guard/integrations/test_django.py",
    "guard/fastapi.py": "tests/guard/integrations/test_fastapi.py",
    "guard/flask.py": "tests/guard/integrations/test_flask.py",
    "guard/starlette.py": "tests/guard/integrations/test_starlette.py",
    "lexicon/row.py": "tests/lexicon/test_build.py",
    "model/diagnosis.py": "tests/render/test_json.py",
    "model/policy.py": "tests/verify",
    "render/interface.py": "tests/render",
}


def test_every_source_file_has_its_test_file() -> None:
    """A newcomer guesses every path."""
    absent = []
    for path in sorted(SRC.rglob("*.py")):
        name = str(path.relative_to(SRC))
        if path.name == "__init__.py" or name in WITHOUT:
            continue
        if not (ROOT / "tests" / path.relative_to(SRC).parent / f"test_{path.name}").is_file():
            absent.append(name)
    assert absent == []


def test_every_exception_is_real() -> None:
    """A file that is gone, or a proof that is gone, leaves the list."""
    assert [name for name, proof in WITHOUT.items() if not (SRC / name).is_file() or not (ROOT / proof).exists()] == []
