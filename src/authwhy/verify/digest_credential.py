"""Read the value of `Authorization: Digest` (RFC 7616 section 3.4). Strict, linear, capped, and it never raises.

An absent parameter is `missing_claim` (a field that the verifier needs is not in the credential), not `malformed`
(the text is damaged). A parameter that occurs twice, `username` beside `username*`, and two credentials in one
value are `ambiguous`: whichever was taken, another reader may take the other.
"""

from __future__ import annotations

import re
from collections import Counter
from urllib.parse import unquote_to_bytes

from msgspec import Struct

from authwhy.causes import Cause
from authwhy.model.outcome import FactValue, Failure, Refused, refused
from authwhy.verify.basic_credential import KNOWN_SCHEMES
from authwhy.verify.digest_challenge import ALGORITHMS, DigestPolicy
from authwhy.verify.jws import clip

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]"
# One parameter with the comma behind it (RFC 9110 5.6.1 allows empty elements), or all the rest, so that findall
# never searches. Possessive: no second way to read the same text.
_QUOTED = r"[\t !#-\[\]-~\x80-\xff]*+(?:\\[\t -~\x80-\xff][\t !#-\[\]-~\x80-\xff]*+)*+"
_PARAMETER = re.compile(
    rf'[ \t]*+({_TOKEN}++)[ \t]*+=[ \t]*+(?:"({_QUOTED})"|({_TOKEN}++))[ \t]*+(?:,[ \t,]*+|\Z)|(.+)', re.DOTALL
)
_SCHEME = re.compile(rf"({_TOKEN}++)(?:[ \t,:]|\Z)")
_EXTENDED = re.compile(r"utf-8'[A-Za-z0-9-]*'((?:[!#$&+.^_`|~0-9A-Za-z-]|%[0-9A-Fa-f]{2})*)", re.IGNORECASE | re.ASCII)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NO_OCTET = re.compile(r"[^\x00-\xff]")
_COUNT = re.compile("(?!00000000)[0-9a-f]{8}").fullmatch
_HEX = re.compile("[0-9a-f]+").fullmatch
_REQUIRED = ("realm", "nonce", "uri", "response", "qop", "nc", "cnonce")
_KNOWN = frozenset((*_REQUIRED, "username", "username*", "algorithm", "opaque", "userhash"))
_CANONICAL = {name.lower(): name for name in ALGORITHMS}
_MAX_CNONCE = 256


class DigestCredential(Struct, frozen=True):
    """The parameters that the check needs, unquoted. Its text form tells none: a response can be guessed from.

    `username` is a name, or with `userhash` the hash of one. `algorithm` and `qop` are ones that the policy allows.
    """

    username: str
    userhash: bool
    realm: str
    nonce: str
    uri: str
    response: str
    algorithm: str
    qop: str
    nc: str
    cnonce: str
    opaque: str

    def __repr__(self) -> str:
        return "DigestCredential(...)"


def parse(value: str | bytes, policy: DigestPolicy) -> DigestCredential | Refused:
    """Read an Authorization value; text has one character an octet, as WSGI and ASGI hand headers over.

    Refused with `missing`, `unsupported_scheme`, `malformed`, `ambiguous`, `missing_claim`, then
    `unsupported_algorithm` for an algorithm (absent means MD5, as in RFC 2617), qop or hashed name that the policy
    does not offer; its fact `problem` is one word from a fixed list. Without qop it is RFC 2069, which no check
    of a count can protect from replay: `missing_claim`.
    """
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    if len(text) > policy.max_value_chars:
        return refused(Cause.MALFORMED, problem="too_long", limit=policy.max_value_chars)
    if text[:7].lower() != "digest ":
        return _other_scheme(text)
    found = _PARAMETER.findall(text, 7)
    if not found or found[-1][3]:
        return _unreadable(found[-1][3] if found else "")
    sent = {name.lower(): quoted or token for name, quoted, token, _ in found}
    if len(sent) != len(found):
        return _twice(Counter(name.lower() for name, *_ in found))
    if "\\" in text:
        sent = {name: _ESCAPED.sub(r"\1", content) for name, content in sent.items()}
    return _credential(sent, policy, text.isascii())


