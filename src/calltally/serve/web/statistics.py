"""The Statistics page: every panel from a few questions, each panel also at an address of its own."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from calltally.engine.heard import first_heard_ms
from calltally.engine.questions import CallOrder
from calltally.model.instants import rfc3339_ms
from calltally.render import charts
from calltally.render.charts import Caption
from calltally.render.csv_lines import csv_line
from calltally.serve.problems import Mistake, ProblemError
from calltally.serve.web.asking import BAD_REQUEST, Asked
from calltally.serve.web.explaining import (
    BEHIND,
    Explanation,
    covered,
    moment,
)
from calltally.serve.web.filtering import filter_form
from calltally.serve.web.rendering import Alarm, Renderer
from calltally.serve.web.statistics_answers import METRICS, Statistics
from calltally.serve.web.statistics_because import explained
from calltally.serve.web.statistics_charts import CHARTS, Drawing
from calltally.serve.web.statistics_figures import key_figures
from calltally.serve.web.statistics_lists import LISTS
from calltally.store.store import StoreError

PATH: Final = "/statistics"
WIDTHS: Final = {
    "incoming": "w6",
    "outgoing": "w6",
    "pickup_in": "w3",
    "pickup_out": "w3",
    "wait": "w6",
    "talk": "w6",
    "volume": "w6",
    "voicemail_calls": "w6",
    "voicemail_share": "w6",
    "longest_waits": "w4",
    "longest_calls": "w4",
    "callers": "w4",
}
"""The panels in their order, and how many of the twelve columns each has."""

_READERS: Final = 4
"""How many questions of one page are read at the same time."""

_AGAIN_MS: Final = 60_000
"""A page that goes on brings its figures anew this often."""

_AS_GOOD_AS_WHOLE: Final = 0.999
"""A restart of a minute in a week is no news; the explanation of every figure tells of it all the same."""

NOT_FOUND: Final = 404


_NOT_OURS: Final[Mapping[str, object]] = {
    "outcomes": (),
    "numbers": (),
    "search": "",
    "withheld": None,
    "order": CallOrder.NEWEST,
}
"""What only lists of calls can be asked: figures and titles would no longer fit each other."""


class StatisticsPage:
    """Answers the addresses of the page."""

    def __init__(self, renderer: Renderer) -> None:
        """Take what renders pages."""
        self._renderer = renderer
        self._site = renderer.site
        self._pool = ThreadPoolExecutor(_READERS, thread_name_prefix="statistics")

    def routes(self) -> list[BaseRoute]:
        """Return the routes of the page, its parts and its export."""
        route = self._renderer.route
        return [
            route(PATH, self.show),
            route(PATH + "/parts/{part}", self.show_part),
            route(PATH + ".csv", self.export),
        ]

    def show(self, request: Request) -> Response:
        """Show the whole page."""
        asked = self._asked(request)
        words = self._renderer.words(request)
        statistics = Statistics(self._site, asked)
        statistics.begin(self._pool)
        return self._renderer.page(
            request,
            "statistics.html",
            page="statistics",
            title=words.t("statistics.page.title"),
            filter=filter_form(self._site, asked, words),
            export=asked.url(path=PATH + ".csv", why=None),
            body=self._body(request, Drawing(statistics, words)),
            source=asked.url(path=f"{PATH}/parts/all"),
            again_ms=_AGAIN_MS if asked.ends_now else 0,
        )

    def show_part(self, request: Request) -> Response:
        """Show one part alone, as the page holds it; `all` is everything below the filter."""
        asked = self._asked(request)
        name = str(request.path_params["part"])
        draw = Drawing(Statistics(self._site, asked), self._renderer.words(request))
        if name == "all":
            draw.statistics.begin(self._pool)
            return self._renderer.fragment(self._body(request, draw))
        if name == "figures":
            return self._renderer.fragment(self._figures(request, draw))
        if name in WIDTHS:
            return self._renderer.fragment(self._panel(request, draw, name))
        raise ProblemError(NOT_FOUND, f"The page has no part {name[:40]!r}.")

    def _body(self, request: Request, draw: Drawing) -> Markup:
        asked = draw.statistics.asked
        return self._renderer.text(
            request,
            "statistics_body.html",
            as_of=draw.t("statistics.page.as_of", time=_moment(draw)),
            notice=self._notice(draw),
            figures=self._figures(request, draw),
            because=self._because(draw),
            panels=[
                (name, width, asked.url(path=f"{PATH}/parts/{name}", why=None), self._panel(request, draw, name))
                for name, width in WIDTHS.items()
            ],
        )

    def export(self, request: Request) -> Response:
        """Give the figures over time as CSV: seconds for durations, shares from 0 to 1, nothing where there is none."""
        statistics = Statistics(self._site, self._asked(request))
        answer = statistics.over_time()
        lines = [csv_line(("since", "until", *METRICS, "completeness"))]
        for row in answer.rows:
            values = ("" if value.value is None else f"{value.value:.10g}" for value in row.values)
            ends = (rfc3339_ms(row.span.since_ms), rfc3339_ms(row.span.until_ms))
            lines.append(csv_line((*ends, *values, f"{row.completeness:.6g}")))
        headers = {"content-disposition": 'attachment; filename="statistics.csv"', "cache-control": "private, no-store"}
        return Response("".join(lines), headers=headers, media_type="text/csv; charset=utf-8")

    def _asked(self, request: Request) -> Asked:
        asked = self._renderer.asked(request).but(path=PATH, **_NOT_OURS)
        if asked.why is not None and asked.why not in BEHIND:
            detail = f"There is no explanation of {asked.why!r}; expected {', '.join(BEHIND)}."
            raise ProblemError(BAD_REQUEST, detail, parameter="why", mistake=Mistake.NO_VALUE)
        self._site.questions.where(asked.selection())
        return asked

    def _figures(self, request: Request, draw: Drawing) -> Markup:
        try:
            figures = key_figures(draw)
        except StoreError:
            return self._failed(request, draw, "figures", draw.t("statistics.page.figures"))
        return self._renderer.text(request, "statistics_figures.html", figures=figures)

    def _panel(self, request: Request, draw: Drawing, name: str) -> Markup:
        try:
            if name in CHARTS:
                return CHARTS[name](draw)
            return self._renderer.text(request, "statistics_list.html", list=LISTS[name](draw))
        except StoreError:
            return self._failed(request, draw, name, draw.t(f"statistics.{name}.title"))

    def _failed(self, request: Request, draw: Drawing, name: str, title: str) -> Markup:
        """Return what stands in place of a part that the database did not answer for."""
        state = charts.sign("i-bad", draw.t("state.failed.word"), kind="bad")
        caption = charts.caption_of(Caption(title=title, state=state), draw.words)
        reason = draw.t("state.failed.title", reason=draw.t("state.failed.database"))
        again = draw.statistics.asked.url()
        return self._renderer.text(
            request, "statistics_failed.html", caption=caption, plot=charts.message_plot(reason), again=again, name=name
        )

    def _notice(self, draw: Drawing) -> Alarm | None:
        """Return the line that says how much of the time is covered, if it is not all of it."""
        try:
            share = draw.statistics.completeness()
            first_ms = first_heard_ms(draw.statistics.gaps(), draw.statistics.span)
        except StoreError:
            return None
        if share >= _AS_GOOD_AS_WHOLE:
            return None
        part = covered(share, draw.words)
        line = draw.t("state.degraded.covered", share=part)
        if first_ms is not None and first_ms >= draw.statistics.shown_span.until_ms:
            line = draw.t("state.degraded.nothing")
        elif first_ms is not None:
            when = moment(first_ms, draw.statistics.site.zone, draw.words)
            line = draw.t("state.degraded.begins", when=when, share=part)
        return Alarm(
            title=draw.t("status.word.incomplete"),
            line=line,
            kind="soft",
            href=draw.why("calls"),
            word=draw.t("site.tool.why"),
        )

    def _because(self, draw: Drawing) -> Explanation | None:
        """Return the explanation that is open, if one is."""
        name = draw.statistics.asked.why
        if name is None:
            return None
        try:
            return explained(draw, name)
        except StoreError:
            return None


def _moment(draw: Drawing) -> str:
    return moment(draw.statistics.now_ms, draw.statistics.site.zone, draw.words)
