"""Turns what a page shows into an answer: templates, the reader's language, the frame of every page, problem pages."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus
from pathlib import Path
from time import perf_counter
from typing import Final
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.datastructures import URL
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from calltally import __version__
from calltally.engine.answers import ImpossibleQuestionError
from calltally.engine.live import TICK_SECONDS
from calltally.engine.memberships import UnknownChoiceError
from calltally.model.buckets import TooManyBucketsError
from calltally.render import times
from calltally.render.escape import markup
from calltally.render.words import Language, Words, language_of
from calltally.serve.login import own_address
from calltally.serve.problems import Mistake, ProblemError, noted, problem_of
from calltally.serve.site import Site
from calltally.serve.web.asking import BAD_REQUEST, UNPROCESSABLE, Asked, asked_of
from calltally.serve.web.assets import Assets
from calltally.store.asked import REBUILD_BEGAN
from calltally.store.store import StoreError

LANGUAGE_COOKIE: Final = "calltally_language"
_YEAR_SECONDS: Final = 365 * 86_400
_TEMPLATES: Final = Path(__file__).parent / "templates"
_PERSONAL: Final = {"cache-control": "private, no-store", "vary": "accept-encoding, accept-language, cookie"}
_SILENCE_MS: Final = int(TICK_SECONDS * 2_500)
LIVE_QUIETLY: Final = "/api/v1/live?calls=none"
"""The stream for pages that show no open calls: frames without them."""

_OWN_WORDS: Final = frozenset({400, 403, 404, 405, 413, 422, 429, 500, 503})
_OF_THE_QUERY: Final = frozenset({BAD_REQUEST, UNPROCESSABLE})
_INTERNAL: Final = 500
_UNAVAILABLE: Final = 503
_NOT_FOUND: Final = 404

Show = Callable[[Request], Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One line for what needs a person; `kind` is empty (bad), `soft` or `good`."""

    title: str
    line: str = ""
    kind: str = ""
    href: str = ""
    word: str = ""


