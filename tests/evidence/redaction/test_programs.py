"""Secrets in the arguments of programs."""

from __future__ import annotations

import pytest

from authwhy.evidence.redaction.programs import PROGRAMS, hide_arguments
from authwhy.model.secret import Vault


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("mysql -u root -psecret db", "mysql -u root -p<password, 6 chars> db"),
        ("mysql -u root -p secret1 db", "mysql -u root -p <password, 7 chars> db"),
        ("mysql -u root -p appdb", "mysql -u root -p appdb"),
        ("sshpass -psecret ssh -p 22 h", "sshpass -p<password, 6 chars> ssh -p 22 h"),
        ("smbclient //h/s -U alice%secret", "smbclient //h/s -U alice%<password, 6 chars>"),
        ("openssl rsa -passin pass:secret -in k", "openssl rsa -passin pass:<password, 6 chars> -in k"),
        ("radtest alice secret1 h 0 secret2", "radtest alice <password, 7 chars> h 0 <password, 7 chars>"),
        ("http -a alice:secret a.example", "http -a alice:<password, 6 chars> a.example"),
        ("docker login -u a -p secret", "docker login -u a -p <password, 6 chars>"),
        ("docker run -p 80:80 x", "docker run -p 80:80 x"),
        ("tool --password 'two words' --user a", "tool --password '<password, 9 chars>' --user a"),
        ("tool --client-secret abc123 --token-file t", "tool --client-secret <secret, 6 chars> --token-file t"),
        ("tool --password-stdin --token is missing", "tool --password-stdin --token is missing"),
        ("plink -pw secret h", "plink -pw <password, 6 chars> h"),
        ("tool --private-key ./a.pem", "tool --private-key ./a.pem"),
        ("tool -ClientSecret 'abc' -Verbose", "tool -ClientSecret '<secret, 3 chars>' -Verbose"),
        ("zip -Psecret x.zip y", "zip -P<password, 6 chars> x.zip y"),
        ("etcdctl --user root:secret get x", "etcdctl --user root:<password, 6 chars> get x"),
        ("htpasswd -b f alice secret", "htpasswd -b f alice <password, 6 chars>"),
        ("vault login secret", "vault login <password, 6 chars>"),
        ("vault login -method=userpass", "vault login -method=userpass"),
        ("sqlplus scott/tiger@db", "sqlplus scott/<password, 5 chars>@db"),
        (
            "echo secret | docker login -u a --password-stdin",
            "echo <password, 6 chars> | docker login -u a --password-stdin",
        ),
        ("echo hello | grep h", "echo hello | grep h"),
        ("kinit alice <<< secret", "kinit alice <<< <password, 6 chars>"),
    ],
)
def test_arguments(text: str, shown: str) -> None:
    """By program, and by the names of long options."""
    vault = Vault()
    assert vault.mask(hide_arguments(text, vault)) == shown


def test_the_table_is_read() -> None:
    """Names share a line; flags, logins, places and the one subcommand."""
    assert PROGRAMS["snmpget"].flags == ("-c", "-A", "-X")
    assert PROGRAMS["ab"].logins == ("-A", "-P")
    assert PROGRAMS["docker"].only == "login"
    assert PROGRAMS["rabbitmqctl"].after[0] == ("add_user", 2)
