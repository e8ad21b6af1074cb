"""Secrets on command lines: curl by its whole grammar, other programs by the options that take a password."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache

from authwhy.evidence.curl_options import Option, commands, options
from authwhy.evidence.redaction.masked import is_readable, looks_secret
from authwhy.evidence.redaction.names import is_open_parameter, slot_of
from authwhy.evidence.redaction.slots import is_path
from authwhy.evidence.redaction.spans import Span, splice
from authwhy.evidence.redaction.web import (
    redact_authorization,
    redact_cookies,
    redact_credential,
    redact_header,
    redact_parameters,
    redact_urls,
)
from authwhy.evidence.shell_words import Word, quoted, word_at, words_at
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
    return body(value, vault)


_SNMP = dict.fromkeys(
    "snmpget snmpset snmpwalk snmpbulkwalk snmpbulkget snmpgetnext snmptrap snmptable snmpstatus snmpdf".split(), "cAX"
)
_LDAP = dict.fromkeys("ldapsearch ldapwhoami ldapmodify ldapadd ldapdelete ldapcompare".split(), "w")
_SEPARATE = {
    **_SNMP, **_LDAP, "ldappasswd": "wsa", "sshpass": "p", "redis-cli": "a", "valkey-cli": "a", "mosquitto_pub": "P",
    "mosquitto_sub": "P", "mosquitto_rr": "P", "mysql": "p", "mysqldump": "p", "mysqladmin": "p", "mariadb": "p",
    "cqlsh": "p", "mongo": "p", "mongosh": "p", "mongodump": "p", "docker": "p", "podman": "p", "buildah": "p",
    "az": "p", "oc": "p", "sqlcmd": "P", "bcp": "P", "ipmitool": "P", "http": "a", "https": "a", "xh": "a",
    "check_http": "a", "lftp": "u", "twine": "p", "beeline": "p", "nxc": "p", "crackmapexec": "p", "evil-winrm": "p",
    "rabbitmqadmin": "p", "rdesktop": "p", "smbclient": "", "rpcclient": "", "xfreerdp": "", "openssl": "",
    "radtest": "", "radclient": "", "wpa_passphrase": "",
}  # fmt: skip
_ONLY_TO_LOG_IN = frozenset(["docker", "podman", "buildah", "az", "oc"])
_LOGINS = frozenset(["http", "https", "xh", "check_http", "lftp"])
_ATTACHED = {"mysql", "mysqldump", "mysqladmin", "mariadb", "sshpass", "mongo", *_SNMP, *_LDAP}
_MYSQL = frozenset(["mysql", "mysqldump", "mysqladmin", "mariadb"])


@cache
def _program(names: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.@:\-])({'|'.join(map(re.escape, names))})(?=[ \t]+\S)")


@cache
def _long_option() -> re.Pattern[str]:
    return re.compile(r"[ \t](?:--[a-z][\w\-]{0,40}|-(?:pw|pass|ap))[ \t]+(?=[^\s\-])")


def hide_arguments(text: str, vault: Vault) -> str:
    """Hide passwords in the arguments of other programs, and after any `--password x` like option."""
    names = tuple(sorted((name for name in _SEPARATE if name + " " in text), key=len, reverse=True))
    if names:
        text = splice(text, _program_spans(text, _program(names), vault))
    return splice(text, _long_options(text, vault)) if " -" in text else text


def _program_spans(text: str, program: re.Pattern[str], vault: Vault) -> Iterator[Span]:
    at = 0
    while match := program.search(text, at):
        words = words_at(text, match.end())
        at = max(match.end(), words[-1].end if words else 0)
        if match[1] not in _ONLY_TO_LOG_IN or any(word.value == "login" for word in words):
            yield from _arguments(match[1], words, vault)


def _arguments(program: str, words: list[Word], vault: Vault) -> Iterator[Span]:
    flags = {f"-{letter}" for letter in _SEPARATE[program]}
    before = ""
    for index, word in enumerate(words):
        value, name, before = word.value, before, word.value
        if name in flags and (word.quote or not value.startswith("-")):
            if program not in _MYSQL or looks_secret(value):
                yield from _word_span(word, "", value, vault, login=program in _LOGINS)
        elif program in _ATTACHED and len(value) > 2 and value[:2] in flags:
            yield from _word_span(word, value[:2], value[2:], vault)
        elif program in ("smbclient", "rpcclient") and name in ("-U", "--user") and "%" in value:
            user, _, password = value.partition("%")
            yield from _word_span(word, user + "%", password, vault)
        elif value.startswith(("pass:", "/p:", "/pass:", "/password:")):
            head, _, password = value.partition(":")
            yield from _word_span(word, head + ":", password, vault)
        elif index in _POSITIONS.get(program, ()):
            yield from _word_span(word, "", value, vault)
        if program == "sshpass" and not value.startswith("-"):
            return


_POSITIONS = {"radtest": (1, 4), "wpa_passphrase": (1,), "radclient": (2,)}


def _word_span(word: Word, prefix: str, value: str, vault: Vault, *, login: bool = False) -> Iterator[Span]:
    safe = redact_login(value, vault) if login else redact_credential(value, vault, "password", words=False)
    if safe != value:
        yield Span(word.start, word.end, quoted(prefix + safe, word.quote))


def _long_options(text: str, vault: Vault) -> Iterator[Span]:
    """`--password x`, `--client-secret x`, `-pw x` of any program."""
    for match in _long_option().finditer(text):
        name = match[0].strip().lstrip("-")
        slot = slot_of("password" if name in ("pw", "ap") else name)
        word = word_at(text, match.end()) if slot and slot.how in ("always", "credentials") else None
        if slot is None or word is None or is_path(word.value):
            continue
        if slot.how == "credentials":
            safe = redact_authorization(word.value, vault)
        elif slot.kind == "password" or looks_secret(word.value) or word.quote:
            safe = redact_credential(word.value, vault, slot.kind)
        else:
            continue
        if safe != word.value:
            yield Span(word.start, word.end, quoted(safe, word.quote))
