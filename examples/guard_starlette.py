"""Guard inside a Starlette application.

SECRET=$(openssl rand -hex 32) uvicorn --app-dir examples guard_starlette:app
curl -i localhost:8000/orders                                  # 401, one challenge for each way to sign in
curl -i localhost:8000/orders -H "X-Api-Key: robot-key-1"      # 200
curl -i localhost:8000/staff -u ann:"correct horse"            # 200
curl -i localhost:8000/staff -u ann:wrong                      # 401; the server's console says wrong_secret
"""

import os

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute

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


async def orders(request):
    decision = await guard.require(request, any_of("token", "key"))
    if request.method == "POST":
        return Response(b"".join([part async for part in request.stream()]))
    return PlainTextResponse(f"hello {decision.principal}\n")


async def staff_only(request):
    return PlainTextResponse(f"hello {(await guard.require(request, 'staff')).principal}\n")


async def live(socket):
    await guard.require(socket, "token")
    await socket.accept()
    await socket.send_text("hello")
    await socket.close()


cors = Middleware(CORSMiddleware, allow_origins=["https://page.example"], allow_headers=["authorization"])
pages = [Route("/orders", orders, methods=["GET", "POST"]), Route("/staff", staff_only)]
app = Starlette(routes=[*pages, WebSocketRoute("/live", live)], middleware=[cors])
guard.install(app)
