"""Pages, API, live stream and everything else but pushes as one ASGI application, for whoever may come in."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import ip_network

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from calltally import __version__
from calltally.engine.credentials import Sessions, Tokens
from calltally.serve.access import Access, Perform
from calltally.serve.api.routes import DESCRIPTION, TITLE, api_routes
from calltally.serve.login import Login
from calltally.serve.origins import Place
from calltally.serve.probes import HEALTHZ, READYZ, health, readiness
from calltally.serve.problems import ProblemError, api_problem
from calltally.serve.prometheus.requests import counted
from calltally.serve.prometheus.scraping import Scraping
from calltally.serve.sipgate_auth import SignInPages
from calltally.serve.site import Site
from calltally.serve.stream import Stream
from calltally.serve.web.routes import page_problem, page_routes
from calltally.store.store import StoreError

SMALLEST_COMPRESSED = 1_000
_ANSWERED = "calltally.answered"
"""Where a request keeps the failure that was answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """Who may come in. `sessions` is `None` where no password is set; `machine` is the name of this machine."""

    tokens: Tokens
    sessions: Sessions | None
    perform: Perform
    machine: str


def service(site: Site, doors: Doors, sign_in: SignInPages) -> ASGIApp:
    """Return the application; pushes have been answered before it."""
    app = FastAPI(title=TITLE, version=__version__, docs_url=None, redoc_url=None, openapi_url=DESCRIPTION)
    app.include_router(api_routes(site))
    app.router.routes += [
        *Stream(site.board).routes(),
        *_login(site, doors).routes(),
        *sign_in.routes(),
        Scraping(site).route(),
        Route(HEALTHZ, _healthz),
        Route(READYZ, _readyz(site)),
        *page_routes(site),
    ]
    answer_problem = _problem_for(site)
    # What is named here is an answer; only what is not named is also a failure, with a traceback in the log.
    for error in (ProblemError, StoreError, HTTPException, RequestValidationError, Exception):
        app.add_exception_handler(error, answer_problem)
    compressed = GZipMiddleware(_logged_once(app), minimum_size=SMALLEST_COMPRESSED, compresslevel=5)
    access = Access(
        compressed,
        place=_place(site, doors),
        tokens=doors.tokens,
        sessions=doors.sessions,
        perform=doors.perform,
        now_ms=site.now_ms,
    )
    return counted(access, site.observed, app.routes)


def _login(site: Site, doors: Doors) -> Login:
    server = site.settings.server
    return Login(
        site_name=site.settings.site.name,
        language=site.settings.site.language,
        sessions=doors.sessions,
        password_hash=server.password,
        is_tls=bool(server.public_url and server.public_url.startswith("https://")),
        perform=doors.perform,
        now_ms=site.now_ms,
        trusted=tuple(ip_network(network) for network in server.trusted_proxies),
    )


def _place(site: Site, doors: Doors) -> Place:
    server = site.settings.server
    return Place(
        listen_host=server.reached_at.host,
        public_url=server.public_url,
        machine=doors.machine,
        needs_password=server.password is not None,
        is_open=server.open,
        is_in_container=server.published_at is not None,
        command=site.settings.command,
    )


def _problem_for(site: Site) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Return what answers a failed request: problem+json below `/api/`, a page elsewhere."""
    show_page = page_problem(site)

    async def answer(request: Request, error: Exception) -> Response:
        is_program = request.url.path.startswith("/api/")
        answered = await (api_problem if is_program else show_page)(request, error)
        request.scope[_ANSWERED] = error
        return answered

    return answer


def _logged_once(app: ASGIApp) -> ASGIApp:
    """Return the application without what Starlette raises once more after it was answered, and logged with that."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, receive, send)
        except Exception as error:
            if scope.get(_ANSWERED) is not error:
                raise

    return answer


async def _healthz(request: Request) -> Response:  # noqa: ARG001  a route takes a request
    """Say that the process lives."""
    status, text = health()
    return PlainTextResponse(text, status)


def _readyz(site: Site) -> Callable[[Request], Response]:
    def readyz(request: Request) -> Response:  # noqa: ARG001  a route takes a request
        """Say whether messages can be taken and questions answered."""
        status, text = readiness(site.writer)
        is_ready = status == HTTPStatus.OK
        return PlainTextResponse(text, status, headers=None if is_ready else {"retry-after": "2"})

    return readyz
