"""Which names stand before a secret: `client_secret`, `X-Api-Key`, `DB_PASSWORD`, `sessionId`."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Literal, NamedTuple

How = Literal["always", "if_secret", "credentials", "cookies", "set_cookie"]


class Slot(NamedTuple):
    """What a name announces. `how`: hide always, only what looks like a secret, or by the grammar of a header."""

    kind: str
    how: How = "always"


_KINDS_BY_WORDS = {
    "password": """
        password passwd passwort kennwort passe senha clave contrasena contraseña pwd pass passphrase passcode pw pswd
        psk presharedkey bindpw rootpw userpass storepass keypass sshpass dbpass authtok requirepass masterauth
        """,
    "secret": "secret credential credentials cnonce salt seed mnemonic seedphrase",
    "token": "token bearer authtoken pat dpop wsse identitytoken registrytoken ticketgrantingticket",
    "api_key": "apikey authkey accesskey passkey accountkey sharedaccesskey",
    "signature": "signature sig hmac sas sharedaccesssignature",
    "session": "session sessionid sessid",
    "code": "otp totp pin tan cvv cvc captcha",
    "csrf": "csrf xsrf",
    "assertion": "assertion samlresponse",
    "community": "community",
    "connection": "dsn connectionstring",
}
_KINDS: dict[str, str] = {word: kind for kind, words in _KINDS_BY_WORDS.items() for word in words.split()}
_TWO_WORDS: dict[tuple[str, ...], str] = {
    **dict.fromkeys([("session", "id"), ("sess", "id")], "session"),
    **dict.fromkeys([("code", "verifier"), ("oauth", "verifier"), ("recaptcha", "response")], "code"),
    **dict.fromkeys([("security", "answer"), ("secret", "answer"), ("seed", "phrase"), ("webhook", "url")], "secret"),
    **dict.fromkeys([("bind", "credential"), ("de", "passe")], "password"),
    ("connection", "string"): "connection",
    ("token", "hint"): "token",
    ("secret", "proof"): "signature",
}
_ENDINGS = (
    "password", "passwd", "passphrase", "secret", "token", "apikey", "sessionid", "sessid", "secretkey", "accesskey",
    "privatekey", "authkey", "signature", "pwd", "accountkey",
)  # fmt: skip
_MAYBE = {
    "code": "code", "auth": "secret", "tokens": "token",
    "jwt": "token",
    "secrets": "secret", "passwords": "password", "hash": "password_hash", "proof": "signature", "answer": "code",
    "ticket": "token", "nonce": "code", "license": "api_key", "webhookurl": "secret",
}  # fmt: skip
_HARMLESS_KEYS = frozenset(
    """
    public host foreign partition sort cache routing row registry idempotency group object message lookup map
    dict config setting index unique hot header query param error signing-alg i18n translation feature rsa ec dsa
    ed25519 ecdsa any offending no known
    """.split()
)
_WORDS_OF_KEYS = frozenset(
    """
    api access secret private shared account master signing encryption auth app application license consumer client
    server service storage subscription function deploy admin user personal session hash hmac aes symmetric license
    wallet storage deploy bot webhook secret recovery device license pre
    stripe openai azure aws google gcp x ocp apim sas primary-access secondary wep wpa pre
    """.split()
)
_NEGATIVE = frozenset(
    """
    invalid bad missing wrong unknown unexpected malformed incorrect no expired unauthorized illegal immature mismatched
    untrusted insufficient unsupported duplicate revoked empty failed
    """.split()
)
CODE_QUALIFIERS = frozenset(
    """
    error status failure result reason response exit return country language zip postal http errno sub close fault
    substatus vendor sqlstate event
    """.split()
)
_TRAILERS = frozenset(
    """
    confirmation confirm repeat again value text plain plaintext cleartext base64 b64 encoded enc raw hash hashed string
    str data new old current env 1 2 3
    """.split()
)
_PUBLIC = frozenset(
    """
    dpop-nonce replay-nonce
    x-amz-credential sec-websocket-key nsurlsession nextpagetoken continuationtoken next_page_token page_token
    nexttoken next_token continuation_token synctoken sync_token pagetoken max_tokens maxtokens total_tokens
    prompt_tokens completion_tokens input_tokens output_tokens status_code statuscode error_code errorcode exit_code
    exitcode response_code responsecode http_code httpcode reason_code reasoncode country_code countrycode
    language_code result_code resultcode subcode sub_code sqlcode errcode err_code return_code returncode zip_code
    postal_code currency_code close_code event_code proxy_pass fastcgi_pass uwsgi_pass max_pass public_token
    bypass compass by_pass allow_session close_session new_session max_session start_session
    """.split()
)


_NEGATIVE_STARTS = [[word] for word in _NEGATIVE]


@cache
def _words() -> re.Pattern[str]:
    return re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def split_name(name: str) -> list[str]:
    """The lower-case words of an identifier: `clientSecret` and `CLIENT-SECRET` give client, secret."""
    return [word.lower() for word in _words().findall(name)]


_BY_GRAMMAR = {
    **dict.fromkeys(
        "authorization proxy-authorization proxy_authorization http_authorization x-authorization".split(),
        Slot("token", "credentials"),
    ),
    **dict.fromkeys(["cookie", "http_cookie", "cookies"], Slot("cookie", "cookies")),
    **dict.fromkeys(["set-cookie", "set_cookie", "set-cookie2"], Slot("cookie", "set_cookie")),
}


@lru_cache(maxsize=8192)
def slot_of(name: str) -> Slot | None:
    """The secret a name announces in configuration, JSON, logs and code; None when it announces none."""
    low = name.lower().strip("$-_ ")
    if low in _PUBLIC:
        return None
    low = low.rsplit(".", 1)[-1]
    if slot := _BY_GRAMMAR.get(low):
        return slot
    if kind := _KINDS.get(low):
        return Slot(kind)
    words = split_name(name)
    if kind := _TWO_WORDS.get(tuple(words[-2:])):
        return Slot(kind)
    while len(words) > 1 and words[-1] in _TRAILERS:
        words.pop()
    if not words or split_name(re.split(r"[.$]", name)[-1])[:1] in _NEGATIVE_STARTS:
        return None
    return _slot_of_words(words)


def _slot_of_words(words: list[str]) -> Slot | None:
    last = words[-1]
    before = words[-2] if len(words) > 1 else ""
    if last == "sid":
        return Slot("session", "if_secret")
    if last == "key":
        return _key(before)
    if last == "code" and before in CODE_QUALIFIERS:
        return None
    if kind := _KINDS.get(last):
        return Slot(kind)
    if kind := _MAYBE.get(last):
        return Slot(kind, "always" if last == "code" and before in _CODES else "if_secret")
    return _glued(last)


def _glued(word: str) -> Slot | None:
    """Words that upper case has joined: DBPASSWORD, SIGNINGKEY, BACKUPCODE."""
    for ending in _ENDINGS:
        if word.endswith(ending):
            return Slot(_KINDS.get(ending, "api_key"))
    joined = (("key", _WORDS_OF_KEYS, "api_key"), ("code", _CODES, "code"), ("seed", _CODES, "secret"))
    for ending, beginnings, kind in joined:
        if word.endswith(ending) and word.removesuffix(ending) in beginnings:
            return Slot(kind)
    return None


def _key(before: str) -> Slot | None:
    if before in _HARMLESS_KEYS:
        return None
    if before == "private":
        return Slot("private_key")
    return Slot("api_key", "always" if before in _WORDS_OF_KEYS or before.endswith("api") else "if_secret")


_CODES = frozenset(
    "otp mfa totp sms verification authorization device user time recovery backup access pin login security".split()
)
_HEADER_WORDS = tuple(
    """
    key token secret auth session signature password passwd csrf xsrf cookie -sign credential nonce wsse dpop license
    oidc otp websocket-protocol access-code -pin
    """.split()
)
_OPEN_HEADERS = frozenset(
    """
    www-authenticate proxy-authenticate :authority authority authentication-info proxy-authentication-info author
    dpop-nonce replay-nonce x-oauth-scopes x-accepted-oauth-scopes public-key-pins sec-websocket-accept authors
    keep-alive
    """.split()
)
_OPEN_TAILS = frozenset(
    """
    reason loginreason scopes scope expiration expires expiry error status method methods required policy version date
    timestamp algorithm type limit remaining reset hint realm issuer mode max min age result code message info as
    """.split()
)


@lru_cache(maxsize=2048)
def header_slot(name: str) -> Slot | None:
    """The secret a header field carries, by its name (RFC 9110, vendors' X- headers); None for a harmless one."""
    low = name.lower()
    if low in _PUBLIC:
        return None
    slot = slot_of(low)
    if slot is not None and slot.how in ("credentials", "cookies", "set_cookie"):
        return slot
    if low in _OPEN_HEADERS or low.startswith("access-control-") or low.split("-", 1)[0] in _NEGATIVE:
        return None
    if not any(word in low for word in _HEADER_WORDS):
        return slot if slot is None or slot.how == "always" else None
    if low.rsplit("-", 1)[-1] in _OPEN_TAILS:
        return None
    return Slot(slot.kind if slot else "secret")


_OPEN_PARAMETERS = frozenset(
    """
    grant_type response_type response_mode client_id redirect_uri post_logout_redirect_uri scope audience resource
    prompt max_age display ui_locales acr_values amr claims_locales token_type token_type_hint expires_in expires_on
    requested_token_type subject_token_type actor_token_type client_assertion_type code_challenge_method access_type
    include_granted_scopes approval_prompt provider hd domain_hint tenant realm service account iss
    error error_description error_code error_codes error_uri error_subcode error_reason error_message suberror
    x-amz-date x-amz-expires x-amz-credential x-amz-algorithm x-amz-signedheaders x-id
    x-goog-algorithm x-goog-credential x-goog-date x-goog-expires x-goog-signedheaders awsaccesskeyid googleaccessid
    expires api-version page per_page limit offset se st sp sv sr ss srt spr skoid sktid skt ske sks skv sip si sdd
    format version v lang locale timestamp ts recvwindow nc qop algorithm
    sslmode sslrootcert sslcert ssl tls authsource authmechanism replicaset directconnection retrywrites
    connect_timeout application_name target_session_attrs search_path charset encrypt trustservercertificate driver
    oauth_problem oauth_problem_advice oauth_acceptable_timestamps oauth_parameters_absent ack reauth
    oauth_consumer_key oauth_signature_method oauth_timestamp oauth_version
    digits period type sort order fields linkid reason method
    """.split()
)


def is_open_parameter(name: str) -> bool:
    """True for the query and form parameters whose value is known to be no secret. Everything else is hidden."""
    low = name.lower()
    return low in _OPEN_PARAMETERS or low.startswith(
        ("l_errorcode", "l_shortmessage", "l_longmessage", "l_severitycode")
    )
