"""Curl command lines as typed: the request each would send, and the options that bear on authentication."""

from __future__ import annotations

from base64 import b64encode

from authwhy.evidence.curl_options import Option, commands, options
from authwhy.evidence.interface import Found, Material
from authwhy.evidence.shell_words import Word
from authwhy.model.evidence import CurlCommand, HttpRequest
from authwhy.model.secret import OPEN, Vault

_MAX_COMMANDS = 200
_DATA = ("data", "data-raw", "data-binary", "data-ascii", "data-urlencode", "json")
_SCHEME_OPTIONS = ("digest", "ntlm", "negotiate", "anyauth", "aws-sigv4", "krb")
_MATTERING = frozenset(
    """
    user oauth2-bearer aws-sigv4 digest negotiate ntlm ntlm-wb basic anyauth proxy proxy-user proxy-basic proxy-digest
    proxy-negotiate proxy-ntlm proxy-anyauth preproxy insecure cacert capath cert cert-type key key-type pass location
    location-trusted netrc netrc-file netrc-optional get head cookie cookie-jar form data-urlencode json resolve
    connect-to tlsv1.0 tlsv1.1 tlsv1.2 tlsv1.3 tls-max ciphers pinnedpubkey proxytunnel proxy-header proxy-insecure
    proxy-cacert delegation service-name login-options sasl-authzid sasl-ir config disallow-username-in-url
    noproxy unix-socket max-redirs post301 post302 post303 header-file request url-query http1.1 http2 ssl-no-revoke
    """.split()
)


def read(material: Material, found: Found) -> None:
    """Read every curl command that names a URL or an option of authentication."""
    count = 0
    for start, end, words in commands(material.text):
        command = _command(words, material, start)
        if command is None:
            continue
        count += 1
        found.commands.append((start, command))
        found.take([(start, end)])
        if count >= _MAX_COMMANDS:
            break
    if count:
        found.kinds.append("curl_command")


def _command(words: list[Word], material: Material, start: int) -> CurlCommand | None:
    given = list(options(words))
    urls = [option.value for option in given if option.name in ("", "url") and looks_like_url(option.value)]
    named = [option for option in given if option.name in _MATTERING or option.name in ("header", *_DATA)]
    if not urls and not (named and _begins_line(material.text, start)):
        return None
    request = _request(given, urls[0] if urls else "", material.vault)
    return CurlCommand(
        request,
        tuple(_rendered(option) for option in named if option.name in _MATTERING),
        f"line {material.line(start)}",
    )


def _begins_line(text: str, start: int) -> bool:
    floor = max(0, start - 200)
    return not text[max(floor, text.rfind("\n", floor, start) + 1) : start].strip(" \t$#>%`|*-")


def looks_like_url(value: str) -> bool:
    """True for what curl would take as a URL and a sentence would not: a scheme, a path, a port, a variable, a dot."""
    if "://" in value or value.startswith(("localhost", "$", "{{", "<http")):
        return True
    host = value.partition("/")[0].partition(":")[0]
    return (
        "." in host.strip(".")
        and not host.endswith(".")
        and all(part.replace("-", "").isalnum() for part in host.split("."))
    )


def _rendered(option: Option) -> str:
    return f"--{option.name} {option.value}" if option.value else f"--{option.name}"


def _request(given: list[Option], url: str, vault: Vault) -> HttpRequest:
    names = {option.name for option in given}
    headers: list[tuple[str, str]] = []
    bodies: list[str] = []
    for option in given:
        if option.name == "header":
            _put_header(headers, option.value)
        elif option.name in _DATA:
            bodies.append(_data(option, vault))
        elif option.name in ("form", "form-string"):
            bodies.append(option.value)
        elif option.name == "oauth2-bearer":
            headers.append(("Authorization", f"Bearer {option.value}"))
        elif option.name == "user" and not names.intersection(_SCHEME_OPTIONS):
            headers.append(("Authorization", "Basic " + _basic(option.value, vault)))
        elif option.name == "cookie" and "=" in option.value:
            headers.append(("Cookie", option.value))
        elif option.name in ("user-agent", "referer"):
            headers.append((option.name.title(), option.value))
    _put_default_type(headers, names)
    body = "&".join(bodies)
    if "get" in names and body:
        url, body = f"{url}{'&' if '?' in url else '?'}{body}", ""
    return HttpRequest(_method(given, names), url, tuple(headers), body)


def _method(given: list[Option], names: set[str]) -> str:
    chosen = [option.value for option in given if option.name == "request"]
    if chosen:
        return chosen[-1].upper()
    if "head" in names:
        return "HEAD"
    if "upload-file" in names:
        return "PUT"
    return "POST" if names.intersection((*_DATA, "form", "form-string")) and "get" not in names else "GET"


def _put_header(headers: list[tuple[str, str]], line: str) -> None:
    """`Name: value` adds, `Name;` sends an empty one, `Name:` removes what curl would send by itself."""
    name, colon, value = line.partition(":")
    if colon and value.strip():
        headers.append((name.strip(), value.strip()))
    elif not colon and line.endswith(";"):
        headers.append((line[:-1].strip(), ""))


def _data(option: Option, vault: Vault) -> str:
    if option.name == "data-urlencode" and "=" in option.value:
        from urllib.parse import quote_plus

        name, _, value = option.value.partition("=")
        encoded = quote_plus(vault.reveal(value))
        encoded = vault.hide(encoded, "value") if OPEN in value else encoded
        return f"{name}={encoded}" if name else encoded
    return option.value


def _put_default_type(headers: list[tuple[str, str]], names: set[str]) -> None:
    if any(name.lower() == "content-type" for name, _ in headers):
        return
    if "json" in names:
        headers.append(("Content-Type", "application/json"))
    elif names.intersection(_DATA) and "get" not in names:
        headers.append(("Content-Type", "application/x-www-form-urlencoded"))


def _basic(login: str, vault: Vault) -> str:
    """The token68 of RFC 7617 2 for `user:password`, hidden; an unset variable stays as it is typed."""
    plain = vault.reveal(login)
    return vault.hide(b64encode(plain.encode("utf-8", "surrogatepass")).decode(), "basic") if ":" in plain else login
