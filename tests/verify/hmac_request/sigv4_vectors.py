"""Values of AWS's documentation: the Signature Version 4 test suite and the examples of the S3 API reference."""

from __future__ import annotations

from hashlib import sha256

from authwhy.verify.hmac_request.interface import SignedRequest, SigningSecret, SigningSecrets

HOST = ("host", "example.amazonaws.com")
DATE = ("x-amz-date", "20150830T123600Z")
AT = 1_440_938_160
SCOPE = "20150830/us-east-1/service/aws4_request"
SUITE_SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
S3_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
S3_AT = 1_369_353_600
S3_HOST = ("host", "examplebucket.s3.amazonaws.com")
S3_DATE = ("x-amz-date", "20130524T000000Z")
EMPTY = sha256(b"").hexdigest()
UNRESERVED = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
TOKEN = ("x-amz-security-token", "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267")
KNOWN = SigningSecrets((SigningSecret("k1", SUITE_SECRET),), "alice")
S3_KNOWN = SigningSecrets((SigningSecret("s3", S3_SECRET),), "alice")

# name, method, raw path, raw query, headers beside host and date, body, canonical path and query, hash, signature
SUITE = (
    (
        "get-vanilla",
        SignedRequest("GET", "/", "", (HOST, DATE)),
        "bb579772317eb040ac9ed261061d46c1f17a8133879d6129b6e1c25292927e63",
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    ),
    (
        "get-vanilla-query-order-key-case",
        SignedRequest("GET", "/", "Param2=value2&Param1=value1", (HOST, DATE)),
        "816cd5b414d056048ba4f7c5386d6e0533120fb1fcfa93762cf0fc39e2cf19e0",
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ),
    (
        "get-vanilla-query-order-encoded",
        SignedRequest("GET", "/", "Param-3=Value3&Param=Value2&%E1%88%B4=Value1", (HOST, DATE)),
        "868294f5c38bd141c4972a373a76654f1418a8e4fc18b2e7903ae45e8ae0ec71",
        "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
    ),
    (
        "get-vanilla-query-unreserved",
        SignedRequest("GET", "/", f"{UNRESERVED}={UNRESERVED}", (HOST, DATE)),
        "c30d4703d9f799439be92736156d47ccfb2d879ddf56f5befa6d1d6aab979177",
        "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
    ),
    (
        "get-unreserved",
        SignedRequest("GET", f"/{UNRESERVED}", "", (HOST, DATE)),
        "6a968768eefaa713e2a6b16b589a8ea192661f098f37349f4e2c0082757446f9",
        "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
    ),
    (
        "get-utf8",
        SignedRequest("GET", "/\u1234".encode().decode("latin-1"), "", (HOST, DATE)),
        "2a0a97d02205e45ce2e994789806b19270cfbbb0921b278ccf58f5249ac42102",
        "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
    ),
    (
        "get-vanilla-utf8-query",
        SignedRequest("GET", "/", "\u1234=bar".encode().decode("latin-1"), (HOST, DATE)),
        "eb30c5bed55734080471a834cc727ae56beb50e5f39d1bff6d0d38cb192a7073",
        "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
    ),
    (
        "get-header-key-duplicate",
        SignedRequest(
            "GET",
            "/",
            "",
            (HOST, ("my-header1", "value2"), ("my-header1", "value2"), ("my-header1", "value1"), DATE),
        ),
        "dc7f04a3abfde8d472b0ab1a418b741b7c67174dad1551b4117b15527fbe966c",
        "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
    ),
    (
        "get-header-value-trim",
        SignedRequest("GET", "/", "", (HOST, ("my-header1", " value1"), ("my-header2", ' "a   b   c"'), DATE)),
        "a726db9b0df21c14f559d0a978e563112acb1b9e05476f0a6a1c7d68f28605c7",
        "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
    ),
    (
        "get-vanilla-with-session-token",
        SignedRequest("GET", "/", "", (HOST, DATE, TOKEN)),
        None,
        "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8",
    ),
    (
        "post-vanilla",
        SignedRequest("POST", "/", "", (HOST, DATE)),
        None,
        "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
    ),
    (
        "post-vanilla-query",
        SignedRequest("POST", "/", "Param1=value1", (HOST, DATE)),
        "9d659678c1756bb3113e2ce898845a0a79dbbc57b740555917687f1b3340fbbd",
        "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11",
    ),
    (
        "post-x-www-form-urlencoded",
        SignedRequest(
            "POST",
            "/",
            "",
            (("content-type", "application/x-www-form-urlencoded"), HOST, DATE),
            b"Param1=value1",
        ),
        "42a5e5bb34198acb3e84da4f085bb7927f2bc277ca766e6d19c73c2154021281",
        "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
    ),
)
# The suite's own marks for signers that do not normalise a path: the rule of S3.
UNNORMALISED = (
    ("/example space/", "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"),
    ("//example//", "87cca117541a147f6df867677d98a7d80dff226d2bfca9e4ffa899665623c7e5"),
    ("/example1/example2/../..", "dc33e0856fd4baca4d7aa2146c38958283844764f38c74252a333df5e613003b"),
)
WELCOME = b"Welcome to Amazon S3."
S3 = (
    (
        SignedRequest(
            "GET", "/test.txt", "", (S3_HOST, ("range", "bytes=0-9"), ("x-amz-content-sha256", EMPTY), S3_DATE)
        ),
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    ),
    (
        SignedRequest(
            "PUT",
            "/test$file.text",
            "",
            (
                ("date", "Fri, 24 May 2013 00:00:00 GMT"),
                S3_HOST,
                ("x-amz-content-sha256", sha256(WELCOME).hexdigest()),
                S3_DATE,
                ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            ),
            WELCOME,
        ),
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
    ),
    (
        SignedRequest("GET", "/", "lifecycle", (S3_HOST, ("x-amz-content-sha256", EMPTY), S3_DATE)),
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    ),
    (
        SignedRequest("GET", "/", "max-keys=2&prefix=J", (S3_HOST, ("x-amz-content-sha256", EMPTY), S3_DATE)),
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    ),
)
PRESIGNED = SignedRequest(
    "GET",
    "/test.txt",
    "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
    "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
    "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
    (S3_HOST,),
)


def credential(request: SignedRequest, scope: str, signature: str, key_id: str = "AKIDEXAMPLE") -> str:
    """The Authorization value of a request all of whose headers are signed."""
    names = ";".join(sorted({name for name, _ in request.headers}))
    return f"AWS4-HMAC-SHA256 Credential={key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
