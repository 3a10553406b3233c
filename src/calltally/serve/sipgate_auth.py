"""`/auth` and `/auth-code`: a person says yes at the phone system, and calltally takes the code that comes back.

The code is taken only with a `state` that `/auth` gave out in the last ten minutes, and each state works once. `/auth`
is behind the login like every page, so nobody else can have one; therefore the code may come back under the public name
of the service although the person began under another (`localhost`), and is then led back there.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from pathlib import Path

import structlog
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from calltally.engine.sign_in import RemoteError, SignIn, SignInError
from calltally.render.words import Words, language_of

log = structlog.get_logger(__name__)

STATE_MS = 10 * 60 * 1000
MOST_STATES = 100
LONGEST_CODE = 4096
AFTERWARDS = "/settings"
_TEMPLATES = Path(__file__).parent / "web" / "templates"


@dataclass(slots=True)
class States:
    """The states that were given out: until when they work, and where the person began."""

    given: dict[str, tuple[int, str]] = field(default_factory=dict)

    def give(self, now_ms: int, begun_at: str) -> str:
        """Return a new state."""
        self.given = {state: known for state, known in self.given.items() if known[0] > now_ms}
        while len(self.given) >= MOST_STATES:
            del self.given[next(iter(self.given))]
        state = secrets.token_urlsafe(32)
        self.given[state] = (now_ms + STATE_MS, begun_at)
        return state

    def take(self, state: str, now_ms: int) -> str | None:
        """Return where the person began, once; `None` if the state is not one of ours or too old."""
        until_ms, begun_at = self.given.pop(state, (0, ""))
        return begun_at if now_ms < until_ms else None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInPages:
    """The two addresses of the sign-in.

    Attributes:
        sign_in: `None` if the settings hold no OAuth2 client.
        title: how the phone system is called on pages; `source` its name in settings and commands.
    """

    sign_in: SignIn | None
    title: str
    source: str
    site_name: str
    language: str | None
    now_ms: Callable[[], int]
    states: States = field(default_factory=States)

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/auth", self.begin, methods=["GET"]),
            Route("/auth-code", self.take_code, methods=["GET"]),
        ]

    async def begin(self, request: Request) -> Response:
        """Show what will happen, with the link to the phone system's page."""
        words = _words(request, self.language)
        if self.sign_in is None:
            return self._problem(words, words.t("sign_in.page.none", source=self.source), HTTPStatus.NOT_FOUND)
        state = self.states.give(self.now_ms(), str(request.base_url))
        sentences = [words.t("sign_in.page.lead", name=self.title)]
        if await self.sign_in.is_signed_in():
            sentences.append(words.t("sign_in.page.ready"))
        return self._page(
            words,
            title=words.t("sign_in.page.title", name=self.title),
            sentences=sentences,
            address=self.sign_in.address(state),
            button=words.t("sign_in.page.button", name=self.title),
        )

    async def take_code(self, request: Request) -> Response:
        """Take the code that came back, and go on to the settings."""
        words = _words(request, self.language)
        if self.sign_in is None:
            return self._problem(words, words.t("sign_in.page.none", source=self.source), HTTPStatus.NOT_FOUND)
        begun_at = self.states.take(request.query_params.get("state", ""), self.now_ms())
        if begun_at is None:
            return self._problem(words, words.t("sign_in.page.unknown"))
        code = request.query_params.get("code", "")
        if not 0 < len(code) <= LONGEST_CODE:
            return self._problem(words, self._without_code(request, words))
        try:
            await self.sign_in.exchange(code)
        except RemoteError as problem:
            log.warning("sign_in_failed", source=self.source, reason=str(problem))
            is_refused = isinstance(problem, SignInError)
            sentence = words.t(f"sign_in.page.{'rejected' if is_refused else 'away'}", name=self.title)
            status = HTTPStatus.BAD_REQUEST if is_refused else HTTPStatus.BAD_GATEWAY
            return self._problem(words, sentence, status, detail=str(problem))
        here = begun_at == str(request.base_url)
        return RedirectResponse(AFTERWARDS if here else begun_at.rstrip("/") + AFTERWARDS, HTTPStatus.SEE_OTHER)

    def _without_code(self, request: Request, words: Words) -> str:
        """Return why there is no code, in the phone system's words if it has any."""
        asked = request.query_params
        reason = asked.get("error_description") or asked.get("error")
        if not reason:
            return words.t("sign_in.page.empty")
        return words.t("sign_in.page.denied", name=self.title, reason=reason[:200])

    def _problem(
        self, words: Words, sentence: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST, *, detail: str = ""
    ) -> Response:
        return self._page(
            words,
            title=words.t("sign_in.page.refused", name=self.title),
            sentences=[sentence],
            address="" if self.sign_in is None else "/auth",
            button=words.t("sign_in.page.again"),
            status=status,
            detail=detail,
        )

    def _page(
        self,
        words: Words,
        *,
        title: str,
        sentences: list[str],
        address: str,
        button: str,
        status: HTTPStatus = HTTPStatus.OK,
        detail: str = "",
    ) -> HTMLResponse:
        page = _template().render(
            words=words,
            site_name=self.site_name,
            title=title,
            sentences=sentences,
            problem=status != HTTPStatus.OK,
            address=address,
            button=button,
            # What was said in English stands in small print below the reader's own words.
            detail=detail,
        )
        return HTMLResponse(page, status, {"cache-control": "no-store"})


@cache
def _template() -> Template:
    environment = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined)
    return environment.get_template("sign_in.html")


def _words(request: Request, language: str | None) -> Words:
    choice = request.cookies.get("calltally_language") or language
    return Words(language_of(request.headers.get("accept-language"), choice))