def _twice(names: Counter[str]) -> Refused:
    repeated = dict.fromkeys(name if name in _KNOWN else "other" for name, times in names.items() if times > 1)
    return Refused(tuple(Failure(Cause.AMBIGUOUS, facts={"parameter": name}) for name in repeated))


def _credential(sent: dict[str, str], policy: DigestPolicy, is_ascii: bool) -> DigestCredential | Refused:
    try:
        realm, nonce, uri, response = sent["realm"], sent["nonce"], sent["uri"], sent["response"]
        qop, nc, cnonce = sent["qop"].lower(), sent["nc"], sent["cnonce"]
        octets = sent["username"] if "username" in sent else sent["username*"]
        opaque = sent["opaque"] if policy.opaque else sent.get("opaque", "")
    except KeyError:
        return _absent(sent, policy)
    is_hashed = "userhash" in sent and sent["userhash"].lower() == "true"
    is_plain = is_ascii and "username*" not in sent and "userhash" not in sent
    if not (is_plain and _COUNT(nc) and 0 < len(cnonce) <= _MAX_CNONCE):
        failures = _shape_failures(sent)
        if failures:
            return Refused(failures)
    username = _username(octets, sent, policy.max_name_bytes)
    if isinstance(username, Failure):
        return Refused((username,))
    algorithm = _CANONICAL.get(sent.get("algorithm", "MD5").lower(), "")
    if algorithm not in policy.algorithms or qop not in policy.qop or (is_hashed and not policy.userhash):
        return _not_offered(sent, policy, algorithm, is_hashed)
    digits = ALGORITHMS[algorithm].digits
    if len(response) != digits or not _HEX(response):
        return Refused((_not_a_hash("response", response, digits),))
    if is_hashed and (len(username) != digits or not _HEX(username)):
        return Refused((_not_a_hash("username", username, digits),))
    return DigestCredential(username, is_hashed, realm, nonce, uri, response, algorithm, qop, nc, cnonce, opaque)


def _absent(sent: dict[str, str], policy: DigestPolicy) -> Refused:
    """One failure a parameter that is needed and not there."""
    needed = ["username*" if "username*" in sent else "username", *_REQUIRED]
    needed += ["opaque"] if policy.opaque else []
    return Refused(tuple(Failure(Cause.MISSING_CLAIM, facts={"claim": name}) for name in needed if name not in sent))


def _shape_failures(sent: dict[str, str]) -> tuple[Failure, ...]:
    """Contradicting and damaged parameters, whatever the policy."""
    failures: list[Failure] = []
    if "username" in sent and "username*" in sent:
        failures.append(Failure(Cause.AMBIGUOUS, facts={"parameter": "username*"}))
    if sent.get("userhash", "false").lower() not in ("true", "false"):
        failures.append(_damaged("userhash", "not_a_flag"))
    if not _COUNT(sent["nc"]):
        failures.append(_damaged("nc", "not_a_count"))
    if not 0 < len(sent["cnonce"]) <= _MAX_CNONCE:
        failures.append(_damaged("cnonce", "length"))
    # a name may be UTF-8, nothing else is; a URI and the rest are ASCII
    strange = [name for name in (*_REQUIRED, "opaque") if not sent.get(name, "").isascii()]
    return (*failures, *(_damaged(name, "not_ascii", "encoding") for name in strange))


def _username(octets: str, sent: dict[str, str], limit: int) -> str | Failure:
    """The name in Unicode: quoted UTF-8, or the form of RFC 8187 (RFC 5987), which a hash is never in."""
    part = "username" if "username" in sent else "username*"
    if part == "username*":
        match = _EXTENDED.fullmatch(octets)
        if not match:
            return _damaged(part, "not_rfc8187", "encoding")
        if sent.get("userhash", "").lower() == "true":
            return _damaged(part, "hashed_and_extended")
        octets = unquote_to_bytes(match[1]).decode("latin-1")
    if octets.isascii():
        name = octets
    else:
        try:
            name = octets.encode("latin-1").decode("utf-8")
        except UnicodeDecodeError:
            return _damaged(part, "not_utf8", "encoding")
    if len(octets) > limit:
        return Failure(Cause.MALFORMED, facts={"problem": "name_too_long", "limit": limit})
    if _CONTROL.search(name):
        return _damaged(part, "control_character")
    return name or _damaged(part, "empty_name")


