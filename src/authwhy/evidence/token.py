"""JWT, JWS and JWE (RFC 7515 7.1, RFC 7516 7.1, RFC 7519) anywhere in the input, read leniently, not checked."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from functools import cache
from typing import NamedTuple

from authwhy.evidence.decode import without_forgeries
from authwhy.evidence.interface import Found, Material
from authwhy.evidence.redaction.objects import redact_object
from authwhy.model.evidence import Token
from authwhy.model.secret import CLOSE, OPEN, Vault

_MAX_TOKENS = 200
_MAX_TOKEN = 262_144
_SIGNATURE_BYTES = {
    "HS256": 32, "HS384": 48, "HS512": 64, "ES256": 64, "ES384": 96, "ES512": 132, "ES256K": 64, "EdDSA": 64,
    "Ed25519": 64, "Ed448": 114,
}  # fmt: skip
_RSA_BYTES = frozenset([128, 256, 384, 512, 1024])


class Read(NamedTuple):
    """What a token says. `problem` begins with a detail of the cause malformed, or says why a part stays closed."""

    header: dict[str, object] | None
    claims: dict[str, object] | None
    problem: str | None


@cache
def _placeholder() -> re.Pattern[str]:
    return re.compile(f"{OPEN}\\d+{CLOSE}")


def read(material: Material, found: Found) -> None:
    """Find the tokens among the secrets of the text, each once, at the place that says most."""
    seen: dict[str, int | None] = {}
    for match in _placeholder().finditer(material.text):
        if len(found.tokens) >= _MAX_TOKENS:
            break
        placeholder = match[0]
        if placeholder in seen:
            _improve(found, seen[placeholder], material.text, match.start())
            continue
        seen[placeholder] = None
        raw = material.vault.reveal(placeholder)
        slot = _slot(material.text, match.start())
        if not _is_candidate(material.vault.kind(placeholder), raw, slot):
            continue
        result = read_token(raw, material.vault)
        place = _with_damage(material.text, match.start(), match.end(), slot)
        seen[placeholder] = len(found.tokens)
        where, sent = f"line {material.line(match.start())}", material.text[place.start : place.end]
        found.tokens.append(Token(sent, result.header, result.claims, result.problem or place.problem, where, slot))
    if found.tokens:
        found.kinds.append("token")


def _is_candidate(kind: str | None, raw: str, slot: str) -> bool:
    return (
        kind == "jwt"
        or "eyJ" in raw[:200]
        or (slot == "authorization" and kind == "token" and raw.count(".") in (2, 4))
    )


def _improve(found: Found, index: int | None, text: str, at: int) -> None:
    """A later place of the same token may say how it is used."""
    if index is None or found.tokens[index].slot != "text":
        return
    token, slot = found.tokens[index], _slot(text, at)
    if slot != "text":
        found.tokens[index] = Token(token.raw, token.header, token.claims, token.problem, token.where, slot)


def _slot(text: str, at: int) -> str:
    """Where the token would be used, by what stands before it on its line."""
    before = text[max(text.rfind("\n", max(0, at - 400), at) + 1, at - 400) : at]
    low = before.lower()
    if re.search(r"authorization[\"']?\]?\s*[:=,]|(?:^|[\s\"'>])bearer\s+[\"']?$|--oauth2-bearer", low):
        return "authorization"
    if "cookie" in low and "=" in low:
        return "cookie"
    if re.search(r"[?&#][\w.\-]{1,60}=$", before):
        return "query" if "?" in before or "#" in before or "http" in low else "body"
    return "body" if re.search(r"\\?[\"'][\w.\-]{1,60}\\?[\"']\s*:\s*\\?[\"']$|^[\w.\-]{1,60}=$", before) else "text"


class _Place(NamedTuple):
    """A token with the damage around it: text[start:end] is what was sent after the scheme."""

    start: int
    end: int
    problem: str | None


def _with_damage(text: str, start: int, end: int, slot: str) -> _Place:
    """Damage around the token in an Authorization value: a doubled prefix, quotes, more than one blank, a rest."""
    before, after = text[max(0, start - 40) : start], text[end : end + 40]
    if match := re.search(
        r"(?i)\b(?:bearer|jwt|token):?[ \t]+(\\?[\"']?(?:bearer|jwt|token):?[ \t]+\\?[\"']?)$", before
    ):
        return _Place(start - len(match[1]), end, "prefix: the scheme stands twice before the token")
    if match := re.search(r"(?i)\b(?:bearer|jwt|token):?[ \t]+(\\?[\"'\u201c])$", before):
        closing = end + len(match[1]) if after[:1] in ("\\", "'", '"', "\u201d") else end
        return _Place(start - len(match[1]), closing, "quotes: the token stands in quotes")
    if slot == "authorization":
        if match := re.search(r"(?i)\bbearer[ \t]([ \t]+)$", before):
            return _Place(start - len(match[1]), end, "whitespace: more than one blank after the scheme")
        if after.startswith(("...", "\u2026")):
            return _Place(start, end + (3 if after[0] == "." else 1), "truncated: dots in the place of the rest")
    return _Place(start, end, None)


def read_token(raw: str, vault: Vault) -> Read:
    """Decode a token without checking it. Lenient: quotes, prefix, blanks, padding, the other base64 alphabet, cuts."""
    text, problem = _cleaned(raw[:_MAX_TOKEN])
    parts = text.split(".")
    header = _object(parts[0])
    if header is not None and not {"alg", "enc", "typ", "kid", "cty"} & header.keys():
        return Read(None, None, "encoding: the first part is JSON but no JOSE header")
    if header is None:
        return Read(None, None, problem or _why_not(parts[0], "header"))
    safe = redact_object(header, vault)
    if "enc" in header or len(parts) == 5:
        cut = len(parts) < 5
        return Read(safe, None, "truncated: a JWE has five parts" if cut else "the claims are encrypted (JWE)")
    if len(parts) < 2 or not parts[1]:
        return Read(
            safe,
            None,
            problem or ("truncated: the payload is missing" if len(parts) < 2 else "the payload is detached"),
        )
    claims = _object(parts[1])
    if claims is None:
        return Read(safe, None, problem or _why_not(parts[1], "payload"))
    return Read(safe, redact_object(claims, vault), problem or _signature_problem(header, parts))


def _cleaned(raw: str) -> tuple[str, str | None]:
    """The token without its damage, and what the damage was."""
    problem = None
    text = raw.strip("\"'`\u201c\u201d\u2018\u2019 \t\r\n")
    if text != raw:
        problem = (
            "whitespace: blanks or line breaks around the token"
            if text == raw.strip()
            else "quotes: the token stands in quotes"
        )
    match = re.match(r"(?i)(?:(?:bearer|jwt|token|access_token=|id_token=):?[ \t]*)+", text)
    if match:
        text = text[match.end() :]
        problem = problem or "prefix: a scheme stands before the token"
    if re.search(r"\s|%0[aAdD]|\\n", text):
        text = re.sub(r"\s|%0[aAdD]|\\n", "", text)
        problem = problem or "whitespace: blanks or line breaks inside the token"
    if text.endswith(("...", "\u2026")):
        text = text.rstrip(".\u2026")
        problem = problem or "truncated: dots in the place of the rest"
    if "%2E" in text.upper():
        text = text.replace("%2E", ".").replace("%2e", ".")
        problem = problem or "encoding: the token is percent-encoded"
    if "=" in text or "+" in text or "/" in text:
        problem = problem or "encoding: base64 with padding or with + and / instead of base64url (RFC 7515 2)"
    return text, problem


def _bytes(part: str) -> bytes | None:
    bare = part.rstrip("=").replace("+", "-").replace("/", "_")
    if not re.fullmatch(r"[A-Za-z0-9_\-]*", bare) or len(bare) % 4 == 1:
        return None
    return urlsafe_b64decode(bare + "=" * (-len(bare) % 4))


def _object(part: str) -> dict[str, object] | None:
    from msgspec import DecodeError, json

    content = _bytes(part)
    if content is None:
        return None
    try:
        value = json.decode(without_forgeries(content.decode()))
    except (DecodeError, RecursionError, UnicodeDecodeError):
        return None
    return value if isinstance(value, dict) else None


def _why_not(part: str, name: str) -> str:
    content = _bytes(part) or _bytes(part[:-1])
    if content is None:
        return f"encoding: the {name} is not base64url"
    if content.lstrip()[:1] == b"{":
        return f"truncated: the {name} breaks off"
    return f"encoding: the {name} is not a JSON object"


def _signature_problem(header: dict[str, object], parts: list[str]) -> str | None:
    algorithm = str(header.get("alg"))
    if len(parts) == 2:
        return "truncated: the signature is missing"
    if len(parts) > 3:
        return "encoding: more than three parts"
    if not parts[2]:
        return None if algorithm.lower() == "none" else "truncated: the signature is empty"
    signature = _bytes(parts[2])
    if signature is None:
        return (
            "truncated: the signature breaks off"
            if re.fullmatch(r"[\w\-]*", parts[2])
            else "encoding: the signature is not base64url"
        )
    wanted = _SIGNATURE_BYTES.get(algorithm)
    if wanted and len(signature) < wanted:
        return f"truncated: the signature has {len(signature)} of {wanted} bytes"
    if algorithm[:2] in ("RS", "PS") and len(signature) not in _RSA_BYTES and len(signature) < 512:
        return f"truncated: no RSA key makes a signature of {len(signature)} bytes"
    return None
