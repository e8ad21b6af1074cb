"""Secrets in the slots of HTTP: header fields, cookies, URLs, query strings, forms (RFC 9110, RFC 6265, RFC 3986)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from authwhy.evidence.redaction.masked import is_hidden, is_masked, is_message, is_placeholder, is_readable
from authwhy.evidence.redaction.names import header_slot, is_open_parameter, slot_of
from authwhy.evidence.redaction.shapes import hide, hide_known_tokens
from authwhy.evidence.redaction.spans import Span, splice
from authwhy.model.secret import Vault

SCHEMES = frozenset(
    """
    basic bearer digest negotiate ntlm kerberos token apikey api-key api_key key aws4-hmac-sha256
    aws4-ecdsa-p256-sha256 aws sharedkey sharedkeylite sharedaccesssignature oauth hawk signature dpop vapid gnap mutual
    hoba concealed privatetoken scram-sha-1 scram-sha-256 scram-sha-512 googlelogin goog1 goog4-hmac-sha256 ssws bot jwt
    session pat mac snowflake mediabrowser splunk geniekey accesskey access-token private-token wsse passport1.4
    hmac hmac-sha256 hmac-sha1 tc3-hmac-sha256 acs3-hmac-sha256 sso-key splunk-token klaviyo-api-key deepl-auth-key
    authorization authorization: barer baerer beaer bearer: basic: token: apikeytoken
    """.split()
)
_OPEN_AUTHN_PARAMS = frozenset(
    """
    username realm nonce uri qop nc algorithm opaque stale charset userhash credential signedheaders keyid headers
    created expires ts oauth_consumer_key oauth_signature_method oauth_timestamp oauth_version client device version id
    domain alg type sr se skn error scope
    """.split()
)
_COOKIE_ATTRIBUTES = frozenset(
    "path domain expires max-age secure httponly samesite partitioned priority version".split()
)
_QUOTES = "\"'\\"


@cache
def _parameter() -> re.Pattern[str]:
    return re.compile(r"([A-Za-z0-9_.*\-]{1,64})(\s*=\s*)(\"(?:[^\"\\]|\\.)*\"|[^,\s\"]*)")


def redact_credential(value: str, vault: Vault, kind: str, *, words: bool = True) -> str:
    """Hide one credential; quotes around it stay, since they are a frequent mistake.

    `words`: whether a state or a message ("expired", "is invalid") may stand in its place and stay readable.
    """
    bare = value.strip(" \t\r\n")
    inner = bare.strip(_QUOTES)
    if not inner or is_placeholder(bare) or is_masked(bare) or is_hidden(bare) or (words and is_message(bare)):
        return value
    return value.replace(bare, bare.replace(inner, hide(vault, inner, kind), 1), 1)


def redact_authorization(value: str, vault: Vault) -> str:
    """An Authorization value (RFC 9110 11.6.2): the scheme and names of parameters stay, credentials go."""
    bare = value.strip()
    if is_placeholder(bare) or is_masked(bare) or is_hidden(bare) or _is_sentence(bare):
        return value
    words = value.lstrip(_QUOTES + " \t\r\n[({<")
    lead = value[: len(value) - len(words)]
    scheme, blank, rest = words.partition(" ")
    if scheme.lower() in SCHEMES and not rest.strip(" " + _QUOTES):
        return value
    if not blank or not (scheme.lower() in SCHEMES or _is_odd_scheme(scheme, rest)):
        return lead + redact_credential(words, vault, "token", words=False)
    for _ in range(3):
        again, blank, more = rest.lstrip().partition(" ")
        if again.lower() not in SCHEMES or not more:
            break
        scheme, rest = f"{scheme} {again}", more
    return f"{lead}{scheme} {_redact_rest(scheme.lower(), rest, vault)}"


def _is_sentence(bare: str) -> bool:
    """`failed for user alice`, `Bearer token is missing`; but `Bearer expired` is a credential."""
    words = bare.split()
    return is_message(bare) and (words[0].lower() not in SCHEMES or len(words) > 3)


def _is_odd_scheme(scheme: str, rest: str) -> bool:
    return scheme.isascii() and scheme.isalpha() and len(scheme) <= 12 and " " not in rest.strip() and rest != ""


def _redact_rest(scheme: str, rest: str, vault: Vault) -> str:
    kind = "basic" if scheme.endswith("basic") else "token"
    if kind == "token" and scheme != "bearer" and "=" in rest and (safe := _redact_parameters(rest, vault)) is not None:
        return safe
    account, colon, signature = rest.partition(":")
    if scheme.startswith(("sharedkey", "aws", "goog1")) and colon and signature:
        return account + ":" + redact_credential(signature, vault, "signature", words=False)
    return redact_credential(rest, vault, kind, words=False)


def _redact_parameters(rest: str, vault: Vault) -> str | None:
    """`name=value, ...` with the values hidden that are not known as harmless; None when it is not of that form."""
    if _parameter().sub("", rest).strip(" ,;\t\r\n"):
        return None
    return _parameter().sub(lambda match: match[1] + match[2] + _parameter_value(match[1], match[3], vault), rest)


def _parameter_value(name: str, value: str, vault: Vault) -> str:
    if name.lower() in _OPEN_AUTHN_PARAMS:
        return hide_known_tokens(value, vault)
    return redact_credential(value, vault, "signature" if "sig" in name.lower() else "token", words=False)


def redact_cookies(value: str, vault: Vault) -> str:
    """A Cookie value (RFC 6265 4.2): names stay, values go."""
    if is_message(value) or is_placeholder(value) or is_masked(value):
        return value
    return ";".join(_redact_pair(pair, vault) for pair in value.split(";"))


def _redact_pair(pair: str, vault: Vault) -> str:
    name, equals, value = pair.partition("=")
    if not equals:
        return redact_credential(pair, vault, "cookie", words=False) if pair.strip() else pair
    return name + equals + redact_credential(value, vault, "cookie", words=False)


def redact_set_cookie(value: str, vault: Vault) -> str:
    """A Set-Cookie value (RFC 6265 4.1): the name and the known attributes stay."""
    if is_message(value):
        return value
    first, *others = value.split(";")
    kept = (
        other if other.partition("=")[0].strip().lower() in _COOKIE_ATTRIBUTES else _redact_pair(other, vault)
        for other in others
    )
    return ";".join([_redact_pair(first, vault), *kept])


def redact_header(name: str, value: str, vault: Vault) -> str:
    """The value of a header field with its secrets hidden."""
    slot = header_slot(name)
    if slot is None:
        return redact_urls(value, vault) if "?" in value or "://" in value or "#" in value else value
    if slot.how == "credentials":
        return redact_authorization(value, vault)
    if slot.how == "cookies":
        return redact_cookies(value, vault)
    if slot.how == "set_cookie":
        return redact_set_cookie(value, vault)
    scheme, blank, _ = value.strip().partition(" ")
    if blank and scheme.lower() in SCHEMES and not is_message(value):
        return redact_authorization(value, vault)
    return redact_credential(value, vault, slot.kind)


@cache
def _separator() -> re.Pattern[str]:
    return re.compile(r"(&amp;|\\u0026|&)")


def redact_parameters(query: str, vault: Vault) -> str:
    """`a=1&b=2` of a query string, a fragment or a form body: values stay only for names known as harmless."""
    return "".join(
        part if index % 2 else _redact_parameter(part, vault, is_first=index == 0)
        for index, part in enumerate(_separator().split(query))
    )


def _redact_parameter(part: str, vault: Vault, *, is_first: bool) -> str:
    """One pair; a later part without a name may be the rest of a secret that holds an ampersand."""
    name, equals, value = part.partition("=")
    if not equals:
        return part if is_first else redact_credential(part, vault, "value", words=False)
    if is_open_parameter(name):
        return name + equals + _redact_open_value(value, vault)
    slot = slot_of(name)
    if (slot is None or slot.how == "if_secret") and value.isdigit() and len(value) <= 5:
        return part
    return name + equals + redact_credential(value, vault, slot.kind if slot else "value", words=False)


def _redact_open_value(value: str, vault: Vault) -> str:
    """A harmless parameter may still hold a URL with a query of its own, encoded or not."""
    found = re.search(r"[?#]|%3[Ff]|%23|%40|@", value)
    if found is None or is_hidden(value):
        return value
    tail = value[found.end() :]
    if found[0] in ("@", "%40"):
        return (
            value
            if "://" not in value and "%3A%2F%2F" not in value.upper()
            else redact_credential(value, vault, "value", words=False)
        )
    return value[: found.end()] + redact_credential(tail, vault, "value", words=False) if tail else value


def redact_urls(text: str, vault: Vault) -> str:
    """Hide user information, query and fragment parameters of every URL in the text, and form bodies."""
    if "@" in text:
        text = splice(text, _userinfo(text, vault))
    if "?" in text or "#" in text:
        text = _query().sub(lambda match: match[1] + redact_parameters(match[2], vault), text)
    return splice(text, _forms(text, vault)) if "&" in text else text


@cache
def _query() -> re.Pattern[str]:
    return re.compile(
        r"((?<!support\.google\.com/mail/)[?#]/?)((?:[?&]|&amp;)?[A-Za-z0-9_.~%$\[\]\-]{1,80}=[^\s\"'<>`]*)"
    )


def _userinfo(text: str, vault: Vault) -> Iterator[Span]:
    at = text.find("://")
    while at >= 0:
        start = at + 3
        run = _run().match(text, start)
        end = run.end() if run else start
        yield from _userinfo_at(text, start, end, vault)
        at = text.find("://", max(end, start))
    for match in _bare_userinfo().finditer(text):
        if not is_readable(match[1]):
            yield Span(match.start(1), match.end(1), hide(vault, match[1], "password"))


@cache
def _run() -> re.Pattern[str]:
    return re.compile(r"[^\s\"'<>`]{1,4000}")


@cache
def _bare_userinfo() -> re.Pattern[str]:
    """`user:password@host:port` without a scheme, as in proxy settings; not `mailto:` or `sip:` addresses."""
    return re.compile(
        r"(?<![\w.:/@%+-])(?!(?:mailto|users?|e-?mail|from|to|login|username|name|sips?|xmpp|acct|by|for|upn|cn):)"
        r"[\w.%+-]{1,64}:([^\s:@/\"'<>]{3,128})@(?=[\w.-]{1,100}:\d{2,5}\b|(?:tcp|unix)\()",
        re.IGNORECASE,
    )


def _userinfo_at(text: str, start: int, end: int, vault: Vault) -> Iterator[Span]:
    authority_end = _authority_end(text, start, end)
    last = text.rfind("@", start, authority_end)
    if last < 0:
        return
    user, colon, password = text[start:last].partition(":")
    if colon and password != "x-oauth-basic" and not is_readable(password):
        # A stray @ stays visible: it is why such an address fails.
        safe = "@".join(hide(vault, piece, "password") for piece in password.split("@"))
        yield Span(start + len(user) + 1, last, safe)
    if colon:
        is_open = _is_login(user) and password not in ("", "x-oauth-basic", "x")
    else:
        is_open = user.lower() in _OPEN_USERS or text[max(0, start - 6) : start] == "ssh://"
    if user and not is_open:
        yield Span(start, start + len(user), redact_credential(user, vault, "token", words=False))


_OPEN_USERS = ("git", "ssh", "hg", "svn", "oauth2", "anonymous")


def _authority_end(text: str, start: int, end: int) -> int:
    """The end of user@host:port. A password may hold / ? # unencoded: what stands before them is then no host."""
    stop = min((at for mark in "/?#" if (at := text.find(mark, start, end)) >= 0), default=end)
    last = text.rfind("@", stop, end)
    if last < 0 or text[start : start + 1] == "[":
        return stop
    host = text[max(start, text.rfind("@", start, stop) + 1) : stop]
    plain = re.fullmatch(r"[\w.\-]{1,253}(?::\d{1,5})?|\[[\da-fA-F:.]{2,64}\](?::\d{1,5})?", host)
    odd = text[stop] != "/" and "@" in text[start:stop]
    return last + 1 if odd or plain is None else stop


