"""Checks a name and a password against a directory by binding as that person (RFC 4513 section 5.1.3)."""

from __future__ import annotations

import ipaddress
import os
import ssl
import time
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from msgspec import Struct

from authwhy.causes import Cause, Kind, meta
from authwhy.model.outcome import Failure, Refused, refused
from authwhy.stores.ldap_line import LdapLine
from authwhy.stores.ldap_message import And, Entry, Equals, Present, Result, bind_request, search_request
from authwhy.stores.ldap_name import ATTRIBUTE, MAX_NAME, NameTemplate, registered
from authwhy.stores.ldap_result import (
    INVALID_DN,
    INVALID_SYNTAX,
    NO_SUCH_OBJECT,
    SIZE_LIMIT,
    SUCCESS,
    bind_failure,
    fault,
    word,
)
from authwhy.stores.origin import Origin
from authwhy.stores.reach import FetchFailed, connect
from authwhy.verify.flow import Unavailable

MAX_PASSWORD = 4_096
"""Octets of a password."""
_PORTS = {"ldap": 389, "ldaps": 636}
_SEVERAL = 2
_SERVICE = "service_dn"


class Bound(Struct, frozen=True):
    """Somebody whose password was right. `name` is how the directory spells it; attribute names are in lower case.

    `grace_left`: the password has expired and works this many more times; `expires_in_s`: it will expire then.
    """

    dn: str
    name: str
    attributes: Mapping[str, tuple[bytes, ...]] = {}
    grace_left: int | None = None
    expires_in_s: int | None = None

    def texts(self, attribute: str) -> tuple[str, ...]:
        """The values of an attribute that was asked for, as text; those that are none are left out."""
        return tuple(text for value in self.attributes.get(attribute.lower(), ()) if (text := _text(value)) is not None)

    def text(self, attribute: str) -> str | None:
        """The first of them."""
        return next(iter(self.texts(attribute)), None)

    def __repr__(self) -> str:
        return "Bound(...)"


