"""Proofs for name and password, on real hashes."""

import base64

import bcrypt
import pytest

from authwhy import Cause, explain

HASH = bcrypt.hashpw(b"wonder land", bcrypt.gensalt(4)).decode()
HTPASSWD = f"alice:{HASH}\n"


def diagnose(name: str, password: str) -> tuple[Cause | None, str | None, str]:
    """Cause, detail and certainty of one refused request beside the password file."""
    pair = base64.b64encode(f"{name}:{password}".encode()).decode()
    exchange = f'GET / HTTP/1.1\nHost: a.example\nAuthorization: Basic {pair}\n\nHTTP/1.1 401 Unauthorized\nWWW-Authenticate: Basic realm="x"\n\n'
    diagnosis = explain([exchange, HTPASSWD])
    assert password not in repr(diagnosis) or password == "alice"
    top = diagnosis.findings[0]
    return top.cause, top.detail, top.certainty


@pytest.mark.parametrize(
    ("name", "password", "expected"),
    [
        ("wonder land", "alice", (Cause.WRONG_SECRET, "swapped_with_name", "proven")),
        ("alice", "wonder land\n", (Cause.MALFORMED, "whitespace", "proven")),
        ("alice", "'wonder land'", (Cause.MALFORMED, "quotes", "proven")),
        ("alice", "wonder%20land", (Cause.MALFORMED, "encoding", "proven")),
        ("Alice", "wonder land", (Cause.UNKNOWN_IDENTITY, None, "proven")),
        ("alice@example.com", "wonder land", (Cause.UNKNOWN_IDENTITY, None, "proven")),
    ],
)
def test_the_one_change_is_proven(name: str, password: str, expected: tuple[Cause, str | None, str]) -> None:
    """The stored hash says which spelling was meant."""
    assert diagnose(name, password) == expected


def test_another_password_is_likely_wrong_and_nothing_is_proven() -> None:
    """The check was run, and no change helps."""
    assert diagnose("alice", "looking glass") == (Cause.WRONG_SECRET, None, "likely")


def test_an_unknown_name_is_told_from_a_wrong_password() -> None:
    """The file knows what the answer hides."""
    assert diagnose("bob", "wonder land")[0] is Cause.UNKNOWN_IDENTITY
