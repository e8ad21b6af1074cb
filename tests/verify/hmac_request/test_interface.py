"""The seam of the dialects, the tuple that registers them, and the values they share."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.verify.hmac_request.world import known

from authwhy.model.outcome import Failure
from authwhy.verify import hmac_request
from authwhy.verify.hmac_request import DIALECTS
from authwhy.verify.hmac_request.interface import (
    MAX_FIELDS,
    MAX_TARGET,
    SecretAsk,
    SignedRequest,
    SigningSecret,
    by_name,
    shape_failure,
    single,
    values,
)
from authwhy.verify.hmac_request.sigv4 import SigV4Policy

FOLDER = Path(str(hmac_request.__file__)).parent
CANARY = "canary-4711-secret"


def test_every_dialect_is_registered() -> None:
    """A module with `verify(request: SignedRequest, ...)` is in the tuple, and only such a one."""
    found = {
        path.stem for path in FOLDER.glob("*.py") if "\ndef verify(request: SignedRequest" in path.read_text("utf-8")
    }
    assert found == {str(vars(each)["__name__"]).rpartition(".")[2] for each in DIALECTS}
    assert all(callable(each.string_to_sign) for each in DIALECTS)


def test_no_text_form_tells_a_secret() -> None:
    """Nor a signature, a session token or a query."""
    request = SignedRequest("GET", f"/{CANARY}", CANARY, (("authorization", CANARY),), CANARY.encode())
    shown = repr((request, SecretAsk("id", CANARY), SigningSecret("id", CANARY), known(CANARY)))
    assert CANARY not in shown


@pytest.mark.parametrize("secret", ["", b""])
def test_an_empty_secret_is_no_secret(secret: str | bytes) -> None:
    """Everybody could sign with it."""
    with pytest.raises(ValueError, match="empty"):
        SigningSecret("k", secret)


def test_a_public_key_is_no_shared_secret() -> None:
    """Everybody knows it (RFC 8725 2.1)."""
    key = ed25519.Ed25519PrivateKey.generate().public_key()
    with pytest.raises(ValueError, match="public key"):
        SigningSecret("k", key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    assert SigningSecret("k", key).octets is None
    assert SigningSecret("k", "text").octets == b"text"


def test_a_request_has_a_body_or_its_hash() -> None:
    """A door that hands over neither would let every body pass."""
    with pytest.raises(ValueError, match="body"):
        SignedRequest("GET", "/", body=None)


@pytest.mark.parametrize(
    ("request_", "part"),
    [
        (SignedRequest("GET", "/", "", (("a", "b"),) * (MAX_FIELDS + 1)), "headers"),
        (SignedRequest("GET", "/" + "a" * MAX_TARGET), "target"),
        (SignedRequest("GET", "/", "a" * MAX_TARGET), "target"),
        (SignedRequest("GE T", "/"), "method"),
        (SignedRequest("", "/"), "method"),
        (SignedRequest("G" * 65 + "-", "/"), "method"),
        (SignedRequest("GET", "/a\nb"), "target"),
        (SignedRequest("GET", "/", "a\x00"), "target"),
    ],
)
def test_what_no_verifier_looks_at(request_: SignedRequest, part: str) -> None:
    """Told before any work."""
    problem = shape_failure(request_)
    assert problem is not None
    assert problem.facts["part"] == part


@pytest.mark.parametrize("method", ["GET", "M-SEARCH", "VERSION-CONTROL"])
def test_ordinary_methods(method: str) -> None:
    """A token of RFC 9110 9.1; octets beyond ASCII in a path are signed, not refused."""
    assert shape_failure(SignedRequest(method, "/\xe1\x88\xb4", "a=b")) is None


def test_header_values() -> None:
    """Trimmed; equal names in order; one that must be alone is a failure when it is not."""
    fields = by_name(SignedRequest("GET", "/", "", (("a", " 1\t"), ("b", "2"), ("a", "3"), ("a", "4"))))
    assert values(fields, "a") == ["1", "3", "4"]
    assert values(fields, "b") == ["2"]
    assert values(fields, "c") == []
    assert single(fields, "b") == "2"
    assert single(fields, "c") is None
    assert isinstance(single(fields, "a"), Failure)
    assert isinstance(single(fields, "b", 0), Failure)


@pytest.mark.parametrize("settings", [{"overlap_s": -1}, {"secrets_tried": 0}, {"secrets_tried": 9}])
def test_common_settings_that_cannot_work(settings: dict[str, int]) -> None:
    """Told when the policy is made."""
    with pytest.raises(ValueError, match="overlap_s"):
        SigV4Policy(**settings)  # type: ignore[arg-type]
