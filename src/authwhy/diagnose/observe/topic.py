"""Whether a text speaks of authentication at all: plain words such as "unreachable" mean it only where others do."""

from __future__ import annotations

from authwhy.lexicon.pattern import fold, words

SHORT_TEXT = 2000  # characters that count as one place
STEMS = (
    "authent", "authoriz", "authoris", "oauth", "_auth", "auth_", "login", "log in", "logon", "log on", "logged in",
    "logs in", "logged on", "logging in", "logs me in", "sign in", "sign-in", "signed in", "signs in", "signing in",
    "signed out", "signin", "sign on", "passw", "passphrase", "credential", "api key", "api_key", "api-key", "apikey",
    "access key", "access_key", "accesskey", "client_id", "clientid", "client secret", "client id", "client_secret",
    "private key", "public key", "key set", "one-time", "two-factor", "two factor", "bearer", "openid", "cookie",
    "certificat", "x509", "x.509", "kerberos", "ldap", "sshd", "ssh-", "ssh2", "saml", "sasl", "radius", "principal",
    "identity", "access control", "conditional access", "redirect uri", "redirect url", "reply url", "callback url",
    "issuer", "audience", "hmac", "webhook", "keycloak", "openssl", "requesttime", "request time ",
    "invalid signature", "bad signature", "wrong signature", "expected signature", "computed signature", "-signature",
    "signature mis", "signature does", "signature did", "signature ver", "signature is in", "signatures d",
    "_signature", "signature:", "signature=", "signature exp", "signature not", "signature got", "signature match",
    "kennwort", "passwort", "anmeld", "benutzer", "zertifikat", "identifiant", "mot de passe", "contrase", "usuario",
    "credencia", "credenzial", "autenti", "wachtwoord", "inlog", "lösenord", "hasło", "haslo", "парол", "логин",
)  # fmt: skip
WORDS = frozenset(
    """
    auth authn authz unauthorized iss aud azp nonce hmac jkt kid redirect_uri code_verifier skew skewed token tokens jwt
    jwts jwks jws oidc sso pwd secret secrets cert certs tls ssl mtls ssh sftp krb5 kinit kdc tgt gssapi eap peap pam
    csrf xsrf mfa 2fa totp otp iam rbac entra okta konto compte jeton cuenta senha sitzung sesión sessão сессия
    401 402 403 407 419 429 440 511 530 535
    """.split()
)
_AS_BYTES = frozenset(word.encode() for word in WORDS)


def is_about_authentication(text: str) -> bool:
    """True when the text holds a word of authentication: login, token, certificate, 401, ..."""
    folded = fold(text)
    return any(stem in folded for stem in STEMS) or not _AS_BYTES.isdisjoint(words(folded))


def is_at_home(text: str, near: str, few: int = 4) -> bool:
    """Whether words in `near` are meant of authentication: by the whole of a short text, else by `near` alone.

    A text of at most `few` words is nothing but the words themselves: whoever hands it in asks about them.
    """
    if len(text) <= SHORT_TEXT:
        return is_about_authentication(text) or len(text.split()) <= few
    return is_about_authentication(near[:SHORT_TEXT])
