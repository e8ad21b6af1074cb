"""FastAPI: `need` as a dependency in every place FastAPI has for one, and what the OpenAPI document says of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from tests.guard.integrations.service import CORS, PAGE, User, a_guard, bearer, is_the_guards, password, signature

pytest.importorskip("fastapi", reason="FastAPI is not installed")
pytest.importorskip("httpx2", reason="FastAPI's test client needs httpx2")

from fastapi import APIRouter, Body, Depends, FastAPI, HTTPException, Request, WebSocket
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse, Response
from fastapi.testclient import TestClient
from starlette.testclient import WebSocketDenialResponse

from authwhy.causes import Cause
from authwhy.guard import ConfigurationError, Throttle, all_of, any_of, optional, skip

GUARD, EVENTS = a_guard(throttle=Throttle(failures=3, per=900, by=("identity",)))
APP = FastAPI(title="Shop")
GUARD.install(APP)
APP.add_middleware(CORSMiddleware, allow_origins=[PAGE])
ORDERS = APIRouter(prefix="/orders", dependencies=[GUARD.need(any_of("token", "key"))])
READER = Annotated[User, GUARD.need(any_of("token", "key"), scope="orders:read")]


@ORDERS.get("/{number}")
async def order(number: int, who: READER) -> dict[str, object]:
    return {"by": who.id, "order": number}


@ORDERS.websocket("/live/{number}")
async def live(socket: WebSocket, number: int, who: READER) -> None:
    await socket.accept()
    await socket.send_text(f"{who.id} {number}")
    await socket.close()


APP.include_router(ORDERS, prefix="/v1")


@APP.get("/old-style")
def old_style(who: User = GUARD.need("staff")) -> str:  # noqa: B008  FastAPI's own earlier style
    return who.id


@APP.get("/home")
async def home(request: Request, who: Annotated[User | None, GUARD.need(optional("token"))]) -> str:
    assert request.scope["authwhy"].anonymous is (who is None)
    return "nobody" if who is None else who.id


@APP.get("/both", dependencies=[GUARD.need(all_of("token", "key"))])
async def both() -> str:
    return "in"


@APP.get("/session", dependencies=[GUARD.need("session")])
async def session() -> Response:
    return Response("visitor")


@APP.post("/signed")
async def signed(who: Annotated[str, GUARD.need("signed")], order: Annotated[dict[str, Any], Body()]) -> Any:
    return {"by": who, "order": order}


@APP.get("/open")
async def free() -> str:
    return "open"


@APP.exception_handler(Exception)
@APP.exception_handler(401)
@APP.exception_handler(HTTPException)
async def own_answers(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"own": True}, 418)


@pytest.fixture
def client() -> Iterator[TestClient]:
    EVENTS.clear()
    with TestClient(APP, base_url="http://shop.example") as client:
        yield client


def test_nothing_sent(client: TestClient) -> None:
    answer = client.get("/v1/orders/7")
    lines = is_the_guards(EVENTS[-1], answer.status_code, answer.headers.multi_items(), answer.content)
    assert [line.split(" ")[0] for line in lines] == ["Bearer", "ApiKey"]
    assert (EVENTS[-1].route, len(EVENTS)) == ("/v1/orders/{number}", 1)


def test_good(client: TestClient) -> None:
    assert client.get("/v1/orders/7", headers=bearer()).json() == {"by": "alice", "order": 7}
    assert client.get("/old-style", headers=password("bob", "right")).json() == "bob"


def test_demands_of_the_route_come_after_those_of_the_router(client: TestClient) -> None:
    answer = client.get("/v1/orders/7", headers=bearer(scope=""))
    is_the_guards(EVENTS[-1], answer.status_code, answer.headers.multi_items(), answer.content)
    assert (answer.status_code, [event.outcome for event in EVENTS]) == (403, ["success", "failure"])


def test_refused_before_the_parameters_are_looked_at(client: TestClient) -> None:
    assert client.get("/v1/orders/no-number").status_code == 401
    assert client.get("/v1/orders/no-number", headers=bearer()).status_code == 422


def test_refusals_have_cors_headers(client: TestClient) -> None:
    answer = client.get("/v1/orders/7", headers={**CORS, **bearer(exp=1)})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (401, PAGE)
    assert EVENTS[-1].causes[0].cause is Cause.EXPIRED


def test_outage_and_throttle(client: TestClient) -> None:
    assert client.get("/v1/orders/7", headers={"X-Api-Key": "down"}).status_code == 503
    codes = [client.get("/old-style", headers=password("eve", "wrong")).status_code for _ in range(4)]
    assert codes == [401, 401, 401, 429]
    assert EVENTS[-1].causes[0].cause is Cause.RATE_LIMITED


def test_optional_gives_none(client: TestClient) -> None:
    assert client.get("/home").json() == "nobody"
    assert client.get("/home", headers=bearer()).json() == "alice"
    assert client.get("/home", headers=bearer(exp=1)).status_code == 401


def test_header_lines_reach_an_answer_of_the_endpoints_own(client: TestClient) -> None:
    answer = client.get("/session", headers={"Cookie": "sid=1"})
    assert answer.headers.get_list("set-cookie") == ["sid=2; Path=/; HttpOnly", "seen=1; Path=/"]


def test_body_that_fastapi_has_read_before(client: TestClient) -> None:
    body = json.dumps({"item": 1}).encode()
    answer = client.post("/signed", content=body, headers={**signature(body), "Content-Type": "application/json"})
    assert answer.json() == {"by": "signer", "order": {"item": 1}}
    other = client.post("/signed", content=body, headers={**signature(b"x"), "Content-Type": "application/json"})
    assert (other.status_code, EVENTS[-1].causes[0].cause) == (401, Cause.BAD_SIGNATURE)


def test_websocket(client: TestClient) -> None:
    with client.websocket_connect("/v1/orders/live/7", headers=bearer()) as socket:
        assert socket.receive_text() == "alice 7"
    with pytest.raises(WebSocketDenialResponse) as refused, client.websocket_connect("/v1/orders/live/7"):
        pass
    assert refused.value.status_code == 401
    assert EVENTS[-1].route == "/v1/orders/live/{number}"


def test_overridden_in_a_test(client: TestClient) -> None:
    APP.dependency_overrides[GUARD.need("staff").dependency] = lambda: User("tester")
    assert client.get("/old-style").json() == "tester"
    APP.dependency_overrides.clear()


def test_not_installed() -> None:
    app = FastAPI()

    @app.get("/", dependencies=[GUARD.need("token")])
    async def endpoint() -> str:
        return "in"

    with pytest.raises(ConfigurationError, match=r"guard\.install"):
        TestClient(app).get("/", headers=bearer())


def test_unknown_provider() -> None:
    with pytest.raises(ConfigurationError, match="nobody"):
        GUARD.need("nobody")


def document(client: TestClient) -> dict[str, Any]:
    client.get("/openapi.json")
    schema: dict[str, Any] = client.get("/openapi.json").json()  # the second time FastAPI hands out what it kept
    return schema


def test_document_names_what_an_operation_wants(client: TestClient) -> None:
    paths = document(client)["paths"]
    assert paths["/v1/orders/{number}"]["get"]["security"] == [{"token": ["orders:read"]}, {"key": ["orders:read"]}]
    assert paths["/home"]["get"]["security"] == [{"token": []}, {}]
    assert paths["/both"]["get"]["security"] == [{"token": [], "key": []}]
    assert "security" not in paths["/open"]["get"]


def test_document_names_the_schemes(client: TestClient) -> None:
    assert document(client)["components"]["securitySchemes"] == {
        "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
        "key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
        "staff": {"type": "http", "scheme": "basic"},
        "session": {"type": "apiKey", "in": "cookie", "name": "sid"},
        "signed": {"type": "http", "scheme": "custom"},
    }


def test_document_names_the_refusals(client: TestClient) -> None:
    schema = document(client)
    responses = schema["paths"]["/both"]["get"]["responses"]
    assert set(responses) == {"200", "400", "401", "403", "429", "503"}
    reference = responses["401"]["content"]["application/problem+json"]["schema"]["$ref"]
    problem = schema["components"]["schemas"][reference.rsplit("/", 1)[1]]
    answer = client.get("/both", headers={"X-Api-Key": "down"}).json()
    assert set(answer) <= set(problem["properties"])
    assert set(problem["required"]) <= set(answer)
    assert set(schema["paths"]["/open"]["get"]["responses"]) == {"200"}


def test_document_follows_routes_added_later_and_rules_by_path() -> None:
    app = FastAPI()
    GUARD.install(app, {"/late": skip("token", lambda view: False), "/*": None})
    assert app.openapi()["paths"] == {}
    app.add_api_route("/late", free)
    app.add_api_route("/other", free)
    paths = app.openapi()["paths"]
    assert paths["/late"]["get"]["security"] == [{"token": []}]
    assert "security" not in paths["/other"]["get"]
    client = TestClient(app)
    assert [client.get(path).status_code for path in ("/late", "/other")] == [401, 200]


def test_a_dependency_is_not_wrapped_once_more() -> None:
    """The habit of FastAPI: said so when the route is declared, not when it is asked."""
    app = FastAPI()
    for declared in (Depends(GUARD.need("token")), Depends(GUARD.need())):

        def endpoint(who: Any = declared) -> None: ...

        with pytest.raises(ConfigurationError, match="without Depends"):
            app.get("/")(endpoint)
