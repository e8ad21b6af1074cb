"""The public answer to a refusal: status, challenges, problem details. Nothing in it comes from the credential."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from authwhy.causes import Cause, Public
from authwhy.guard.answers import Demand, Deny, HeaderLines
from authwhy.guard.decide import Outcome
from authwhy.guard.public import PublicAnswer, translate
from authwhy.guard.schemes.interface import Asked, Provider
from authwhy.guard.view import View
from authwhy.model.problem import MEDIA_TYPE, Problem

_CHALLENGED = frozenset((400, 401))
_UNKNOWN, _SEE_OTHER = 401, 303
_TYPE = "urn:authwhy:problem:"
_NO_STORE = (b"cache-control", b"no-store")
_CONTENT_TYPE = (b"content-type", MEDIA_TYPE.encode())
_DESCRIPTIONS = {
    "malformed": "The token cannot be read",
    "expired": "The token has expired",
    "not_yet_valid": "The token is not valid yet",
    "insufficient_scope": "The token does not grant the scope",
    "stronger_authentication_required": "A stronger or more recent sign-in is required",
    "second_factor_required": "A second factor is required",
    "invalid_token": "The token is not accepted",
    "invalid_request": "The request holds more than one credential",
}
"""Every error_description there is (RFC 6750 section 3)."""


class Manner(Struct, frozen=True):
    """How a service answers: see the keywords of Guard."""

    strict: bool = False
    malformed_status: int = 401
    retry_after: int = 5
    resource_metadata: str | None = None
    popup: bool = False


class Answer(Struct, frozen=True):
    """What is sent."""

    status: int
    public: Public
    code: str | None
    headers: HeaderLines
    body: bytes
    retry_after: int | None


def answer(
    outcome: Outcome, providers: Mapping[str, Provider], view: View, now: int, manner: Manner, ref: str
) -> Answer:
    """The whole answer to a refused request."""
    name, deny = outcome.primary()
    told = told_of(deny, providers.get(name) if name is not None else None, manner)
    retry_after = _retry_after(deny, told.status, manner)
    asks = told.status in _CHALLENGED or deny.cause is Cause.INSUFFICIENT_SCOPE
    every = list(_asked(name, outcome, told, providers, view, now, manner)) if asks else []
    location = _elsewhere(every, view) if told.status == _UNKNOWN else None
    status = told.status if location is None else _SEE_OTHER
    kind = _TYPE + told.code if told.code else "about:blank"
    body = Problem(kind, told.title, status, told.code, ref, retry_after).to_json()
    lines = [_CONTENT_TYPE, (b"content-length", b"%d" % len(body)), _NO_STORE]
    if retry_after is not None:
        lines.append((b"retry-after", b"%d" % retry_after))
    if location is not None:
        lines.append((b"location", location.encode("latin-1", "replace")))
    else:
        lines.extend((b"www-authenticate", line.encode("latin-1", "replace")) for line in _challenges(every))
    lines.extend(deny.headers)
    return Answer(status, told.public, told.code, tuple(lines), body, retry_after)


def told_of(deny: Deny, provider: Provider | None, manner: Manner) -> PublicAnswer:
    """What may be told of a refusal by this provider."""
    return translate(
        deny.cause,
        password_like=provider is not None and provider.password_like,
        attested=deny.failures[0].attested,
        everyone=deny.everyone,
        strict=manner.strict,
        malformed_status=manner.malformed_status,
    )


def _retry_after(deny: Deny, status: int, manner: Manner) -> int | None:
    if deny.retry_after is not None:
        return deny.retry_after
    seconds = deny.failures[0].facts.get("retry_s") if status == 503 else None
    if type(seconds) is int and seconds > 0:  # the pause until what failed is tried again
        return seconds
    return manner.retry_after if status in (429, 503) else None


def _asked(
    name: str | None,
    outcome: Outcome,
    told: PublicAnswer,
    providers: Mapping[str, Provider],
    view: View,
    now: int,
    manner: Manner,
) -> Iterator[tuple[Provider, Asked]]:
    """Every provider of the rule that did not accept, and what it is asked for; the caller's own scheme first."""
    background = not manner.popup and is_background(view)
    leading = outcome.primary()[1]
    first = [name] if name is not None and leading.claimed else []
    for one in dict.fromkeys([*first, *outcome.refused]):
        provider = providers.get(one)
        if provider is None:  # no provider was asked at all
            continue
        deny = outcome.refused.get(one)
        presented = deny if deny is not None and deny.claimed else None
        cause = presented.cause if presented is not None else Cause.MISSING
        own = (
            told
            if presented is None or presented is leading
            else translate(cause, password_like=provider.password_like, strict=manner.strict)
        )
        asked = Asked(cause, own, presented, view, outcome.demand, now, background, manner.resource_metadata)
        yield provider, asked


