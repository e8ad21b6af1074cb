"""What an HTTP exchange shows without knowing the vendor: scheme against challenge, the hop, the status."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise

from authwhy.causes import Cause
from authwhy.diagnose.observation import Observation, Strength, observed
from authwhy.diagnose.observe.credential import request_slots
from authwhy.evidence.challenge import parse_challenges
from authwhy.model.evidence import Evidence, Exchange, HttpRequest, HttpResponse

RULE = "http"
# Options of curl whose credentials stand elsewhere, or are only sent in a later round.
UNSEEN = (
    "-H @", "--header @", "-K", "--config", "-n", "--netrc", "--digest", "--ntlm", "--negotiate", "--anyauth",
    "--aws-sigv4", "-E", "--cert",
)  # fmt: skip
REFUSING = (401, 403, 407)
_SETS: dict[int, tuple[Cause, ...]] = {
    403: (Cause.INSUFFICIENT_SCOPE, Cause.POLICY_BLOCKED, Cause.ADDRESS_NOT_ALLOWED),
    502: (Cause.PROVIDER_UNREACHABLE, Cause.PROVIDER_ERROR),
    503: (Cause.PROVIDER_UNREACHABLE, Cause.PROVIDER_ERROR),
    504: (Cause.PROVIDER_UNREACHABLE, Cause.PROVIDER_ERROR),
    500: (Cause.PROVIDER_ERROR, Cause.MISCONFIGURED),
    410: (Cause.UNSUPPORTED_SCHEME, Cause.WRONG_ENDPOINT),  # a way of signing in that was retired
    419: (Cause.CSRF_FAILED, Cause.SESSION_INVALID),
}
_SURE: dict[int, tuple[Cause, str]] = {
    402: (Cause.PAYMENT_REQUIRED, "the server answers 402 Payment Required"),
    407: (Cause.PROXY_AUTH_REQUIRED, "a proxy answers 407: it wants credentials, not the service"),
    429: (Cause.RATE_LIMITED, "the server answers 429 Too Many Requests"),
    511: (Cause.ACTION_REQUIRED, "the network answers 511: it wants a sign-in of its own"),
}


def observe(evidence: Evidence) -> Iterator[Observation]:
    """Every exchange by itself, then each pair of neighbours for what a hop removed."""
    exchanges = paired(evidence)
    yield from _named_header(evidence)
    if not any(exchange.response for exchange in exchanges):
        yield from _bare_status(evidence)
        return
    final = [exchange for exchange in exchanges if exchange.response is None or exchange.response.status >= 400]
    for exchange in final[:50]:
        yield from _exchange(exchange, evidence)
    for before, after in pairwise(exchanges):
        yield from _hop(before, after)


def paired(evidence: Evidence) -> tuple[Exchange, ...]:
    """The exchanges; one curl command beside a lone response is its request, if the command shows all it sends."""
    exchanges = evidence.exchanges
    if len(evidence.commands) != 1 or any(exchange.request for exchange in exchanges):
        return exchanges
    command = evidence.commands[0]
    if any(option.startswith(UNSEEN) for option in command.options) or "@" in command.request.url.partition("?")[0]:
        return exchanges
    return tuple(Exchange(command.request, one.response, "curl command", one.at) for one in exchanges)


def sent(request: HttpRequest) -> bool:
    """True when the request carries any credential in a header or its URL."""
    names = {name.lower() for name, _ in request.headers}
    if names & {"authorization", "cookie", "x-api-key", "api-key", "private-token", "x-auth-token", "apikey"}:
        return True
    if any(re.search(r"api[-_]?key|token|secret|signature", name) and "csrf" not in name for name in names):
        return True
    return (
        re.search(r"[?&](?:access_token|token|api_?key|key|sig|signature|X-Amz-Signature)=", request.url, re.I)
        is not None
    )


def reads_scheme(exchange: Exchange) -> bool:
    """True when the challenge of the refusal offers the very scheme that the request used."""
    if exchange.request is None or exchange.response is None:
        return False
    used = (exchange.request.header("Authorization") or "").partition(" ")[0].lower()
    return used != "" and used in _offered(exchange.response)


def _offered(response: HttpResponse) -> tuple[str, ...]:
    challenges = parse_challenges(response.header("WWW-Authenticate") or "")
    return tuple(dict.fromkeys(challenge.scheme.lower() for challenge in challenges))


def _exchange(exchange: Exchange, evidence: Evidence) -> Iterator[Observation]:
    request, response = exchange.request, exchange.response
    if response is None:
        return
    if response.status in _SURE:
        cause, what = _SURE[response.status]
        yield observed(RULE, Strength.SAID, cause, what, where=exchange.where, status=response.status)
    if response.status == 401:
        yield from _unauthorized(exchange, request, response, evidence)
    elif response.status in _SETS:
        quote = f"{response.status} {response.reason}".strip()
        yield observed(
            RULE,
            Strength.HINT,
            _SETS[response.status],
            "the status alone does not say which",
            where=exchange.where,
            quote=quote,
        )
    if request is not None and response.status in (400, 401, 403) and (two := _two_credentials(request)):
        strength = Strength.SEEN if response.status == 400 else Strength.HINT
        yield observed(
            RULE, strength, Cause.AMBIGUOUS, f"the request carries two credentials: {two}", where=exchange.where
        )
    if request is not None and request.method == "OPTIONS" and response.status in REFUSING:
        yield observed(
            RULE, Strength.SEEN, Cause.STRIPPED_IN_TRANSIT,
            "a CORS preflight carries no credentials by design, and the server demands them of it",
            where=exchange.where, detail="preflight", status=response.status,
        )  # fmt: skip


def _two_credentials(request: HttpRequest) -> str | None:
    """Two Authorization headers, or one beside a token or signature in the address (RFC 6750 section 2)."""
    headers = [name for name, _ in request.headers if name.lower() == "authorization"]
    if len(headers) > 1:
        return "two Authorization headers"
    query = re.search(r"[?&](access_token|X-Amz-Signature|sig|Signature)=", request.url)
    return f"an Authorization header and {query[1]} in the address" if headers and query else None


def _unauthorized(
    exchange: Exchange, request: HttpRequest | None, response: HttpResponse, evidence: Evidence
) -> Iterator[Observation]:
    header = response.header("WWW-Authenticate") or ""
    offered = _offered(response)
    where = exchange.where
    if request is None or not (request.headers or exchange.where.startswith(("curl", "HAR"))):
        causes = (Cause.MISSING, Cause.WRONG_SECRET, Cause.UNKNOWN_IDENTITY) if request is None else (Cause.MISSING,)
        yield observed(RULE, Strength.HINT, causes, "401 without a stated reason", where=where, quote=header[:200])
        return
    if not sent(request):
        yield observed(
            RULE, Strength.SEEN, Cause.MISSING, "the request carries no credentials", where=where,
            quote=f"WWW-Authenticate: {header}"[:200] if header else "", offered=offered,
        )  # fmt: skip
        yield from _underscore_header(request, where)
        return
    used = next((slot.scheme for slot in request_slots(request, where, evidence) if slot.scheme), None)
    if offered and request.header("Authorization") is None and request.header("Cookie") is None:
        yield observed(
            RULE, Strength.SEEN, (Cause.UNSUPPORTED_SCHEME, Cause.MISSING),
            f"the server asks for {', '.join(offered)} in Authorization; the credential was sent in another slot",
            where=where, offered=offered,
        )  # fmt: skip
    elif offered and used and used.lower() not in offered:
        yield observed(
            RULE, Strength.SEEN, Cause.UNSUPPORTED_SCHEME,
            f"sent as {used}, but the server offers {', '.join(offered)}",
            where=where, quote=f"WWW-Authenticate: {header}"[:200], offered=offered, seen=used,
        )  # fmt: skip
    elif used and used.lower() == "basic":
        yield observed(
            RULE,
            Strength.HINT,
            (Cause.WRONG_SECRET, Cause.UNKNOWN_IDENTITY),
            "name and password were sent and refused",
            where=where,
        )
    elif used:
        yield observed(
            RULE,
            Strength.HINT,
            (Cause.EXPIRED, Cause.REVOKED, Cause.WRONG_AUDIENCE),
            "a token was sent and refused",
            where=where,
        )
    else:
        yield observed(
            RULE, Strength.HINT, (Cause.WRONG_SECRET, Cause.REVOKED), "a credential was sent and refused", where=where
        )


@cache
def _wanted_header() -> re.Pattern[str]:
    name = r"[\"'`]?\b(authorization|api-?key|x-[a-z][a-z-]{1,30}|[a-z]{2,20}-(?:key|token|secret))[\"'`]?"
    return re.compile(
        rf"{name} (?:http |request )?header (?:is |was )?(?:required|missing|not (?:found|provided|present|set))\b"
        rf"|\b(?:missing|requires?|required|expected|no) (?:an? |the |your |valid ){{0,2}}{name}"
        r" (?:http |request )?header\b",
        re.IGNORECASE,
    )


def _named_header(evidence: Evidence) -> Iterator[Observation]:
    """The answer names the header it reads, and the request carries its credential in another one."""
    text = evidence.text[:200_000]
    match = _wanted_header().search(text) if "eader" in text else None
    if match is None:
        return
    wanted = (match[1] or match[2]).lower()
    requests = [one.request for one in evidence.exchanges if one.request] + [one.request for one in evidence.commands]
    if not requests or any(request.header(wanted) is not None or not sent(request) for request in requests[:50]):
        return
    order = text.count("\n", 0, match.start()) + 1
    yield observed(
        RULE, Strength.SEEN, Cause.UNSUPPORTED_SCHEME,
        f"the server reads the header {wanted}; the credential was sent in another slot",
        where=f"line {order}", quote=match[0], order=order, expected=wanted,
    )  # fmt: skip


def _underscore_header(request: HttpRequest, where: str) -> Iterator[Observation]:
    name = next((name for name, _ in request.headers if "_" in name), None)
    if name:
        yield observed(
            RULE, Strength.SEEN, Cause.STRIPPED_IN_TRANSIT,
            f"the header name {name} has an underscore; nginx, Apache and WSGI servers drop such headers",
            where=where, detail="header_name",
        )  # fmt: skip


def _hop(before: Exchange, after: Exchange) -> Iterator[Observation]:
    """Credentials on the first request, a redirect to another host, none on the second (RFC 9110 15.4, curl, fetch)."""
    first, second = before.request, after.request
    redirect, refused = before.response, after.response
    if not (first and second and redirect and refused) or redirect.status not in (301, 302, 303, 307, 308):
        return
    location = redirect.header("Location") or second.url
    if refused.status not in REFUSING or not sent(first) or sent(second):
        return
    old, new = _origin(first), _authority(location) or _origin(second)
    yield observed(
        RULE, Strength.SEEN, Cause.STRIPPED_IN_TRANSIT,
        f"the credentials were sent to {old or 'the first host'}; the redirect to {new or 'another origin'}"
        " was followed without them",
        where=after.where, detail="redirect", side="path",
    )  # fmt: skip


def _origin(request: HttpRequest) -> str:
    return _authority(request.url) or request.header("Host") or ""


def _authority(url: str) -> str:
    """Host and port of an absolute address (RFC 3986 3.2), without user information; empty for a path."""
    match = re.match(r"[A-Za-z][A-Za-z0-9+.-]{0,30}://([^/?#]{0,300})", url)
    return match[1].rpartition("@")[2][:100] if match else ""


@cache
def _status_words() -> re.Pattern[str]:
    return re.compile(
        r"(?:\b(?:HTTP(?:/\d(?:\.\d)?)?|status(?:[ _-]?code)?|error(?: code)?|code|returned error|response(?: code)?)\b"
        r"['\"]?[ :=(]{0,3}(401|402|403|407|419|429|500|502|503|504)\b"
        r"|\b(401|402|403|407|419|429|502|503|504) "
        r"(?:Unauthorized|Payment|Forbidden|Proxy|Too Many|Bad Gateway|Service|Gateway|Client Error)"
        r"|\b(?:Gone|Unauthorized|Forbidden) \((401|403|410)\)|\b(unauthorized|forbidden)\b)",
        re.IGNORECASE,
    )


def _bare_status(evidence: Evidence) -> Iterator[Observation]:
    """A status named in prose, with no exchange around it."""
    text = evidence.text[:400_000]
    if not any(word in text for word in ("40", "41", "42", "50", "nauthorized", "orbidden", "NAUTHORIZED", "ORBIDDEN")):
        return
    match = _status_words().search(text)
    if match is None:
        return
    status = int(match[1] or match[2] or match[3] or (401 if match[4].lower() == "unauthorized" else 403))
    order = evidence.text.count("\n", 0, match.start()) + 1
    if status in _SURE:
        causes: tuple[Cause, ...] = (_SURE[status][0],)
        strength = Strength.PHRASE
    else:
        causes = _SETS.get(status, (Cause.WRONG_SECRET, Cause.EXPIRED, Cause.MISSING))
        strength = Strength.HINT
    yield observed(
        RULE,
        strength,
        causes,
        "the status alone does not say which",
        where=f"line {order}",
        quote=match[0],
        order=order,
        status=status,
    )
