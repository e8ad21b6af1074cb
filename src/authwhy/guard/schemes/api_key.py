"""API keys in a header, a cookie, or (only when asked for) the query string."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from authwhy.causes import Cause
from authwhy.guard.answers import Accept, Deny, Presented, answer_of, deny, made_for
from authwhy.guard.effects import Call, Place, Step, place_of
from authwhy.guard.respond import challenge
from authwhy.guard.rules import ConfigurationError
from authwhy.guard.schemes import authorization
from authwhy.guard.schemes.forgery import SameOrigin, origin_check
from authwhy.guard.schemes.interface import Asked, Base, Checked
from authwhy.guard.view import View
from authwhy.model.outcome import Accepted, FactValue
from authwhy.model.policy import ApiKeyPolicy
from authwhy.verify import api_key as verifier
from authwhy.verify.api_key import ApiKeyRecord, PreparedKeys
from authwhy.verify.api_key_shape import shape_failure
from authwhy.verify.flow import drive


class PresentedKey(str):
    """The key as sent: a str whose repr tells nothing. `digest` is what a store should keep and look up."""

    __slots__ = ()

    @property
    def digest(self) -> str:
        """SHA-256 of the key, lower-case hex."""
        return verifier.digest_of(str(self))

    def __repr__(self) -> str:
        return f"<API key, {len(self)} chars>"


class ApiKey(Base):
    """See `api_key`."""

    method = "api_key"
    guessable = True
    still = True

    def __init__(
        self,
        name: str,
        policy: ApiKeyPolicy,
        *,
        header: str | None,
        scheme: str | None,
        query: str | None,
        cookie: str | None,
        lookup: Callable[[PresentedKey], object] | None,
        place: Place,
        principal: Callable[[ApiKeyRecord], object] | None,
        records: Iterable[ApiKeyRecord] | None,
        realm: str | None,
        same_origin: SameOrigin | None,
    ) -> None:
        super().__init__(name)
        self._same_origin = same_origin
        self.policy, self.scheme, self.query, self.cookie, self.realm = policy, scheme, query, cookie, realm
        self.header = None if header is None else header.lower()
        self._raw_header = None if header is None else header.lower().encode("latin-1")
        self._lookup, self._place, self._principal = lookup, place, principal
        seen = (b"authorization" if scheme else None, self._raw_header, b"cookie" if cookie else None)
        self.looks_at = None if query else frozenset(one for one in seen if one)
        self.replace(records or ())

    def replace(self, records: Iterable[ApiKeyRecord]) -> None:
        """Take another table of records, at once and for all threads: how keys are added, rotated and revoked."""
        table = tuple(records)
        for record in table:
            if not isinstance(record.owner, str):  # it names whom events are about; `principal` makes anything of it
                raise ConfigurationError(f"{self.name}: the owner of {record.id!r} is no text; use principal=")
        self._table = PreparedKeys(table, self.policy), {record.digest: record for record in table}

    def find(self, view: View) -> Presented | Deny | None:
        """The one key that was sent; two of them are ambiguous."""
        found: list[Presented] = []
        if self.scheme is not None:
            sent = authorization.find(view, self.scheme.lower())
            if isinstance(sent, Deny):
                return sent
            found += [sent] if sent is not None else []
        if self._raw_header is not None:
            slot = f"header:{self.header}"
            for value in view.values(self._raw_header):
                parts = value.decode("latin-1").split(",", 1)  # a WSGI server joins repeated headers
                found += [Presented(slot, part.strip() if len(parts) > 1 else part) for part in parts]
        if self.query is not None:
            found += [Presented(f"query:{self.query}", value) for value in view.parameters(self.query)]
        if self.cookie is not None:
            found += [Presented(f"cookie:{self.cookie}", value) for value in view.cookies(self.cookie)]
        if len(found) > 1:
            return deny(Cause.AMBIGUOUS, seen=tuple(one.slot for one in found)[:8])
        if found and self._same_origin is not None and found[0].slot.startswith("cookie:"):
            forged = self._same_origin.failure(view)
            return found[0] if forged is None else Deny((forged,))
        return found[0] if found else None

    def check(self, presented: Presented, view: View, now: int) -> Checked:
        """At once for a table in memory, else by asking the application."""
        if self._lookup is not None:
            return self._asked(presented.value)
        prepared, records = self._table
        accepted = prepared.find(presented.value, now)
        if accepted is None:
            outcome = drive(
                verifier.verify(presented.value, self.policy, now), lambda ask: records.get(getattr(ask, "digest", ""))
            )
            if not isinstance(outcome, Accepted):
                return Deny(outcome.failures, known=True)
            accepted = outcome
        return self._accept(accepted, records[verifier.digest_of(presented.value)])

    def _accept(self, accepted: Accepted, record: ApiKeyRecord) -> Checked:
        facts: dict[str, FactValue] = {"key_id": record.id}
        notes: tuple[str, ...] = ()
        if record.retired_at is not None:  # still good, and on its way out: the event says who has to change
            facts["retires_at"], notes = record.retired_at, ("old_key",)
        accept = Accept(
            record.owner, accepted.claims, frozenset(record.scopes), user=record.owner, facts=facts, notes=notes
        )
        return accept if self._principal is None else self._person(accept, record)

    def _person(self, accept: Accept, record: ApiKeyRecord) -> Step:
        assert self._principal is not None
        value = yield Call(self._principal, (record,), place_of(self._principal))
        return made_for(accept, value)

    def _asked(self, key: str) -> Step:
        policy = self.policy
        fits = policy.min_length <= len(key) <= policy.max_length and key.startswith(policy.prefix)
        problem = None if fits and key.isascii() and key.isalnum() else shape_failure(key, policy)
        if problem is not None:
            return Deny((problem,))
        assert self._lookup is not None
        value = yield Call(self._lookup, (PresentedKey(key),), self._place)
        return answer_of(value, user=_owner(value, key))

    def challenge(self, asked: Asked) -> tuple[str, ...]:
        """`ApiKey`: no registered scheme, but RFC 9110 section 15.5.2 wants a challenge, and it must not be Basic."""
        places = (("header", self.header), ("query", self.query), ("cookie", self.cookie))
        pairs = {"realm": self.realm or self.name}
        if self.scheme is None:
            pairs |= next(({"in": where, "name": name} for where, name in places if name), {})
        return (challenge(self.scheme or "ApiKey", pairs),)

    def problems(self) -> tuple[str, ...]:
        """Nothing to look in, or nothing to look up."""
        nowhere = not (self.header or self.query or self.cookie or self.scheme)
        return ("no header, query, cookie or scheme to find the key in",) if nowhere else ()


def _owner(value: object, key: str) -> str | None:
    """A name for the event, where the principal is one or has one; never the key, which a look-up may hand back."""
    found = _name(value)
    return str(found) if found is not None and key not in found else None


def _name(value: object) -> str | None:
    if isinstance(value, str):
        return value
    for name in ("username", "name", "id", "sub"):
        found = value.get(name) if isinstance(value, dict) else getattr(value, name, None)
        if isinstance(found, str):
            return found
    return None


def api_key(
    name: str = "key",
    *,
    header: str | None = "X-Api-Key",
    scheme: str | None = None,
    query: str | None = None,
    cookie: str | None = None,
    lookup: Callable[[PresentedKey], object] | None = None,
    inline: bool = False,
    records: Iterable[ApiKeyRecord] | None = None,
    principal: Callable[[ApiKeyRecord], object] | None = None,
    prefix: str = "",
    min_length: int = 1,
    max_length: int = 512,
    realm: str | None = None,
    csrf: str | None = "origin",
    trusted_origins: Iterable[str] = (),
) -> ApiKey:
    """A provider for API keys.

    `lookup(key)` returns the principal or `deny(...)`, may raise and may be async; look up `key.digest`, so that the
    store holds no key. A function that is not async runs in a thread, unless `inline` says that it never waits.
    `records`: a table in memory instead; `principal(record)` then makes the principal, by default the owner's name.
    `scheme`: take it from `Authorization: <scheme> <key>`. `query`: also from
    this parameter; off by default, because addresses end up in logs. `cookie`: also from this cookie; browsers send it
    unasked, so the origin of whatever changes something is checked, with `csrf` and `trusted_origins` as for `session`.
    Lengths are characters.

    Raises ConfigurationError for a set-up that cannot work.
    """
    if (lookup is None) == (records is None):
        raise ConfigurationError(f"{name}: give lookup or records")
    if principal is not None and records is None:
        raise ConfigurationError(f"{name}: principal goes with records; lookup returns the principal itself")
    policy = ApiKeyPolicy(id=name, prefix=prefix, min_length=min_length, max_length=max_length)
    place: Place = "here" if lookup is None or inline else place_of(lookup)
    if scheme is not None and header == "X-Api-Key":
        header = None
    return ApiKey(
        name, policy, header=header, scheme=scheme, query=query, cookie=cookie, lookup=lookup, place=place,
        principal=principal, records=records, realm=realm,
        same_origin=origin_check(name, csrf, trusted_origins) if cookie else None,
    )  # fmt: skip
