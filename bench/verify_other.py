"""Passwords, API keys, one-time codes and client certificates against the bare cryptography of each, in one run.

Prints ratios, 1 = the hash, MAC or path validation alone, of the accepted credential.
Run: python bench/verify_other.py
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import statistics
import struct
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import argon2
import bcrypt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import verification
from cryptography.x509.oid import NameOID

from authwhy.model.outcome import Accepted, Outcome
from authwhy.model.policy import ApiKeyPolicy, BasicPolicy, ClientCertPolicy, TotpPolicy
from authwhy.verify import api_key, basic, client_cert, password, totp
from authwhy.verify.flow import drive

START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = int(START.timestamp())
Calls = dict[str, Callable[[], object]]


def medians(calls: Calls, loops: int, rounds: int) -> dict[str, float]:
    """Median seconds per call, all calls taking turns so that they share the machine's moods."""
    samples: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            started = time.perf_counter()
            for _ in range(loops):
                call()
            samples[name].append((time.perf_counter() - started) / loops)
    return {name: statistics.median(times) for name, times in samples.items()}


def report(title: str, calls: Calls, loops: int, rounds: int = 25) -> None:
    """Print each call as a ratio to the one named `bare`. Raises RuntimeError when a row is not what it says."""
    for name, call in calls.items():
        outcome = call()
        if isinstance(outcome, Outcome) and isinstance(outcome, Accepted) != name.startswith("accepted"):
            raise RuntimeError(f"{title}, {name}: {outcome}")
    times = medians(calls, loops, rounds)
    print(f"\n{title}: 1 = {times['bare'] * 1e6:.1f} us")
    for name, value in times.items():
        if name != "bare":
            print(f"  {name:36}{value / times['bare']:10.3f}")


def hashes_alone() -> None:
    """password.check against the library it calls."""
    secret, salt = "correct horse battery staple", b"0123456789abcdef"
    raw = secret.encode()
    argon = argon2.PasswordHasher().hash(secret)
    crypted = bcrypt.hashpw(raw, bcrypt.gensalt(10)).decode()
    scrypted = hashlib.scrypt(raw, salt=salt, n=2**14, r=8, p=1)
    derived = hashlib.pbkdf2_hmac("sha256", raw, salt, 100_000)
    text = base64.b64encode(salt).decode().rstrip("=")
    rows: dict[str, tuple[str, Callable[[], object]]] = {
        "argon2id": (argon, lambda: argon2.low_level.verify_secret(argon.encode(), raw, argon2.Type.ID)),
        "bcrypt": (crypted, lambda: bcrypt.checkpw(raw, crypted.encode())),
        "scrypt": (
            f"$scrypt$ln=14,r=8,p=1${text}${base64.b64encode(scrypted).decode().rstrip('=')}",
            lambda: hashlib.scrypt(raw, salt=salt, n=2**14, r=8, p=1),
        ),
        "pbkdf2": (
            f"$pbkdf2-sha256$100000${text}${base64.b64encode(derived).decode().rstrip('=')}",
            lambda: hashlib.pbkdf2_hmac("sha256", raw, salt, 100_000),
        ),
    }
    for name, (stored, bare) in rows.items():
        if password.check(secret, stored) is not True:
            raise RuntimeError(name)
        calls: Calls = {
            "bare": bare,
            "right": lambda stored=stored: password.check(secret, stored),  # type: ignore[misc]
            "wrong": lambda stored=stored: password.check("wrong", stored),  # type: ignore[misc]
        }
        report(f"password.check, {name}", calls, 1, 15)


def passwords() -> None:
    """Target 6: wrong at most 1.1 T, unknown 0.9 to 1.1 T."""
    stored = argon2.PasswordHasher().hash("secret")
    policy = BasicPolicy(dummy_hash=password.dummy_like(stored))
    accounts = {
        "alice": basic.Account("alice", stored),
        "locked": basic.Account("locked", stored, locked=True),
        "disabled": basic.Account("disabled", stored, disabled=True),
        "empty": basic.Account("empty"),
        "old": basic.Account("old", "$apr1$saltsalt$abcdefghijklmnopqrstu."),
    }

    def check(name: str, secret: str) -> Callable[[], Outcome]:
        value = "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()
        return lambda: drive(basic.verify(value, policy, NOW), lambda ask: accounts.get(getattr(ask, "name", "")))

    calls: Calls = {
        "bare": lambda: argon2.low_level.verify_secret(stored.encode(), b"secret", argon2.Type.ID),
        "accepted": check("alice", "secret"),
        "wrong password": check("alice", "wrong"),
        "unknown name": check("bob", "secret"),
        "locked, right password": check("locked", "secret"),
        "locked, wrong password": check("locked", "wrong"),
        "disabled": check("disabled", "secret"),
        "no password set": check("empty", "secret"),
        "hash too old": check("old", "secret"),
        "empty password": check("alice", ""),
        "1 MB password": check("alice", "x" * 1_000_000),
        "not base64": lambda: drive(basic.verify("Basic alice:secret", policy, NOW), lambda _: None),
    }
    report("Basic, argon2id (T)", calls, 1, 15)


