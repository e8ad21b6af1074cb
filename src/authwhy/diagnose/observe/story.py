"""The story around a failure: contrast, change, age, the server in between. Words that split what a code leaves open."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import takewhile

from msgspec import Struct

from authwhy.causes import Cause
from authwhy.diagnose.observation import Observation, Strength, observed
from authwhy.model.evidence import Evidence

RULE = "story"
C = Cause
FEWEST_BLANKS = 6


class Tale(Struct, frozen=True):
    """Words that must all be found (each a pattern over one text), what they speak for, and why."""

    all_of: tuple[str, ...]
    causes: tuple[Cause, ...]
    what: str
    strength: Strength = Strength.PHRASE
    detail: str | None = None
    none_of: tuple[str, ...] = ()


_NO_CREDENTIALS = r"not provided|missing|no credentials|none\b|401|required|empty|keeps? prompting|anonymous"
_CODE = r"\b(?:totp|2fa|two.factor|second factor|otp|one.time|authenticator|mfa)\b"

TALES: tuple[Tale, ...] = (
    Tale(
        (r"mod_wsgi|mod_fcgid|fastcgi|\bcgi\b|php-fpm|passenger|under apache|behind apache", _NO_CREDENTIALS),
        (C.STRIPPED_IN_TRANSIT,),
        "the server interface named here does not hand the Authorization header on unless told to",
        Strength.SAID,
        "server_interface",
    ),
    Tale(
        (r"works? (?:fine )?(?:on|with|in|locally|against)\b.{0,60}(?:local|runserver|development|dev server|builtin|built-in|direct)",
         r"behind|proxy|production|nginx|apache|load balancer|gateway|cloudfront|ingress", r"401|header|authoriz"),
        (C.STRIPPED_IN_TRANSIT,),
        "it works without the hop in between and fails behind it",
        detail=None,
    ),
    Tale(
        (_CODE, r"never accepted|not accepted|does(?: no|n')t accept|refused|invalid|incorrect|unsuccessful|wrong|reject|error"),
        (C.CLOCK_SKEW, C.WRONG_SECOND_FACTOR, C.EXPIRED_SECOND_FACTOR),
        "a fresh one-time code is refused: a clock that is off by a minute looks just like this",
        Strength.HINT,
    ),
    Tale(
        (r"enabled? two.factor|two.factor (?:auth\w* )?(?:is )?(?:enabled|on|active)|2fa (?:is )?(?:enabled|on|active)|enabled 2fa",
         r"password|authentication failed|denied|401"),
        (C.SECOND_FACTOR_REQUIRED,),
        "two-factor sign-in is on, so a password alone is refused; an access token or app password stands for it",
    ),
    Tale(
        (r"(?:log(?:s|ged)? (?:me )?in|works?|sign in) (?:me )?(?:fine )?(?:on|in|at|through|via) the web|works in (?:the |my )?browser",
         r"401|denied|unauthorized|api|plugin|client"),
        (C.UNSUPPORTED_SCHEME, C.SECOND_FACTOR_REQUIRED),
        "the same password works on the web: this interface wants a token instead of it",
    ),
    Tale(
        (r"/v\d/|api\.", r"\bapi\.(?:eu|us|au|ap|ca|uk|in)\b|\.eu\.|-eu\b|eu region|europe"),
        (C.WRONG_ENDPOINT,),
        "the account lives in another region than the host that was called",
    ),
    Tale(
        (r"all (?:users|of us|sessions|clients)\b|every (?:user|call|request|one)\b|everybody|everyone", r"at (?:once|the same time)|since (?:about )?\d|suddenly|simultaneously|signed out"),
        (C.PROVIDER_UNREACHABLE, C.PROVIDER_ERROR, C.EXPIRED),
        "everybody is refused at the same moment: look at the provider, its keys and certificates",
    ),
    Tale(
        (r"created? (?:a |several |two )?new (?:version|key|secret|token)|rotat(?:ed|ion)|new (?:api )?keys? in", r"same|still|error|fail"),
        (C.WRONG_CREDENTIAL_SELECTED, C.WRONG_SECRET, C.REVOKED),
        "a new credential was made and the old one may still be in use",
    ),
    Tale(
        (r"(?:works?|succeeds?|able to (?:access|connect|log ?in)|fine)\b.{0,40}\b(?:with|in|from|using|via|through|against|on) (?:the )?(?:same |other |another |my )?(?:curl|postman|adminer|pgadmin|browser|command line|cli|python|psql|client|machine|vm|laptop|local|container|snmpwalk|kinit)",
         r"fail|denied|refus|401|403|error|\bnot\b|timeout|cannot|can't"),
        (C.WRONG_ENDPOINT, C.WRONG_CREDENTIAL_SELECTED, C.POLICY_BLOCKED),
        "the same credential passes from another client or place: compare host, port and what each one really sends",
        Strength.HINT,
    ),
    Tale(
        (r"long time ago|a year (?:ago|old|after)|years? old|after (?:a|one|1|exactly a) year|months? ago|after \d+ (?:days|months|hours)|after (?:seven|7|30|60|90) days|every (?:hour|60 minutes|7 days)",
         r"login|log in|token|cert|credential|key|password|access"),
        (C.EXPIRED, C.REVOKED),
        "the age in the story fits a lifetime that has ended",
    ),
    Tale(
        (r"now and then|intermittent|sometimes|mostly works?|sporadic|randomly|from time to time|once in a while", r"token|sign|auth|key|401|403|error"),
        (C.CLOCK_SKEW, C.RATE_LIMITED, C.PROVIDER_UNREACHABLE),
        "it fails only now and then: a clock a few seconds off, a limit, or one bad instance of several",
        Strength.HINT,
    ),
    Tale(
        (r"after (?:the |an? |my )?(?:\w+ )?(?:upgrade|update|updating|upgrading|migrat\w+|patch\w*)|since (?:the )?(?:upgrade|update)", r"fail|denied|401|403|no longer|refus|error|invalid|not"),
        (C.MISCONFIGURED, C.UNSUPPORTED_ALGORITHM, C.UNSUPPORTED_SCHEME),
        "it began with an upgrade: a default or an accepted method changed",
        Strength.HINT,
    ),
    Tale(
        (r"cookie|samesite|callback|oauth|login", r"cookie_secure ?[=:] ?false|samesite ?[=:]? ?none"),
        (C.SESSION_INVALID, C.STATE_MISMATCH),
        "a SameSite=None cookie without Secure is dropped by browsers, so the login state is lost",
    ),
)  # fmt: skip


@cache
def _pattern(text: str) -> re.Pattern[str]:
    """Compiled when first needed: most texts never get past a tale's first words."""
    return re.compile(text, re.IGNORECASE)


def observe(evidence: Evidence) -> Iterator[Observation]:
    """The tales that fit a short text; a long log is no story, and neither is one short sentence."""
    text = evidence.text
    if len(text) > 20_000 or text.count(" ") < FEWEST_BLANKS:
        return
    for tale in TALES:
        matches = list(takewhile(bool, (_pattern(wanted).search(text) for wanted in tale.all_of)))
        if len(matches) < len(tale.all_of) or any(_pattern(unwanted).search(text) for unwanted in tale.none_of):
            continue
        first = matches[0]
        assert first is not None
        order = text.count("\n", 0, first.start()) + 1
        yield observed(
            RULE, tale.strength, tale.causes, tale.what, where=f"line {order}",
            quote=" … ".join(match[0].strip()[:60] for match in matches if match), detail=tale.detail, order=order,
        )  # fmt: skip
