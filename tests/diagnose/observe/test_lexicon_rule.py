"""Lexicon hits as observations."""

import pytest

from authwhy.causes import Cause
from authwhy.diagnose.observation import Strength
from authwhy.diagnose.observe.lexicon_rule import observe
from authwhy.model.evidence import Evidence, Exchange, HttpRequest, HttpResponse


def test_a_vendors_row_says_plain_words_only_phrase() -> None:
    """Strength follows the row's rank."""
    (vendor,) = [one for one in observe(Evidence(text="AADSTS50055: whatever follows")) if one.rule == "lexicon:entra"]
    assert (vendor.causes[0][0], vendor.strength.name, vendor.where) == (Cause.PASSWORD_EXPIRED, "SAID", "line 1")
    (plain,) = observe(Evidence(text="\nthe account has been suspended"))
    assert (plain.causes[0][0], plain.strength.name, plain.where) == (Cause.ACCOUNT_DISABLED, "PHRASE", "line 2")


@pytest.mark.parametrize(
    "text",
    [
        "bash: ./run.sh: Permission denied\nmake: *** [Makefile:12: all] Error 126",
        "host1 : ok=12 changed=0 unreachable=0 failed=0 (the ssh key is present)",
        '[error] open() "/usr/share/nginx/html/favicon.ico" failed (2: No such file or directory), client: 192.0.2.7',
        'if (!token) throw new Error("Missing token");\nthrow new Error("Missing token");',
        "The agreement expired on 31 December 2025; the tenant was denied access to the premises.",
        "ERROR: Operation cancelled by user while the wheels were built",
    ],
)
def test_plain_words_in_other_meanings_are_at_most_a_hint(text: str) -> None:
    """An ordinary log must not be called an authentication failure."""
    assert all(one.strength is Strength.HINT for one in observe(Evidence(text=text)) if one.rule == "lexicon:common")


@pytest.mark.parametrize(
    "text",
    [
        "login: access denied for the whole team, since nine this morning, on every machine",
        "the account has been suspended",
        "upstream refused us again this morning, the answer was: account is locked",
    ],
)
def test_plain_words_among_words_of_authentication_count(text: str) -> None:
    """There they are meant."""
    assert any(one.strength >= Strength.PHRASE for one in observe(Evidence(text=text)))


def test_a_stock_page_swallows_its_own_words() -> None:
    """ "bad password" stands on it whatever failed; alone it is a set, at most a phrase."""
    page = (
        "This server could not verify that you\nare authorized to access the document\nrequested.  Either you supplied"
        " the wrong\ncredentials (e.g., bad password), or your\nbrowser doesn't understand how to supply\nthe"
        " credentials required."
    )
    (one,) = observe(Evidence(text=page))
    assert (one.strength, len(one.causes)) == (Strength.PHRASE, 3)
    assert "no more than the status" in one.what


def test_a_stock_page_beside_the_request_says_nothing() -> None:
    """The exchange itself says more."""
    text = "You don't have the permission to access the requested resource. It is either read-protected or not readable by the server."
    exchange = Exchange(HttpRequest("GET", "/", ()), HttpResponse(403, "Forbidden", ()))
    assert list(observe(Evidence(text=text)))
    assert not list(observe(Evidence(text=text, exchanges=(exchange,))))


@pytest.mark.parametrize("realm", ["Authentication Required", "Login Required", "account is locked"])
def test_a_realm_is_a_name_and_no_words(realm: str) -> None:
    """The same words in the body count."""
    challenge = f'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="{realm}"\r\n\r\n'
    assert not list(observe(Evidence(text=challenge)))
    assert [one.where for one in observe(Evidence(text=challenge + realm))] == ["line 4"]
