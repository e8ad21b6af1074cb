"""A seeded generator of tokens for the differential tests: one good token, changed in none to three ways.

Every change has a name; a difference between two libraries is explained by the names of a token's changes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.verify.jose_tokens import AUDIENCE, ISSUER, Signer, b64, signer

ALGORITHMS = ("HS256", "HS384", "HS512", "RS256", "PS256", "RS512", "ES256", "ES384", "ES512", "ES256K", "EdDSA")
SIGNERS = {alg: signer(alg, f"key-{alg}") for alg in ALGORITHMS}


@dataclass
class Draft:
    """A token in the making: parts first, then text."""

    one: Signer
    head: dict[str, Any]
    body: dict[str, Any]
    now: int
    traits: list[str] = field(default_factory=list)
    sign_as: Signer | None = None
    head_text: str | None = None
    body_text: str | None = None
    signature: Callable[[bytes], bytes] = lambda raw: raw
    text: Callable[[str], str] = lambda token: token
    plain: dict[str, str] = field(default_factory=dict)

    def as_is(self, text: str) -> str:
        """A stand-in for JSON text that `json` would not write."""
        marker = f"@{len(self.plain)}@"
        self.plain[f'"{marker}"'] = text
        return marker


@dataclass(frozen=True)
class Case:
    """A finished token, what was done to it, and what is demanded of it."""

    token: str
    traits: tuple[str, ...]
    alg: str
    alone: bool
    leeway: int
    required: tuple[str, ...]


Change = Callable[[Draft, Random], None]
CHANGES: dict[str, Change] = {}


def change(function: Change) -> Change:
    """Register a change under its name."""
    CHANGES[function.__name__] = function
    return function


def dumps(value: object) -> str:
    """Compact JSON, characters as they are."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


@change
def nothing(_draft: Draft, _random: Random) -> None:
    """A good token stays good."""


@change
def other_algorithm(draft: Draft, random: Random) -> None:
    """Another name, the same signature."""
    draft.head["alg"] = random.choice(
        [
            *ALGORITHMS,
            "none",
            "None",
            "nOnE",
            "NONE",
            "",
            "hs256",
            "Ed448",
            "RS1",
            "dir",
            "RSA-OAEP",
            "HS256 ",
            "EdDSA\0",
        ]
    )


@change
def algorithm_of_wrong_type(draft: Draft, random: Random) -> None:
    """`alg` is no text, or not there."""
    draft.head["alg"] = random.choice([None, 256, True, ["HS256"], {"name": "HS256"}])
    if random.random() < 0.3:
        del draft.head["alg"]


@change
def other_key(draft: Draft, random: Random) -> None:
    """Signed with another key of the same kind."""
    draft.sign_as = signer(draft.one.alg, draft.one.kid, random.randint(1, 2))


@change
def unknown_kid(draft: Draft, random: Random) -> None:
    """A key id that no key has."""
    draft.head["kid"] = random.choice(["key-X", "", "../../dev/null", "key-HS256 ", "k" * 300, "\u00e9", "KEY-RS256"])


@change
def no_kid(draft: Draft, _random: Random) -> None:
    """No key id."""
    draft.head.pop("kid", None)


@change
def kid_of_wrong_type(draft: Draft, random: Random) -> None:
    """`kid` is no text."""
    draft.head["kid"] = random.choice([None, 1, ["key-HS256"], {}, True])


@change
def kid_of_another_key(draft: Draft, random: Random) -> None:
    """The key id of a key that did not sign."""
    draft.head["kid"] = f"key-{random.choice(ALGORITHMS)}"


@change
def header_type(draft: Draft, random: Random) -> None:
    """Any `typ`."""
    draft.head["typ"] = random.choice(["at+jwt", "jwt", "JOSE", "application/at+jwt", "", "\u00fc"])


@change
def header_type_of_wrong_type(draft: Draft, random: Random) -> None:
    """`typ` is no text."""
    draft.head["typ"] = random.choice([None, 1, ["JWT"], {}])


@change
def unknown_header_member(draft: Draft, random: Random) -> None:
    """Members that nobody defined."""
    draft.head[random.choice(["x", "nonce", "ppt", "epk"])] = random.choice([None, 1, "a", [], {"b": {}}])


