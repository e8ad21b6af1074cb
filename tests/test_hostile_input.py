"""Law: no input makes explain fail, hang or fill the memory. Each runs through the real command, in a process of its own.

A run may use ONE_GIB of address space and 60 s; nothing here asserts how fast it was.
"""

import json
import random
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path

import pytest

ONE_GIB = 1 << 30
TIMEOUT_S = 60
MEGABYTE = 1_000_000


def base64url(octets: bytes) -> str:
    """As in a compact JWS (RFC 7515 2)."""
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def limit_memory() -> None:
    """Runs in the child, before the command."""
    import resource

    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (ONE_GIB, ONE_GIB))


def explain(path: Path, *options: str) -> subprocess.CompletedProcess[bytes]:
    """`authwhy explain FILE` with bounded time and memory."""
    return subprocess.run(
        [sys.executable, "-m", "authwhy", "explain", str(path), "--format", "json", *options],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=TIMEOUT_S,
        check=False,
        preexec_fn=limit_memory,
    )


def verdict(path: Path, *options: str) -> str:
    """The verdict; the run must end with a documented status and no traceback."""
    result = explain(path, *options)
    assert b"Traceback" not in result.stderr + result.stdout, result.stderr[-2000:]
    assert result.stderr == b""
    assert result.returncode in (0, 1)
    answer = json.loads(result.stdout)
    assert (answer["verdict"] == "explained") == (result.returncode == 0)
    assert len(result.stdout) < 100_000
    return str(answer["verdict"])


