"""Guard inside a FastAPI application; /docs shows what every operation wants.

SECRET=$(openssl rand -hex 32) uvicorn --app-dir examples guard_fastapi:app
curl -i localhost:8000/orders                                  # 401, one challenge for each way to sign in
curl -i localhost:8000/orders -H "X-Api-Key: robot-key-1"      # 200
curl -i localhost:8000/staff -u ann:"correct horse"            # 200
curl -i localhost:8000/staff -u ann:wrong                      # 401; the server's console says wrong_secret
"""

import os
from typing import Annotated

from fastapi import FastAPI, Request, Response, WebSocket
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import PlainTextResponse

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
app = FastAPI(default_response_class=PlainTextResponse)
guard.install(app)
app.add_middleware(CORSMiddleware, allow_origins=["https://page.example"], allow_headers=["authorization"])


@app.api_route("/orders", methods=["GET", "HEAD"])
async def orders(who: Annotated[object, guard.need(any_of("token", "key"))]):
    return f"hello {who}\n"


@app.post("/orders", dependencies=[guard.need(any_of("token", "key"))])
async def give_back(request: Request):
    return Response(b"".join([part async for part in request.stream()]))


@app.get("/staff")
async def staff_only(who: Annotated[str, guard.need("staff")]):
    return f"hello {who}\n"


@app.websocket("/live")
async def live(socket: WebSocket, who: Annotated[dict, guard.need("token")]):
    await socket.accept()
    await socket.send_text("hello")
    await socket.close()