@change
def key_in_header(draft: Draft, random: Random) -> None:
    """Members that bring or point to a key."""
    draft.head["jwk"] = signer("ES256", "evil", 3).jwk
    draft.head["jku"] = random.choice(["https://evil.example/keys", "file:///etc/passwd"])


@change
def odd_key_member(draft: Draft, random: Random) -> None:
    """Registered members of a wrong type, which only concern a key that nobody reads."""
    name = random.choice(["jku", "x5u", "x5t", "cty", "x5c", "jwk"])
    draft.head[name] = random.choice([1, None, "not an address", {"a": 1}, ["a"]])


@change
def long_header(draft: Draft, random: Random) -> None:
    """A header of one to six thousand characters."""
    draft.head["x5t#S256"] = "A" * random.randint(600, 4_000)


@change
def unknown_critical(draft: Draft, random: Random) -> None:
    """An extension that must be understood and is not."""
    name = random.choice(["exp", "http://example.com/x", "ppt"])
    draft.head["crit"] = [name]
    draft.head[name] = 1


@change
def broken_critical(draft: Draft, random: Random) -> None:
    """A list of critical members that breaks RFC 7515 4.1.11."""
    draft.head["crit"] = random.choice([[], None, "exp", [1], {}, ["absent"], ["alg"], ["kid", "kid"], [[]]])


@change
def critical_b64(draft: Draft, _random: Random) -> None:
    """RFC 7797, used in the one way that changes nothing."""
    draft.head["crit"] = ["b64"]
    draft.head["b64"] = True


@change
def unencoded_payload(draft: Draft, random: Random) -> None:
    """RFC 7797, which a JWT must not use."""
    draft.head["b64"] = False
    if random.random() < 0.7:
        draft.head["crit"] = ["b64"]


@change
def b64_of_wrong_type(draft: Draft, random: Random) -> None:
    """`b64` is no boolean."""
    draft.head["b64"] = random.choice([0, 1, None, "false", []])


@change
def duplicate_header_member(draft: Draft, random: Random) -> None:
    """The same member twice."""
    text = dumps(draft.head)
    name = random.choice(list(draft.head) or ["alg"])
    draft.head_text = text[:-1] + "," + text[1:] if random.random() < 0.5 else f'{{"{name}":"x",{text[1:]}'


@change
def header_is_no_object(draft: Draft, random: Random) -> None:
    """Other JSON, or none."""
    draft.head_text = random.choice(["[]", "null", '"a"', "1", "", "{", '{"alg"', "{'alg':'HS256'}", "\u00ff", "{}{}"])


@change
def blanks_in_header(draft: Draft, random: Random) -> None:
    """Blanks are allowed between tokens of JSON."""
    draft.head_text = random.choice(["", " ", "\n"]) + json.dumps(draft.head, indent=random.choice([None, 1])) + " "


@change
def duplicate_claim(draft: Draft, random: Random) -> None:
    """The same claim twice, at the top or inside."""
    name = random.choice(["iss", "aud", "exp", "sub", "x"])
    text = dumps(draft.body)
    value = dumps(draft.body.get(name, 1))
    draft.body_text = random.choice(
        [
            f'{{"{name}":{value},{text[1:]}' if name in draft.body else f'{{"x":1,"x":1,{text[1:]}',
            f'{text[:-1]},"y":{{"a":1,"b":2,"a":1}}}}',
            f'{text[:-1]},"\\u0073ub":"mallory"}}' if "sub" in draft.body else f'{text[:-1]},"q":1,"q" :2}}',
            f'{text[:-1]},"z" :1, "z":2}}',
        ]
    )


@change
def claims_are_no_object(draft: Draft, random: Random) -> None:
    """Other JSON, or none."""
    draft.body_text = random.choice(["[]", "null", "true", '"a"', "", "{", '{"iss":', "\u00ff", "{}x", "[{}]"])


@change
def blanks_in_claims(draft: Draft, random: Random) -> None:
    """Blanks are allowed between tokens of JSON."""
    draft.body_text = "\n" + json.dumps(draft.body, indent=random.choice([None, 2, "\t"])) + "\r\n"


