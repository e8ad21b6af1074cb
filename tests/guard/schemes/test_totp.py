"""One-time codes beside another credential."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from authwhy.causes import Cause
from authwhy.guard import Guard, Throttle, View, all_of, any_of, basic, custom, deny, need, optional
from authwhy.guard.answers import Accept, Accepted, Denied
from authwhy.guard.rules import ConfigurationError, Rule
from authwhy.guard.schemes.credential import PasswordCredential
from authwhy.guard.schemes.totp import totp
from authwhy.model.event import Event
from authwhy.verify.flow import Unavailable
from authwhy.verify.totp import TotpEnrolment, hotp, read_secret

NOW = 1_800_000_000
SECRETS = {"alice": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", "mallory": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}


def check(credential: PasswordCredential) -> object:
    """Everybody has the same password."""
    return credential.username if credential.password == "pw" else deny("wrong_secret")


def enrolment(account: str) -> object:
    """alice and mallory have one; the directory of zoe is down."""
    if account == "zoe":
        return Unavailable()
    return TotpEnrolment(account, SECRETS[account]) if account in SECRETS else None


def code_of(name: str, at: int = NOW) -> str:
    """What the app of this person shows."""
    return hotp(read_secret(SECRETS[name]) or b"", at // 30, 6)


class Api:
    """A service that wants a password and a code."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.now = NOW
        self.guard = Guard(
            basic("staff", verify=check),
            custom("anonymous", lambda view: object()),
            custom("mallory", lambda view: Accept("mallory", user="mallory")),
            custom("closed", lambda view: deny("policy_blocked")),
            totp("code", enrolment=enrolment),
            throttle=Throttle(failures=5),
            clock=lambda: self.now,
        )
        self.guard.listen(self.events.append)

    def call(self, rule: Rule, name: str | None = None, code: str | None = None, password: str = "pw") -> object:
        """One request, from one address."""
        headers = {} if code is None else {"X-OTP": code}
        if name is not None:
            headers["Authorization"] = "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()
        return self.guard.decide_sync(View.of("GET", "/", headers, peer="192.0.2.1"), rule)

    def cause(self, *arguments: object, **more: str) -> Cause:
        """Why it was refused."""
        decision = self.call(*arguments, **more)  # type: ignore[arg-type]
        assert isinstance(decision, Denied)
        return decision.cause


@pytest.fixture
def api() -> Iterator[Api]:
    """One for each test."""
    made = Api()
    yield made
    made.guard.close()


BOTH = all_of("staff", "code")


def test_both_are_right(api: Api) -> None:
    """The first factor makes the principal, the second one makes it strong; the order of the rule does not matter."""
    for rule, at in ((BOTH, NOW), (all_of("code", "staff", acr="mfa", max_age=5), NOW + 60)):
        api.now = at
        decision = api.call(rule, "alice", code_of("alice", at))
        assert isinstance(decision, Accepted)
        assert (decision.principal, decision.provider) == ("alice", "staff")
        assert set(decision.principals) == {"staff", "code"}


def test_the_code_is_missing(api: Api) -> None:
    """A second proof is owed: said exactly, because the password was right."""
    decision = api.call(BOTH, "alice")
    assert isinstance(decision, Denied)
    assert (decision.cause, decision.status, decision.code) == (
        Cause.SECOND_FACTOR_REQUIRED, 401, "second_factor_required",
    )  # fmt: skip
    assert (b"www-authenticate", b'OTP realm="code", header="x-otp"') in decision.headers
    assert (api.events[-1].outcome, api.events[-1].user) == ("interrupt", "alice")


def test_a_wrong_password_tells_nothing_about_the_code(api: Api) -> None:
    """The code is not looked at before there is somebody it could belong to."""
    right, wrong = (api.call(BOTH, "alice", code, "no") for code in (code_of("alice"), "000000"))
    assert isinstance(right, Denied)
    assert isinstance(wrong, Denied)
    assert (right.status, right.headers, right.code) == (wrong.status, wrong.headers, wrong.code)
    assert right.causes == wrong.causes == {"staff": Cause.WRONG_SECRET, "code": Cause.MISSING}
    assert isinstance(api.call(BOTH, "alice", code_of("alice")), Accepted)  # and it was not used up


def test_wrong_and_used_codes(api: Api) -> None:
    """Each with its cause; nobody else's code will do."""
    assert api.cause(BOTH, "alice", code_of("mallory")) is Cause.WRONG_SECOND_FACTOR
    assert api.cause(BOTH, "alice", "12345") is Cause.MALFORMED
    assert api.cause(BOTH, "alice", code_of("alice", NOW - 120)) is Cause.EXPIRED_SECOND_FACTOR
    assert isinstance(api.call(BOTH, "alice", code_of("alice")), Accepted)
    assert api.cause(BOTH, "alice", code_of("alice")) is Cause.REPLAYED
    assert api.cause(BOTH, "bob", "123456") is Cause.UNKNOWN_IDENTITY
    assert api.cause(BOTH, "zoe", "123456") is Cause.PROVIDER_UNREACHABLE


def test_a_code_alone_opens_nothing(api: Api) -> None:
    """It belongs to nobody."""
    for rule in ("code", any_of("code", "staff"), optional("code"), need("code", acr="mfa"), BOTH):
        assert api.cause(rule, None, code_of("alice")) is Cause.MISSING


def test_a_code_belongs_to_the_first_factor_of_its_own_rule(api: Api) -> None:
    """Not to one that another part of the rule accepted, on the way to being refused."""
    rule = any_of(all_of(all_of("mallory", "code"), "closed"), all_of("staff", "code"))
    decision = api.call(rule, "alice", code_of("mallory"))
    assert isinstance(decision, Denied)
    assert decision.causes["code"] is Cause.WRONG_SECOND_FACTOR
    decision = api.call(rule, "alice", code_of("alice"))
    assert isinstance(decision, Accepted)
    assert decision.principal == "alice"
    assert api.cause(any_of(all_of("mallory", "closed"), "code"), None, code_of("mallory")) is Cause.POLICY_BLOCKED


def test_a_first_factor_without_a_name(api: Api) -> None:
    """A fault of the set-up, and said so."""
    assert api.cause(all_of("anonymous", "code"), None, "123456") is Cause.MISCONFIGURED


def test_guessing_is_throttled_although_the_password_is_right(api: Api) -> None:
    """Right passwords in between clear nothing: five wrong codes, and the sixth is not looked at."""
    for _ in range(5):
        assert api.cause(BOTH, "alice", "000000") is Cause.WRONG_SECOND_FACTOR
        assert api.cause(BOTH, "alice") in (Cause.SECOND_FACTOR_REQUIRED, Cause.RATE_LIMITED)
    assert api.cause(BOTH, "alice", code_of("alice")) is Cause.RATE_LIMITED


def test_two_codes_at_once(api: Api) -> None:
    """None is chosen."""
    headers = [("Authorization", "Basic " + base64.b64encode(b"alice:pw").decode()), ("X-OTP", "1"), ("X-OTP", "2")]
    decision = api.guard.decide_sync(View.of("GET", "/", headers), BOTH)
    assert isinstance(decision, Denied)
    assert decision.cause is Cause.AMBIGUOUS


def test_settings_that_cannot_work() -> None:
    """Said when the service starts."""
    for settings in ({"digits": 4}, {"period_s": 0}, {"algorithm": "MD5"}, {"window": 100}):
        with pytest.raises(ConfigurationError):
            totp(enrolment=enrolment, **settings)
