"""Secrets in the lines of other protocols and in sentences: AUTH, PASS, LOGIN, IDENTIFIED BY, "password is x"."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from authwhy.evidence.redaction.masked import GLUE, STATES, is_readable, looks_secret
from authwhy.evidence.redaction.shapes import looks_random
from authwhy.evidence.redaction.web import redact_credential
from authwhy.model.secret import Vault


class Rule(NamedTuple):
    """Literals one of which the text must hold; the pattern, whose groups s, s2 are secrets; their kind.

    `likely`: hide only what looks like a secret, since the words around it also stand in plain sentences.
    `several`: one line may hold several; the rule is applied until nothing changes.
    """

    literals: tuple[str, ...]
    pattern: str
    kind: str = "password"
    likely: bool = False
    several: bool = False


_DOUBLE = r"\"[^\"\n]{1,200}\""
_SINGLE = r"'[^'\n]{1,200}'"
_SQL = r"'(?:[^'\n]|''){0,200}'|\"[^\"\n]{0,200}\""
_WORD = rf"(?P<s>{_DOUBLE}|{_SINGLE}|[^\s\"'`;,)]+)"
_BASE64_LINE = r"(?:C: ?|> ?)?(?P<s>[A-Za-z0-9+/]{4,}={0,2})[ \t]*$"

RULES: tuple[Rule, ...] = (
    Rule(  # SASL initial responses (RFC 4954 4, RFC 9051 6.2.2)
        ("AUTH", "auth "),
        r"\b(?:AUTH|AUTHENTICATE|auth) (?:PLAIN|LOGIN|XOAUTH2|OAUTHBEARER|CRAM-MD5|NTLM|GSSAPI|EXTERNAL"
        r"|SCRAM-[\w-]{4,16})[ \t]+(?P<s>[A-Za-z0-9+/=]{4,})",
    ),
    Rule(("334 ",), r"(?m)^(?:S: ?|< ?)?334 [^\n]{0,400}\n" + _BASE64_LINE),
    Rule(("AUTHENTICATE",), r"(?m)^(?:S: ?|< ?)?\+[^\n]{0,400}\n" + _BASE64_LINE),
    Rule(
        ("PASS ",),
        r"(?m)^[ \t]*(?:[CS]: ?|[<>\-]{1,4} ?|\d[\d:. ]{0,20} )?PASS (?P<s>\S[^\n]{0,200}?)[ \t]*$",
    ),
    Rule(  # IMAP LOGIN, also quoted in a message
        (" LOGIN ", "login ", '"LOGIN'),
        rf"(?:(?<![\w.:])[A-Za-z]{{0,6}}\d{{1,12}} LOGIN (?:{_DOUBLE}|[^\s\"']{{1,100}})"
        rf"|[\"'](?:[\w.]{{1,12}} )?(?:LOGIN|login) (?:{_DOUBLE}|[^\s\"'@]{{1,100}}@[^\s\"']{{1,100}}))"
        rf" (?P<s>{_DOUBLE}|[^\s\"']{{1,200}})",
    ),
    Rule(  # Redis AUTH behind a prompt, HELLO n AUTH
        ("> AUTH ", "> auth ", ">AUTH ", "redis-cli", "HELLO "),
        r"(?:\d> ?|redis-cli[^\n|;]{0,80} |HELLO \d )(?:AUTH|auth)[ \t]+(?:[\w.@-]{1,64}[ \t]+(?![\w.]{1,30}[ \t]))?"
        r"(?P<s>[^\s\"'`,]{1,512}|\"[^\"\n]{1,512}\")",
    ),
    Rule(
        ("AUTH ", "auth "),
        r"(?m)(?:^[ \t]*|[\"'`])(?:AUTH|auth)[ \t]+(?:[\w.@-]{1,64}[ \t]+)?(?P<s>[^\s\"'`,<]{1,512})(?=[ \t]*$|[\"'`])",
        likely=True,
    ),
    Rule(  # configuration words with a blank: Redis, LDAP, SNMP
        ("requirepass", "masterauth", "rootpw", "bindpw", "community"),
        r"\b(?:requirepass|masterauth|rootpw|bindpw|r[ow]community6?|authcommunity[ \t]+[\w,]{2,30}"
        r"|snmp-server community)[ \t]+" + _WORD,
    ),
    Rule(
        ("createUser",),
        r"\bcreateUser[ \t]+(?:-e[ \t]+\S{1,70}[ \t]+)?\S{1,64}[ \t]+(?:MD5|SHA[\w-]{0,8})[ \t]+"
        rf"(?P<s>{_DOUBLE}|\S+)(?:[ \t]+(?:DES|AES[\w-]{{0,8}})[ \t]+(?P<s2>{_DOUBLE}|\S+))?",
    ),
    Rule(
        ("com2sec",),
        r"\bcom2sec6?[ \t]+(?:-Cn[ \t]+\S+[ \t]+)?\S{1,64}[ \t]+\S{1,64}[ \t]+(?P<s>\S+)",
        "community",
    ),
    Rule(  # Redis ACL rules: >password, <password, #hash
        ("setuser", "SETUSER", " on >", " on #", " on ~", " on nopass", " on reset"),
        r"(?m)(?:\b(?:acl setuser|ACL SETUSER)|^[ \t]*user)[ \t]+\S{1,64}[ \t][^\n]{0,200}?(?<=\s)[<>#]"
        r"(?P<s>[^\s\ue000]{1,200})",
        several=True,
    ),
    Rule(
        ("IDENTIFIED", "identified"),
        r"(?:\bIDENTIFIED|(?i:\b(?:create|alter|grant)\b[^\n]{1,200}?\bidentified)) (?i:with [\w'\"`.]{1,60} )?"
        rf"(?i:by|as)(?i: password)?[ \t]+(?P<s>{_SQL}|[^\s;]{{1,200}})",
    ),
    Rule(
        ("assword", "ASSWORD", "SECRET '", "ecret '"),
        rf"(?i)\b(?:password|secret|passphrase)(?:[ \t]+for[ \t]+\S{{1,100}}[ \t]*=[ \t]*|[ \t]*\([ \t]*|[ \t]+)"
        rf"(?P<s>{_SQL}|`[^`\n]{{1,200}}`|\u201c[^\u201d\n]{{1,200}}\u201d)",
    ),
    Rule(("PSK ", "psk "), rf"\b(?:PSK|psk)[ \t]+(?P<s>{_DOUBLE}|0[sx]\S+)"),
    Rule(
        ("machine ", "default login"),
        r"\b(?:machine[ \t]+\S{1,200}|default)\s{1,8}login[ \t]+\S{1,100}\s{1,8}"
        r"(?:account[ \t]+\S{1,100}\s{1,8})?password[ \t]+(?P<s>\S+)",
    ),
    Rule(  # sentences
        (" is ", " was ", " are ", " used ", " set to ", " changed to "),
        r"(?i)\b(?:pass(?:word|phrase|wd)?|pwd|pw|secret|token|api[- ]?key|community|pin)"
        r"(?:[ \t]+(?:string|value|here))?[ \t]+(?:is|was|are|used is|used was|set to|changed to)[ \t]*:?[ \t]+"
        rf"(?P<s>{_DOUBLE}|{_SINGLE}|[^\s\"',;<]{{1,300}})",
        likely=True,
    ),
    Rule(
        ("earer ", "asic ", "oken ", "egotiate ", "NTLM ", "DPoP ", "ey ", "SSWS "),
        r"(?<![\w/.\-])(?:[Bb]earer|[Bb]asic|[Tt]oken|[Nn]egotiate|NTLM|DPoP|[Aa]pi-?[Kk]ey|SSWS)[ \t]+"
        r"(?![A-Za-z_]{1,30}=[\"\w])(?P<s>[A-Za-z0-9._~+/=\-]{6,})",
        "token",
        likely=True,
    ),
    Rule(
        ("rovided:", "eceived:", "iven:", "rovided ("),
        r"(?i)\b(?:key|token|secret|password)[ \t]+(?:provided|received|given)[ \t]*[:(][ \t]*"
        rf"(?P<s>{_DOUBLE}|{_SINGLE}|[^\s\"'()]{{1,300}})",
        "api_key",
        likely=True,
    ),
)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def hide_lines(text: str, vault: Vault) -> str:
    """Hide secrets that no name with a separator announces."""
    return hide_by(RULES, text, vault)


def hide_by(rules: tuple[Rule, ...], text: str, vault: Vault) -> str:
    """Hide what these rules find, in their order."""
    for rule in rules:
        if any(literal in text for literal in rule.literals):
            replace = _replacer(rule, vault)
            for _ in range(8 if rule.several else 1):
                safe = _compiled(rule.pattern).sub(replace, text)
                if safe == text:
                    break
                text = safe
    return text


def _replacer(rule: Rule, vault: Vault) -> Callable[[re.Match[str]], str]:
    def replace(match: re.Match[str]) -> str:
        whole = match[0]
        for name in sorted((name for name in match.groupdict() if match[name]), reverse=True):
            value = match[name]
            if not _may_stay(match, value, rule):
                start, end = match.start(name) - match.start(), match.end(name) - match.start()
                whole = whole[:start] + redact_credential(value, vault, rule.kind, words=rule.likely) + whole[end:]
        return whole

    return replace


_WORD_ENDS = ("ly", "ed", "ing", "able", "ible", "ent", "ic", "ous", "less", "ful")


def _may_stay(match: re.Match[str], value: str, rule: Rule) -> bool:
    if not rule.likely:
        return False
    bare = value.strip("\"'.,;:!?()")
    low = bare.lower()
    if is_readable(value) or low in STATES or low in GLUE or low.endswith(_WORD_ENDS):
        return True
    if bare.startswith(("http://", "https://", "<")):
        return True
    if value[0] in "\"'" or looks_secret(bare) or looks_random(bare):
        return False
    following = match.string[match.end() : match.end() + 2]
    stands_last = not following.strip() or following[0] in ".,;\n"
    return not (" is " in match[0] or " was " in match[0]) or not stands_last