@change
def byte_order_mark(draft: Draft, random: Random) -> None:
    """RFC 8259 8.1: must not be there."""
    if random.random() < 0.5:
        draft.body_text = "\ufeff" + dumps(draft.body)
    else:
        draft.head_text = "\ufeff" + dumps(draft.head)


@change
def not_utf8(draft: Draft, random: Random) -> None:
    """Octets that are no UTF-8 (written as surrogates here)."""
    draft.body_text = dumps({**draft.body, "name": random.choice(["\udcff", "\udced\udca0\udc80", "\udcc0\udcaf"])})


@change
def utf16(draft: Draft, _random: Random) -> None:
    """Claims in UTF-16."""
    draft.body_text = dumps(draft.body).encode("utf-16-le").decode("latin-1")


@change
def lone_surrogate(draft: Draft, random: Random) -> None:
    """An escape that stands for half a character."""
    draft.body["name"] = draft.as_is(random.choice(['"\\ud800"', '"x\\udc00y"', '"\\ud83d\\u0041"']))


@change
def escapes(draft: Draft, random: Random) -> None:
    """Allowed escapes and characters."""
    draft.body["name"] = random.choice(
        ["\u00e9\u4e2d", "\U0001f600", 'a"b', 'a":1,"b', "\\", "tab\t", "</script>", ':"":']
    )


@change
def number_that_is_none(draft: Draft, random: Random) -> None:
    """NaN and Infinity are no JSON."""
    draft.body[random.choice(["x", "exp", "nbf", "iat"])] = draft.as_is(random.choice(["NaN", "Infinity", "-Infinity"]))


@change
def number_beyond_a_double(draft: Draft, random: Random) -> None:
    """JSON, but no number that can be held."""
    draft.body[random.choice(["x", "exp"])] = draft.as_is(random.choice(["1e400", "-1e400", "1" * 400 + ".5"]))


@change
def integer_of_5000_digits(draft: Draft, random: Random) -> None:
    """JSON, but beyond what Python reads."""
    draft.body[random.choice(["x", "exp"])] = draft.as_is("9" * 5_000)


@change
def large_integer(draft: Draft, random: Random) -> None:
    """Integers that need more than 64 bits."""
    draft.body[random.choice(["x", "exp"])] = random.choice([2**64, 10**40, 10**400, 2**63, 2**53 + 1])


@change
def deep_claims(draft: Draft, random: Random) -> None:
    """Arrays in arrays."""
    depth = random.choice([5, 20])
    draft.body["x"] = draft.as_is("[" * depth + "]" * depth)


@change
def very_deep_claims(draft: Draft, random: Random) -> None:
    """More than any decoder wants."""
    depth = random.choice([300, 5_000])
    draft.body["x"] = draft.as_is("[" * depth + "]" * depth)
    draft.body["pad"] = "x" * 600


@change
def expired(draft: Draft, random: Random) -> None:
    """`exp` in the past."""
    draft.body["exp"] = draft.now - random.choice([3_600, 86_400, 1_700_000_000])


@change
def not_yet_valid(draft: Draft, random: Random) -> None:
    """`nbf` or `iat` in the future."""
    draft.body[random.choice(["nbf", "iat"])] = draft.now + random.choice([3_600, 86_400, 10**12])


@change
def near_leeway(draft: Draft, random: Random) -> None:
    """Past, but within a leeway of 600 s."""
    draft.body["exp"] = draft.now - random.choice([100, 300])


@change
def fractional_time(draft: Draft, random: Random) -> None:
    """A NumericDate may have a fraction (RFC 7519 2)."""
    draft.body["exp"] = draft.now + 3_600.5
    draft.body[random.choice(["nbf", "iat"])] = draft.now - 3_600.25


@change
def negative_time(draft: Draft, random: Random) -> None:
    """Before 1970."""
    draft.body[random.choice(["exp", "nbf", "iat"])] = -random.choice([1, 10**10])


@change
def time_as_text(draft: Draft, random: Random) -> None:
    """A NumericDate is a number, not text."""
    name, sign = random.choice([("exp", 1), ("nbf", -1), ("iat", -1)])
    draft.body[name] = random.choice([str(draft.now + sign * 3_600), "", "soon", "2099-01-01T00:00:00Z"])