def _damaged(part: str, problem: str, detail: str | None = None) -> Failure:
    return Failure(Cause.MALFORMED, detail, {"part": part, "problem": problem})


def _not_a_hash(part: str, seen: str, digits: int) -> Failure:
    """Lower-case hex of the algorithm's length (RFC 7616 section 3.1, LHEX)."""
    if not _HEX(seen):
        return _damaged(part, "not_hex", "encoding")
    facts: dict[str, FactValue] = {
        "part": part,
        "problem": "length",
        "expected_digits": digits,
        "seen_digits": len(seen),
    }
    return Failure(Cause.MALFORMED, "truncated" if len(seen) < digits else None, facts)


def _not_offered(sent: dict[str, str], policy: DigestPolicy, name: str, is_hashed: bool) -> Refused:
    """Cryptographic choices of the client that are not the policy's."""
    failures: list[Failure] = []
    if name not in policy.algorithms:
        seen = name or clip(sent.get("algorithm", ""))
        failures.append(Failure(Cause.UNSUPPORTED_ALGORITHM, facts={"alg": seen, "expected": policy.algorithms}))
    if sent["qop"].lower() not in policy.qop:
        facts: dict[str, FactValue] = {"parameter": "qop", "seen": clip(sent["qop"]), "expected": policy.qop}
        failures.append(Failure(Cause.UNSUPPORTED_ALGORITHM, facts=facts))
    if is_hashed and not policy.userhash:
        failures.append(Failure(Cause.UNSUPPORTED_ALGORITHM, facts={"parameter": "userhash", "seen": "true"}))
    return Refused(tuple(failures))


def _other_scheme(text: str) -> Refused:
    """No `Digest` and a blank in front."""
    stripped = text.strip()
    if not stripped:
        return refused(Cause.MISSING)
    lower = stripped.lower()
    if lower.startswith(("authorization:", "digest:")):
        return refused(Cause.MALFORMED, "prefix", problem="header_name_in_value")
    match = _SCHEME.match(lower)
    if match is None:
        return refused(Cause.MALFORMED, problem="no_scheme")
    if match[1] != "digest":
        seen = match[1] if match[1] in KNOWN_SCHEMES or match[1] == "basic" else "other"
        return refused(Cause.UNSUPPORTED_SCHEME, seen=seen, offered=("digest",))
    if lower == "digest":
        return refused(Cause.MALFORMED, "truncated", problem="no_parameters")
    return refused(Cause.MALFORMED, "whitespace", problem="whitespace_around")


def _unreadable(rest: str) -> Refused:
    """Name what stops the reading at the head of `rest`."""
    if not rest:
        return refused(Cause.MALFORMED, "truncated", problem="no_parameters")
    scheme = re.match(rf"({_TOKEN}++)[ \t]++[!-~]", rest)
    if scheme and (scheme[1].lower() in KNOWN_SCHEMES or scheme[1].lower() == "basic"):
        return refused(Cause.AMBIGUOUS, parameter="scheme")
    if "\x1b" in rest:
        return refused(Cause.MALFORMED, "escape_codes", problem="escape_codes")
    if _CONTROL.search(rest.replace("\t", "")):
        return refused(Cause.MALFORMED, "whitespace", problem="control_character")
    if _NO_OCTET.search(rest):
        return refused(Cause.MALFORMED, "encoding", problem="not_octets")
    if re.match(rf'[ \t]*+{_TOKEN}++[ \t]*+=[ \t]*+"(?:[^"\\]|\\.)*+\\?\Z', rest):
        return refused(Cause.MALFORMED, "truncated", problem="open_quote")
    return refused(Cause.MALFORMED, problem="not_a_parameter")
