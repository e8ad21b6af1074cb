"""The options of curl: which take a value, and the words of one command line sorted into options and URLs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from authwhy.evidence.shell_words import Word, words_at

SHORT = {
    "A": "user-agent", "b": "cookie", "c": "cookie-jar", "C": "continue-at", "d": "data", "D": "dump-header",
    "e": "referer", "E": "cert", "F": "form", "H": "header", "K": "config", "m": "max-time", "o": "output",
    "P": "ftp-port", "Q": "quote", "r": "range", "t": "telnet-option", "T": "upload-file", "u": "user",
    "U": "proxy-user", "w": "write-out", "x": "proxy", "X": "request", "y": "speed-time", "Y": "speed-limit",
    "z": "time-cond", "G": "get", "I": "head", "L": "location", "k": "insecure", "n": "netrc", "i": "include",
    "v": "verbose", "s": "silent", "S": "show-error", "f": "fail", "0": "http1.0", "1": "tlsv1", "4": "ipv4",
    "6": "ipv6", "g": "globoff", "j": "junk-session-cookies", "J": "remote-header-name", "l": "list-only",
    "N": "no-buffer", "O": "remote-name", "p": "proxytunnel", "q": "disable", "R": "remote-time", "a": "append",
    "B": "use-ascii", "M": "manual", "V": "version", "Z": "parallel", "#": "progress-bar", ":": "next",
}  # fmt: skip
VALUED = frozenset(
    """
    user-agent cookie cookie-jar continue-at data dump-header referer cert form header config max-time output ftp-port
    quote range telnet-option upload-file user proxy-user write-out proxy request speed-time speed-limit time-cond url
    data-raw data-binary data-ascii data-urlencode json form-string url-query oauth2-bearer aws-sigv4 proxy-header
    preproxy cert-type key key-type pass cacert capath crlfile ca-native proxy-cert proxy-cert-type proxy-key
    proxy-key-type proxy-pass proxy-cacert proxy-capath proxy-service-name service-name login-options delegation
    sasl-authzid tlsuser tlspassword tlsauthtype proxy-tlsuser proxy-tlspassword proxy-tlsauthtype ciphers tls13-ciphers
    tls-max pinnedpubkey resolve connect-to connect-timeout interface retry retry-delay retry-max-time max-redirs
    max-filesize limit-rate netrc-file noproxy socks5 socks5-hostname socks4 socks4a socks5-gssapi-service pubkey
    hostpubmd5 hostpubsha256 unix-socket abstract-unix-socket dns-servers doh-url keepalive-time local-port stderr
    trace trace-ascii trace-config proto proto-default proto-redir request-target mail-from mail-rcpt mail-auth krb
    haproxy-clientip create-file-mode ipfs-gateway rate variable engine random-file egd-file curves hsts alt-svc
    """.split()
)


class Option(NamedTuple):
    """One option (long name) or, with an empty name, a URL. `prefix` is what the word holds before the value."""

    name: str
    value: str
    word: Word | None
    prefix: str = ""


@cache
def _command() -> re.Pattern[str]:
    return re.compile(r"(?<![\w.\-])curl(?:\.exe)?(?=[ \t]+[^\s]|[ \t]*[\\^`]\r?\n)")


def commands(text: str) -> Iterator[tuple[int, int, list[Word]]]:
    """Every curl command in the text: its start, its end and its words after `curl`."""
    at = 0
    while match := _command().search(text, at):
        words = words_at(text, match.end())
        at = max(match.end(), words[-1].end if words else 0)
        if words:
            yield match.start(), at, words


def options(words: list[Word]) -> Iterator[Option]:
    """Sort words into options and URLs. Lenient: `--user=x`, `-uuser:pw`, `-sSu user:pw`, `-XPOST` are all read."""
    rest = iter(words)
    for word in rest:
        text = word.value
        if text.startswith("--") and len(text) > 2:
            name, equals, value = text[2:].partition("=")
            name = name.removeprefix("expand-")
            if equals:
                yield Option(name, value, word, text[: len(text) - len(value)])
            elif name in VALUED:
                value_word = next(rest, None)
                yield Option(name, value_word.value if value_word else "", value_word)
            else:
                yield Option(name, "", None)
        elif text.startswith("-") and len(text) > 1:
            yield from _short(text, word, rest)
        else:
            yield Option("", text, word)


def _short(text: str, word: Word, rest: Iterator[Word]) -> Iterator[Option]:
    for index, char in enumerate(text[1:], 1):
        name = SHORT.get(char, char)
        if name in VALUED:
            attached = text[index + 1 :]
            value_word = word if attached else next(rest, None)
            value = attached or (value_word.value if value_word else "")
            yield Option(name, value, value_word, text[: index + 1] if attached else "")
            return
        yield Option(name, "", None)
