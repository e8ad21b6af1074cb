"""Sign-ins at a real OpenID provider (npm's oidc-provider): each failure has its exact cause, none goes round."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from msgspec.structs import replace
from tests.e2e.conftest import Start
from tests.e2e.loopback import HOST, binary, free_port, until
from tests.e2e.oidc_service import SECRET, Browser, Provider, Service, environment_is_ready, location

from authwhy.causes import Kind, meta
from authwhy.guard.schemes.oidc import oauth2

pytestmark = pytest.mark.e2e
PORT = free_port()
BASE = f"http://{HOST}:{PORT}"


@pytest.fixture(scope="module")
def provider(start: Start, home: Path) -> Provider:
    """The identity provider, running."""
    environment_is_ready()
    made = Provider(start, home, [f"{BASE}/callback"])
    made.begin("a")
    return made


@pytest.fixture
def service(provider: Provider) -> Iterator[Service]:
    """A service of its own for each test."""
    with Service(PORT, provider) as running:
        yield running


@pytest.fixture
def browser() -> Iterator[Browser]:
    """A browser without a past."""
    with Browser() as made:
        yield made


def refused(service: Service, answer: httpx2.Response, cause: str, status: int) -> None:
    """An answer for a person, the exact cause in the event, and nothing that begins again by itself."""
    assert service.last.cause == cause, service.last
    assert answer.status_code == status
    assert "location" not in answer.headers
    assert 'role="alert"' in answer.text
    assert service.last.ref is not None
    assert service.last.ref in answer.text
    assert service.last.provider == "sso"


def test_sign_in_and_back_to_the_page(service: Service, browser: Browser) -> None:
    """A page that needs a person sends her round once; afterwards she is where she wanted to be."""
    first = browser.get(f"{BASE}/me?tab=2")
    assert location(first) == f"{BASE}/login?return=/me%3Ftab%3D2"
    out = browser.get(location(first))
    asked = parse_qs(urlsplit(location(out)).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert {"state", "nonce", "code_challenge"} <= set(asked)
    back = browser.get(browser.until_callback(out))
    assert location(back) == f"{BASE}/me?tab=2"
    assert browser.get(location(back)).text == "alice"
    signed_in = next(event for event in service.events if event.provider == "sso")
    assert (signed_in.outcome, signed_in.user, signed_in.method) == ("success", "alice", "oidc")
    everything = b"".join(event.to_json() for event in service.events).decode()
    secrets = [value for name, value in parse_qs(urlsplit(str(back.url)).query).items() if name in ("code", "state")]
    assert not any(value[0] in everything for value in secrets)


def test_the_form_posts_itself(provider: Provider, browser: Browser) -> None:
    """response_mode form_post: the code comes in a body, and stands in no address."""
    with Service(PORT, provider, response_mode="form_post") as service:
        callback = browser.until_callback(browser.get(f"{BASE}/login"))
        assert browser.get(f"{callback}?{urlencode(browser.form)}").status_code == 405
        back = browser.post(callback, browser.form, origin=provider.issuer)
        assert browser.get(location(back).rstrip("/") + "/me").text == "alice"
        assert service.last.user == "alice"


def test_plain_oauth2(provider: Provider, browser: Browser) -> None:
    """Without an ID token: the address of the provider that tells who the token is about."""
    sso = oauth2(
        "sso", authorize=f"{provider.issuer}/auth", token=f"{provider.issuer}/token", userinfo=f"{provider.issuer}/me",
        client_id="orders", client_secret=SECRET, redirect_uri=f"{BASE}/callback", scope="openid profile",
        allow_http=[provider.issuer], claims=lambda found: {"name": found.name},
    )  # fmt: skip
    with Service(PORT, provider, sso) as service:
        back = browser.get(browser.until_callback(browser.get(f"{BASE}/login?return=/me")))
        assert browser.get(location(back)).text == "alice"
        assert service.events[-2].method == "oauth2"


def test_plain_oauth2_whose_token_does_not_tell_who_it_is(provider: Provider, browser: Browser) -> None:
    """The person thinned out the scope: refused, and nobody's outage."""
    sso = oauth2(
        "sso", authorize=f"{provider.issuer}/auth", token=f"{provider.issuer}/token", userinfo=f"{provider.issuer}/me",
        client_id="orders", client_secret=SECRET, redirect_uri=f"{BASE}/callback", scope="profile",
        allow_http=[provider.issuer],
    )  # fmt: skip
    with Service(PORT, provider, sso) as service:
        refused(
            service, browser.get(browser.until_callback(browser.get(f"{BASE}/login"))), "rejected_by_application", 401
        )


def test_a_program_gets_401_and_no_redirect(service: Service) -> None:
    """Only a browser that opens a page is sent anywhere."""
    answer = httpx2.get(f"{BASE}/me", trust_env=False)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Session realm="web"')


