"""The kind of a token, by its header and by what its claims say."""

from __future__ import annotations

from typing import Any

import pytest

from authwhy.causes import Cause
from authwhy.model.outcome import Failure
from authwhy.verify.token_type import said_kind, type_failure


@pytest.mark.parametrize(
    ("claims", "kind"),
    [
        ({}, None),
        ({"typ": "Bearer"}, None),
        ({"typ": "ID"}, "id_token"),
        ({"typ": "Refresh"}, "refresh_token"),
        ({"typ": "Offline"}, "refresh_token"),
        ({"typ": "Logout"}, "logout_token"),
        ({"token_use": "id"}, "id_token"),
        ({"token_use": "access"}, None),
        ({"token_type": "refresh"}, "refresh_token"),
        ({"type": "refresh"}, "refresh_token"),
        ({"type": "access"}, None),
        ({"at_hash": "x"}, "id_token"),
        ({"c_hash": "x"}, "id_token"),
        ({"nonce": "x"}, None),
        ({"events": {"http://schemas.openid.net/event/backchannel-logout": {}}}, "logout_token"),
        ({"events": ["x"]}, None),
        ({"typ": 1, "type": ["refresh"], "token_use": None}, None),
    ],
)
def test_claims_may_say_what_a_token_is(claims: dict[str, Any], kind: str | None) -> None:
    """Only claims that no access token has."""
    assert said_kind(claims) == kind


@pytest.mark.parametrize("typ", ["at+jwt", "jwt"])
def test_a_wanted_type_passes(typ: str) -> None:
    """One of several."""
    assert type_failure(typ, ("at+jwt", "jwt"), {}, True) is None


def test_another_header_type_is_refused() -> None:
    """Also when there is none (RFC 8725 3.11)."""
    assert type_failure("jwt", ("at+jwt",), {}, True) == Failure(
        Cause.WRONG_TOKEN_TYPE, None, {"expected": ("at+jwt",), "seen": "jwt"}, True
    )
    failure = type_failure(None, ("at+jwt",), {"at_hash": "x"}, False)
    assert failure == Failure(
        Cause.WRONG_TOKEN_TYPE, None, {"expected": ("at+jwt",), "seen": "", "looks_like": "id_token"}
    )


def test_an_id_token_is_refused_where_an_access_token_is_wanted() -> None:
    """Although its header type is among those accepted; and only there."""
    failure = type_failure("jwt", ("at+jwt", "jwt"), {"at_hash": "x"}, True)
    assert failure is not None
    assert failure.facts["looks_like"] == "id_token"
    assert type_failure("jwt", ("jwt",), {"at_hash": "x"}, True) is None


def test_a_long_type_is_clipped() -> None:
    """Facts are small."""
    failure = type_failure("x" * 5_000, ("at+jwt",), {}, True)
    assert failure is not None
    assert len(str(failure.facts["seen"])) == 256
