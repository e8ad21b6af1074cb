"""Guard inside a Flask application.

SECRET=$(openssl rand -hex 32) gunicorn --chdir examples guard_flask:app
curl -i localhost:8000/orders                                  # 401, one challenge for each way to sign in
curl -i localhost:8000/orders -H "X-Api-Key: robot-key-1"      # 200
curl -i localhost:8000/staff -u ann:"correct horse"            # 200
curl -i localhost:8000/staff -u ann:wrong                      # 401; the server's console says wrong_secret
"""

import os

from flask import Flask, g, request

from authwhy import Cause
from authwhy.guard import Guard, any_of, api_key, basic, deny, jwt

ROBOTS = {"1934f77f20ebf4ec61028e515514f470c602cbfde9bdcbd797ef0b06db8b1e5f": "robot"}  # digests, never keys
STORED = "pbkdf2_sha256$600000$example-salt$CQ4d9DHAwZD/3GPRUNzwoMXxZqutaaxesYO0Yn4EAVg="  # of "correct horse"


def staff(credential):
    if credential.username != "ann":
        return deny(Cause.UNKNOWN_IDENTITY)
    return "ann" if credential.matches(STORED) else deny(Cause.WRONG_SECRET)


guard = Guard(
    jwt("token", secret=os.environ["SECRET"], audience="orders"),
    api_key("key", lookup=lambda key: ROBOTS.get(key.digest) or deny(Cause.UNKNOWN_IDENTITY)),
    basic("staff", realm="example", verify=staff),
    events=[lambda event: print(event.outcome, *(one.cause for one in event.causes), flush=True)],
)
app = Flask(__name__)
guard.install(app)


@app.route("/orders", methods=["GET", "POST"])
@guard.flask(any_of("token", "key"))
def orders():
    return request.get_data() if request.method == "POST" else f"hello {g.who}\n"


@app.get("/staff")
@guard.flask("staff")
def staff_only():
    return f"hello {g.who}\n"


@app.get("/health")
def health():
    return "hello\n"


@app.after_request
def cors(response):
    response.headers["Access-Control-Allow-Origin"] = "https://page.example"
    response.headers["Access-Control-Allow-Headers"] = "authorization"
    return response