class Renderer:
    """Renders pages and their parts; its methods may be called from several threads."""

    def __init__(self, site: Site) -> None:
        """Read templates and assets."""
        self.site = site
        self.assets = Assets()
        self._environment = Environment(
            loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, auto_reload=False
        )
        self._environment.globals["asset"] = self.assets.address
        self._environment.globals["command"] = site.settings.command

    def words(self, request: Request) -> Words:
        """Return the words of the reader: the address's choice, their own, the site's, else what the browser wants."""
        offered = (
            request.query_params.get("lang"),
            request.cookies.get(LANGUAGE_COOKIE),
            self.site.settings.site.language,
        )
        chosen = next((choice for choice in offered if choice in set(Language)), None)
        return Words(language_of(request.headers.get("accept-language"), chosen))

    def asked(self, request: Request) -> Asked:
        """Return what the address asks; `ProblemError` if it asks nonsense."""
        return asked_of(request.url.path, request.query_params, zone=self.site.zone, now_ms=self.site.now_ms())

    def page(
        self,
        request: Request,
        template: str,
        *,
        page: str,
        title: str,
        status: int = 200,
        live_address: str = LIVE_QUIETLY,
        **context: object,
    ) -> Response:
        """Return a whole page.

        Args:
            request: what is answered.
            template: its file; it extends `layout.html`.
            page: which link of the navigation is the current one, may be empty.
            title: of the document.
            status: of the answer.
            live_address: the stream of the page, empty for none.
            context: what the template needs beyond the frame.
        """
        words = self.words(request)
        frame = self._frame(request, words, page=page, title=title, live_address=live_address)
        html = self._environment.get_template(template).render({**frame, **context})
        return HTMLResponse(html, status, _PERSONAL)

    def part(self, request: Request, template: str, **context: object) -> Response:
        """Return a part of a page, as `page` renders it within the whole."""
        return self.fragment(self.text(request, template, **context))

    def fragment(self, text: Markup) -> Response:
        """Return a finished part of a page."""
        return HTMLResponse(text, headers=_PERSONAL)

    def text(self, request: Request, template: str, **context: object) -> Markup:
        """Return a rendered template without the frame of a page."""
        return markup(self._environment.get_template(template).render({"words": self.words(request), **context}))

    def _frame(self, request: Request, words: Words, *, page: str, title: str, live_address: str) -> dict[str, object]:
        site = self.site
        now_ms = site.now_ms()
        other = Language.DE if words.language is Language.EN else Language.EN
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        visitor = request.state.visitor if hasattr(request.state, "visitor") else None
        token = visitor.form_token if visitor else ""
        return {
            "words": words,
            "page": page,
            "title": title,
            "site_name": site.settings.site.name,
            "zone_name": site.zone.key,
            "clock_text": times.clock(now_ms, site.zone),
            "now_ms": now_ms,
            "version": __version__,
            "other_language": f"/lang?to={other}&next={quote(here, safe='/')}",
            "live_address": live_address,
            "silence_ms": _SILENCE_MS,
            "sign_out": "/logout" if token else "",
            "csrf_token": token,
            "alarms": self._alarms(words),
        }

    def _alarms(self, words: Words) -> list[Alarm]:
        if self.site.writer.degraded is not None:
            line = words.t("state.degraded.store")
            return [Alarm(title=words.t("state.degraded.store_title"), line=line, kind="soft")]
        try:
            is_whole = self.site.store.value(REBUILD_BEGAN) is None
        except StoreError:
            return []
        if is_whole:
            return []
        line = words.t("state.degraded.rebuild_line", command=self.site.settings.command)
        return [Alarm(title=words.t("state.degraded.rebuild_title"), line=line, kind="soft")]

    def route(self, path: str, show: Show, methods: tuple[str, ...] = ("GET",)) -> Route:
        """Return a route that answers in a thread of its own, with a page for what goes wrong."""

        @wraps(show)
        def answer(request: Request) -> Response:
            began = perf_counter()
            try:
                answered = show(request)
            except (ProblemError, HTTPException, StoreError) as error:
                return self.problem(request, error)
            except (UnknownChoiceError, ImpossibleQuestionError, TooManyBucketsError) as error:
                return self.problem(request, refusal(error))
            answered.headers["server-timing"] = f"page;dur={(perf_counter() - began) * 1000:.1f}"
            return answered

        return Route(path, answer, methods=list(methods))

    def problem(self, request: Request, error: Exception) -> Response:
        """Return the page for what could not be shown."""
        problem, headers = problem_of(error)
        words = self.words(request)
        name = f"s{problem.status}" if problem.status in _OWN_WORDS else "other"
        is_ours = problem.status >= _INTERNAL
        request_id = noted(problem, request.url.path, error)
        answered = self.page(
            request,
            "problem.html",
            page="",
            title=words.t(f"problem.{name}.title"),
            status=problem.status,
            live_address="",
            line=_line(problem, name, words),
            # What the engine says is English; it stands in small print below the reader's own words.
            detail="" if is_ours or problem.status == _NOT_FOUND else problem.detail,
            plain=request.url.path if problem.status in _OF_THE_QUERY and request.url.query else "",
            request_id=request_id if is_ours else "",
            sign="bad" if is_ours else "off" if problem.status == _NOT_FOUND else "warn",
            again=str(request.url.replace(scheme="", netloc="")) if problem.status == _UNAVAILABLE else "",
        )
        answered.headers.update(headers)
        return answered

    def switch_language(self, request: Request) -> Response:
        """Remember the language that the reader wants, and show the page they come from in it."""
        wanted = request.query_params.get("to", "")
        if wanted not in set(Language):
            raise ProblemError(BAD_REQUEST, f"There are pages in en and de, not in {wanted[:20]!r}.", parameter="to")
        there = URL(own_address(request.query_params.get("next", "/"))).remove_query_params("lang")
        answer = RedirectResponse(str(there), HTTPStatus.SEE_OTHER)
        answer.set_cookie(LANGUAGE_COOKIE, wanted, max_age=_YEAR_SECONDS, path="/", httponly=True, samesite="lax")
        answer.headers["cache-control"] = "no-store"
        return answer


def refusal(error: ValueError) -> ProblemError:
    """Return the problem of a question that is well formed, but impossible."""
    mistakes = {UnknownChoiceError: Mistake.NO_CHOICE, TooManyBucketsError: Mistake.TOO_FINE}
    return ProblemError(UNPROCESSABLE, str(error), mistake=mistakes.get(type(error)))


def _line(problem: ProblemError, name: str, words: Words) -> str:
    """Return what is wrong in the reader's language, as precisely as that can be said."""
    if problem.mistake is None:
        return words.t(f"problem.{name}.line")
    return words.t(f"problem.mistake.{problem.mistake}", parameter=problem.parameter or "")
