"""Values in a secret's place that are no secret: masks, placeholders, states and messages. They stay readable."""

from __future__ import annotations

import re
from functools import cache

from authwhy.model.secret import CLOSE, OPEN

_MAX_MASK = 200
_QUOTES = "\"'`\u2018\u2019\u201c\u201d"

STATES = frozenset(
    """
    yes no y n on off true false none null nil undefined nan empty blank missing absent required mandatory invalid
    incorrect wrong bad expired unexpired expiring revoked rejected refused denied failed fails failure failing error
    errors mismatch mismatched unknown unauthorized unauthorised forbidden disabled enabled locked unlocked reset
    changed unchanged correct right valid ok okay fine good accepted optional set unset stored saved hidden removed
    deleted needed necessary supported unsupported deprecated encrypted unencrypted plain plaintext cleartext hashed
    encoded malformed ambiguous authentication authorization always never already also only still now then currently
    really surely case-sensitive sent given provided present unavailable available prompt optional auto default
    inactive active used unused reused unchecked checked verified unverified untrusted trusted allowed disallowed
    found gone lost sent seen known granted issued suspended deactivated compiled
    unable
    success successful succeeded attempt attempts unexpected insecure weak short long same different generated
    """.split()
)
_TECHNICAL = frozenset(
    """
    base64 base64url base32 base58 utf8 utf-8 utf-16 md5 sha1 sha-1 sha224 sha256 sha-256 sha384 sha-384 sha512 sha-512
    argon2 argon2id pbkdf2 hs256 hs384 hs512 rs256 rs384 rs512 es256 es384 es512 ps256 ps384 ps512 ed25519 ecdsa-p256
    oauth2 oauth2.0 oauth1 saml2 saml2.0 http1.1 http2 ipv4 ipv6 x509 x.509 2fa fido2 u2f aes128 aes256 aes-128 aes-256
    tls1.2 tls1.3 http/1.0 http/1.1 http/2 http/2.0 http/3 v1 v2 v3 v4 x86_64 amd64 arm64 k8s s3 ec2 o365 office365
    """.split()
)
_FAULTS = STATES - frozenset(
    """
    yes no y n on off true false set sent given same now never only also still always already good right correct fine
    short long used active auto optional plain plaintext stored saved hidden default valid different weak really surely
    currently then enabled available trusted allowed success changed accepted generated prompt encoded hashed locked
    found gone lost seen known granted issued
    """.split()
)
_SWITCHES = frozenset("yes no y n on off true false".split())
GLUE = frozenset(
    """
    not is are was were be been being has have had a an the this that these those it its in for from to of with and or
    but by as at too must may might can cannot could should would will shall does do did than longer shorter about
    because if when which what who your you my we i our their his her can't cannot won't isn't doesn't didn't couldn't
    only no there been also please
    """.split()
)
_MASK_WORDS = frozenset(
    """
    redacted masked hidden filtered removed secret-removed password_removed snip snipped omitted censored elided
    scrubbed obfuscated sanitized stripped suppressed truncated-secret value-hidden protected
    """.split()
)
_NOTHING = frozenset(
    ["", "undefined", "null", "none", "nil", "nan", "[object object]", "...", "\u2026", "-", "--", "n/a"]
)
_INVITING = frozenset("your my insert enter replace put paste example sample dummy the some an a placeholder".split())
_NAMING = frozenset(
    """
    api key token secret password passwd pass value here string id access client auth bearer jwt user credential
    """.split()
)


@cache
def _variable() -> re.Pattern[str]:
    """A variable or expression of a shell, a template or a program."""
    return re.compile(
        r"\$[A-Z_][A-Z0-9_]{0,63}"
        r"|\$env:\w{1,64}"
        r"|\$\{[\w.:-]{1,64}\}|\$\([\w ./-]{1,64}\)|\$\{\{ ?[\w. -]{1,64} ?\}\}"
        r"|%[A-Z_][A-Z0-9_]{0,63}%|\{\{-? ?[\w. |\"'-]{1,64} ?-?\}\}|\{[a-z_][a-z0-9_.]{0,63}\}"
        r"|(?:process\.env|os\.environ|os\.getenv|getenv|System\.getenv|env|ENV|config|settings|self|this|secrets|var|local)"
        r"(?:\.[A-Za-z_]{1,64}|[(\[][\"']?[A-Za-z_]{1,64}[\"']?[)\]]){1,4};?"
        r"|[A-Za-z_][A-Za-z_.]{0,80}\([A-Za-z_., ]{0,80}\)?;?|\[B@[0-9a-f]{1,8}"
    )


