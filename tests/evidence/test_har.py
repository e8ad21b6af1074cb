"""HTTP archives."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authwhy.evidence.har import is_har
from authwhy.evidence.read import read


def entry(url: str = "https://a.example/x", status: int = 200, **changes: Any) -> dict[str, Any]:
    """One entry as a browser writes it."""
    request = {
        "method": "GET",
        "url": url,
        "headers": [{"name": "Accept", "value": "*/*"}],
        **changes.pop("request", {}),
    }
    response = {
        "status": status,
        "statusText": "",
        "headers": [],
        "content": {},
        "redirectURL": "",
        **changes.pop("response", {}),
    }
    return {"startedDateTime": "2026-01-01T00:00:00.000Z", "request": request, "response": response, **changes}


def har(*entries: dict[str, Any]) -> str:
    """An archive."""
    return json.dumps({"log": {"version": "1.2", "creator": {}, "entries": list(entries)}})


def kept(text: str | bytes) -> list[tuple[str, int]]:
    """Path and status of the kept entries."""
    return [
        (one.request.url.partition("example")[2], one.response.status if one.response else 0)
        for one in read(text).exchanges
        if one.request
    ]


def test_refusals_and_their_neighbours() -> None:
    """Before and after on the same host; not what other hosts do meanwhile."""
    text = har(
        *[entry(f"https://cdn.example/{number}.png") for number in range(5)],
        entry("https://a.example/before"), entry("https://cdn.example/meanwhile.js"),
        entry("https://a.example/refused", 401), entry("https://cdn.example/meanwhile.css"), entry("https://a.example/after"),
    )  # fmt: skip
    assert kept(text) == [("/before", 200), ("/refused", 401), ("/after", 200)]
    assert read(text).notes == ("HAR: kept 3 of 10 entries",)


def test_sign_in_endpoints_and_redirects_elsewhere() -> None:
    """The flow, also when nothing was refused."""
    text = har(
        entry("https://a.example/page"), entry("https://id.example/oauth2/token"), entry("https://a.example/oauth2/app.js"),
        entry("https://a.example/y", 302, response={"redirectURL": "https://b.example/"}),
        entry("https://a.example/z", 302, response={"redirectURL": "https://a.example/"}),
    )  # fmt: skip
    assert kept(text) == [("/oauth2/token", 200), ("/y", 302)]


def test_without_anything_of_interest_the_last_are_kept() -> None:
    """Better than nothing."""
    assert len(kept(har(*[entry(f"https://a.example/{number}") for number in range(50)]))) == 20


def test_fields_of_an_exchange() -> None:
    """Place, time, body of a form, body in base64, cookies that browsers list apart."""
    content = {"encoding": "base64", "mimeType": "application/json", "text": b64encode(b'{"error":"no"}').decode()}
    posted = {"mimeType": "application/x-www-form-urlencoded", "params": [{"name": "grant_type", "value": "password"}]}
    one = entry(
        status=401,
        request={"postData": posted, "cookies": [{"name": "sid", "value": "abc123x"}]},
        response={"content": content},
    )
    evidence = read(har(one))
    (exchange,) = evidence.exchanges
    assert (exchange.where, exchange.at) == ("HAR entry 1", 1_767_225_600.0)
    assert exchange.request
    assert exchange.response
    assert exchange.request.body == "grant_type=password"
    assert evidence.vault.reveal(exchange.request.header("cookie") or "") == "sid=abc123x"
    assert exchange.response.body == '{"error":"no"}'
    assert "HTTP/1.1 401" in evidence.text


def test_tokens_in_an_archive() -> None:
    """The other readers see its text."""
    token = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0."
    evidence = read(
        har(entry(status=401, request={"headers": [{"name": "Authorization", "value": f"Bearer {token}"}]}))
    )
    assert [(one.slot, one.claims) for one in evidence.tokens] == [("authorization", {"sub": "a"})]


def test_a_secret_of_one_entry_is_hidden_in_another() -> None:
    """A session id that goes into a path."""
    first = entry(status=401, request={"headers": [{"name": "Cookie", "value": "sid=Zq7xK2mWv9"}]})
    assert "Zq7x" not in read(har(first, entry("https://a.example/s/Zq7xK2mWv9/", 403))).text


def test_single_entries_and_lists_are_read() -> None:
    """What people copy out of an archive."""
    assert kept(json.dumps(entry(status=401))) == [("/x", 401)]
    assert kept(json.dumps([entry(status=401)])) == [("/x", 401)]
    assert kept(("\ufeff" + har(entry(status=401))).encode()) == [("/x", 401)]


@pytest.mark.parametrize(
    "text",
    [
        '{"log": {"version": "1.2", "entries": [',
        '{"log": {"entries": 5}}',
        '{"log": {"entries": [{"request": 5}]}}',
        '{"entries": []}',
    ],
)
def test_damaged_archives_are_texts(text: str) -> None:
    """Nothing is raised."""
    read(text)


def test_other_json_is_no_archive() -> None:
    """A cheap look is enough."""
    assert not is_har('{"error": "x"}')
    assert not is_har("log entries")


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "request",
                        "response",
                        "headers",
                        "name",
                        "value",
                        "url",
                        "status",
                        "content",
                        "text",
                        "postData",
                        "cookies",
                    ]
                ),
                inner,
                max_size=5,
            )
        ),
        max_leaves=20,
    )
)
def test_any_entries_are_read(value: object) -> None:
    """Wrong types everywhere."""
    read(json.dumps({"log": {"version": "1.2", "entries": [value, {"request": value, "response": value}]}}))