def api_keys() -> None:
    """Target 9: at most 1.7 of the hash and the comparison."""
    key = "acme_live_k7Qp2Zx9Lm4Vt8Rw1Yc6Bn3Df5"
    digest = api_key.digest_of(key)
    policy = ApiKeyPolicy(prefix="acme_live_")
    good = api_key.ApiKeyRecord("k1", digest, "alice", scopes=("read",))
    prepared = api_key.PreparedKeys([good], policy)

    def check(sent: str, record: api_key.ApiKeyRecord | None) -> Callable[[], Outcome]:
        return lambda: drive(api_key.verify(sent, policy, NOW), lambda _: record)

    calls: Calls = {
        "bare": lambda: hmac.compare_digest(hashlib.sha256(key.encode()).hexdigest(), digest),
        "accepted, PreparedKeys": lambda: prepared.find(key, NOW),
        "accepted, flow": check(key, good),
        "unknown": check(key, None),
        "expired": check(key, api_key.ApiKeyRecord("k1", digest, "alice", expires_at=1)),
        "revoked": check(key, api_key.ApiKeyRecord("k1", digest, "alice", "revoked")),
        "with a final newline": check(key + "\n", None),
        "quoted": check(f'"{key}"', None),
        "other environment": check(key.replace("live", "test"), None),
        "placeholder": check("YOUR_API_KEY", None),
        "8 kB garbage": check("x" * 8_192, None),
    }
    report("API key", calls, 5_000)


def one_time_codes() -> None:
    """1 = one HOTP value; a refused code costs the whole search (41 values), which names its cause."""
    seed, policy = b"12345678901234567890", TotpPolicy()
    enrolment = totp.TotpEnrolment("e1", base64.b32encode(seed).decode())
    step = NOW // policy.period_s

    def bare() -> bool:
        mac = hmac.digest(seed, step.to_bytes(8, "big"), "sha1")
        number = (struct.unpack_from(">I", mac, mac[-1] & 15)[0] & 0x7FFFFFFF) % 10**6
        return hmac.compare_digest(f"{number:06}", "000000")

    def check(code: str, known: totp.TotpEnrolment | None = enrolment) -> Callable[[], Outcome]:
        credential = totp.TotpCode(code, "alice")
        return lambda: drive(
            totp.verify(credential, policy, NOW), lambda ask: known if isinstance(ask, totp.TotpAsk) else False
        )

    calls: Calls = {
        "bare": bare,
        "accepted": check(totp.hotp(seed, step, 6)),
        "accepted, one period late": check(totp.hotp(seed, step - 1, 6)),
        "expired, 5 periods late": check(totp.hotp(seed, step - 5, 6)),
        "wrong": check("000000"),
        "not enrolled": check("000000", None),
        "grouped digits": check("123 456"),
    }
    report("TOTP", calls, 500)


def _certificate(
    name: str, by: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None, ca: bool, days: int = 100
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by[0].subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(START - timedelta(days=50))
        .not_valid_after(START + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca, None), critical=True)
    )
    return builder.sign(by[1] if by else key, hashes.SHA256()), key


def client_certificates() -> None:
    """1 = parsing and path validation by `cryptography` with no check of ours."""
    root = _certificate("root", None, ca=True)
    middle = _certificate("middle", root, ca=True)
    leaf, late, lonely = (
        _certificate(*row) for row in (("a", middle, False), ("a", middle, False, -1), ("a", None, False))
    )
    der = {name: each[0].public_bytes(Encoding.DER) for name, each in
           {"root": root, "middle": middle, "leaf": leaf, "late": late, "lonely": lonely}.items()}  # fmt: skip
    policy = ClientCertPolicy(roots=(der["root"],))
    anything = verification.ExtensionPolicy.permit_all()
    issuer = anything.require_present(x509.BasicConstraints, verification.Criticality.AGNOSTIC, None)
    builder = (
        verification.PolicyBuilder()
        .store(verification.Store([root[0]]))
        .extension_policies(ca_policy=issuer, ee_policy=anything)
    )

    def bare() -> object:
        presented = [x509.load_der_x509_certificate(der[name]) for name in ("leaf", "middle")]
        return builder.time(START).build_client_verifier().verify(presented[0], presented[1:])

    def check(name: str, *sent: str, policy: ClientCertPolicy = policy) -> Callable[[], Outcome]:
        credential = client_cert.ClientCertificate(der.get(name, b"noise"), tuple(der[each] for each in sent))
        return lambda: drive(client_cert.verify(credential, policy, NOW), lambda _: False)

    serial = format(leaf[0].serial_number, "x")
    calls: Calls = {
        "bare": bare,
        "accepted": check("leaf", "middle"),
        "expired": check("late", "middle"),
        "issuer not sent": check("leaf"),
        "self-signed": check("lonely"),
        "name not accepted": check("leaf", "middle", policy=ClientCertPolicy(roots=policy.roots, names=("b",))),
        "revoked": check("leaf", "middle", policy=ClientCertPolicy(roots=policy.roots, revoked=(serial,))),
        "not DER": check("noise"),
    }
    report("Client certificate, ECDSA P-256, one intermediate", calls, 30)


def main() -> None:
    """Print one table a mechanism."""
    for table in (hashes_alone, passwords, api_keys, one_time_codes, client_certificates):
        table()


if __name__ == "__main__":
    main()
