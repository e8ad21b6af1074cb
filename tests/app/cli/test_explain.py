"""`authwhy explain` as a person types it."""

import json
from pathlib import Path

import jwt as pyjwt
import pytest
from tests.app.cli.conftest import Run

TEXT = "jwt.exceptions.ExpiredSignatureError: Signature has expired"


def test_an_argument_a_file_a_pipe_and_a_dash_are_the_same(authwhy: Run, tmp_path: Path) -> None:
    """Whatever way the text comes in."""
    (tmp_path / "error.log").write_text(TEXT)
    answers = {
        authwhy("explain", TEXT, "--format", "json").stdout,
        authwhy("explain", "error.log", "--format", "json").stdout,
        authwhy("explain", "-", "--format", "json", stdin=TEXT).stdout,
        authwhy("explain", "--format", "json", stdin=TEXT).stdout,
    }
    assert {json.loads(answer)["findings"][0]["cause"] for answer in answers} == {"expired"}


@pytest.mark.parametrize(
    ("arguments", "stdin", "status"),
    [
        (("explain", TEXT), "", 0),
        (("explain", "the weather is fine"), "", 1),
        (("explain", "-"), "", 1),
        (("explain", "--at", "teatime", TEXT), "", 2),
        (("explain", "--no-such-option"), "", 2),
        (("explain", "./absent.har"), "", 3),
        (("explain", "--jwks", "absent.json", TEXT), "", 3),
        (("explain", "--secret-file", "/", TEXT), "", 3),
    ],
)
def test_exit_statuses_are_the_documented_ones(
    authwhy: Run, arguments: tuple[str, ...], stdin: str, status: int
) -> None:
    """0 found, 1 not, 2 usage, 3 unreadable; one line says why, never a traceback."""
    result = authwhy(*arguments, stdin=stdin)
    assert result.returncode == status
    assert "Traceback" not in result.stderr
    if status > 1:
        assert result.stderr.strip()


def test_a_token_with_its_secret_is_proven(authwhy: Run, tmp_path: Path) -> None:
    """The codec of the secret, from files, with the time fixed."""
    secret = "c2VjcmV0IHRoYXQgaXMgYmFzZTY0IGVuY29kZWQgLi4u"
    token = pyjwt.encode(
        {"exp": 1_790_000_600, "iat": 1_790_000_000}, __import__("base64").b64decode(secret), algorithm="HS256"
    )
    (tmp_path / "token.txt").write_text(token + "\n")
    (tmp_path / "secret.txt").write_text(secret + "\n")
    result = authwhy(
        "explain", "--token-file", "token.txt", "--secret-file", "secret.txt", "--at", "1790000100", "--format", "json"
    )
    finding = json.loads(result.stdout)["findings"][0]
    assert (finding["cause"], finding["detail"], finding["certainty"]) == ("bad_signature", "key_encoding", "proven")
    assert secret not in result.stdout
    assert token not in result.stdout


def test_a_token_that_is_good_passes_with_status_0(authwhy: Run, tmp_path: Path) -> None:
    """No failure is no error of the command."""
    token = pyjwt.encode({"exp": 1_790_000_600}, "a secret of thirty-two bytes, or more", algorithm="HS256")
    (tmp_path / "secret.txt").write_text("a secret of thirty-two bytes, or more")
    result = authwhy("explain", token, "--secret-file", "secret.txt", "--at", "1790000100")
    assert result.returncode == 0
    assert "the check passes" in result.stdout


def test_no_colours_in_a_pipe(authwhy: Run) -> None:
    """Escape codes are for terminals."""
    assert "\x1b" not in authwhy("explain", TEXT).stdout
    assert "\x1b" not in authwhy("explain", TEXT, env={"NO_COLOR": "1"}).stdout


def test_nothing_to_explain_is_wrong_usage(authwhy: Run) -> None:
    """Help, and status 2."""
    result = authwhy("explain", stdin=None)
    assert result.returncode in (1, 2)
