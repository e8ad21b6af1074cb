"""Finding another provider of the same guard."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from authwhy.guard.rules import ConfigurationError
from authwhy.guard.schemes.fellow import fellow
from authwhy.guard.schemes.interface import Provider
from authwhy.guard.schemes.session import Session, session
from authwhy.guard.schemes.totp import Totp, totp

WEB, CODE = session("web", keys=["k" * 32]), totp("code", enrolment=lambda account: None)
ALL: Mapping[str, Provider] = {"web": WEB, "code": CODE}


def test_by_name_or_itself() -> None:
    """Both lead to the one provider."""
    assert fellow(ALL, "web", Session, "login") is WEB
    assert fellow(ALL, CODE, Totp, "login") is CODE


@pytest.mark.parametrize("wanted", ["nowhere", "code", CODE, session("web", keys=["k" * 32])])
def test_nobody_else(wanted: object) -> None:
    """Not one of another kind, and not one of another guard."""
    with pytest.raises(ConfigurationError, match=r"^login: .* is no session provider of this guard$"):
        fellow(ALL, wanted, Session, "login")  # type: ignore[arg-type]