@change
def time_as_other_type(draft: Draft, random: Random) -> None:
    """A NumericDate is a number."""
    draft.body[random.choice(["exp", "nbf", "iat"])] = random.choice([[], {}, [draft.now + 3_600]])


@change
def time_as_boolean(draft: Draft, random: Random) -> None:
    """`true` is no NumericDate."""
    draft.body[random.choice(["nbf", "iat"])] = True


@change
def expiry_as_boolean(draft: Draft, random: Random) -> None:
    """Nor here."""
    draft.body["exp"] = random.choice([True, False])


@change
def null_time(draft: Draft, random: Random) -> None:
    """null is no NumericDate."""
    draft.body[random.choice(["exp", "nbf", "iat"])] = None


@change
def other_issuer(draft: Draft, random: Random) -> None:
    """Not the issuer wanted."""
    draft.body["iss"] = random.choice(
        [ISSUER + "/", ISSUER.upper(), ISSUER[:-1], "x" + ISSUER, "", ISSUER + "\0", "id"]
    )


@change
def issuer_of_wrong_type(draft: Draft, random: Random) -> None:
    """`iss` is no text."""
    draft.body["iss"] = random.choice([None, [ISSUER], 1, {}, True])


@change
def no_issuer(draft: Draft, _random: Random) -> None:
    """No `iss`."""
    draft.body.pop("iss", None)


@change
def other_audience(draft: Draft, random: Random) -> None:
    """Not the audience wanted."""
    draft.body["aud"] = random.choice(
        [AUDIENCE + "/", AUDIENCE[:-1], "", ["a", "b"], [AUDIENCE.upper()], ["x" + AUDIENCE]]
    )


@change
def several_audiences(draft: Draft, random: Random) -> None:
    """One of them is right."""
    draft.body["aud"] = random.sample([AUDIENCE, "a", "b", ""], 4)


@change
def audience_of_wrong_type(draft: Draft, random: Random) -> None:
    """`aud` is neither text nor a list of texts."""
    draft.body["aud"] = random.choice([None, 1, {AUDIENCE: 1}, [AUDIENCE, 1], [AUDIENCE, None], [[AUDIENCE]], True])


@change
def no_audience(draft: Draft, random: Random) -> None:
    """No `aud`, or an empty list."""
    draft.body["aud"] = []
    if random.random() < 0.6:
        del draft.body["aud"]


@change
def subject_or_id_of_wrong_type(draft: Draft, random: Random) -> None:
    """`sub` and `jti` are text."""
    draft.body[random.choice(["sub", "jti"])] = random.choice([1, None, [], {}, True])


@change
def missing_claim(draft: Draft, random: Random) -> None:
    """One claim less."""
    draft.body.pop(random.choice(["exp", "nbf", "iat", "sub", "jti"]), None)


@change
def empty_claim(draft: Draft, random: Random) -> None:
    """There, and empty."""
    draft.body[random.choice(["sub", "jti"])] = ""


@change
def signature_bit(draft: Draft, random: Random) -> None:
    """One bit."""
    at, bit = random.random(), 1 << random.randint(0, 7)
    draft.signature = lambda raw: bytes(o ^ bit if i == int(at * len(raw)) else o for i, o in enumerate(raw))