def _challenges(every: Iterable[tuple[Provider, Asked]]) -> list[str]:
    """One line for each scheme (RFC 9110 section 11.6.1)."""
    lines: dict[str, list[str]] = {}
    for provider, asked in every:
        for line in _lines(provider, asked):
            lines.setdefault(line.split(" ", 1)[0].lower(), []).append(line)
    kept: list[str] = []
    for scheme, same in lines.items():
        kept += dict.fromkeys(same) if scheme == "digest" else same[:1]  # Digest has a line for each algorithm
    return kept


def _lines(provider: Provider, asked: Asked) -> list[str]:
    """A provider's challenges without what could end a line; one that cannot say them still refuses."""
    try:
        said: object = provider.challenge(asked)
    except Exception:  # noqa: BLE001  the refusal is decided, and must be answered and told
        return []
    return [_legal(line) for line in said if isinstance(line, str)] if isinstance(said, tuple | list) else []


def _elsewhere(every: Iterable[tuple[Provider, Asked]], view: View) -> str | None:
    """The sign-in page, for a person who opened a page of ours."""
    if not is_navigation(view):
        return None
    for provider, asked in every:
        try:
            location = provider.redirect(asked)
        except Exception:  # noqa: BLE001, S112  without a page to go to, the refusal is told in place
            continue
        if location:
            return _legal(location)
    return None


def is_background(view: View) -> bool:
    """A call made by a script in a page: a Basic challenge would open the browser's password window."""
    mode = view.header(b"sec-fetch-mode")
    if mode is not None:
        return mode.lower() not in ("navigate", "nested-navigate")
    return (view.header(b"x-requested-with") or "").lower() == "xmlhttprequest"


def is_navigation(view: View) -> bool:
    """A person's browser opening a page (Fetch Metadata, else Accept): it can follow a redirect to a sign-in page."""
    if view.method not in ("GET", "HEAD") or view.protocol != "http":
        return False
    mode = view.header(b"sec-fetch-mode")
    if mode is not None:
        return mode.lower() == "navigate"
    return "text/html" in (view.header(b"accept") or "").lower()


def bearer_challenge(scheme: str, realm: str | None, asked: Asked, **more: str) -> str:
    """A challenge in the manner of RFC 6750 section 3, RFC 9449 section 7.1, RFC 9470 section 3, RFC 9728 section 5.1.

    `error` only when something was presented, and nothing of it in strict mode.
    """
    pairs: dict[str, str] = {"realm": realm} if realm else {}
    told = asked.public
    if asked.deny is not None and told.code is not None and (error := _bearer_error(asked.cause, told)):
        pairs["error"] = error
        description = _DESCRIPTIONS.get(told.code) or _DESCRIPTIONS.get(error)
        if description:
            pairs["error_description"] = description
        pairs |= _demanded(asked.demand, error)
    pairs |= more
    if asked.resource_metadata:
        pairs["resource_metadata"] = asked.resource_metadata
    return challenge(scheme, pairs)


def _demanded(demand: Demand, error: str) -> dict[str, str]:
    pairs = {}
    if error == "insufficient_scope" and demand.scope:
        pairs["scope"] = " ".join(sorted(demand.scope))
    if error == "insufficient_user_authentication":
        if demand.acr:
            pairs["acr_values"] = " ".join(demand.acr)
        if demand.max_age is not None:
            pairs["max_age"] = str(demand.max_age)
    return pairs


def _bearer_error(cause: Cause, told: PublicAnswer) -> str | None:
    """The error code of RFC 6750 section 3.1 and RFC 9470 section 3 for a public class."""
    if cause is Cause.STALE_NONCE:
        return "use_dpop_nonce"
    return {
        Public.INVALID_REQUEST: "invalid_request",
        Public.INVALID_TOKEN: "invalid_token",
        Public.INVALID_CREDENTIALS: "invalid_token",
        Public.INSUFFICIENT_SCOPE: "insufficient_scope",
        Public.STRONGER_AUTHENTICATION_REQUIRED: "insufficient_user_authentication",
    }.get(told.public)


def challenge(scheme: str, parameters: Mapping[str, Any]) -> str:
    """A challenge with quoted parameters (RFC 9110 section 11.2)."""
    return (
        scheme + " " * bool(parameters) + ", ".join(f'{name}="{quoted(value)}"' for name, value in parameters.items())
    )


def quoted(text: str) -> str:
    """Text for a quoted-string (RFC 9110 section 5.6.4): quotes escaped, nothing that could end the line."""
    return _legal(text).replace("\\", "\\\\").replace('"', '\\"')


def _legal(text: str) -> str:
    """Without control characters (RFC 9110 section 5.5)."""
    return text if text.isprintable() else "".join(letter for letter in text if letter >= " " and letter != "\x7f")