def big_log(size: int) -> bytes:
    """An ordinary log of that many bytes."""
    line = "2026-01-05T12:00:00Z INFO request id=%d path=/orders status=200 took=12ms\n"
    block = "".join(line % number for number in range(10_000)).encode()
    return (block * (size // len(block) + 1))[:size]


def har(entries: int) -> bytes:
    """An archive in which every other request is refused."""
    made = [
        {
            "startedDateTime": "2026-01-05T12:00:00.000Z",
            "request": {
                "method": "GET",
                "url": f"https://api.example.com/orders/{number}",
                "headers": [{"name": "Authorization", "value": f"Bearer opaque-{number:032x}"}],
            },
            "response": {
                "status": 401 if number % 2 else 200,
                "headers": [{"name": "WWW-Authenticate", "value": 'Bearer error="invalid_token"'}],
                "content": {"text": "{}"},
            },
        }
        for number in range(entries)
    ]
    return json.dumps({"log": {"version": "1.2", "entries": made}}).encode()


HEAD = base64url(b'{"alg":"HS256"}')
PBES2 = base64url(b'{"alg":"PBES2-HS256+A128KW","enc":"A128CBC-HS256","p2c":2147483648,"p2s":"AAAAAAAAAAAAAAAA"}')
UNEXPLAINED: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "blanks": lambda: b" \n\t\n",
    "line_ends": lambda: b"\n" * MEGABYTE,
    "binary_junk": lambda: random.Random(7).randbytes(MEGABYTE),
    "zeros": lambda: bytes(MEGABYTE),
    "all_ones": lambda: b"\xff" * MEGABYTE,
    "log_of_100_megabytes": lambda: big_log(100 * MEGABYTE),
    "one_word_of_5_megabytes": lambda: b"a" * (5 * MEGABYTE),
    "ten_million_dots": lambda: b"." * 10_000_000,
    "a_token_that_ends_in_dots": lambda: b"eyJhbGciOiJIUzI1NiJ9" + b"." * MEGABYTE,
    "open_brackets": lambda: b"[" * 100_000,
    "closed_brackets": lambda: b"[" * 100_000 + b"]" * 100_000,
    "deep_objects": lambda: b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "deep_archive": lambda: b'{"log":{"entries":' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
    "distinct_words": lambda: " ".join(f"w{n:x}q{n * 7919 % 100_003:x}" for n in range(100_000)).encode(),
    "quotation_marks": lambda: b'"' * MEGABYTE,
    "backslashes": lambda: b"\\" * MEGABYTE,
    "escape_codes": lambda: b"\x1b[" * (MEGABYTE // 2),
    "forged_placeholders": lambda: ("\ue000" * 1000 + "\ue0001\ue001" * 100_000).encode(),
    "letters_that_grow_in_lower_case": lambda: "İ".encode() * (MEGABYTE // 2),
    "open_certificates": lambda: b"-----BEGIN CERTIFICATE-----\n" * 30_000,
    "open_private_keys": lambda: b"-----BEGIN RSA PRIVATE KEY-----\n" * 30_000,
    "a_cost_of_two_billion_rounds": lambda: f"{PBES2}.{'A' * 54}.{'A' * 22}.{'A' * 64}.{'A' * 22}".encode(),
}
ANY_ANSWER: dict[str, Callable[[], bytes]] = {
    "invalid_utf8": lambda: b"login failed \xff\xfe\x80 caf\xe9 401 \xc3\x28\n" * 2000,
    "token_of_a_megabyte": lambda: f"Authorization: Bearer {HEAD}.{'A' * MEGABYTE}.{'B' * 43}\n".encode(),
    "deep_token": lambda: f"{HEAD}.{base64url(b'[' * 100_000)}.{'B' * 43}".encode(),
    "unknown_crit": lambda: (
        base64url(b'{"alg":"HS256","crit":["urn:x"],"urn:x":1}') + "." + base64url(b'{"exp":1}') + "." + "B" * 43
    ).encode(),
    "times_outside_the_calendar": lambda: (
        HEAD + "." + base64url(b'{"exp":1e300,"nbf":29999999999,"iat":-1}') + "." + "B" * 43
    ).encode(),
    "many_refusals": lambda: b"HTTP/1.1 401 Unauthorized\nWWW-Authenticate: Bearer\n\n" * 10_000,
    "many_challenges": lambda: b"HTTP/1.1 401 No\nWWW-Authenticate: " + b"Bearer a=b, " * 50_000 + b"\n\n",
    "many_failed_logins": lambda: "\n".join(
        f"Failed password for invalid user u{n} from 192.0.2.{n % 250} port {n % 60_000} ssh2" for n in range(20_000)
    ).encode(),
    "a_secret_that_repeats_itself": lambda: b"Authorization: Bearer " * 105_000,
    "an_open_bracket_for_a_host": lambda: (
        b"GET http://[::1/ HTTP/1.1\nHost: a\nAuthorization: Bearer abcdefgh12345678\n\n"
        b"HTTP/1.1 302 Found\nLocation: http://[::1\n\nGET http://[::1/b HTTP/1.1\nHost: b\n\nHTTP/1.1 401 No\n\n"
    ),
}


@pytest.mark.parametrize("name", UNEXPLAINED)
def test_what_says_nothing_is_unexplained(name: str, tmp_path: Path) -> None:
    """Honestly so, whatever its size."""
    path = tmp_path / "input.txt"
    path.write_bytes(UNEXPLAINED[name]())
    assert verdict(path) == "unexplained"


@pytest.mark.parametrize("name", ANY_ANSWER)
def test_whatever_it_is_there_is_an_answer(name: str, tmp_path: Path) -> None:
    """A cause or none, but never an error of ours."""
    path = tmp_path / "input.txt"
    path.write_bytes(ANY_ANSWER[name]())
    verdict(path)


def test_an_archive_of_five_thousand_requests_is_explained(tmp_path: Path) -> None:
    """Half of them are refused."""
    path = tmp_path / "archive.har"
    path.write_bytes(har(5_000))
    assert verdict(path) == "explained"


@pytest.mark.parametrize(
    ("option", "content"),
    [
        ("--jwks", b"[1"),
        ("--jwks", b"[" * 100_000),
        ("--config", b"\xff" * MEGABYTE),
        ("--secret-file", b""),
    ],
)
def test_what_is_handed_in_beside_the_text_may_be_junk_too(option: str, content: bytes, tmp_path: Path) -> None:
    """One line says so, or it is of no use; never a traceback."""
    path, junk = tmp_path / "input.txt", tmp_path / "junk"
    path.write_text(f"{HEAD}.{base64url(b'{}')}.{'B' * 43}")
    junk.write_bytes(content)
    result = explain(path, option, str(junk))
    assert b"Traceback" not in result.stderr
    assert result.returncode in (0, 1, 2, 3)
    assert result.returncode < 2 or result.stderr.strip()


# Each is repeated to a megabyte, in one line and in lines of 3,900 characters, against every rule of observation.
NEAR_MATCHES = (
    "a.b.c.d.e.f.g.h.i.j://u:" + "@" * 320 + " ", "a-b-c-d-e-f-g-h-i-j-k://", "://a:b@", " - KEY='" + "x" * 400 + " ",
    "\n - KEY='xx'" + " " * 1000, "\n" + " " * 20 + "-" + " " * 4 + "K" * 60, "proxy_set_header ", "RequestHeader ",
    "key provided: ", "key given:" + "a" * 200, "key provided: ****bb ends in b1 ", "token given: **** ", "key identifier ",
    "key provided:aaaa bbbb cccc dddd eeee ffff gggg!", "credentials specified:\n", "ends in ",
    "got:", "expected=", "expect ", "x does not match ", "'a' match ", "intended for ", "ab is wrong expecting ",
    "expect" + "a" * 3800, "[[[[[[[[[expect", ("got :" + " :" * 20), "intended for ab accept tokens intended for ",
    "2026-01-05T12:00:00Z ", "1767614400 ", "now 2026-01-05T12:00:00Z 1767614400 ", "now expired 2026-", "now Jan  ", "01/Jan/2026:",
    "HTTP/", "status code ", "error code (", "unauthorize ", "requires x-a-a-a-a ", "no a-b-c-d-", "missing the your ",
    "login works on ", "login behind ", "login after the my ", "two-factor auth", "login fine with ", "clock is was are 5 ",
    "pushed token ", "domain in the eu ", "https://a.b.c.d.eu ", "pypi-", "API_KEY=$A\" ",
)  # fmt: skip
OBSERVE = """
import json, sys
from authwhy.diagnose.context import Context
from authwhy.diagnose.observe import observe
from authwhy.model.evidence import Evidence

for unit in json.load(sys.stdin):
    line = (unit * (3_900 // len(unit) + 1))[:3_900] + "\\n"
    for text in (unit * (1_000_000 // len(unit)), line * 256, line[:2_000]):
        observe(Evidence(text=text), Context(clock=0))
print("done")
"""


def test_near_matches_of_every_rule_cost_no_more_than_their_length() -> None:
    """Backtracking that grows with the square of a line would need hours here."""
    result = subprocess.run(
        [sys.executable, "-c", OBSERVE], input=json.dumps(NEAR_MATCHES).encode(), capture_output=True,
        timeout=TIMEOUT_S, check=False,
    )  # fmt: skip
    assert (result.stdout, result.stderr) == (b"done\n", b"")
