"""The covered components of a signature (RFC 9421 section 2) and the signature base made of them (section 2.5).

Of the parameters of a component, `key`, `bs` and `name` are known; `sf`, `req` and `tr` are not, and a signature that
uses them cannot be checked. Nothing raises: what cannot be had is a Failure.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Mapping
from typing import TypeAlias
from urllib.parse import quote_from_bytes, unquote_to_bytes

from authwhy.causes import Cause
from authwhy.model.outcome import Failure
from authwhy.verify.hmac_request.interface import MAX_VALUE, SignedRequest, beyond, damaged
from authwhy.verify.jws import clip
from authwhy.verify.structured_field import InnerList, Item, parse_dictionary, serialize

MAX_COMPONENTS = 64
_FIELD_NAME = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+", re.ASCII).fullmatch
_FOLD = re.compile(r"[ \t]*\r?\n[ \t]*")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]").search
_DEFAULT_PORT = {"http": ":80", "https": ":443"}
_FORM_SAFE = "*-._"  # beside letters and digits (RFC 9421 2.2.8: the set of application/x-www-form-urlencoded)

_Value: TypeAlias = str | Failure
COVERS: Mapping[str, frozenset[str]] = {
    "@target-uri": frozenset(("@scheme", "@authority", "@path", "@query", "@request-target")),
    "@request-target": frozenset(("@path", "@query")),
}
"""What a derived component covers besides itself."""


def authority(request: SignedRequest) -> _Value:
    """Host in lower case, without the default port (RFC 9421 2.2.3)."""
    hosts = [value.strip(" \t") for name, value in request.headers if name == "host"]
    if len(hosts) != 1:
        return damaged("host", "duplicate") if hosts else Failure(Cause.MISSING_CLAIM, None, {"claim": "host"})
    return hosts[0].lower().removesuffix(_DEFAULT_PORT.get(request.scheme.lower(), "\n"))


def _target(request: SignedRequest) -> str:
    return (request.path or "/") + (f"?{request.query}" if request.query else "")


def _target_uri(request: SignedRequest) -> _Value:
    host = authority(request)
    return host if isinstance(host, Failure) else f"{request.scheme.lower()}://{host}{_target(request)}"


_DERIVED: Mapping[str, Callable[[SignedRequest], _Value]] = {
    "@method": lambda request: request.method,
    "@target-uri": _target_uri,
    "@authority": authority,
    "@scheme": lambda request: request.scheme.lower(),
    "@request-target": _target,
    "@path": lambda request: request.path or "/",
    "@query": lambda request: f"?{request.query}",
}


def signature_base(request: SignedRequest, covered: InnerList) -> bytes | Failure:
    """The octets to be signed, or the first component that is not there or cannot be read."""
    if len(covered.items) > MAX_COMPONENTS:
        return beyond("components", MAX_COMPONENTS)
    lines: dict[str, str] = {}
    for item in covered.items:
        identifier = serialize(item)
        if identifier in lines:
            return damaged("components", "duplicate")
        value = component(request, item)
        if isinstance(value, Failure):
            return value
        lines[identifier] = value
    text = "".join(f"{identifier}: {value}\n" for identifier, value in lines.items())
    return f'{text}"@signature-params": {serialize(covered)}'.encode("ascii", "backslashreplace")


def component(request: SignedRequest, item: Item) -> _Value:
    """The value of one component, on one line of ASCII."""
    name, parameters = item.value, dict(item.parameters)
    if not isinstance(name, str):
        return damaged("components", "not_a_string")
    strange = next((key for key in parameters if key not in ("key", "bs", "name")), None)
    if strange or (name.startswith("@") and set(parameters) != ({"name"} if name == "@query-param" else set())):
        return _unknown_parameter(strange or next(iter(parameters), "name"))
    if name == "@query-param":
        return _query_parameter(request, parameters["name"])
    if name in _DERIVED:
        value = _DERIVED[name](request)
    elif _FIELD_NAME(name):
        value = _field(request, name, parameters)
    else:  # @status is not of a request, @signature-params not of itself, and names are in lower case
        return Failure(
            Cause.MALFORMED, None, {"part": "components", "problem": "unknown_component", "member": clip(name)}
        )
    if isinstance(value, str) and (not value.isascii() or _CONTROL(value)):
        return damaged("components", "not_ascii")
    return value


def _unknown_parameter(name: str) -> Failure:
    return Failure(Cause.UNSUPPORTED_ALGORITHM, None, {"parameter": clip(name)})


def _field(request: SignedRequest, name: str, parameters: Mapping[str, object]) -> _Value:
    lines = [_FOLD.sub(" ", value).strip(" \t") for known, value in request.headers if known == name]
    if not lines:
        return Failure(Cause.MISSING_CLAIM, None, {"claim": clip(name)})
    if sum(map(len, lines)) > MAX_VALUE:
        return beyond(clip(name), MAX_VALUE)
    if parameters.get("bs") is True and len(parameters) == 1:
        return ", ".join(f":{binascii.b2a_base64(_octets(line), newline=False).decode()}:" for line in lines)
    whole = ", ".join(lines)
    if not parameters:
        return whole
    key = parameters.get("key")
    if not isinstance(key, str) or len(parameters) > 1:
        return _unknown_parameter(next(iter(parameters)))
    members = parse_dictionary(whole)
    if members is None:
        return damaged(clip(name), "not_a_dictionary")
    if key not in members:
        return Failure(Cause.MISSING_CLAIM, None, {"claim": clip(f"{name};{key}")})
    return serialize(members[key])


def _query_parameter(request: SignedRequest, name: object) -> _Value:
    """RFC 9421 2.2.8: read as a form, written again; a name that comes twice cannot be signed."""
    found = []
    for pair in request.query.split("&"):
        known, _, value = pair.partition("=")
        if pair and _form(known) == name:
            found.append(_form(value))
    if len(found) != 1:
        claim = Failure(Cause.MISSING_CLAIM, None, {"claim": "@query-param"})
        return damaged("components", "duplicate_query_parameter") if found else claim
    return found[0]


def _form(text: str) -> str:
    return quote_from_bytes(unquote_to_bytes(_octets(text.replace("+", " "))), safe=_FORM_SAFE)


def _octets(text: str) -> bytes:
    return text.encode("latin-1", "backslashreplace")
