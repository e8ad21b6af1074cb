"""Secrets in the arguments of programs: options and places of passwords, `echo x | ... --password-stdin`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from authwhy.evidence.redaction.commands import redact_login
from authwhy.evidence.redaction.masked import looks_secret
from authwhy.evidence.redaction.names import slot_of
from authwhy.evidence.redaction.slots import is_path
from authwhy.evidence.redaction.spans import Span, splice
from authwhy.evidence.redaction.web import redact_authorization, redact_credential
from authwhy.evidence.shell_words import Word, quoted, word_at, words_at
from authwhy.model.secret import Vault


class Program(NamedTuple):
    """The options of a program that take a password (`flags`) or user:password (`logins`).

    `after`: subcommand -> how many words later its password stands; `only`: the subcommand all this is true of.
    """

    flags: tuple[str, ...] = ()
    logins: tuple[str, ...] = ()
    after: tuple[tuple[str, int], ...] = ()
    only: str = ""


def _table(lines: str) -> dict[str, Program]:
    """One program a line: its names, then flags, `login=` flags, `after=` subcommand:places, `only=` subcommand."""
    found: dict[str, Program] = {}
    for line in lines.strip().splitlines():
        names, _, rest = line.partition(":")
        words = rest.split()
        marked = [word.partition("=") for word in words if "=" in word]
        program = Program(
            tuple(word for word in words if "=" not in word),
            tuple(value for key, _, value in marked if key == "login"),
            tuple(
                (sub, int(places))
                for key, _, value in marked
                if key == "after"
                for sub, _, places in [value.partition("/")]
            ),
            next((value for key, _, value in marked if key == "only"), ""),
        )
        found.update(dict.fromkeys(names.split(), program))
    return found


PROGRAMS = _table("""
snmpget snmpset snmpwalk snmpbulkwalk snmpbulkget snmpgetnext snmptrap snmptable snmpstatus snmpdf: -c -A -X
ldapsearch ldapwhoami ldapmodify ldapadd ldapdelete ldapcompare: -w
ldappasswd: -w -s -a
sshpass: -p
redis-cli valkey-cli: -a
mosquitto_pub mosquitto_sub mosquitto_rr sqlcmd bcp tsql ipmitool zip unzip: -P
mysql mysqldump mysqladmin mariadb cqlsh mongo mongosh mongodump twine beeline nxc crackmapexec evil-winrm: -p
rabbitmqadmin rdesktop ncftp hydra psexec 7z yt-dlp certutil: -p
docker podman buildah az oc: -p only=login
http https xh check_http: login=-a
lftp: login=-u
ab: login=-A login=-P
etcdctl hurl: login=--user
ssh-keygen: -N -P
openssl: -k -K -psk
htpasswd: after=-b/3 after=-nb/2 after=-bc/3 after=-cb/3
rabbitmqctl: after=add_user/2 after=change_password/2 after=authenticate_user/2
vault cargo: after=login/1
bw: after=unlock/1
net: after=user/2 after=use/2
radtest: after=/2 after=/5
wpa_passphrase: after=/2
radclient: after=/3
isql: after=/3
smbclient rpcclient xfreerdp:
""")
_OWN_DATABASE = frozenset(["mysql", "mysqldump", "mysqladmin", "mariadb"])


@cache
def _program(names: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.@:\-])({'|'.join(map(re.escape, names))})(?:\.exe)?(?=[ \t]+\S)")


def hide_arguments(text: str, vault: Vault) -> str:
    """Hide passwords in the arguments of known programs, and after any `--password x` like option."""
    names = tuple(sorted((name for name in PROGRAMS if name + " " in text), key=len, reverse=True))
    if names:
        text = splice(text, _program_spans(text, _program(names), vault))
    if "echo " in text or "<<<" in text:
        text = splice(text, _piped(text, vault))
    if "/" in text and "@" in text:
        text = splice(text, _slashed(text, vault))
    return splice(text, _long_options(text, vault)) if " -" in text else text


def _program_spans(text: str, pattern: re.Pattern[str], vault: Vault) -> Iterator[Span]:
    at = 0
    while match := pattern.search(text, at):
        words = words_at(text, match.end())
        at = max(match.end(), words[-1].end if words else 0)
        program = PROGRAMS[match[1]]
        if not program.only or any(word.value == program.only for word in words):
            yield from _arguments(match[1], program, words, vault)


def _arguments(name: str, program: Program, words: list[Word], vault: Vault) -> Iterator[Span]:
    before = ""
    for word in words:
        value, option, before = word.value, before, word.value
        if option in program.logins:
            yield from _word_span(word, "", value, vault, login=True)
        elif option in program.flags and (word.quote or not value.startswith("-")):
            if name not in _OWN_DATABASE or looks_secret(value):
                yield from _word_span(word, "", value, vault)
        elif value[:2] in program.flags and len(value) > 2:
            yield from _word_span(word, value[:2], value[2:], vault)
        elif option in ("-U", "--user") and "%" in value and name in ("smbclient", "rpcclient"):
            user, _, password = value.partition("%")
            yield from _word_span(word, user + "%", password, vault)
        elif value.startswith(("pass:", "/p:", "/pass:", "/password:")):
            head, _, password = value.partition(":")
            yield from _word_span(word, head + ":", password, vault)
        if name == "sshpass" and not value.startswith("-"):
            break
    yield from _placed(program, words, vault)


def _placed(program: Program, words: list[Word], vault: Vault) -> Iterator[Span]:
    """Passwords that stand at a place: `vault login x`, `radtest alice x host 0 secret`."""
    for sub, places in program.after:
        start = next((index for index, word in enumerate(words) if word.value == sub), None) if sub else -1
        if start is not None and start + places < len(words):
            word = words[start + places]
            if word.value[:1] not in ("-", "/", "*") and "=" not in word.value:
                yield from _word_span(word, "", word.value, vault)


def _word_span(word: Word, prefix: str, value: str, vault: Vault, *, login: bool = False) -> Iterator[Span]:
    safe = redact_login(value, vault) if login else redact_credential(value, vault, "password", words=False)
    if safe != value:
        yield Span(word.start, word.end, quoted(prefix + safe, word.quote))


@cache
def _pipe() -> re.Pattern[str]:
    """`echo x | program` and `program <<< x` where the program reads a password."""
    programs = (
        r"(?:sudo[ \t]+-\w*S|kinit|chpasswd|passwd|htpasswd|\S+[ \t]+login|gh[ \t]+auth|ftp)\b"
        r"|[^\n|]{0,200}(?:password|token|passphrase)-stdin"
    )
    value = r"(?:'([^'\n]{1,300})'|\"([^\"\n]{1,300})\"|([^\s'\"|]{1,300}))"
    return re.compile(
        rf"\becho[ \t]+(?:-n[ \t]+)?{value}[ \t]*\|[ \t]*(?:{programs})"
        rf"|\b(?:{programs})[^\n|]{{0,100}}?<<<[ \t]*{value}"
    )


def _piped(text: str, vault: Vault) -> Iterator[Span]:
    for match in _pipe().finditer(text):
        group = next(number for number in range(1, 7) if match[number])
        safe = (
            redact_login(match[group], vault)
            if ":" in match[group]
            else redact_credential(match[group], vault, "password")
        )
        yield Span(match.start(group), match.end(group), safe)


@cache
def _slash() -> re.Pattern[str]:
    """Oracle's `user/password@service`, impacket's `domain/user:password@host`."""
    return re.compile(
        r"(?:\b(?:sqlplus|sqlldr|expdp|impdp|jdbc:oracle:(?:thin|oci):)[ \t]*[\w.]{1,64}/"
        r"|\b[\w.\-]{0,60}\.py[ \t]+'?[\w.]{1,64}/[\w.]{1,64}:)([^\s@/'\"]{1,200})(?=@|$)"
    )


def _slashed(text: str, vault: Vault) -> Iterator[Span]:
    for match in _slash().finditer(text):
        yield Span(match.start(1), match.end(1), redact_credential(match[1], vault, "password"))


@cache
def _long_option() -> re.Pattern[str]:
    return re.compile(r"[ \t]-{1,2}([A-Za-z][\w\-]{1,40})[ \t]+(?=[^\s\-])")


def _long_options(text: str, vault: Vault) -> Iterator[Span]:
    """`--password x`, `--client-secret x`, `-Password x`, `-pw x` of any program."""
    for match in _long_option().finditer(text):
        name = "password" if match[1] in ("pw", "ap") else match[1]
        slot = None if name.startswith("no-") or "-no-" in name else slot_of(name)
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
