"""The Live page: who waits, who talks, today against last week, and the health of the sources.

Each part has an address of its own. The page and the part come from the same function, so they always say the same; a
part is rendered once for all who look at it in the same language with the same filter.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import msgspec
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from calltally.engine.answers import ImpossibleQuestionError, Value
from calltally.engine.memberships import UnknownChoiceError
from calltally.metrics.catalog import BY_NAME
from calltally.model.buckets import local_date
from calltally.model.instants import MINUTE_MS, Span
from calltally.render.words import Words
from calltally.serve.problems import ProblemError
from calltally.serve.site import Site
from calltally.serve.web.asking import DEFAULT_PERIOD, Asked, Period, asked_of, span_of
from calltally.serve.web.explaining import moment as moment_words
from calltally.serve.web.filtering import chosen_words, filter_form
from calltally.serve.web.fragments import Fragments, fragment_response
from calltally.serve.web.live_figures import key_figures, links_of
from calltally.serve.web.live_rows import (
    MOST_ACTIVE,
    MOST_WAITING,
    Moment,
    active_rows,
    chosen,
    wait_head,
    waiting_rows,
)
from calltally.serve.web.live_sources import source_table
from calltally.serve.web.live_today import Today, ask_course, ask_today, ask_usual, ask_weeks, course_figure
from calltally.serve.web.memo import Memo
from calltally.serve.web.names import names_of
from calltally.serve.web.rendering import Renderer, refusal
from calltally.store.store import StoreError

PARTS: Final = ("figures", "calls", "day", "sources")
WALL: Final = "wall"
MOST_ON_WALL: Final = 8
PART_PATH: Final = "/parts/live/"
LIVE_ADDRESS: Final = "/api/v1/live?calls=none"
NOW_METRICS: Final = ("waiting_now", "active_now")
DEMO_PROGRESS: Final = "demo.progress"
_DONE: Final = 100
_FRESH_MS: Final = 2_000
"""A part is made anew after so long even if nothing has happened: timers pass their targets, rates fall."""
_DAY_FRESH_MS: Final = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """What one reader looks at, at one moment."""

    asked: Asked
    words: Words
    now_ms: int


class LivePage:
    """The page and its parts."""

    def __init__(self, site: Site, renderer: Renderer) -> None:
        """Take the site and what renders its pages."""
        self._site = site
        self._renderer = renderer
        self._fragments = Fragments()
        self._weeks = Memo[tuple[Mapping[str, Value], ...]](64)
        self._usual = Memo[Mapping[int, float]](64)
        self._targets = {queue.name: queue.target_seconds * 1000 for queue in site.settings.queues}
        self._makers: Mapping[str, Callable[[Request, _View], dict[str, object]]] = {
            "figures": self._figures,
            "calls": self._calls,
            "day": self._day,
            "sources": self._sources,
        }

    def routes(self) -> list[BaseRoute]:
        """Return the routes of the page and its parts."""
        return [
            self._renderer.route("/", self.show),
            self._renderer.route("/wall", self.show_wall),
            Route(PART_PATH + "{name}", self.show_part, methods=["GET"]),
        ]

    def show(self, request: Request) -> Response:
        """Show the whole page."""
        view = self._view(request)
        title = view.words.t("live.page.title")
        if not self._has_begun():
            return self._renderer.page(
                request,
                "live_first.html",
                page="live",
                title=title,
                live_address=LIVE_ADDRESS,
                part=view.asked.but(path=PART_PATH + "first", period=DEFAULT_PERIOD).url(),
                first=self._first_steps(),
            )
        form = replace(filter_form(self._site, view.asked, view.words), earlier="", later="")
        parts, addresses = self._main(request, view)
        return self._renderer.page(
            request,
            "live.html",
            page="live",
            title=title,
            live_address=LIVE_ADDRESS,
            form=form,
            wall=view.asked.url(path="/wall", period=DEFAULT_PERIOD, why=None),
            parts=parts,
            addresses=addresses,
        )

    def show_wall(self, request: Request) -> Response:
        """Show the page for a big screen, without names and numbers of callers."""
        view = self._view(request)
        return self._renderer.page(
            request,
            "wall.html",
            page="live",
            title=view.words.t("wall.page.title"),
            live_address=LIVE_ADDRESS,
            part=view.asked.but(path=PART_PATH + WALL, period=DEFAULT_PERIOD).url(),
            chosen=chosen_words(filter_form(self._site, view.asked, view.words)),
            back=view.asked.url(period=DEFAULT_PERIOD, why=None),
            body=Markup(self._part(request, WALL)),  # noqa: S704  rendered by us
        )

    async def show_part(self, request: Request) -> Response:
        """Show one part, for the page that keeps itself fresh."""
        name = request.path_params["name"]
        if name not in {*PARTS, WALL, "first"}:
            return self._renderer.problem(request, ProblemError(404, "There is no such part."))
        board = self._site.board
        words = self._renderer.words(request)
        now_ms = self._site.now_ms()
        moment = (board.number, now_ms // (_DAY_FRESH_MS if name == "day" else _FRESH_MS))
        key = (name, words.language, request.url.query)
        try:
            fragment = await self._fragments.get(key, moment, lambda: self._part(request, name))
        except (ProblemError, StoreError) as error:
            return self._renderer.problem(request, error)
        except (UnknownChoiceError, ImpossibleQuestionError) as error:
            return self._renderer.problem(request, refusal(error))
        return fragment_response(request, fragment, board.viewers)

    def _view(self, request: Request) -> _View:
        now_ms = self._site.now_ms()
        asked = asked_of("/", request.query_params, zone=self._site.zone, now_ms=now_ms)
        asked = asked.but(period=Period.TODAY, span=span_of(Period.TODAY, zone=self._site.zone, now_ms=now_ms))
        return _View(asked=asked, words=self._renderer.words(request), now_ms=now_ms)

    def _has_begun(self) -> bool:
        """Whether anything was ever heard."""
        heard = list(self._site.board.health.sources.values())
        return any(hearing.received for hearing in heard) or self._site.store.first_and_last() is not None

    def _first_steps(self) -> dict[str, object]:
        """Return where each phone system should send to, if it has a way here."""
        settings = self._site.settings
        addresses = []
        for name, source in sorted(self._site.sources.items()):
            if source.webhook is not None and settings.outside_url:
                secret = getattr(settings.sources.get(name), "secret", "")
                addresses.append((source.title, f"{settings.outside_url}/in/{name}" + (f"/{secret}" if secret else "")))
        return {"addresses": addresses, "here": settings.public_url, "file": str(settings.file)}

    def _part(self, request: Request, name: str) -> str:
        view = self._view(request)
        if name == "first":
            if not self._has_begun():
                return self._renderer.text(request, "live_first_steps.html", first=self._first_steps())
            parts, addresses = self._main(request, view)
            return self._renderer.text(request, "live_begun.html", parts=parts, addresses=addresses)
        if name == WALL:
            return self._renderer.text(request, "wall_body.html", **self._wall(view))
        return self._text(request, view, name)

    def _text(self, request: Request, view: _View, name: str) -> str:
        return self._renderer.text(request, f"live_{name}.html", **self._makers[name](request, view))

    def _main(self, request: Request, view: _View) -> tuple[dict[str, Markup], dict[str, str]]:
        asked = view.asked.but(period=DEFAULT_PERIOD)
        parts = {name: Markup(self._text(request, view, name)) for name in PARTS}  # noqa: S704  rendered by us
        return parts, {name: asked.but(path=PART_PATH + name).url() for name in PARTS}

    def _moment(self, view: _View) -> Moment:
        site = self._site
        names = names_of(site)
        flows = chosen(list(site.board.open.values()), view.asked.selection(), names.memberships)
        crashed = [records.call.started_at_ms for records in flows if records.call and records.call.crashed]
        gaps = tuple(site.store.gaps(Span(min(crashed), view.now_ms))) if crashed else ()
        return Moment(
            flows=flows,
            now_ms=view.now_ms,
            zone=site.zone,
            words=view.words,
            names=names,
            targets_ms=self._targets,
            gaps=gaps,
        )

    def _figures(self, request: Request, view: _View) -> dict[str, object]:  # noqa: ARG002  every part is made of both
        site, asked = self._site, view.asked
        moment = self._moment(view)
        why = asked.why if asked.why in NOW_METRICS else None
        return {
            "as_of": view.words.t("statistics.page.as_of", time=moment_words(view.now_ms, site.zone, view.words)),
            "figures": key_figures(moment, waiting_rows(moment), self._today(view), links_of(asked)),
            "degraded": site.writer.degraded is not None,
            "progress": self._progress(),
            "why": why,
            "metric": BY_NAME[why] if why else None,
            "now": site.board.now(),
            "close": asked.url(period=DEFAULT_PERIOD, why=None),
        }

    def _today(self, view: _View) -> Today:
        site, zone = self._site, self._site.zone
        selection = view.asked.selection()
        return Today(
            values=ask_today(site.questions, selection, view.now_ms, zone),
            weeks=self._weeks.get(
                (selection, view.now_ms // MINUTE_MS, site.teams.current()),
                lambda: ask_weeks(site.questions, selection, view.now_ms, zone, first_ms=self._first_ms(view.now_ms)),
            ),
        )

    def _first_ms(self, now_ms: int) -> int:
        """Return since when calls are known."""
        span = self._site.store.first_and_last()
        return span.since_ms if span else now_ms

    def _progress(self) -> int | None:
        """Return how far the history of a demo is loaded, `None` where nothing is being loaded."""
        stored = self._site.store.value(DEMO_PROGRESS)
        try:
            percent = msgspec.json.decode(stored)["percent"] if stored else _DONE
        except (msgspec.DecodeError, KeyError, TypeError):
            return None
        return percent if isinstance(percent, int) and 0 <= percent < _DONE else None

    def _calls(self, request: Request, view: _View) -> dict[str, object]:  # noqa: ARG002  every part is made of both
        moment = self._moment(view)
        waiting = waiting_rows(moment)
        active = active_rows(moment)
        return {
            "waiting": waiting[:MOST_WAITING],
            "waiting_count": len(waiting),
            "far_over": sum(row.step == "long" for row in waiting),
            "scale": wait_head(moment, waiting),
            "active": active[:MOST_ACTIVE],
            "active_count": len(active),
            "links": links_of(view.asked),
        }

    def _day(self, request: Request, view: _View) -> dict[str, object]:  # noqa: ARG002  every part is made of both
        return self._day_of(view)

    def _day_of(self, view: _View) -> dict[str, object]:
        site, zone = self._site, self._site.zone
        selection = view.asked.selection()
        usual = self._usual.get(
            (selection, local_date(view.now_ms, zone), view.now_ms // (10 * MINUTE_MS), site.teams.current()),
            lambda: ask_usual(site.questions, selection, view.now_ms, zone, first_ms=self._first_ms(view.now_ms)),
        )
        course = ask_course(site.questions, selection, usual, view.now_ms, zone)
        calls = links_of(view.asked)["inbound_calls"]
        return {"figure": course_figure(course, now_ms=view.now_ms, zone=zone, words=view.words, calls=calls)}

    def _wall(self, view: _View) -> dict[str, object]:
        moment = self._moment(view)
        waiting = waiting_rows(moment)
        return {
            "figures": key_figures(moment, waiting, self._today(view), links_of(view.asked)),
            "waiting": waiting[:MOST_ON_WALL],
            "waiting_count": len(waiting),
            "table": source_table(self._site, view.words, view.now_ms),
            **self._day_of(view),
        }

    def _sources(self, request: Request, view: _View) -> dict[str, object]:  # noqa: ARG002  every part is made of both
        return {"table": source_table(self._site, view.words, view.now_ms)}
