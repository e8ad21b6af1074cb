"""The public functions behind `import authwhy`."""

import pytest

import authwhy


def test_the_face_is_what_it_says() -> None:
    """Every name of __all__ exists; another is an AttributeError."""
    assert all(getattr(authwhy, name) is not None for name in authwhy.__all__)
    with pytest.raises(AttributeError):
        _ = authwhy.nothing


def test_several_pieces_of_text_and_bytes_are_one_input() -> None:
    """An exchange, a log line in bytes, settings."""
    diagnosis = authwhy.explain(["401", b"AADSTS50055: Password is expired \xff"], config="audience = orders")
    assert diagnosis.cause is authwhy.Cause.PASSWORD_EXPIRED


@pytest.mark.parametrize(
    ("context", "complaint"), [({"at": "teatime"}, "at:"), ({"jwks": "{"}, "jwks:"), ({"jwks": "[]"}, "jwks:")]
)
def test_context_that_cannot_be_read_is_a_value_error(context: dict[str, str], complaint: str) -> None:
    """With the name of what is wrong."""
    with pytest.raises(ValueError, match=complaint):
        authwhy.explain("x", **context)  # type: ignore[arg-type]
