"""An API that answers only invalid_token: with its key set and settings explain runs the check again and proves it."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from tests.e2e.answers import claims_nothing, names_among, names_first
from tests.e2e.conftest import Start
from tests.e2e.provider import AUDIENCE, ISSUER, SETTINGS, Api, Heard, Key, key_set, start_api

from authwhy import Cause, Diagnosis

pytestmark = pytest.mark.e2e
CURRENT, RETIRED = Key("2026-11"), Key("2026-10")


@pytest.fixture(scope="module")
def api(start: Start, home: Path) -> Api:
    """Trusts the current key only."""
    return start_api(start, home, CURRENT)


def proven(cause: str, heard: Heard, *edits: str, certainty: str = "narrowed", **context: Any) -> Diagnosis:
    """The exchange, the key set and the settings are at hand: the cause is first, by exactly these edits."""
    keys = json.dumps(key_set(CURRENT))
    found = names_first(cause, heard.client, keys, SETTINGS, at=heard.at, **context)
    best = found.findings[0]
    assert best.proof is not None
    assert (best.proof.edits, best.certainty) == (edits, certainty)
    return found


def test_a_good_token_passes(api: Api) -> None:
    """The control: the set-up itself works."""
    assert "< HTTP/1.1 200" in api.curl(CURRENT.token()).client


def test_expired(api: Api) -> None:
    """Both clocks agree in the exchange, so the lifetime is over; the edit says by how much."""
    heard = api.curl(CURRENT.token(lives_s=-3600))
    names_among("expired", heard.client)
    names_first("expired", heard.client, heard.log)
    keys = json.dumps(key_set(CURRENT))
    best = names_first("expired", heard.client, keys, SETTINGS, at=heard.at).findings[0]
    assert (best.certainty, best.side) == ("proven", "caller")
    assert best.proof is not None
    assert best.proof.edits[0].startswith("clock: ")
    late = best.facts["late_s"]
    assert isinstance(late, int)
    assert abs(late - 3600) <= 5


def test_audience_with_a_slash(api: Api) -> None:
    """The token says the audience with a slash at its end, the API without."""
    heard = api.curl(CURRENT.token(aud=f"{AUDIENCE}/"))
    names_among("wrong_audience", heard.client)
    names_first("wrong_audience", heard.client, heard.log)
    found = proven("wrong_audience", heard, "audience: trailing slash difference accepted").findings[0]
    assert found.detail == "trailing_slash"
    assert "misconfigured" in found.among


def test_wrong_issuer(api: Api) -> None:
    """The token is of the test realm, the API trusts the shop's."""
    heard = api.curl(CURRENT.token(iss=ISSUER.replace("shop", "test")))
    names_first("wrong_issuer", heard.client, heard.log)
    found = proven("wrong_issuer", heard, "issuer: realm difference accepted").findings[0]
    assert found.detail == "realm"


def test_key_rotated_away(api: Api) -> None:
    """The token was signed with the key of before the rotation, and that key set is still at hand."""
    heard = api.curl(RETIRED.token())
    claims_nothing("unknown_key", heard.client)
    names_first("unknown_key", heard.client, heard.log)
    proven(
        "unknown_key", heard, "key: the retired key set", certainty="proven", retired_jwks=key_set(RETIRED)
    )  # fmt: skip


def test_a_token_in_its_lifetime_is_not_called_expired(api: Api) -> None:
    """invalid_token hides the cause, but exp and Date are both in the exchange."""
    found = claims_nothing("unknown_key", api.curl(RETIRED.token()).client)
    assert found.cause is not Cause.EXPIRED


def test_key_unknown_without_the_retired_set(api: Api) -> None:
    """The kid is not in the key set: seen, though nothing can be proven about whose key it was."""
    heard = api.curl(RETIRED.token())
    names_first("unknown_key", heard.client, json.dumps(key_set(CURRENT)), SETTINGS, at=heard.at)


def test_public_key_used_as_a_shared_secret(api: Api) -> None:
    """HS256 with the public key as secret: refused for its algorithm, and no edit may make it pass."""
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "iat": now, "exp": now + 300}
    header = jwt.utils.base64url_encode(json.dumps({"alg": "HS256", "kid": CURRENT.kid, "typ": "JWT"}).encode())
    body = jwt.utils.base64url_encode(json.dumps(claims).encode())
    hmac = jwt.get_algorithm_by_name("HS256").sign(header + b"." + body, CURRENT.pem())
    token = b".".join([header, body, jwt.utils.base64url_encode(hmac)]).decode()
    heard = api.curl(token)
    names_first("unsupported_algorithm", heard.client, heard.log)
    keys = json.dumps(key_set(CURRENT))
    found = names_first("unsupported_algorithm", heard.client, keys, SETTINGS, at=heard.at, also=("unknown_key",))
    assert found.findings[0].proof is None


def test_api_set_to_another_algorithm(api: Api) -> None:
    """The provider signs RS256, the API allows only HS256: allowing RS256 is the one edit."""
    heard = api.curl(CURRENT.token(), "legacy")
    names_first("unsupported_algorithm", heard.client, heard.log, also=("misconfigured",))
    edit = "policy: algorithm RS256 allowed"
    proven("unsupported_algorithm", heard, edit, algorithms=("HS256",))


def test_audience_missing(api: Api) -> None:
    """The token names no audience at all."""
    heard = api.curl(CURRENT.token(aud=None))
    names_first("missing_claim", heard.client, heard.log)
    names_first("missing_claim", heard.client, json.dumps(key_set(CURRENT)), SETTINGS, at=heard.at)


def test_two_faults_at_once(api: Api) -> None:
    """Expired, and the audience would fail next: both edits are in the proof."""
    heard = api.curl(CURRENT.token(lives_s=-3600, aud="https://invoices.example.com"))
    keys = json.dumps(key_set(CURRENT))
    found = names_among("expired", heard.client, keys, SETTINGS, at=heard.at, also=("wrong_audience",))
    assert {"expired", "wrong_audience"} <= {finding.cause.value for finding in found.findings[:2]}
    assert found.findings[0].proof is not None
    assert len(found.findings[0].proof.edits) == 2


def test_token_cut_short(api: Api) -> None:
    """The last characters were lost when it was copied."""
    heard = api.curl(CURRENT.token()[:-8])
    names_among("malformed", heard.client, json.dumps(key_set(CURRENT)), SETTINGS, at=heard.at, also=("bad_signature",))


def test_quotes_around_the_token(api: Api) -> None:
    """A shell script left the quotes in: taking them away is the proof."""
    heard = api.curl(f'"{CURRENT.token()}"')
    names_first("malformed", heard.client, heard.log)
    found = names_first("malformed", heard.client, json.dumps(key_set(CURRENT)), SETTINGS, at=heard.at).findings[0]
    assert (found.certainty, found.detail) == ("proven", "quotes")