def is_masked(text: str) -> bool:
    """True when somebody has already hidden the value: `sk-old****abcd`, `***`, `<redacted>`, `xxxxx`, `[FILTERED]`."""
    bare = text.strip().strip(_QUOTES)
    if not 0 < len(bare) <= _MAX_MASK:
        return False
    if "***" in bare or "\u2022\u2022\u2022" in bare or "\u25cf\u25cf\u25cf" in bare:
        return True
    low = bare.lower()
    if len(bare) >= 3 and set(low) <= set("x-_. ") and "xxx" in low.replace("-", "").replace("_", ""):
        return True
    if "..." in bare and len(bare) <= 24 and all(part.isalnum() or not part for part in re.split(r"\.{3,}|[-_]", bare)):
        return True
    inner = low.strip("<>()[]{}#*- ")
    return inner in _MASK_WORDS or (not inner and len(bare) >= 3 and bare[0] in "<([-#*")


def is_placeholder(text: str) -> bool:
    """True for what stands where a secret should be: undefined, null, empty, `$TOKEN`, `{{token}}`, `your-api-key`."""
    bare = text.strip().strip(_QUOTES)
    low = bare.lower()
    if low in _NOTHING:
        return True
    if len(bare) > _MAX_MASK:
        return False
    if (bare[0] in "$%{[" or "." in bare or "(" in bare or "[" in bare) and _variable().fullmatch(bare):
        return True
    return _invites(low) or _names_itself(bare, low)


def _names_itself(bare: str, low: str) -> bool:
    """`API_KEY`, `access_token`, `TOKEN`: the name of a variable in the value's place."""
    words = re.split(r"[-_ ]", low)
    return (len(words) > 1 or bare.isupper()) and all(word in _NAMING for word in words)


def _invites(low: str) -> bool:
    """`<token>`, `<your api key>`, `your_api_key_here`, `insert-token`: words only, no digits."""
    bracketed = len(low) > 2 and low[0] + low[-1] in ("<>", "[]", "{}")
    words = re.split(r"[-_ .]+", low.strip("<>[]{} "))
    if not all(word.isascii() and word.isalpha() for word in words):
        return False
    if bracketed:
        return len(words) <= 6
    return len(words) > 1 and words[0] in _INVITING and any(word in _NAMING for word in words[1:])


def is_message(text: str) -> bool:
    """True for a sentence about a secret ("is invalid", "must not be blank"), which is evidence and no secret."""
    bare = text.strip().strip(_QUOTES)
    low = bare.lower().rstrip(".!,;:)")
    if low in _FAULTS or low in _SWITCHES:
        return True
    if low.replace("_", "").isalpha() and low.split("_", 1)[0] in _FAULTS:
        return True  # invalid_username_or_password
    if " " not in low or len(low) > 2000:
        return False
    words = [word.strip(".,;:!?()'\"") for word in low.replace("/", " ").split()] or [""]
    if _has_digits_among_letters(words[0]):
        return False  # "hunter2 is wrong" tells the password
    if "not" in words and any(word in STATES for word in words):
        return True
    if words[0] in _FAULTS and all(word.isalpha() for word in words):
        return True
    if words[0].endswith("n't") and len(words) > 2:
        return True
    faults = any(word in _FAULTS or word.endswith("n't") for word in words)
    return faults and any(word in GLUE or word in STATES for word in words[1:])


def _has_digits_among_letters(word: str) -> bool:
    if word in _TECHNICAL or not any(char.isalpha() for char in word):
        return False
    return any(char.isdigit() or char in "@#$%^&*+=~|\\" for char in word)


def is_sentence(text: str) -> bool:
    """True for a message, or for words with so many small ones among them that nobody chose them as a pass phrase."""
    if is_message(text):
        return True
    words = [word.strip(".,;:!?()[]'\"").lower() for word in text[:400].split()]
    return len(words) >= 3 and sum(word in GLUE for word in words) >= 2


def is_hidden(text: str) -> bool:
    """True when nothing but placeholders of the vault, PEM marks, quotes and blanks is left."""
    if OPEN not in text:
        return False
    return not _between().sub("", text).strip(" \t\r\n\\;," + _QUOTES)


@cache
def _between() -> re.Pattern[str]:
    return re.compile(f"{OPEN}\\d+{CLOSE}|-----(?:BEGIN|END) [A-Z0-9 ]{{1,40}}-----|\\\\[nr]")


def is_readable(value: str) -> bool:
    """True when the value in a secret's place may stay: nothing to hide, or hidden already."""
    return is_placeholder(value) or is_masked(value) or is_hidden(value) or is_message(value)


def looks_secret(value: str) -> bool:
    """A guess for places where a secret is possible but not certain: digits among letters, symbols, or no word."""
    bare = value.strip().strip(_QUOTES)
    low = bare.lower().rstrip(".,;:!?")
    if len(bare) < 4 or " " in bare or low in STATES or low in _TECHNICAL or is_readable(bare):
        return False
    letters = any(char.isalpha() for char in bare)
    if letters and any(char.isdigit() for char in bare):
        return True
    return letters and any(char in "!@#$%^&*+=~|\\?" for char in bare.rstrip("!?."))
