"""The login page: one password opens a session, and too many wrong ones close the door for a while."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qs

import structlog
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from calltally.engine.credentials import Sessions
from calltally.engine.peers import Network, peer_of
from calltally.render.words import Words, language_of
from calltally.serve.access import COOKIE, Perform
from calltally.serve.attempts import Attempts
from calltally.serve.problems import ProblemError, problem_response

log = structlog.get_logger(__name__)

_LARGEST_FORM = 16_384
_LONGEST_PASSWORD = 1_024
_TEMPLATES = Path(__file__).parent / "web" / "templates"


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """What the login page needs.

    `sessions` and `password_hash` are `None` where no password is set; `trusted` are the proxies that are believed.
    """

    site_name: str
    language: str | None
    sessions: Sessions | None
    password_hash: str | None
    is_tls: bool
    perform: Perform
    now_ms: Callable[[], int]
    trusted: tuple[Network, ...] = ()
    attempts: Attempts = field(default_factory=Attempts)
    one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    def routes(self) -> list[Route]:
        """Return the routes of the page."""
        return [
            Route("/login", self.show, methods=["GET"]),
            Route("/login", self.try_password, methods=["POST"]),
            Route("/logout", self.leave, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show the page, or go on if there is nothing to ask."""
        wanted = own_address(request.query_params.get("next", "/"))
        if self.sessions is None or request.state.visitor.session:
            return RedirectResponse(wanted, HTTPStatus.SEE_OTHER)
        return self._page(request, wanted)

    async def try_password(self, request: Request) -> Response:
        """Open a session if the password is right."""
        form = await _form(request)
        if form is None:
            return problem_response(
                ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "This is no form of the login page.")
            )
        wanted = own_address(form.get("next", "/"))
        if self.sessions is None or self.password_hash is None:
            return RedirectResponse(wanted, HTTPStatus.SEE_OTHER)
        client = request.client.host if request.client else ""
        peer = peer_of(client, request.headers.get("x-forwarded-for", ""), self.trusted)
        async with self.one_at_a_time:
            wait_ms = self.attempts.wait_ms(peer, self.now_ms())
            if wait_ms:
                return self._locked(request, wanted, wait_ms)
            if not await run_in_threadpool(is_password, self.password_hash, form.get("password", "")):
                self.attempts.failed(peer, self.now_ms())
                log.warning("login_refused")
                words = _words(request, self.language)
                return self._page(request, wanted, words.t("login.page.wrong"), HTTPStatus.FORBIDDEN)
        self.attempts.succeeded(peer)
        sessions, now_ms = self.sessions, self.now_ms()
        session = str(await self.perform(lambda: sessions.begin(now_ms)))
        answer = RedirectResponse(wanted, HTTPStatus.SEE_OTHER)
        secure = self.is_tls or request.url.scheme == "https"
        answer.set_cookie(COOKIE, session, path="/", secure=secure, httponly=True, samesite="lax")
        return answer

    async def leave(self, request: Request) -> Response:
        """End the session."""
        session = request.state.visitor.session
        if self.sessions is not None and session:
            sessions = self.sessions
            await self.perform(lambda: sessions.end(session))
        answer = RedirectResponse("/login", HTTPStatus.SEE_OTHER)
        answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax")
        return answer

    def _locked(self, request: Request, wanted: str, wait_ms: int) -> Response:
        seconds = -(-wait_ms // 1000)
        sentence = _words(request, self.language).t("login.page.locked", count=seconds)
        answer = self._page(request, wanted, sentence, HTTPStatus.TOO_MANY_REQUESTS)
        answer.headers["retry-after"] = str(seconds)
        return answer

    def _page(
        self, request: Request, wanted: str, sentence: str = "", status: HTTPStatus = HTTPStatus.OK
    ) -> HTMLResponse:
        words = _words(request, self.language)
        template = _environment().get_template("login.html")
        page = template.render(words=words, site_name=self.site_name, next=wanted, sentence=sentence)
        return HTMLResponse(page, status, {"cache-control": "no-store"})


def is_password(password_hash: str, password: str) -> bool:
    """Return whether a password is the one of a hash; takes some milliseconds on purpose."""
    if len(password) > _LONGEST_PASSWORD:
        return False
    try:
        return PasswordHasher().verify(password_hash, password)
    except (Argon2Error, InvalidHashError):
        return False


@cache
def _environment() -> Environment:
    return Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined)


def _words(request: Request, language: str | None) -> Words:
    choice = request.cookies.get("calltally_language") or language
    return Words(language_of(request.headers.get("accept-language"), choice))


def own_address(wanted: str) -> str:
    """Return an address of this service; anything that could lead elsewhere becomes the first page."""
    is_own = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable()
    return wanted if is_own and not wanted.startswith("/login") else "/"


async def _form(request: Request) -> Mapping[str, str] | None:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_FORM:
            return None
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=None)
    return {name: values[0] for name, values in fields.items()}