def test_sign_out_here_and_there(service: Service, browser: Browser) -> None:
    """Only by POST from a page of ours; the session is gone at once, then the provider is told."""
    browser.get(browser.until_callback(browser.get(f"{BASE}/login")))
    assert browser.get(f"{BASE}/logout").status_code == 405
    forged = browser.post(f"{BASE}/logout", {}, origin="https://evil.example")
    assert (forged.status_code, service.last.cause) == (403, "csrf_failed")
    assert browser.get(f"{BASE}/me").text == "alice"
    ended = location(browser.post(f"{BASE}/logout", {}))
    assert "/session/end?" in ended
    assert "post_logout_redirect_uri=" in ended
    assert browser.get(f"{BASE}/").text == "nobody"
    assert browser.get(ended).status_code == 200


def test_a_rotated_key_is_taken_at_once(service: Service, browser: Browser, provider: Provider) -> None:
    """No cool-down, no restart of ours."""
    browser.get(browser.until_callback(browser.get(f"{BASE}/login")))
    provider.stop()
    provider.begin("b", "a")
    with Browser() as another:
        back = another.get(another.until_callback(another.get(f"{BASE}/login"), "bob"))
        assert another.get(location(back)).text == "bob"
    assert browser.get(f"{BASE}/me").text == "alice"


def test_outage(service: Service, browser: Browser, provider: Provider) -> None:
    """Whoever is signed in stays so; a way back that cannot be checked is an outage, never a bad login."""
    browser.get(browser.until_callback(browser.get(f"{BASE}/login")))
    with Browser() as another:
        callback = another.until_callback(another.get(f"{BASE}/login"), "bob")
        provider.stop()
        try:
            answer = another.get(callback)
            refused(service, answer, "provider_unreachable", 503)
            assert answer.headers["retry-after"]
            assert browser.get(f"{BASE}/me").text == "alice"
        finally:
            provider.begin("b", "a")


def test_outage_before_the_first_sign_in(provider: Provider, browser: Browser) -> None:
    """The provider was never reached: 503, and a made-up way back is still nobody's outage."""
    provider.stop()
    try:
        with Service(PORT, provider) as service:
            refused(service, browser.get(f"{BASE}/login"), "provider_unreachable", 503)
            refused(service, browser.get(f"{BASE}/callback?code=x&state=y"), "state_mismatch", 401)
    finally:
        provider.begin("b", "a")


def test_wrong_client_secret_is_our_fault(provider: Provider, browser: Browser) -> None:
    """Not the person's: 500, and the event names the setting."""
    with Service(PORT, provider, client_secret="another secret") as service:
        answer = browser.get(browser.until_callback(browser.get(f"{BASE}/login")))
        refused(service, answer, "misconfigured", 500)
        assert service.last.facts["setting"] == "client_secret"


def test_wrong_audience(service: Service, browser: Browser) -> None:
    """An ID token for another client is not for us."""
    person = service.sso._person
    person._policy = replace(person._policy, audiences=("billing",))  # type: ignore[attr-defined]
    refused(service, browser.get(browser.until_callback(browser.get(f"{BASE}/login"))), "wrong_audience", 401)
    assert service.last.facts["seen"] == ("orders",)


def test_expired_code(provider: Provider, browser: Browser) -> None:
    """The provider says invalid_grant, whatever was wrong with the code; it is not tried again."""
    with Service(PORT, provider, client_id="brief") as service:
        callback = browser.until_callback(browser.get(f"{BASE}/login"))
        after = time.time() + 2
        until(lambda: time.time() > after, "the code to expire")
        refused(service, browser.get(callback), "inactive", 401)


def test_code_used_twice(service: Service, browser: Browser) -> None:
    """The second time the login cookie is gone; with a copy of it, the provider knows the code."""
    out = browser.get(f"{BASE}/login")
    cookie = out.headers["set-cookie"].partition(";")[0]
    callback = browser.until_callback(out)
    assert browser.get(callback).status_code == 303
    refused(service, browser.get(callback), "state_mismatch", 401)
    copied = httpx2.get(callback, headers={"cookie": cookie, "accept": "text/html"}, trust_env=False)
    refused(service, copied, "inactive", 401)


def test_wrong_redirect_uri(provider: Provider, service: Service, browser: Browser) -> None:
    """The provider shows its own page for an address it does not know; another one at the exchange is refused."""
    url = location(browser.get(f"{BASE}/login"))
    assert browser.get(url.replace("%2Fcallback", "%2Felsewhere")).status_code == 400
    callback = browser.until_callback(browser.get(f"{BASE}/login"))
    policy = service.sso._policy
    service.sso._policy = lambda endpoint: replace(policy(endpoint), redirect_uri=f"{BASE}/elsewhere")
    refused(service, browser.get(callback), "inactive", 401)


