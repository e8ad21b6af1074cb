"""Guard: authentication for Python services, with typed causes, right challenges and safe answers.

>>> from authwhy.guard import Guard, jwt, api_key, any_of
>>> robots = api_key("key", lookup=lambda key: "robot")
>>> guard = Guard(jwt("token", secret="a-secret-of-at-least-32-bytes......"), robots)
>>> guard.paths({"/health": None, "/*": any_of("token", "key")}).rule("/health") is None
True
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from authwhy.guard.answers import NOT_MINE as NOT_MINE
    from authwhy.guard.answers import Accept as Accept
    from authwhy.guard.answers import Accepted as Accepted
    from authwhy.guard.answers import Decision as Decision
    from authwhy.guard.answers import Denied as Denied
    from authwhy.guard.answers import Deny as Deny
    from authwhy.guard.answers import Presented as Presented
    from authwhy.guard.answers import deny as deny
    from authwhy.guard.guard import Guard as Guard
    from authwhy.guard.rules import ConfigurationError as ConfigurationError
    from authwhy.guard.rules import all_of as all_of
    from authwhy.guard.rules import any_of as any_of
    from authwhy.guard.rules import need as need
    from authwhy.guard.rules import optional as optional
    from authwhy.guard.rules import required as required
    from authwhy.guard.rules import skip as skip
    from authwhy.guard.schemes.api_key import api_key as api_key
    from authwhy.guard.schemes.basic import basic as basic
    from authwhy.guard.schemes.bearer_jwt import jwt as jwt
    from authwhy.guard.schemes.binding import Dpop as Dpop
    from authwhy.guard.schemes.client_certificate import client_certificate as client_certificate
    from authwhy.guard.schemes.custom import custom as custom
    from authwhy.guard.schemes.digest import digest as digest
    from authwhy.guard.schemes.form import form as form
    from authwhy.guard.schemes.interface import Base as Base
    from authwhy.guard.schemes.introspection import introspection as introspection
    from authwhy.guard.schemes.ldap import ldap as ldap
    from authwhy.guard.schemes.oidc import oauth2 as oauth2
    from authwhy.guard.schemes.oidc import oidc as oidc
    from authwhy.guard.schemes.session import session as session
    from authwhy.guard.schemes.sign_in_page import SignInPage as SignInPage
    from authwhy.guard.schemes.signed_request import signed_request as signed_request
    from authwhy.guard.schemes.totp import totp as totp
    from authwhy.guard.throttle import Throttle as Throttle
    from authwhy.guard.view import View as View
    from authwhy.stores.ldap import Bound as Bound
    from authwhy.stores.ldap import LdapDirectory as LdapDirectory
    from authwhy.verify.api_key import ApiKeyRecord as ApiKeyRecord
    from authwhy.verify.basic_account import Account as Account
    from authwhy.verify.digest import DigestSecret as DigestSecret
    from authwhy.verify.digest import ha1 as ha1
    from authwhy.verify.hmac_request.azure_shared_key import AzureSharedKeyPolicy as AzureSharedKeyPolicy
    from authwhy.verify.hmac_request.http_signature import HttpSignaturePolicy as HttpSignaturePolicy
    from authwhy.verify.hmac_request.interface import SigningSecret as SigningSecret
    from authwhy.verify.hmac_request.interface import SigningSecrets as SigningSecrets
    from authwhy.verify.hmac_request.sigv4 import SigV4Policy as SigV4Policy
    from authwhy.verify.hmac_request.webhook import WebhookPolicy as WebhookPolicy
    from authwhy.verify.totp import TotpEnrolment as TotpEnrolment

_HOMES = {
    "Accept": "answers",
    "Accepted": "answers",
    "Account": "authwhy.verify.basic_account",
    "ApiKeyRecord": "authwhy.verify.api_key",
    "AzureSharedKeyPolicy": "authwhy.verify.hmac_request.azure_shared_key",
    "Base": "schemes.interface",
    "Bound": "authwhy.stores.ldap",
    "ConfigurationError": "rules",
    "Decision": "answers",
    "Denied": "answers",
    "Deny": "answers",
    "DigestSecret": "authwhy.verify.digest",
    "Dpop": "schemes.binding",
    "Guard": "guard",
    "HttpSignaturePolicy": "authwhy.verify.hmac_request.http_signature",
    "LdapDirectory": "authwhy.stores.ldap",
    "NOT_MINE": "answers",
    "Presented": "answers",
    "SigV4Policy": "authwhy.verify.hmac_request.sigv4",
    "SignInPage": "schemes.sign_in_page",
    "SigningSecret": "authwhy.verify.hmac_request.interface",
    "SigningSecrets": "authwhy.verify.hmac_request.interface",
    "Throttle": "throttle",
    "TotpEnrolment": "authwhy.verify.totp",
    "View": "view",
    "WebhookPolicy": "authwhy.verify.hmac_request.webhook",
    "all_of": "rules",
    "any_of": "rules",
    "api_key": "schemes.api_key",
    "basic": "schemes.basic",
    "client_certificate": "schemes.client_certificate",
    "custom": "schemes.custom",
    "deny": "answers",
    "digest": "schemes.digest",
    "form": "schemes.form",
    "ha1": "authwhy.verify.digest",
    "introspection": "schemes.introspection",
    "jwt": "schemes.bearer_jwt",
    "ldap": "schemes.ldap",
    "need": "rules",
    "oauth2": "schemes.oidc",
    "oidc": "schemes.oidc",
    "optional": "rules",
    "required": "rules",
    "session": "schemes.session",
    "signed_request": "schemes.signed_request",
    "skip": "rules",
    "totp": "schemes.totp",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    """Import each name on first use: a service pays only for the providers it has."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(home if home.startswith("authwhy.") else f"{__name__}.{home}"), name)
    globals()[name] = value
    return value