class LdapDirectory:
    """A directory server. Safe to share between threads: each attempt has a connection of its own.

    `url` is `ldaps://host` or `ldap://host`; the second needs `start_tls=True`, unless the host is this machine or
    `insecure=True` says that passwords may be read on the way. The server's certificate is always checked, against
    `ca_file` (PEM) or the system's authorities. `timeout_s` covers a whole attempt.

    How the person's entry is found, one of two ways:
    - `dn_template="uid={},ou=people,dc=example"`; for Active Directory also `"{}@corp.example"`.
    - `base="ou=people,dc=example"`: the subtree is searched for `attribute` = the name, and for every pair of
      `matching`, as `service_dn` with `service_password` (nobody without them). Then the name is told from a wrong
      password, and the principal has the name that the directory has.

    `attributes` are read into `Bound`: by the service account, or with a template by the person. Referrals are not
    followed. Raises ValueError for a set-up that cannot work, OSError for a `ca_file` that cannot be read.
    """

    def __init__(
        self,
        url: str,
        *,
        dn_template: str | None = None,
        base: str | None = None,
        attribute: str = "uid",
        matching: Mapping[str, str] | None = None,
        service_dn: str = "",
        service_password: str = "",
        attributes: Iterable[str] = (),
        start_tls: bool = False,
        ca_file: str | None = None,
        timeout_s: float = 5.0,
        insecure: bool = False,
    ) -> None:
        scheme, self._host, self._port = _address(url)
        self._start_tls, self._timeout_s = start_tls, timeout_s
        self._secure = scheme == "ldaps"
        if self._secure and start_tls:
            raise ValueError("start_tls is for ldap://, ldaps:// has TLS from the start")
        if not (self._secure or start_tls or insecure or _is_loopback(self._host)):
            raise ValueError("passwords would cross the network in the clear: use ldaps:// or start_tls=True")
        if (dn_template is None) == (base is None):
            raise ValueError("give dn_template or base")
        if bool(service_dn) != bool(service_password):
            raise ValueError("service_dn and service_password belong together")
        if dn_template is not None and (service_dn or matching):
            raise ValueError("service_dn and matching are for a search: give base instead of dn_template")
        if timeout_s <= 0:
            raise ValueError("timeout_s must be positive")
        self._template = NameTemplate(dn_template) if dn_template is not None else None
        self._base, self._attribute, self._matching = base or "", attribute, dict(matching or {})
        self._service_dn, self._service_password = service_dn, service_password
        self._wanted = tuple(attributes)
        if self._wanted and self._template is not None and self._template.attribute is None:
            raise ValueError("attributes need a distinguished name: give base instead of dn_template")
        for name in (attribute, *self._matching, *self._wanted):
            if not ATTRIBUTE.fullmatch(name):
                raise ValueError(f"{name!r} is no attribute")
        self._tls = ssl.create_default_context(cafile=ca_file) if self._secure or start_tls else None

    @property
    def searches(self) -> bool:
        """Is an entry looked for before its password is tried, so that a wrong password means a known name?"""
        return self._template is None

    def bind(self, name: str, password: str) -> Bound | Refused | Unavailable:
        """Try a password; blocks for at most `timeout_s`. Never raises.

        Refused: the person's name, password or account, by cause. Unavailable: the directory, the way to it or this
        set-up, so that nothing is known of the password. An empty password is never sent (RFC 4513 section 5.1.2).
        """
        problem = _shape(name, password)
        if problem is not None:
            return problem
        dn = self._template.name(name) if self._template is not None else ""
        if dn is None:
            return refused(Cause.UNKNOWN_IDENTITY, problem="spelling")
        deadline = time.monotonic() + self._timeout_s
        origin = Origin("https" if self._secure else "http", self._host, self._port)  # with TLS, or without
        try:
            with LdapLine(connect(origin, self._tls, deadline), self._host, deadline) as line:
                if self._start_tls and self._tls is not None:
                    line.secure(self._tls)
                if self._template is not None:
                    return self._by_template(line, self._template, dn, name, password)
                return self._by_search(line, name, password)
        except FetchFailed as failed:
            return Unavailable(failed.cause, failed.facts)

    def _by_template(
        self, line: LdapLine, template: NameTemplate, dn: str, name: str, password: str
    ) -> Bound | Refused:
        result = self._try(line, dn, password)
        if result.code == INVALID_DN and name.isascii() and name.isalnum():  # such a name fits any attribute
            raise FetchFailed(Cause.MISCONFIGURED, setting="dn_template", problem=word(result), host=self._host)
        failure = self._refusal(result)
        if failure is not None:
            return Refused((failure,))
        attributes = self._own_entry(line, dn, template.attribute) if template.attribute is not None else {}
        spelled = registered(name, attributes.get((template.attribute or "").lower(), ()))
        return _bound(dn, spelled or template.spelled(name), attributes, result)

    def _own_entry(self, line: LdapLine, dn: str, attribute: str) -> Mapping[str, tuple[bytes, ...]]:
        """What the person may read of itself; nothing where the directory does not let it."""
        done, entries = self._search(line, dn, Present("objectClass"), attribute, subtree=False)
        if done.code not in _MAY_NOT_READ:  # half an answer would give one person two names
            raise self._failed(fault(done))
        return entries[0].attributes if entries else {}

    def _by_search(self, line: LdapLine, name: str, password: str) -> Bound | Refused:
        if self._service_dn:
            self._sign_in(line)
        wanted = And((Equals(self._attribute, name), *(Equals(*pair) for pair in self._matching.items())))
        done, entries = self._search(line, self._base, wanted, self._attribute, subtree=True)
        if done.code not in (SUCCESS, SIZE_LIMIT, INVALID_SYNTAX):
            raise self._search_failed(done)
        if len(entries) >= _SEVERAL or done.code == SIZE_LIMIT:
            raise FetchFailed(Cause.MISCONFIGURED, setting="attribute", problem="several_entries", host=self._host)
        if not entries:
            # who is not there must not be refused sooner than who is
            nobody = f"{self._attribute}={os.urandom(16).hex()}" + ("," + self._base if self._base else "")
            self._refusal(self._try(line, nobody, password))
            return refused(Cause.UNKNOWN_IDENTITY)
        (entry,) = entries
        result = self._try(line, entry.dn, password)
        failure = self._refusal(result)
        if failure is not None:
            return Refused((failure,))
        spelled = registered(name, entry.attributes.get(self._attribute.lower(), ()))
        if spelled is None:
            raise FetchFailed(Cause.MISCONFIGURED, setting="attribute", problem="not_readable", host=self._host)
        return _bound(entry.dn, spelled, entry.attributes, result)

    def _sign_in(self, line: LdapLine) -> None:
        """Bind as the service account, whose failures are ours and nobody else's."""
        failure = self._refusal(self._try(line, self._service_dn, self._service_password))
        if failure is not None:
            problem = str(failure.facts.get("problem", failure.cause.value))
            raise FetchFailed(Cause.MISCONFIGURED, setting=_SERVICE, problem=problem, host=self._host)

    def _try(self, line: LdapLine, dn: str, password: str) -> Result:
        if not dn:  # a bind without a name is anonymous and succeeds
            raise FetchFailed(Cause.PROVIDER_ERROR, problem="entry_without_name", host=self._host)
        return line.result(bind_request(line.next_number(), dn, password), "bind")

    def _refusal(self, result: Result) -> Failure | None:
        """Why the account was refused, None for success. Raises FetchFailed for the directory's own trouble."""
        failure = bind_failure(result)
        if failure is not None and meta(failure.cause).kind is Kind.ERROR:
            raise self._failed(failure)
        return failure

    def _search(
        self, line: LdapLine, base: str, wanted: And | Present, attribute: str, *, subtree: bool
    ) -> tuple[Result, list[Entry]]:
        names = dict.fromkeys((attribute, *self._wanted))
        line.send(
            search_request(
                line.next_number(),
                base,
                wanted,
                names,
                subtree=subtree,
                size_limit=_SEVERAL,
                time_limit_s=line.seconds(),
            )
        )
        entries: list[Entry] = []
        while True:
            message = line.receive()
            if isinstance(message.content, Entry):
                entries.append(message.content)
            elif message.kind == "done" and isinstance(message.content, Result):
                return message.content, entries
            elif message.kind != "reference":
                raise FetchFailed(Cause.PROVIDER_ERROR, problem="unexpected_message", host=self._host)

    def _search_failed(self, result: Result) -> FetchFailed:
        setting = _SEARCH_SETTINGS.get(result.code)
        if setting is None and result.code == 1 and not self._service_dn:  # Active Directory, to whom did not bind
            setting = _SERVICE
        if setting is None:
            return self._failed(fault(result))
        return FetchFailed(Cause.MISCONFIGURED, setting=setting, problem=word(result), host=self._host)

    def _failed(self, failure: Failure) -> FetchFailed:
        facts = {name: value for name, value in failure.facts.items() if isinstance(value, str | int)}
        return FetchFailed(failure.cause, **{**facts, "host": self._host})

    def __repr__(self) -> str:
        return f"LdapDirectory({self._host!r})"