def test_a_person_who_declines(service: Service, browser: Browser) -> None:
    """Told apart from a failure, and she may begin again of her own will."""
    answer = browser.get(browser.until_callback(browser.get(f"{BASE}/login"), "carol", deny=True))
    refused(service, answer, "declined_by_user", 401)
    assert 'href="/login"' in answer.text


def test_wrong_state_and_lost_cookie(service: Service, browser: Browser) -> None:
    """The browser that comes back is not the one that went."""
    callback = browser.until_callback(browser.get(f"{BASE}/login"))
    wrong = callback.replace("state=", "state=x")
    refused(service, browser.get(wrong), "state_mismatch", 401)
    browser.client.cookies.clear()
    refused(service, browser.get(callback), "state_mismatch", 401)
    assert service.last.facts["problem"] == "no_cookie"


def test_tampered_pkce(service: Service, browser: Browser) -> None:
    """A challenge that is not ours: the provider refuses our verifier."""
    start = browser.get(f"{BASE}/login")
    callback = browser.until_callback(
        start, change=lambda url: re.sub("code_challenge=[^&]*", "code_challenge=" + "A" * 43, url)
    )
    refused(service, browser.get(callback), "inactive", 401)


@pytest.mark.parametrize("error", ["server_error", "temporarily_unavailable", "invalid_scope", "login_required", "x"])
def test_what_the_browser_reports_is_no_outage(service: Service, browser: Browser, error: str) -> None:
    """Anybody who signs in can write any error into the address: never a cause of kind error."""
    state = parse_qs(urlsplit(location(browser.get(f"{BASE}/login"))).query)["state"][0]
    answer = browser.get(f"{BASE}/callback?error={error}&state={state}")
    assert answer.status_code < 500
    assert service.last.cause is not None
    assert meta(service.last.cause).kind is not Kind.ERROR
    assert "location" not in answer.headers


@pytest.mark.parametrize("left_out", ["openid+profile", "nonce"])
def test_what_the_browser_leaves_out_is_no_outage(service: Service, browser: Browser, left_out: str) -> None:
    """A request that the person thinned out brings no ID token, or one without our nonce: refused, not our fault."""

    def thinner(url: str) -> str:
        if left_out == "nonce":
            base, _, query = url.partition("?")
            return base + "?" + "&".join(one for one in query.split("&") if not one.startswith("nonce="))
        return url.replace("scope=openid+profile", "scope=profile")

    answer = browser.get(browser.until_callback(browser.get(f"{BASE}/login"), change=thinner))
    assert service.last.cause is not None
    assert meta(service.last.cause).kind is not Kind.ERROR
    assert answer.status_code == 401
    assert "location" not in answer.headers


def test_step_up_asks_for_more_and_does_not_go_round(service: Service, browser: Browser) -> None:
    """Signed in too weakly: once to the provider with what is wanted; where it does not give it, that is the end."""
    browser.get(browser.until_callback(browser.get(f"{BASE}/login")))
    step = location(browser.get(f"{BASE}/pay"))
    assert step == f"{BASE}/login?return=/pay&acr_values=mfa"
    out = browser.get(step)
    assert parse_qs(urlsplit(location(out)).query)["acr_values"] == ["mfa"]
    refused(service, browser.get(browser.until_callback(out)), "stronger_authentication_required", 401)
    assert browser.get(f"{BASE}/me").text == "alice"


def test_step_up_by_age(service: Service, browser: Browser) -> None:
    """Too long ago: the provider is asked for a new sign-in, which then is recent enough."""
    back = browser.get(browser.until_callback(browser.get(f"{BASE}/login?return=/recent")))
    assert browser.get(location(back)).text == "alice"
    service.ahead_s = 60
    step = location(browser.get(f"{BASE}/recent"))
    assert step == f"{BASE}/login?return=/recent&max_age=5"
    out = browser.get(step)
    assert parse_qs(urlsplit(location(out)).query)["max_age"] == ["5"]
    refused(service, browser.get(browser.until_callback(out)), "stronger_authentication_required", 401)
    service.ahead_s = 0
    out = browser.get(step)
    back = browser.get(browser.until_callback(out))
    assert browser.get(location(back)).text == "alice"


@pytest.mark.parametrize(("clock", "cause"), [("+3600s", "not_yet_valid"), ("-1800s", "expired")])
def test_wrong_clock(provider: Provider, browser: Browser, clock: str, cause: str) -> None:
    """The provider's clock is wrong: the times and by how much are in the event."""
    binary("faketime")
    provider.stop()
    try:
        provider.begin("b", "a", clock=clock)
        with Service(PORT, provider) as service:
            refused(service, browser.get(browser.until_callback(browser.get(f"{BASE}/login"))), cause, 401)
            assert isinstance(service.last.facts["now"], int)
    finally:
        provider.stop()
        provider.begin("b", "a")