@change
def signature_length(draft: Draft, random: Random) -> None:
    """Shorter, longer, empty."""
    draft.signature = random.choice(
        [
            lambda raw: raw[:-1],
            lambda raw: raw[1:],
            lambda _: b"",
            lambda raw: raw + b"\0",
            lambda raw: b"\0" + raw,
            lambda raw: raw * 2,
            lambda raw: bytes(len(raw)),
            lambda raw: raw[: len(raw) // 2],
        ]
    )


@change
def signature_halves_swapped(draft: Draft, _random: Random) -> None:
    """r and s, R and S."""
    draft.signature = lambda raw: raw[len(raw) // 2 :] + raw[: len(raw) // 2]


@change
def huge_signature(draft: Draft, random: Random) -> None:
    """Thousands of octets."""
    draft.signature = lambda raw: raw + bytes(random.randint(700, 6_000))


@change
def padded(draft: Draft, random: Random) -> None:
    """Padding on one segment, complete or not."""
    which, marks = random.randint(0, 2), random.choice(["fit", "=", "==", "==="])

    def pad(token: str) -> str:
        parts = token.split(".")
        if which < len(parts):
            parts[which] += "=" * (-len(parts[which]) % 4) if marks == "fit" else marks
        return ".".join(parts)

    draft.text = pad


@change
def unused_bits(draft: Draft, random: Random) -> None:
    """Another spelling of the last octet of a segment."""
    which = random.randint(0, 2)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

    def spell(token: str) -> str:
        parts = token.split(".")
        if which < len(parts) and len(parts[which]) % 4 in (2, 3) and parts[which][-1] in letters:
            parts[which] = parts[which][:-1] + letters[letters.index(parts[which][-1]) ^ 1]
        return ".".join(parts)

    draft.text = spell


@change
def standard_alphabet(draft: Draft, _random: Random) -> None:
    """`+` and `/`."""
    draft.text = lambda token: token.replace("-", "+").replace("_", "/")


@change
def blanks_in_text(draft: Draft, random: Random) -> None:
    """A blank somewhere."""
    blank, at = random.choice([" ", "\n", "\r\n", "\t", "\0", "\u00a0", "\ufeff"]), random.choice([0.0, 0.3, 0.6, 1.0])
    draft.text = lambda token: token[: int(at * len(token))] + blank + token[int(at * len(token)) :]


@change
def wrapped_text(draft: Draft, random: Random) -> None:
    """Something around it."""
    draft.text = random.choice(
        [
            lambda token: f'"{token}"',
            lambda token: f"Bearer {token}",
            lambda token: f"'{token}'",
            lambda token: token.replace(".", "%2E"),
            lambda token: token + ",",
            lambda token: token.upper(),
            b64_text,
        ]
    )


def b64_text(token: str) -> str:
    """The whole token, encoded once more."""
    return b64(token.encode("utf-8", "surrogatepass"))


@change
def segment_count(draft: Draft, random: Random) -> None:
    """Not three segments."""
    draft.text = random.choice(
        [
            lambda token: token.rpartition(".")[0],
            lambda token: token + ".",
            lambda token: "." + token,
            lambda token: token + ".a.b",
            lambda token: token.partition(".")[0],
            lambda token: token.replace(".", "..", 1),
            lambda token: token.replace(".", ""),
        ]
    )


@change
def cut_text(draft: Draft, random: Random) -> None:
    """The end is missing."""
    share = random.random()
    draft.text = lambda token: token[: int(share * len(token))]


@change
def one_character(draft: Draft, random: Random) -> None:
    """One character is another."""
    at, letter = random.random(), random.choice("AZaz09-_!~ ")

    def swap(token: str) -> str:
        index = int(at * len(token))
        return token[:index] + letter + token[index + 1 :]

    draft.text = swap


def make(seed: int, now: int) -> Case:
    """The token of a seed; `now` in s since 1970."""
    random = Random(seed)
    one = SIGNERS[random.choice(ALGORITHMS)]
    draft = Draft(
        one,
        {"alg": one.alg, "kid": one.kid, "typ": "JWT"},
        {
            "iss": ISSUER, "sub": "alice", "aud": AUDIENCE, "iat": now - 3_600, "nbf": now - 3_600,
            "exp": now + 3_600, "jti": f"{seed:x}",
        },
        now,
    )  # fmt: skip
    names = random.sample(sorted(CHANGES), random.choice([1, 1, 1, 2, 2, 3]))
    for name in names:
        CHANGES[name](draft, random)
    required = random.choice([(), (), ("exp",), ("sub", "jti"), ("tenant",)])
    return Case(finish(draft), tuple(names), one.alg, random.random() < 0.3, random.choice([0, 0, 600]), required)


def finish(draft: Draft) -> str:
    """Serialize and sign."""
    head = draft.head_text if draft.head_text is not None else dumps(draft.head)
    body = draft.body_text if draft.body_text is not None else dumps(draft.body)
    for marker, text in draft.plain.items():
        body = body.replace(marker, text)
    signed = ".".join(b64(part.encode("utf-8", "surrogateescape")) for part in (head, body))
    by = draft.sign_as or draft.one
    return draft.text(f"{signed}.{b64(draft.signature(by.sign(signed.encode())))}")
