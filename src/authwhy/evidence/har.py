"""HTTP Archives (HAR 1.2): the entries that bear on authentication, with their neighbours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from authwhy.evidence.decode import whole, without_forgeries
from authwhy.evidence.redact import hide_repeats, redact_part
from authwhy.evidence.redaction.randomness import hide_random
from authwhy.evidence.redaction.shapes import hide_known_tokens
from authwhy.evidence.redaction.web import redact_header, redact_parameters, redact_urls
from authwhy.model.evidence import Exchange, HttpRequest, HttpResponse
from authwhy.model.secret import Vault

MAX_HAR = 100_000_000
_MAX_KEPT = 200
_MAX_BODY = 65_536
_REFUSING = frozenset([401, 402, 403, 407, 419, 429, 440, 498, 499, 511])
_FLOW = (
    "/token", "/authorize", "/oauth", "/oidc", "/openid", "/saml", "/login", "/signin", "/sign-in", "/callback", "/sso",
    "/.well-known/", "/userinfo", "/introspect", "/revoke", "/logout", "/session", "/auth/", "/adfs/", "/mfa",
)  # fmt: skip
_BREAK = "\ue002"


class Archive(NamedTuple):
    """The kept exchanges, the same as safe text, and what was left out."""

    exchanges: tuple[Exchange, ...]
    text: str
    notes: tuple[str, ...]


def is_har(text: str | bytes) -> bool:
    """A cheap look: a JSON object with `log` and `entries` near its beginning, or an entry of one."""
    head = text[:4096]
    if isinstance(head, bytes):
        head = head.decode("utf-8", "replace")
    head = head.lstrip("\ufeff \t\r\n")
    return head[:1] in ("{", "[") and (
        '"entries"' in head or ('"log"' in head[:200] and '"version"' in head) or '"startedDateTime"' in head
    )


def read_har(data: str | bytes, vault: Vault) -> Archive | None:
    """Read an archive; None when the input is not JSON or holds no entries. Never raises."""
    from msgspec import DecodeError, json

    if isinstance(data, str):
        data = data.encode("utf-8", "replace")
    try:
        decoded = json.decode(data.removeprefix(b"\xef\xbb\xbf"))
    except (DecodeError, RecursionError, UnicodeDecodeError):
        return None
    entries = _entries(decoded)
    if not entries:
        return None
    kept = _relevant(entries)
    exchanges = [_exchange(entries[index], index, vault) for index in kept]
    exchanges = _without_repeats(exchanges, vault)
    notes = () if len(kept) == len(entries) else (f"HAR: kept {len(kept)} of {len(entries):,} entries",)
    return Archive(tuple(exchanges), "\n\n".join(_as_text(exchange) for exchange in exchanges), notes)


def _entries(decoded: object) -> list[dict[str, Any]]:
    if isinstance(decoded, dict):
        log = decoded.get("log", decoded)
        decoded = log.get("entries", [decoded] if "request" in decoded else []) if isinstance(log, dict) else []
    return (
        [entry for entry in decoded if isinstance(entry, dict) and "request" in entry]
        if isinstance(decoded, list)
        else []
    )


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return without_forgeries(whole(value)).replace(_BREAK, "") if isinstance(value, str) else ""


def _relevant(entries: list[dict[str, Any]]) -> list[int]:
    """Refusals with their neighbours on the same host, redirects to another host, sign-in endpoints."""
    wanted: dict[int, int] = {}
    hosts = [_host(_text(_map(entry.get("request")).get("url"))) for entry in entries]
    last_of_host: dict[str, int] = {}
    waiting: set[str] = set()
    for index, entry in enumerate(entries):
        rank = _rank(entry, hosts[index])
        if hosts[index] in waiting:
            waiting.discard(hosts[index])
            wanted.setdefault(index, 3)
        if rank is not None:
            wanted[index] = min(rank, wanted.get(index, rank))
        if rank == 0:
            waiting.add(hosts[index])
            if (before := last_of_host.get(hosts[index])) is not None:
                wanted.setdefault(before, 3)
        last_of_host[hosts[index]] = index
    if not wanted:
        wanted = dict.fromkeys(range(max(0, len(entries) - 20), len(entries)), 4)
    best = sorted(wanted, key=lambda index: (wanted[index], index))[:_MAX_KEPT]
    return sorted(best)


def _rank(entry: Mapping[str, Any], host: str) -> int | None:
    """0 refused, 1 sign-in endpoint or redirect elsewhere, 2 another failure; None: of no interest."""
    response = _map(entry.get("response"))
    status = response.get("status")
    if isinstance(status, int) and status in _REFUSING:
        return 0
    url = _text(_map(entry.get("request")).get("url"))
    path = url.partition("?")[0].lower()
    if any(word in path for word in _FLOW) and not path.endswith(
        (".js", ".css", ".png", ".svg", ".woff2", ".map", ".ico")
    ):
        return 1
    location = _text(response.get("redirectURL"))
    if location.startswith("http") and _host(location) != host:
        return 1
    failed = not isinstance(status, int) or status == 0 or status >= 400
    return 2 if failed or "error=" in url else None


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0].partition("?")[0].rpartition("@")[2].lower()


def _exchange(entry: Mapping[str, Any], index: int, vault: Vault) -> Exchange:
    request, response = _map(entry.get("request")), _map(entry.get("response"))
    status = response.get("status")
    received = None
    if isinstance(status, int) and status > 0:
        reason = _text(response.get("statusText"))
        content = _map(response.get("content"))
        received = HttpResponse(status, reason, _headers(response, vault, "Set-Cookie"), _content(content, vault))
    url = hide_random(hide_known_tokens(redact_urls(_text(request.get("url")), vault), vault), vault)
    sent = HttpRequest(_text(request.get("method")), url, _headers(request, vault, "Cookie"), _posted(request, vault))
    return Exchange(sent, received, f"HAR entry {index + 1}", _moment(_text(entry.get("startedDateTime"))))


def _headers(message: Mapping[str, Any], vault: Vault, cookie: str) -> tuple[tuple[str, str], ...]:
    """Header fields; cookies listed apart are added as a field when none is there (browsers leave it out)."""
    fields = list(_fields(message.get("headers")))
    if not any(name.lower() == cookie.lower() for name, _ in fields):
        cookies = [f"{name}={value}" for name, value in _fields(message.get("cookies"))]
        fields += (
            [(cookie, "; ".join(cookies))] if cookie == "Cookie" and cookies else [(cookie, one) for one in cookies]
        )
    return tuple((name, hide_known_tokens(redact_header(name, value, vault), vault)) for name, value in fields[:300])


def _fields(value: object) -> Iterator[tuple[str, str]]:
    for field in value if isinstance(value, list) else []:
        if isinstance(field, dict) and (name := _text(field.get("name"))):
            yield name, _text(field.get("value"))


def _posted(request: Mapping[str, Any], vault: Vault) -> str:
    posted = _map(request.get("postData"))
    text = _text(posted.get("text"))[:_MAX_BODY]
    if not text:
        text = "&".join(f"{name}={value}" for name, value in _fields(posted.get("params")))
        return redact_parameters(text, vault)
    if "form-urlencoded" in _text(posted.get("mimeType")):
        return redact_parameters(text, vault)
    return redact_part(text, vault)


def _content(content: Mapping[str, Any], vault: Vault) -> str:
    text = _text(content.get("text"))
    if content.get("encoding") == "base64":
        if not any(word in _text(content.get("mimeType")) for word in ("json", "text", "xml", "html", "form")):
            return ""
        text = _decoded(text)
    return redact_part(text[:_MAX_BODY], vault)


def _decoded(text: str) -> str:
    from base64 import b64decode

    try:
        return without_forgeries(b64decode(text[: _MAX_BODY * 2 // 4 * 4]).decode("utf-8", "replace"))
    except ValueError:
        return ""


def _moment(text: str) -> float | None:
    if not text:
        return None
    from datetime import datetime

    try:
        moment = datetime.fromisoformat(text)
        return moment.timestamp() if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _without_repeats(exchanges: list[Exchange], vault: Vault) -> list[Exchange]:
    """Secrets of one entry that stand openly in another (a session id in a path) are hidden there as well."""
    pieces: list[str] = []
    for exchange in exchanges:
        pieces += _pieces(exchange)
    safe = iter(hide_repeats(_BREAK.join(pieces), vault).split(_BREAK))
    return [_rebuilt(exchange, safe) for exchange in exchanges]


def _pieces(exchange: Exchange) -> Iterator[str]:
    request, response = exchange.request, exchange.response
    if request is not None:
        yield from (request.url, request.body, *(value for _, value in request.headers))
    if response is not None:
        yield from (response.reason, response.body, *(value for _, value in response.headers))


def _rebuilt(exchange: Exchange, safe: Iterator[str]) -> Exchange:
    request, response = exchange.request, exchange.response
    if request is not None:
        url, body = next(safe), next(safe)
        request = HttpRequest(request.method, url, tuple((name, next(safe)) for name, _ in request.headers), body)
    if response is not None:
        reason, body = next(safe), next(safe)
        response = HttpResponse(
            response.status, reason, tuple((name, next(safe)) for name, _ in response.headers), body
        )
    return Exchange(request, response, exchange.where, exchange.at)


def _as_text(exchange: Exchange) -> str:
    """The exchange as HTTP text, for the lexicon."""
    lines: list[str] = []
    if (request := exchange.request) is not None:
        lines += [
            f"{request.method} {request.url}",
            *(f"{name}: {value}" for name, value in request.headers),
            "",
            request.body,
        ]
    if (response := exchange.response) is not None:
        lines += [f"HTTP/1.1 {response.status} {response.reason}"]
        lines += [*(f"{name}: {value}" for name, value in response.headers), "", response.body]
    return "\n".join(lines)
