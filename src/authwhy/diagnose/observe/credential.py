"""The shape of the credential itself: whitespace, quotes, a doubled prefix, a placeholder, nothing at all."""

from __future__ import annotations

import re
from base64 import b64decode, urlsafe_b64decode
from collections.abc import Callable, Iterator
from functools import cache

from msgspec import Struct

from authwhy.causes import Cause
from authwhy.diagnose.observation import Observation, Strength, observed
from authwhy.model.evidence import Evidence, HttpRequest

RULE = "credential"
SCHEMES = ("bearer", "basic", "token", "digest", "negotiate", "apikey", "dpop", "ntlm")
_NOTHING = frozenset({"undefined", "null", "none", "nil", "nan", "(null)", "<nil>", "[object object]"})


class Slot(Struct, frozen=True):
    """A credential where it was sent or configured. `value` is revealed: it must not leave this module."""

    name: str
    value: str
    where: str
    scheme: str | None = None
    order: int = 0


@cache
def _placeholder() -> re.Pattern[str]:
    word = r"(?:api|access|auth|secret|token|key|password|openai|openai_api|client|here|my|bot|github|app|service)"
    return re.compile(
        r"<[^>]{1,60}>|\$\{?\w{1,60}\}?|%\w{1,60}%|\{\{.{1,60}\}\}|x{6,}"
        rf"|(?:your|my|insert|enter|replace|paste|put|add)(?:[\s_*-]|$).{{0,60}}|change[\s_-]?me"
        rf"|(?:todo|dummy|example|placeholder|test_?key|secret_?key|foo|bar)|(?:{word}[_-]){{1,4}}{word}|sk-xxx.{{0,60}}",
        re.IGNORECASE | re.DOTALL,
    )


def is_placeholder(value: str) -> bool:
    """True for a template's words where a secret should stand: your-api-key, <token>, ${VAR}, changeme."""
    return len(value) <= 80 and _placeholder().fullmatch(value.strip("\"' ")) is not None


def is_nothing(value: str) -> bool:
    """True for the text that languages print for a variable that was never set."""
    return value.strip("\"' ").lower() in _NOTHING


def slots(evidence: Evidence) -> Iterator[Slot]:
    """Every credential of the requests and commands in the input."""
    requests = [(exchange.request, exchange.where) for exchange in evidence.exchanges if exchange.request]
    requests += [(command.request, command.where) for command in evidence.commands]
    for request, where in requests:
        yield from request_slots(request, where, evidence)


def request_slots(request: HttpRequest, where: str, evidence: Evidence) -> Iterator[Slot]:
    """The credentials of one request's headers."""
    for name, safe in request.headers:
        value = evidence.vault.reveal(safe)
        lower = name.lower()
        if lower in ("authorization", "proxy-authorization"):
            scheme, blank, rest = value.partition(" ")
            known = scheme.lower() in SCHEMES or blank
            yield Slot(name, rest if known else value, f"{where}: header {name}", scheme if known else None)
        elif re.search(r"api[-_]?key|[-_]token$|^token$|x-auth|[-_]key$|secret", lower) and "csrf" not in lower:
            yield Slot(name, value, f"{where}: header {name}")


def observe(evidence: Evidence) -> Iterator[Observation]:
    """Say what is wrong with the text of each credential, without showing it."""
    for slot in slots(evidence):
        if not _expanded_by_the_shell(slot, evidence.text):
            yield from judge_value(slot)
    yield from _registry_token(evidence)
    for setting in evidence.settings:
        if _names_a_credential(setting.key):
            value = evidence.vault.reveal(setting.value)
            slot = Slot(setting.key, value, setting.where or f"setting {setting.key}")
            yield from judge_value(slot, setting=True)


def _expanded_by_the_shell(slot: Slot, text: str) -> bool:
    """`"X-Api-Key: $KEY"` in a command: the shell puts the value in; only single quotes keep the name."""
    name = re.fullmatch(r"\$(\{?)([A-Za-z_]\w{0,59})(\}?)", slot.value.strip())
    if name is None or not slot.where.startswith(("line", "curl")):
        return False
    return f'{slot.value.strip()}"' in text[:200_000]


def _registry_token(evidence: Evidence) -> Iterator[Observation]:
    """A pypi- token names its own registry (macaroon v2, location packet) and goes with the name `__token__` only."""
    for setting in evidence.settings[:200]:
        value = evidence.vault.reveal(setting.value).strip("\"' ")
        location = _location(value) if value.startswith("pypi-") else None
        if location is None:
            continue
        other = {"pypi.org": "test.pypi.org/legacy", "test.pypi.org": "upload.pypi.org"}.get(location)
        if other is not None and other in evidence.text:
            yield observed(
                RULE, Strength.SEEN, Cause.WRONG_ISSUER,
                f"the token itself says it is for {location}, it went to {other}",
                where=setting.where or "", expected=location, seen=other,
            )  # fmt: skip
        names = [one.value for one in evidence.settings[:200] if re.search(r"(?i)(?:^|[._])user(?:name)?$", one.key)]
        if names and "__token__" not in evidence.text:
            yield observed(
                RULE, Strength.SEEN, (Cause.UNKNOWN_IDENTITY, Cause.UNSUPPORTED_SCHEME),
                "a token of this registry is sent with the user name __token__, not with the name of the account",
                where=setting.where or "", seen=names[0],
            )  # fmt: skip