def _is_login(name: str) -> bool:
    """A user name may be shown; something with digits all over is a token in the user's place."""
    return len(name) <= 64 and sum(char.isdigit() for char in name) <= 6 and hide_known_tokens(name, Vault()) == name


def _forms(text: str, vault: Vault) -> Iterator[Span]:
    """`a=b&c=d` outside of URLs: each run without blanks and quotes around an ampersand, once."""
    done = 0
    at = text.find("&")
    while at >= 0:
        if text[at - 1 : at] in ("(", "&") or text[at + 1 : at + 2] in ("(", "&", " ", ""):
            at = text.find("&", at + 1)  # an LDAP filter or an operator
            continue
        start = max(done, *(text.rfind(mark, done, at) + 1 for mark in " \t\n\"'<>`(?#"))
        run = _run_of_form().match(text, at)
        done = run.end() if run else at + 1
        if first := _first_name().search(text, start, done):
            piece = text[first.start(1) : done]
            if (safe := redact_parameters(piece, vault)) != piece:
                yield Span(first.start(1), done, safe)
        at = text.find("&", done)


@cache
def _first_name() -> re.Pattern[str]:
    return re.compile(r"(?<![A-Za-z0-9_.~%$\[\]\-=&])([A-Za-z0-9_.~%$\[\]\-]{1,80})=")


@cache
def _run_of_form() -> re.Pattern[str]:
    return re.compile(r"[^\s\"'<>`]+")
