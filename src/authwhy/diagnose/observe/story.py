"""The story around a failure: contrast, change, age, the server in between. Words that split what a code leaves open."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import takewhile

from msgspec import Struct

from authwhy.causes import Cause
from authwhy.diagnose.observation import Observation, Strength, observed
from authwhy.diagnose.observe.topic import is_about_authentication
from authwhy.model.evidence import Evidence

RULE = "story"
C = Cause
FEWEST_BLANKS = 6
LONGEST = 6_000  # characters; what is longer is a log, a document or a program


class Tale(Struct, frozen=True):
    """Words that must all be found (each a pattern over one text), what they speak for, and why."""

    all_of: tuple[str, ...]
    causes: tuple[Cause, ...]
    what: str
    strength: Strength = Strength.PHRASE
    detail: str | None = None
    none_of: tuple[str, ...] = ()


_NO_CREDENTIALS = r"not provided|missing|no credentials|none\b|401|required|empty|keeps? prompting|anonymous"
_REFUSAL = (
    r"fail|denied|refus|reject|\b40[13]\b|invalid|incorrect|not accept|n.t accept|wrong|no longer|keeps? asking|error"
)
_CODE = r"\b(?:totp|2fa|two.factor|second factor|otp|one.time|authenticator|mfa)\b"

TALES: tuple[Tale, ...] = (
    Tale(
        (r"mod_wsgi|mod_fcgid|fastcgi|\bcgi\b|php-fpm|passenger|under apache|behind apache", _NO_CREDENTIALS,
         r"\bheaders?\b|authori[sz]ation|credential|\b401\b|remote_user|password|bearer|basic auth"),
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
        (r"(?:turned|switched) on (?:two.factor|2fa|mfa)|(?:activated|set up) (?:two.factor|2fa|mfa)|enabled? two.factor|two.factor (?:auth\w* )?(?:is )?(?:enabled|on|active)|2fa (?:is )?(?:enabled|on|active)|enabled 2fa",
         r"password|authentication failed|denied|401", _REFUSAL),
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
        (
            (r"system clock synchronized: no|ntp (?:service|synchronized): (?:inactive|no)\b|ntp (?:is |was )?(?:off|disabled|not running)"
            r"|\b(?:clock|time|date|ntpq|chronyc|server|host|vm)\b[^\n]{0,40}\b\d+ ?(?:s|sec|seconds?|min|minutes?|hours?|h|days?) (?:behind|ahead|slow|fast|off)\b"),
            r"token|jwt|expired|signature|skew|otp|401|403|valid",
        ),
        (C.CLOCK_SKEW,),
        "the story itself says that the clock is off or not synchronised",
    ),
    Tale(
        (
            (r"\b(?:pushed|committed|leaked|exposed|published|posted|checked in)\b[^\n]{0,60}(?:\b(?:token|key|secret|credentials?)\b|\.env\b)"
            r"[^\n]{0,80}\b(?:public|github|gitlab|repo|repository|npm|forum|screenshot|gist)\b"),
            r"401|403|bad credentials|invalid|unauthorized|denied|revoked|stopped",
        ),
        (C.REVOKED,),
        "a credential that was published is found by scanners and revoked, often within minutes",
    ),
    Tale(
        (r"\b(?:two|2|three|3|several|multiple|more|second) (?:pods?|instances?|replicas?|nodes|workers|servers|dynos|containers|processes)\b|load.?balanc|\bscal(?:ed|ing) (?:to|up|out)\b",
         r"memorystore|in.memory|logged out|random|every (?:second|other) request|sometimes", r"session|cookie|not logged in"),
        (C.SESSION_INVALID, C.STATE_MISMATCH),
        "each instance keeps sessions of its own: a request that lands on another one is a stranger there",
    ),
    Tale(
        (r"\bheaders?\b[ :`'\"]{1,4}(?:named? |called )?[`'\"]?[a-z]{2,20}_[a-z_]{2,30}\b|\b[a-z]{2,20}_[a-z_]{2,30}[`'\"]? (?:http |request )?header\b",
         r"\b(?:nginx|apache|proxy|ingress|wsgi|gateway|load.?balancer|behind|cloudfront)\b",
         r"401|403|missing|no header|not (?:found|present|received|forwarded|reach)|empty|dropped|ignored"),
        (C.STRIPPED_IN_TRANSIT,),
        "the header's name has an underscore; nginx, Apache and WSGI servers drop such headers",
        Strength.SAID,
        "header_name",
        none_of=(r"underscores_in_headers +on|authorization_header|authorization header|www_authenticate|proxy_set_header +\w+_\w+",),
    ),
    Tale(
        (r"\b(?:domain|account|project|organi[sz]ation|workspace|tenant|site|instance|subscription)\b[^\n]{0,40}\b(?:in|on|is) (?:the |our )?(?:eu|us|uk|au|european|australian)\b ?(?:region|data.?cent(?:er|re)|cloud|site|instance|zone|server)",
         r"401|403|unauthorized|forbidden|invalid|denied|not found"),
        (C.WRONG_ENDPOINT,),
        "the account lives in a region of its own, and its credentials count only at that region's host",
    ),
    Tale(
        (r"json\.stringify\b|json\.dumps\b|json_encode\b|\.to_json\b|\b(?:querystring|qs)\.stringify\b|\burlencode\(", r"hmac|signature",
         r"not match|mismatch|invalid|fail|differ|wrong|401|403"),
        (C.BAD_SIGNATURE,),
        "the body is written anew before it is signed or checked: sign the bytes that came over the wire",
        detail="body_changed",
    ),
    Tale(
        ((r"\btrial (?:period )?(?:has |is )?(?:ended|expired|over)\b"
         r"|\b(?:subscription|plan|licen[cs]e) (?:has |is |was )?(?:expired|ended|lapsed|inactive|cancell?ed|frozen|suspended|past due)\b"
         r"|\b(?:invoice|payment)s? (?:is |are )?(?:overdue|past due|outstanding)\b"),),
        (C.PAYMENT_REQUIRED,),
        "the words speak of a trial, subscription or payment that has ended",
    ),
    Tale(
        ((r"\b(?:was|were|is|are|had|has)? ?still (?:set|exported|defined|in (?:the |my )?(?:env|environment|keychain|cache)|logged in|cached|stored|saved|has|had|holds|uses|using|points?|pointing)\b[^\n]{0,60}"
         r"\b(?:old|other|previous|last|former|wrong|different|another|bashrc|zshrc|profile)\b"
         r"|\b(?:old|other|previous|wrong|different) (?:account|user|identity|profile|key|token)\b[^\n]{0,40}\bstill (?:cached|stored|saved|set|used|there|active)\b"),
         r"401|403|denied|forbidden|invalid|unauthorized|does not have|not authorized"),
        (C.WRONG_CREDENTIAL_SELECTED,),
        "an older or other credential is still in place, and it is the one that was sent",
    ),
    Tale(
        (r"cookie|samesite|callback|oauth|login", r"cookie_secure ?[=:] ?false|samesite ?[=:]? ?none"),
        (C.SESSION_INVALID, C.STATE_MISMATCH),
        "a SameSite=None cookie without Secure is dropped by browsers, so the login state is lost",
        none_of=(r";[ \t]{0,4}secure\b", r"cookie_secure ?[=:] ?true"),
    ),
)  # fmt: skip


_REFUSED = r"(?i)\b(?:401|403)\b|unauthori[sz]ed|forbidden|invalid|denied|incorrect|not (?:found|valid)"
_REGION = r"(?:eu|us|uk|au|ap|ca|in|jp|na|sg|de)-?\d{0,2}"
_ABOUT = frozenset("www docs doc documentation help support developer developers status community blog".split())
MOST_HOSTS = 100


def _regions_apart(text: str) -> tuple[str, str] | None:
    """Two hosts of one service that differ in nothing but the region: app.example.eu and api.example.com."""
    seen: dict[str, tuple[str, str]] = {}
    for count, match in enumerate(re.finditer(r"https?://([A-Za-z0-9.-]{4,100})", text)):
        if count >= MOST_HOSTS:
            return None
        host = match[1].lower().strip(".")
        labels = host.split(".")
        if len(labels) < 3 or labels[0] in _ABOUT:
            continue
        region = next((label for label in labels[:-2] if re.fullmatch(_REGION, label)), "")
        region = region or ("eu" if labels[-1] == "eu" else "")
        other, first = seen.setdefault(labels[-2], (region, host))
        ends = {first.rsplit(".", 1)[-1], labels[-1]}
        if other != region and (len(ends) == 1 or ends == {"com", "eu"}):
            return first, host
    return None


@cache
def _pattern(text: str) -> re.Pattern[str]:
    """Compiled when first needed: most texts never get past a tale's first words."""
    return re.compile(text, re.IGNORECASE)


def observe(evidence: Evidence) -> Iterator[Observation]:
    """The tales that fit a short text; a long log is no story, and neither is one short sentence."""
    text = evidence.text
    if len(text) > LONGEST or text.count(" ") < FEWEST_BLANKS or not is_about_authentication(text):
        return
    if text.count("://") > 1 and (hosts := _regions_apart(text)) and re.search(_REFUSED, text):
        yield observed(
            RULE, Strength.PHRASE, Cause.WRONG_ENDPOINT,
            f"two regions of one service stand here, {hosts[0]} and {hosts[1]}: a credential of one is unknown in the other",
            quote=" … ".join(hosts),
        )  # fmt: skip
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