_MAY_NOT_READ = (SUCCESS, NO_SUCH_OBJECT, 50)
_SEARCH_SETTINGS = {
    8: "start_tls",
    10: "base",
    13: "start_tls",
    16: "attribute",
    17: "attribute",
    18: "attribute",
    32: "base",
    34: "base",
    48: _SERVICE,
    49: _SERVICE,
    50: _SERVICE,
}
"""Result codes of a search that only another set-up can change, and which setting."""


def _bound(dn: str, name: str, attributes: Mapping[str, tuple[bytes, ...]], result: Result) -> Bound:
    policy = result.policy
    if policy is None:
        return Bound(dn, name, attributes)
    return Bound(dn, name, attributes, policy.grace_left, policy.expires_in_s)


def _shape(name: str, password: str) -> Refused | None:
    """What need not be asked: no name, no password, and text that no directory can have."""
    failures: list[Failure] = []
    for what, text, limit in (("name", name, MAX_NAME), ("password", password, MAX_PASSWORD)):
        if len(text) > limit:
            failures.append(Failure(Cause.MALFORMED, facts={"problem": f"{what}_too_long", "limit": limit}))
        elif any("\ud800" <= letter <= "\udfff" for letter in text):
            failures.append(Failure(Cause.MALFORMED, "encoding", {"problem": "not_utf8"}))
    if any(letter < " " or letter == "\x7f" for letter in name[:MAX_NAME]):
        failures.append(Failure(Cause.MALFORMED, facts={"problem": "control_character"}))
    if not name.strip():
        failures.append(Failure(Cause.MALFORMED, facts={"problem": "empty_name"}))
    if not password:
        failures.append(Failure(Cause.WRONG_SECRET, "empty"))
    return Refused(tuple(failures)) if failures else None


def _address(url: str) -> tuple[str, str, int]:
    """Scheme, host and port. Raises ValueError for anything else in it."""
    parts = urlsplit(url)
    host, port = (parts.hostname or "").lower(), parts.port
    plain = not (parts.query or parts.fragment or parts.path.strip("/") or "@" in parts.netloc or "?" in url)
    if parts.scheme not in _PORTS or not host or not host.isascii() or not plain or port == 0:
        raise ValueError("url: ldaps://host or ldap://host, perhaps with a port, is needed")
    return parts.scheme, host, port or _PORTS[parts.scheme]


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _text(value: bytes) -> str | None:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None