def _location(token: str) -> str | None:
    """The location packet of a binary macaroon (version 2): type 1, length, text."""
    text = token[5:1029]
    try:
        raw = urlsafe_b64decode(text[: len(text) // 4 * 4])
    except ValueError:
        return None
    if raw[:2] != b"\x02\x01" or len(raw) < 3:
        return None
    return raw[3 : 3 + raw[2]].decode("ascii", "replace")


def _names_a_credential(key: str) -> bool:
    last = key.replace("-", "_").rsplit(".", 1)[-1].lower()
    return re.search(r"(?:^|_)(?:api_?key|access_?key|secret|secret_?key|token|password|passwd)$", last) is not None


def judge_value(slot: Slot, *, setting: bool = False) -> Iterator[Observation]:
    """The observations one credential's own text allows."""
    value = slot.value
    seen = Strength.SAID if setting else Strength.SEEN

    def notice(cause: Cause | tuple[Cause, ...], what: str, detail: str | None = None) -> Observation:
        return observed(RULE, seen, cause, what, where=slot.where, detail=detail, order=slot.order, slot=slot.name)

    masked = len(value) > 2 and set(value) <= set("*.…<>[]() ")  # by whoever pasted it: says nothing of its text
    if not value.strip("\"' \t"):
        if not setting:
            yield notice(Cause.MISSING, "the credential is empty")
        return
    if masked:
        yield from _without_scheme(slot, notice)
    elif is_nothing(value):
        if not setting or _is_never_meant(slot):
            yield notice(
                Cause.MISSING, f"the credential is the word {value.strip()[:12]!r}: the variable was never set"
            )
    elif is_placeholder(value) and not setting:
        yield notice(Cause.WRONG_SECRET, "the credential is a template's placeholder", "placeholder")
    elif "\x1b[" in value or "\\x1b[" in value or "\\u001b[" in value:
        yield notice(Cause.MALFORMED, "colour escape codes stand inside the credential", "escape_codes")
    elif _quoted(value, setting=setting):
        yield notice(Cause.MALFORMED, "quotation marks stand around the credential and are sent with it", "quotes")
    elif _doubled(slot):
        yield notice(Cause.MALFORMED, "the scheme's word stands twice", "prefix")
    elif not setting and _joined(slot):
        yield notice(Cause.AMBIGUOUS, "two credentials stand in one header, joined with a comma")
    elif not setting and _stray_blank(slot):
        yield notice(Cause.MALFORMED, "white space stands inside or around the credential", "whitespace")
    elif slot.scheme is not None and slot.scheme.lower() == "basic":
        yield from _basic(slot, notice)
    else:
        yield from _without_scheme(slot, notice)


def _basic(slot: Slot, notice: Callable[..., Observation]) -> Iterator[Observation]:
    """Basic credentials are base64 of name, colon, password (RFC 7617 section 2)."""
    try:
        decoded = b64decode(slot.value, validate=True)
    except ValueError:
        yield notice(Cause.MALFORMED, "the Basic credentials are not base64", "encoding")
        return
    if b":" not in decoded and slot.where.startswith("line"):  # curl -u NAME asks for the password when it runs
        return
    if b":" not in decoded:
        yield notice(Cause.MALFORMED, "the Basic credentials hold no colon between name and password", "encoding")
    elif decoded.endswith((b"\n", b"\r")):
        yield notice(Cause.MALFORMED, "a newline was encoded with the password", "whitespace")
    elif decoded[:1] == b":" or decoded[-1:] == b":":
        empty = "name" if decoded[:1] == b":" else "password"
        yield notice(Cause.WRONG_SECRET, f"the Basic credentials have an empty {empty}", "empty")


def _without_scheme(slot: Slot, notice: Callable[..., Observation]) -> Iterator[Observation]:
    """Credentials are a scheme and then its parameters (RFC 9110 11.4); some APIs do take a bare key."""
    if slot.scheme is None and slot.name.lower() == "authorization":
        yield notice((Cause.UNSUPPORTED_SCHEME, Cause.MALFORMED), "the Authorization header names no scheme")


def _is_never_meant(slot: Slot) -> bool:
    """API_KEY=undefined is a mistake; `password = None` and `"token": null` are how programs and files say no."""
    word = slot.value.strip("\"' ").lower()
    return word in ("undefined", "[object object]", "nan") and slot.name.isupper()


def _quoted(value: str, *, setting: bool = False) -> bool:
    stripped = value.strip()
    opening, closing = ("\"'", "\"'") if setting else ("\"'“‘`", "\"'”’`")
    return len(stripped) > 2 and stripped[0] in opening and stripped[-1] in closing


def _doubled(slot: Slot) -> bool:
    first = slot.value.strip().partition(" ")
    return bool(first[1]) and first[0].lower().rstrip(":") in SCHEMES and slot.scheme is not None


def _joined(slot: Slot) -> bool:
    """Two header lines become one with a comma (RFC 9110 section 5.3); servers and proxies do that."""
    return slot.scheme is not None and _second().search(slot.value) is not None


@cache
def _second() -> re.Pattern[str]:
    return re.compile(rf",[ \t]*(?:{'|'.join(SCHEMES)})[ \t]+\S", re.IGNORECASE)


def _stray_blank(slot: Slot) -> bool:
    parameters = slot.scheme and slot.scheme.lower() not in ("bearer", "basic", "token")
    if parameters or ("=" in slot.value.split(" ")[0] and "," in slot.value):
        return False
    return slot.value != slot.value.strip() or any(char.isspace() for char in slot.value.strip())
