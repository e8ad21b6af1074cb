"""Client certificates (mutual TLS): from the connection itself, or as a trusted proxy forwards them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from authwhy.causes import Cause
from authwhy.guard.answers import Deny, Presented, answer_of, deny
from authwhy.guard.effects import Call, Step, place_of
from authwhy.guard.respond import challenge
from authwhy.guard.rules import ConfigurationError
from authwhy.guard.schemes.asking import Door, by_function, through
from authwhy.guard.schemes.certificate_text import from_header
from authwhy.guard.schemes.interface import Asked, Base
from authwhy.guard.view import View
from authwhy.model.outcome import Failure, Refused
from authwhy.model.policy import ClientCertPolicy
from authwhy.verify import client_cert as verifier
from authwhy.verify.certificate_path import prepare
from authwhy.verify.certificate_read import read_certificate, shown
from authwhy.verify.client_cert import MAX_INTERMEDIATES, ClientCertificate
from authwhy.verify.flow import RevokedAsk

SLOT = "tls"
_NOTHING = (b"", b"(null)", b"-")  # how proxies write that there was none


class ClientCertificateProvider(Base):
    """See `client_certificate`."""

    method = "client_certificate"
    ambient = True

    def __init__(
        self,
        name: str,
        policy: ClientCertPolicy,
        header: str | None,
        principal: Callable[[Mapping[str, Any]], object] | None,
        revoked: Door | None,
    ) -> None:
        super().__init__(name)
        self.policy, self._principal, self._revoked = policy, principal, revoked
        self._header = None if header is None else header.lower().encode("latin-1")

    def find(self, view: View) -> Presented | Deny | None:
        """The certificate of the connection; behind a trusted proxy the one it forwards, for its own is nobody's."""
        if self._header is None or not view.via_proxy:
            return None if view.client_certificate is None else Presented(SLOT, view.client_certificate)
        values = [part for value in view.values(self._header) for part in value.split(b",")]  # WSGI joins them
        values = [value for value in values if value.strip() not in _NOTHING]
        if not values:
            return None
        if len(values) > 1:
            return deny(Cause.AMBIGUOUS, seen=(f"header:{self._header.decode()}",) * 2)
        certificate = from_header(values[0].decode("latin-1"))
        if certificate is None:
            return deny(Cause.MALFORMED, "encoding", part="certificate", problem="not_pem")
        if self._header == b"client-cert":
            certificate = _with_chain(certificate, view)
        return Presented(SLOT, certificate)

    def check(self, presented: Presented, view: View, now: int) -> Step:
        """Check the path to a root, usage, names, dates, revocation."""
        flow = verifier.verify(presented.value, self.policy, now)
        outcome = yield from through(flow, {} if self._revoked is None else {RevokedAsk: self._revoked})
        if isinstance(outcome, Refused):
            user = _subject(presented.value) if outcome.primary.attested else None
            return Deny(outcome.failures, known=user is not None, user=user)
        subject = str(outcome.claims["sub"])
        principal: object = subject
        if self._principal is not None:
            principal = yield Call(self._principal, (outcome.claims,), place_of(self._principal))
        return answer_of(principal, claims=outcome.claims, user=subject, facts=outcome.facts)

    def challenge(self, asked: Asked) -> tuple[str, ...]:
        """No registered scheme fits a certificate; the word says what is missing."""
        return (challenge("Certificate", {"realm": self.name}),)

    def problems(self) -> tuple[str, ...]:
        """Nobody to trust."""
        if not self.policy.roots:
            return ("no trusted roots: every certificate would be refused",)
        anchors = prepare(self.policy.roots, self.policy.max_chain_depth)
        return ("roots: not certificates that can be trusted",) if isinstance(anchors, Failure) else ()


def _with_chain(certificate: ClientCertificate, view: View) -> ClientCertificate:
    """What comes beside `Client-Cert`: the intermediates (RFC 9440 section 2.3). One more than are read is refused."""
    texts = [part for value in view.values(b"client-cert-chain") for part in value.split(b",")]
    others = [from_header(text.decode("latin-1")) for text in texts[: MAX_INTERMEDIATES + 1]]
    return ClientCertificate(certificate.leaf, tuple(b"" if one is None else one.leaf for one in others))


def _subject(certificate: ClientCertificate) -> str | None:
    """Whose certificate a trusted issuer made."""
    leaf = read_certificate(certificate.leaf)
    return None if isinstance(leaf, Failure) else shown(leaf.subject) or None


def client_certificate(
    name: str = "cert",
    *,
    roots: str | bytes | Iterable[bytes],
    names: Iterable[str] = (),
    header: str | None = None,
    principal: Callable[[Mapping[str, Any]], object] | None = None,
    revoked: Callable[..., object] | None = None,
    revoked_serials: Iterable[str] = (),
) -> ClientCertificateProvider:
    """A provider for client certificates.

    `roots`: the CA certificates that are trusted, PEM text or DER. `names`: accepted subject alternative names, any
    by default. `header`: where a trusted proxy (Guard's `trusted_proxies`) puts the certificate, such as
    `X-SSL-Client-Cert` (nginx $ssl_client_escaped_cert) or `Client-Cert` (RFC 9440, with `Client-Cert-Chain`); the
    same header from anybody else is not looked at. The proxy must set or remove the header on every request, whatever
    the client sent, and a WSGI server must drop names with underscores (gunicorn's default): a certificate is public,
    so whoever can write the header is whoever it names. `principal(claims)` makes the principal, by default the
    subject. `revoked(issuer, serial)` is asked for a certificate that is otherwise good.

    Raises ConfigurationError for a set-up that cannot work.
    """
    try:
        policy = ClientCertPolicy(
            id=name,
            roots=_ders(roots),
            names=tuple(names),
            revoked=tuple(revoked_serials),
            check_revoked=revoked is not None,
        )
    except ValueError as error:
        raise ConfigurationError(f"{name}: roots: {error}") from None
    return ClientCertificateProvider(name, policy, header, principal, by_function(revoked, "issuer", "id"))


def _ders(roots: str | bytes | Iterable[bytes]) -> tuple[bytes, ...]:
    if isinstance(roots, str):
        roots = roots.encode()
    if isinstance(roots, bytes):
        if b"-----BEGIN" not in roots:
            return (roots,)
        return tuple(one.public_bytes(Encoding.DER) for one in x509.load_pem_x509_certificates(roots))
    return tuple(roots)
