"""A stand-in for sipgate's REST interface and its sign-in, over real HTTP on loopback.

Shapes, scopes and statuses follow sipgate's documentation. It remembers every request, can be told to fail, and gives
refresh tokens that work once.
"""

import atexit
import base64
import socket
import threading
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import parse_qs

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

TOKEN_ID = "token-ABC123"
TOKEN = "a-made-up-personal-token"
REALM = "sipgate-apps"
LONGEST_NUMBER_PAGE = 3
EVERY_SCOPE = frozenset(
    {
        "numbers:read",
        "groups:read",
        "users:read",
        "history:read",
        "rtcm:read",
        "settings:sipgateio:read",
        "settings:sipgateio:write",
        "authorization:oauth2:clients:read",
        "authorization:oauth2:clients:write",
    }
)


@dataclass(slots=True)
class Account:
    """What the stand-in knows, and what it was asked."""

    numbers: list[dict[str, object]] = field(default_factory=list)
    groups: list[dict[str, object]] = field(default_factory=list)
    users: list[dict[str, object]] = field(default_factory=list)
    history: list[dict[str, object]] = field(default_factory=list)
    running: list[str] = field(default_factory=list)
    webhooks: dict[str, object] = field(
        default_factory=lambda: {"incomingUrl": "", "outgoingUrl": "", "log": True, "whitelist": ["p0", "g1"]}
    )
    clients: list[dict[str, object]] = field(default_factory=list)
    scopes: set[str] = field(default_factory=lambda: set(EVERY_SCOPE))
    failures: dict[str, deque[int]] = field(default_factory=dict)
    """Path -> statuses to answer with before it works again."""
    retry_after: str | None = None
    log: list[tuple[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    codes: set[str] = field(default_factory=set)
    access_tokens: set[str] = field(default_factory=set)
    refresh_token: str = ""
    refreshes: int = 0
    reused: int = 0
    expires_in: int = 300

    def counted(self) -> Counter[tuple[str, str]]:
        """Return how often each question was asked."""
        return Counter(self.log)

    def new_tokens(self) -> dict[str, object]:
        """Return a fresh pair; the refresh token before it no longer works."""
        self.refreshes += 1
        access = f"access-{self.refreshes}"
        self.refresh_token = f"refresh-{self.refreshes}"
        self.access_tokens.add(access)
        return {
            "access_token": access,
            "refresh_token": self.refresh_token,
            "token_type": "bearer",
            "expires_in": self.expires_in,
            "refresh_expires_in": 2592000,
        }


def _allowed(account: Account, request: Request) -> bool:
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    if kind == "Basic":
        return base64.b64decode(value) == f"{TOKEN_ID}:{TOKEN}".encode()
    return kind == "Bearer" and value in account.access_tokens


def _refused(account: Account, request: Request, scope: str | None) -> Response | None:
    path = request.url.path.removeprefix("/v2")
    account.log.append((request.method, path))
    waiting = account.failures.get(path)
    if waiting:
        headers = {"retry-after": account.retry_after} if account.retry_after else None
        return Response(status_code=waiting.popleft(), headers=headers)
    if not _allowed(account, request):
        return Response(status_code=401)
    if scope is not None and scope not in account.scopes:
        return Response(status_code=403)
    return None


def _page(request: Request, entries: list[dict[str, object]], longest: int, usual: int) -> list[dict[str, object]]:
    offset = int(request.query_params.get("offset", "0"))
    limit = min(int(request.query_params.get("limit", str(usual))), longest)
    return entries[offset : offset + limit]


def _read_routes(account: Account) -> list[Route]:
    async def userinfo(request: Request) -> Response:
        answer = {"sub": "w0", "domain": "sipgate.de", "masterSipId": "1234567", "locale": "de_DE"}
        return _refused(account, request, None) or JSONResponse(answer)

    async def numbers(request: Request) -> Response:
        page = _page(request, account.numbers, LONGEST_NUMBER_PAGE, LONGEST_NUMBER_PAGE)
        return _refused(account, request, "numbers:read") or JSONResponse({"items": page})

    async def groups(request: Request) -> Response:
        return _refused(account, request, "groups:read") or JSONResponse({"items": account.groups})

    async def users(request: Request) -> Response:
        return _refused(account, request, "users:read") or JSONResponse({"items": account.users})

    async def calls(request: Request) -> Response:
        legs = [{"callId": leg, "muted": False, "hold": False, "participants": []} for leg in account.running]
        return _refused(account, request, "rtcm:read") or JSONResponse({"data": legs})

    async def history(request: Request) -> Response:
        since, until = request.query_params["from"], request.query_params["to"]
        found = [entry for entry in account.history if since <= str(entry["created"]) < until]
        found.sort(key=lambda entry: str(entry["created"]), reverse=True)
        if int(request.query_params.get("limit", "10")) > 1000:
            return Response(status_code=400)
        answer = {"items": _page(request, found, 1000, 10), "totalCount": len(found)}
        return _refused(account, request, "history:read") or JSONResponse(answer)

    return [
        Route("/v2/authorization/userinfo", userinfo),
        Route("/v2/numbers", numbers),
        Route("/v2/groups", groups),
        Route("/v2/users", users),
        Route("/v2/calls", calls),
        Route("/v2/history", history),
    ]


def _settings_routes(account: Account) -> list[Route]:
    async def read(request: Request) -> Response:
        return _refused(account, request, "settings:sipgateio:read") or JSONResponse(account.webhooks)

    async def write(request: Request) -> Response:
        refused = _refused(account, request, "settings:sipgateio:write")
        if refused is not None:
            return refused
        account.bodies.append(await request.body())
        sent = msgspec.json.decode(account.bodies[-1], type=dict[str, object])
        if "bad.example" in str(sent["incomingUrl"]):
            return Response(status_code=400)
        account.webhooks = {"incomingUrl": "", "outgoingUrl": "", "log": False, "whitelist": None} | sent
        return Response(status_code=204)

    return [
        Route("/v2/settings/sipgateio", read, methods=["GET"]),
        Route("/v2/settings/sipgateio", write, methods=["PUT"]),
    ]


def _client_routes(account: Account) -> list[Route]:
    path = "/v2/authorization/oauth2/clients"

    async def every(request: Request) -> Response:
        refused = _refused(account, request, "authorization:oauth2:clients:read")
        shown = [{key: value for key, value in client.items() if key != "clientSecret"} for client in account.clients]
        return refused or JSONResponse({"items": shown})

    async def create(request: Request) -> Response:
        refused = _refused(account, request, "authorization:oauth2:clients:write")
        if refused is not None:
            return refused
        sent = msgspec.json.decode(await request.body(), type=dict[str, object])
        client_id = f"1234567-{len(account.clients)}:{REALM}"
        account.clients.append(sent | {"clientId": client_id, "clientSecret": f"secret-of-{client_id}"})
        return Response(status_code=201)

    async def one(request: Request) -> Response:
        refused = _refused(account, request, "authorization:oauth2:clients:read")
        found = [client for client in account.clients if client["clientId"] == request.path_params["client_id"]]
        return refused or (JSONResponse(found[0]) if found else Response(status_code=404))

    async def change(request: Request) -> Response:
        refused = _refused(account, request, "authorization:oauth2:clients:write")
        if refused is not None:
            return refused
        sent = msgspec.json.decode(await request.body(), type=dict[str, object])
        client_id = request.path_params["client_id"]
        account.clients = [sent if client["clientId"] == client_id else client for client in account.clients]
        return Response(status_code=204)

    return [
        Route(path, every, methods=["GET"]),
        Route(path, create, methods=["POST"]),
        Route(path + "/{client_id}", one, methods=["GET"]),
        Route(path + "/{client_id}", change, methods=["PUT"]),
    ]


def _sign_in_route(account: Account) -> Route:
    path = f"/auth/realms/{REALM}/protocol/openid-connect/token"

    async def token(request: Request) -> Response:
        account.log.append((request.method, request.url.path))
        waiting = account.failures.get(path)
        if waiting:
            return Response(status_code=waiting.popleft())
        form = {key: values[0] for key, values in parse_qs((await request.body()).decode()).items()}
        if (form.get("client_id"), form.get("client_secret")) != ("client-1", "made-up-secret"):
            return JSONResponse({"error": "invalid_client"}, status_code=401)
        if form["grant_type"] == "authorization_code":
            good = form["code"] in account.codes and form["redirect_uri"].endswith("/auth-code")
            account.codes.discard(form["code"])
        else:
            good = form["refresh_token"] == account.refresh_token
            account.reused += not good
        if not good:
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        return JSONResponse(account.new_tokens())

    return Route(path, token, methods=["POST"])


class _Server:
    """One HTTP server for all stand-ins of a test run; each is a folder of it."""

    def __init__(self) -> None:
        """Begin on a free port."""
        self.stand_ins: dict[str, Starlette] = {}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        config = uvicorn.Config(self._answer, interface="asgi3", log_level="critical", lifespan="off", loop="asyncio")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._listener]}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._server.should_exit = True
        self._thread.join()
        self._listener.close()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        folder, _, path = scope["path"].removeprefix("/").partition("/")
        stand_in = self.stand_ins[folder]
        await stand_in({**scope, "path": f"/{path}", "raw_path": f"/{path}".encode()}, receive, send)


@cache
def _server() -> _Server:
    server = _Server()
    atexit.register(server.stop)
    return server


@contextmanager
def running(account: Account) -> Iterator[str]:
    """Run the stand-in; give its address, below which are the interface at `/v2` and the sign-in at `/auth`."""
    routes = [*_read_routes(account), *_settings_routes(account), *_client_routes(account), _sign_in_route(account)]
    server = _server()
    folder = f"account-{id(account)}"
    server.stand_ins[folder] = Starlette(routes=routes)
    try:
        yield f"{server.address}/{folder}"
    finally:
        del server.stand_ins[folder]
