"""Secrets on curl's command line, by its whole grammar."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from authwhy.evidence.curl_options import Option, commands, options
from authwhy.evidence.redaction.masked import is_readable
from authwhy.evidence.redaction.names import is_open_parameter, slot_of
from authwhy.evidence.redaction.slots import is_path
from authwhy.evidence.redaction.spans import Span, splice
from authwhy.evidence.redaction.web import (
    redact_cookies,
    redact_credential,
    redact_header,
    redact_parameters,
    redact_urls,
)
from authwhy.evidence.shell_words import quoted
from authwhy.model.secret import Vault

Redact = Callable[[str, Vault], str]


def redact_login(value: str, vault: Vault) -> str:
    """`user:password`: the name stays, except where it is all there is (then it is a key)."""
    user, colon, password = value.partition(":")
    if not colon:
        return value if is_login_name(user) else redact_credential(value, vault, "token", words=False)
    if not password:
        return redact_credential(user, vault, "api_key", words=False) + colon
    safe_user = user if is_login_name(user) else redact_credential(user, vault, "token", words=False)
    return safe_user + colon + redact_credential(password, vault, "password", words=False)


def is_login_name(name: str) -> bool:
    """True for what reads as a user name or an e-mail address."""
    return (
        bool(re.fullmatch(r"[A-Za-z][A-Za-z._-]{0,40}\d{0,4}(?:@[\w.-]{1,80})?", name)) or not name or is_readable(name)
    )


def _header_line(value: str, vault: Vault) -> str:
    name, colon, content = value.partition(":")
    return name + colon + redact_header(name.strip(), content, vault) if colon else value


def _form_field(value: str, vault: Vault) -> str:
    name, equals, content = value.partition("=")
    if not equals or content[:1] in ("@", "<") or is_open_parameter(name):
        return value
    return name + equals + (redact_credential(content, vault, "value") if name else content)


def hide_curl(text: str, vault: Vault, body: Redact) -> str:
    """Hide the secrets of every curl command. `body` hides those of a request body that is no form."""
    return splice(text, _curl_spans(text, vault, body))


def _curl_spans(text: str, vault: Vault, body: Redact) -> Iterator[Span]:
    for _, _, words in commands(text):
        for option in options(words):
            if option.word is None or not option.value:
                continue
            safe = _curl_value(option, vault, body)
            if safe != option.value:
                yield Span(option.word.start, option.word.end, quoted(option.prefix + safe, option.word.quote))


def _curl_value(option: Option, vault: Vault, body: Redact) -> str:
    name, value = option.name, option.value
    if name == "variable":
        return _form_field(value, vault)
    if name in ("quote", "telnet-option"):
        return body(value, vault)
    if name in ("user", "proxy-user"):
        return redact_login(value, vault)
    if name in ("header", "proxy-header"):
        return _header_line(value, vault)
    if name == "cookie":
        return redact_cookies(value, vault) if "=" in value else value
    if name in ("data", "data-raw", "data-binary", "data-ascii", "json", "data-urlencode", "url-query"):
        return _curl_data(name, value, vault, body)
    if name in ("form", "form-string"):
        return _form_field(value, vault)
    if name in ("oauth2-bearer", "pass", "proxy-pass", "tlspassword", "proxy-tlspassword"):
        return redact_credential(value, vault, "token" if name == "oauth2-bearer" else "password", words=False)
    if name in ("cert", "proxy-cert"):
        path, colon, password = value.partition(":")
        return (
            path + colon + redact_credential(password, vault, "password", words=False)
            if len(path) > 1 and password
            else value
        )
    if name in ("", "url", "proxy", "preproxy", "referer"):
        return (
            redact_urls(value, vault) if name != "proxy" or "://" in value else redact_urls("x://" + value, vault)[4:]
        )
    slot = slot_of(name)
    return redact_credential(value, vault, slot.kind) if slot and slot.how == "always" and not is_path(value) else value


def _curl_data(name: str, value: str, vault: Vault, body: Redact) -> str:
    if value.startswith("@") and name != "data-raw":
        return value
    if value.lstrip()[:1] in ("{", "[", "<"):
        return body(value, vault)
    if name == "data-urlencode" and "=" in value:
        return _form_field(value, vault)
    if re.match(r"[\w.~%$\[\]\-]{1,80}=", value):
        return redact_parameters(value, vault)
    return body(value, vault) if " " in value else redact_credential(value, vault, "value", words=False)
