"""Secrets of many shapes, every slot of every kind of input they are put into, and the search for what leaked."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import msgspec

from authwhy.model.evidence import Evidence

SECRETS = {
    "mixed": "Zq7xK2mWv9RtB4nLpD8s",
    "hex": "9f86d081884c7d659a2feaa0c55ad015",
    "letters": "hunterxylophone",
    "short": "q9Zx7",
    "symbols": "p@ss!w0rd#Q7%z",
    "phrase": "correct horse battery staple zebra",
    "base64": "dGhpcyBpcyBhIHNlY3JldCBrZXkh+/A=",
    "guid": "7f3d1c2a-9b8e-4d5f-a6c7-1e2f3a4b5c6d",
    "digits": "493817265038",
    "quotes": 'ab"cd\'ef9"gh',
    "colons": "abc:def:ghi9:jkl",
    "umlauts": "pässwörtЖ9日本",
    "slashes": "ab/cd+ef/gh9==",
    "dollar": "$ecretP4ss$",
    "semicolons": "abc;def;gh1;ij",
    "commas": "abc1,def2,ghi3",
    "upper": "ABCDEFGHJKLMNPQRST",
    "github": "ghp_aB3dE6gH9jK2mN5pQ8sT1vW4xY7z0A3b6C9d",
    "openai": "sk-proj-abcDEF123ghiJKL456mnoPQR",
    "dashes": "--abc-def9--",
    "equals": "abc=def9=ghi",
    "brackets": "ab{cd}ef9[gh]",
    "angles": "ab<cd>ef9gh",
    "backslashes": "ab\\cd9\\ef",
    "pipes": "ab|cd9|ef",
    "hash": "ab #cd9 ef",
    "percent": "50%off%20now9",
    "ampersands": "ab&cd9&ef",
}
Slot = Callable[[str], str]


def _single(secret: str) -> str:
    return "'" + secret.replace("'", "'\\''") + "'"


def _double(secret: str) -> str:
    return '"' + "".join("\\" + char if char in '\\"$`' else char for char in secret) + '"'


def _inside(secret: str) -> str:
    """As it stands inside a JSON string."""
    return json.dumps(secret)[1:-1]


def _encoded(secret: str) -> str:
    return quote(secret, safe="")


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _base64url(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _har(secret: str) -> str:
    request = {
        "method": "POST",
        "url": f"https://id.example.com/token?k={_encoded(secret)}",
        "headers": [{"name": "Authorization", "value": f"Bearer {secret}"}, {"name": "X-Foo-Secret", "value": secret}],
        "cookies": [{"name": "sid", "value": secret}],
        "queryString": [{"name": "k", "value": secret}],
        "postData": {"mimeType": "application/json", "text": json.dumps({"password": secret})},
    }
    response = {
        "status": 401,
        "statusText": "Unauthorized",
        "headers": [{"name": "Set-Cookie", "value": f"a={quote(secret)}"}],
        "content": {"mimeType": "application/json", "text": json.dumps({"token": secret})},
    }
    return json.dumps({"log": {"version": "1.2", "entries": [{"request": request, "response": response}]}})


def _har_form(secret: str) -> str:
    posted = {"mimeType": "application/x-www-form-urlencoded", "params": [{"name": "code", "value": _encoded(secret)}]}
    content = {"encoding": "base64", "mimeType": "application/json", "text": _base64(json.dumps({"id_token": secret}))}
    entry = {
        "request": {"method": "POST", "url": "https://id.example.com/token", "headers": [], "postData": posted},
        "response": {"status": 400, "headers": [], "content": content},
    }
    return json.dumps({"log": {"version": "1.2", "entries": [entry]}})


def _jwt(secret: str) -> str:
    header, claims = '{"alg":"HS256"}', json.dumps({"sub": "alice", "password": secret})
    return f"token: {_base64url(header)}.{_base64url(claims)}.{_base64url(secret * 2)}"


SLOTS: dict[str, Slot] = {
    "authorization bearer": lambda s: f"GET / HTTP/1.1\nHost: a\nAuthorization: Bearer {s}\n\nHTTP/1.1 401 No\n",
    "authorization token": lambda s: f"Authorization: Token {s}",
    "proxy-authorization basic": lambda s: f"Proxy-Authorization: Basic {_base64('u:' + s)}",
    "x-api-key": lambda s: f"GET / HTTP/1.1\nX-Api-Key: {s}\n\n",
    "vendor header": lambda s: f"X-Vendor-Session: {s}\nAccept: */*",
    "cookie": lambda s: f"GET / HTTP/1.1\nCookie: sid={quote(s)}; theme=dark\n",
    "set-cookie": lambda s: f"HTTP/1.1 401 No\nSet-Cookie: sid={quote(s)}; Path=/; HttpOnly\n",
    "digest": lambda s: f'Authorization: Digest username="a", realm="r", nonce="n", uri="/", response="{_inside(s)}"',
    "sigv4": lambda s: (
        "Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/s3/aws4_request, "
        f"SignedHeaders=host, Signature={quote(s)}"
    ),
    "curl -u": lambda s: f"curl -u {_single('alice:' + s)} https://api.example.com/",
    "curl -sSu double": lambda s: f"curl -sSu {_double('alice:' + s)} https://api.example.com/",
    "curl -H": lambda s: f"curl -H {_single('Authorization: Bearer ' + s)} https://api.example.com/ -v",
    "curl --header": lambda s: f"curl https://api.example.com/ --header {_double('X-Api-Key: ' + s)}",
    "curl ansi": lambda s: (
        'curl https://api.example.com/ --data-raw $\'{"password":"'
        + _inside(s).replace("\\", "\\\\").replace("'", "\\'")
        + "\"}'"
    ),
    "curl -d form": lambda s: f"curl -d 'grant_type=password&username=a&password={_encoded(s)}' https://a.example/t",
    "curl --data-urlencode": lambda s: f"curl --data-urlencode {_single('password=' + s)} https://a.example/t",
    "curl --json": lambda s: f"curl --json {_single(json.dumps({'client_secret': s}))} https://a.example/t",
    "curl -b": lambda s: f"curl -b 'sid={_encoded(s)}' https://a.example/",
    "curl --oauth2-bearer": lambda s: f"curl --oauth2-bearer {_single(s)} https://a.example/",
    "curl --proxy-user": lambda s: f"curl -x http://p:3128 --proxy-user {_single('bob:' + s)} https://a.example/",
    "curl -F": lambda s: f"curl -F {_single('token=' + s)} https://a.example/",
    "curl cmd.exe": lambda s: (
        'curl "https://a.example/" ^\n  -H "authorization: Bearer '
        + s.replace("\\", "\\\\").replace('"', '\\"')
        + '" ^\n  --compressed'
    ),
    "curl -v": lambda s: (
        f"* Connected to a\n> GET /x?token={_encoded(s)} HTTP/1.1\n> Host: a\n> Authorization: Bearer {s}\n> \n"
        f"< HTTP/1.1 401 Unauthorized\n< set-cookie: a={_encoded(s)}\n< \nbody\n* Connection #0 left intact"
    ),
    "uri userinfo": lambda s: f"postgres://alice:{_encoded(s)}@db.example.com:5432/app",
    "uri token": lambda s: f"fatal: could not read https://{_encoded(s)}@git.example.com/a.git",
    "query": lambda s: f"https://api.example.com/x?access_token={_encoded(s)}&page=2 failed",
    "unknown query": lambda s: f"https://api.example.com/x?zzz={_encoded(s)} failed",
    "fragment": lambda s: f"https://app.example.com/cb#id_token={_encoded(s)}&state={_encoded(s)}",
    "form body": lambda s: (
        "POST /token HTTP/1.1\nContent-Type: application/x-www-form-urlencoded\n\n"
        f"grant_type=refresh_token&refresh_token={_encoded(s)}&client_id=app"
    ),
    "json": lambda s: json.dumps({"user": "alice", "password": s, "x": 1}),
    "nested json": lambda s: json.dumps({"a": {"accessToken": s, "list": [{"client_secret": s}]}}, indent=2),
    "json in json": lambda s: json.dumps({"body": json.dumps({"refresh_token": s})}),
    "json headers": lambda s: json.dumps({"headers": {"Authorization": [f"Bearer {s}"], "X-Api-Key": [s]}}),
    "json array": lambda s: json.dumps({"api_key": [s, s + "2"]}),
    "json cookies": lambda s: json.dumps({"cookies": [{"name": "sid", "value": s}]}),
    "kubernetes env": lambda s: f"env:\n  - name: DB_PASSWORD\n    value: {json.dumps(s)}",
    "yaml": lambda s: f"db:\n  user: alice\n  password: {s}\n  host: x",
    "yaml quoted": lambda s: "db:\n  password: '" + s.replace("'", "''") + "'\n  host: x",
    "yaml block": lambda s: f"db:\n  password: |\n    {s}\n  host: x",
    "env": lambda s: f"HOST=x\nDB_PASSWORD={s}\nPORT=1",
    "export": lambda s: f"export API_TOKEN={_double(s)}\n",
    "toml": lambda s: f"[oauth]\nclient_secret = {json.dumps(s)}\n",
    "ini": lambda s: f"[db]\npassword = {s}\nuser = a",
    "python dict": lambda s: repr({"user": "a", "secret": s, "n": 1}),
    "log line": lambda s: f"2026-01-01 INFO login user=alice password={json.dumps(s)} result=fail",
    "sentence": lambda s: f"My password is '{s.replace(chr(39), '')}' and it fails",
    "azure connection": lambda s: (
        f"DefaultEndpointsProtocol=https;AccountName=x;AccountKey={_base64(s * 4)};EndpointSuffix=core.windows.net"
    ),
    "redis-cli": lambda s: f"redis-cli -a {_single(s)} ping",
    "snmpget": lambda s: f"snmpget -v3 -u a -l authPriv -a SHA -A {_single(s)} -x AES -X {_single(s)} host .1",
    "mysql": lambda s: f"mysql -u root -p{_single(s)} db",
    "sshpass": lambda s: f"sshpass -p {_single(s)} ssh a@b",
    "ldapsearch": lambda s: f"ldapsearch -x -D cn=a -w {_single(s)} -b dc=x",
    "identified by": lambda s: "CREATE USER 'a'@'%' IDENTIFIED BY '" + s.replace("'", "''") + "';",
    "xml": lambda s: f"<Request><Password>{s.replace('&', '&amp;').replace('<', '&lt;')}</Password></Request>",
    "long option": lambda s: f"docker login --username a --password {_single(s)} reg",
    "pop3": lambda s: f"USER alice\n+OK\nPASS {s}\n-ERR",
    "smtp login": lambda s: f"AUTH LOGIN\n334 VXNlcm5hbWU6\nYWxpY2U=\n334 UGFzc3dvcmQ6\n{_base64(s)}\n535 5.7.8",
    "smtp plain": lambda s: f"AUTH PLAIN {_base64(chr(0) + 'a' + chr(0) + s)}\n535",
    "har": _har,
    "har form": _har_form,
    "private key": lambda s: f"-----BEGIN PRIVATE KEY-----\n{_base64(s * 8)}\n-----END PRIVATE KEY-----",
    "jwk": lambda s: json.dumps({"kty": "oct", "kid": "1", "k": _base64url(s)}),
    "jwt": _jwt,
    "property": lambda s: f'props.setProperty("password", {json.dumps(s)});',
    "arrow": lambda s: "'password' => '" + s.replace("\\", "\\\\").replace("'", "\\'") + "',",
    "trace": lambda s: _trace(s),
}
# Slots without quotes around the value: what ends a value there cannot be part of it.
PLAIN_SLOTS: dict[str, Slot] = {
    "authorization raw": lambda s: f"GET / HTTP/1.1\nAuthorization: {s}\n\nHTTP/1.1 401 No\n",
    "redis auth": lambda s: f"127.0.0.1:6379> AUTH {s}\n(error) WRONGPASS",
    "requirepass": lambda s: f'requirepass "{s}"',
    "imap login": lambda s: f'a1 LOGIN alice "{s}"\na1 NO [AUTHENTICATIONFAILED]',
    "keyword argument": lambda s: f'client = Client(api_key="{s}", base_url="x")',
    "connection string": lambda s: f"Server=db;User ID=sa;Password={s};Encrypt=true",
    "netrc": lambda s: f"machine h login a password {s}\n",
    "uri raw": lambda s: f"DATABASE_URL=postgres://alice:{s}@db.example.com:5432/app",
}


def _trace(secret: str) -> str:
    """`curl --trace-ascii`: rows of 64 characters, broken wherever they end."""
    line = f"Authorization: Bearer {_encoded(secret)}{_encoded(secret)}"
    rows = [line[at : at + 64] for at in range(0, len(line), 64)]
    body = "\n".join(f"{index * 64:04x}: {row}" for index, row in enumerate(rows))
    return f"=> Send header, {len(line)} bytes (0x{len(line):x})\n{body}\n<= Recv header, 5 bytes (0x5)\n0000: HTTP/1.1 401\n"


def forms(secret: str) -> set[str]:
    """The secret and its halves as they are, percent-encoded, JSON-encoded; the whole in base64."""
    half = len(secret) // 2
    pieces = [secret, secret[:half], secret[half:]] if len(secret) >= 8 else [secret]
    found = {_base64(secret).rstrip("=")[:-1]}
    for piece in pieces:
        found |= {piece, quote(piece, safe=""), quote(piece), quote_plus(piece), _inside(piece)}
    return {form for form in found if len(form) >= 4}


def leaks(evidence: Evidence, secret: str) -> list[str]:
    """The forms of the secret that can be read in the evidence outside of its vault."""
    fields = {name: getattr(evidence, name) for name in evidence.__struct_fields__ if name != "vault"}
    seen = "\n".join((repr(evidence), repr(fields), msgspec.json.encode(fields).decode(), evidence.text))
    seen += seen.replace("\\\\", "\\")
    return sorted(form for form in forms(secret) if form in seen)
