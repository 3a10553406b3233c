"""The Calls page: every call that matches, newest or longest first, and the same as a file."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute

from calltally.engine.answers import Question, Selection
from calltally.engine.memberships import UnknownChoiceError
from calltally.engine.questions import CallOrder, CallPage
from calltally.render.csv_lines import csv_line, csv_record
from calltally.render.numbers import phone
from calltally.render.records import NAMES, Kind, call_value
from calltally.render.words import Words
from calltally.serve.problems import Mistake, ProblemError
from calltally.serve.site import Site
from calltally.serve.web.asking import BAD_REQUEST, Asked, Period
from calltally.serve.web.calls_figures import CallsFigures, figures_of
from calltally.serve.web.calls_rows import Listing, call_rows
from calltally.serve.web.explaining import moment
from calltally.serve.web.filtering import FilterForm, Several, filter_form
from calltally.serve.web.names import names_of
from calltally.serve.web.rendering import Renderer
from calltally.serve.web.searching import searched
from calltally.store.asked import Dimension
from calltally.store.store import Store

PAGE_SIZE: Final = 50
MOST_COUNTED: Final = 1_000
"""Matches of a search are counted up to here; to count on would be to read every call of the timespan."""

_EXPORT_PAGE: Final = 1_000
_SENTENCE: Final = "filter.sentence.calls"
_SENTENCE_WITH_QUEUES: Final = "filter.sentence.calls_queues"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """A filter that no word of the sentence stands for, and the address without it."""

    text: str
    without: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A column that can be sorted by."""

    href: str
    sorted: str


class CallsPage:
    """The list of calls."""

    def __init__(self, site: Site, renderer: Renderer) -> None:
        """Take the site and what renders its pages."""
        self._site = site
        self._renderer = renderer
        self._targets = {queue.name: queue.target_seconds * 1000 for queue in site.settings.queues}

    def routes(self) -> list[BaseRoute]:
        """Return the routes of the page and of its file."""
        return [self._renderer.route("/calls", self.show), self._renderer.route("/calls.csv", self.export)]

    def show(self, request: Request) -> Response:
        """Show a page of calls."""
        words, asked = self._renderer.words(request), self._renderer.asked(request)
        selection = searched(asked.selection(), self._site.settings.site.country)
        page = self._calls(asked, selection, PAGE_SIZE)
        figures = figures_of(self._site, asked, selection, words)
        listing = Listing(
            names=names_of(self._site),
            words=words,
            zone=self._site.zone,
            now_ms=self._site.now_ms(),
            targets_ms=self._targets,
            order=asked.order,
        )
        form = self._form(asked, words)
        return self._renderer.page(
            request,
            "calls.html",
            page="calls",
            title=words.t("calls.page.title"),
            form=form,
            sentence=_SENTENCE_WITH_QUEUES if "queues" in form.several else _SENTENCE,
            search=asked.search,
            as_of=words.t("statistics.page.as_of", time=moment(listing.now_ms, listing.zone, words)),
            chips=list(_chips(asked, words)),
            figures=figures,
            rows=list(call_rows(page.calls, listing)),
            heads=_heads(asked),
            count=self._count(asked, selection, page, words, figures),
            order=words.t(f"calls.order.{asked.order}"),
            first=asked.url() if asked.after else "",
            more=asked.url(after=page.next) if page.next else "",
            export=asked.url(path="/calls.csv", why=None),
            statistics=_statistics(asked),
            ways=_ways(asked, words),
            is_filtered=_plain(asked).url() != asked.url(order=CallOrder.NEWEST, why=None),
        )

    def export(self, request: Request) -> Response:
        """Send every call that matches as a CSV file, with the columns of all exports."""
        asked = self._renderer.asked(request)
        selection = searched(asked.selection(), self._site.settings.site.country)
        first = self._calls(asked, selection, _EXPORT_PAGE)
        headers = {"content-disposition": 'attachment; filename="calls.csv"', "cache-control": "private, no-store"}
        return StreamingResponse(self._lines(asked, selection, first), headers=headers, media_type="text/csv")

    def _lines(self, asked: Asked, selection: Selection, page: CallPage) -> Iterator[str]:
        belonging = self._site.questions.memberships()
        yield csv_line(NAMES[Kind.CALLS])
        while True:
            yield "".join(csv_record(call_value(call, belonging)) for call in page.calls)
            if page.next is None:
                return
            page = self._calls(replace(asked, after=page.next), selection, _EXPORT_PAGE)

    def _calls(self, asked: Asked, selection: Selection, limit: int) -> CallPage:
        try:
            return self._site.questions.calls(asked.span, selection, order=asked.order, limit=limit, after=asked.after)
        except UnknownChoiceError:
            raise
        except ValueError as problem:
            raise ProblemError(BAD_REQUEST, str(problem), parameter="after", mistake=Mistake.NO_CURSOR) from problem

    def _count(
        self, asked: Asked, selection: Selection, page: CallPage, words: Words, figures: CallsFigures | None
    ) -> str:
        """Return how many calls match: from sums where they can be asked, else counted up to a limit."""
        if asked.after is None and page.next is None:
            return words.t("calls.list.count", count=len(page.calls))
        if figures is not None:
            return words.t("calls.list.count", count=figures.calls)
        if selection.text is None and selection.parties is None and selection.caller_withheld is None:
            question = Question(metrics=("calls",), span=asked.span, zone=self._site.zone, selection=selection)
            value = self._site.questions.ask(question).total.values[0].value
            return words.t("calls.list.count", count=round(value or 0))
        counted = self._site.questions.calls(asked.span, selection, limit=MOST_COUNTED + 1)
        if len(counted.calls) > MOST_COUNTED:
            return words.t("calls.list.more_than", count=MOST_COUNTED)
        return words.t("calls.list.count", count=len(counted.calls))

    def _form(self, asked: Asked, words: Words) -> FilterForm:
        form = filter_form(self._site, asked, words)
        queues = _queues(asked, self._site.store, words)
        order = [] if asked.order is CallOrder.NEWEST else [("order", asked.order.value)]
        hidden = [(name, value) for name, value in form.hidden if name not in {"why", "queue"}] + order
        if queues is None:
            return replace(form, hidden=hidden)
        return replace(form, hidden=hidden, several={**form.several, "queues": queues})


def _queues(asked: Asked, store: Store, words: Words) -> Several | None:
    """Return the choice of queues; `None` where no call was ever in one."""
    known = store.values_of(Dimension.QUEUE)
    names = [*known, *(name for name in asked.queues if name not in known)]
    if not names:
        return None
    word = words.t("filter.queues.all")
    if asked.queues:
        more = len(asked.queues) - 1
        word = words.t("filter.queues.more", name=asked.queues[0], count=more) if more else asked.queues[0]
    return Several(
        name="queue",
        label=words.t("filter.label.queues"),
        word=word,
        word_in=word if asked.queues else words.t("filter.queues.all_in"),
        options=[(name, name) for name in names],
        chosen=asked.queues,
    )


def _chips(asked: Asked, words: Words) -> Iterator[Chip]:
    for number in asked.numbers:
        without = tuple(each for each in asked.numbers if each != number)
        yield Chip(text=words.t("calls.chip.number", number=phone(number)), without=asked.url(numbers=without))
    if asked.withheld is not None:
        key = "withheld" if asked.withheld else "shown"
        yield Chip(text=words.t(f"calls.chip.{key}"), without=asked.url(withheld=None))


def _heads(asked: Asked) -> dict[str, Head]:
    newest = asked.order is CallOrder.NEWEST
    start = {CallOrder.NEWEST: "descending", CallOrder.OLDEST: "ascending"}.get(asked.order, "")
    return {
        "start": Head(href=asked.url(order=CallOrder.OLDEST if newest else CallOrder.NEWEST), sorted=start),
        "wait": _longest(asked, CallOrder.LONGEST_WAIT),
        "talk": _longest(asked, CallOrder.LONGEST_TALK),
    }


def _longest(asked: Asked, order: CallOrder) -> Head:
    is_chosen = asked.order is order
    return Head(
        href=asked.url(order=CallOrder.NEWEST if is_chosen else order), sorted="descending" if is_chosen else ""
    )


def _statistics(asked: Asked) -> str:
    """Return the figures of the same calls; the search and outcomes are no filters of statistics."""
    return asked.url(
        path="/statistics", search="", order=CallOrder.NEWEST, outcomes=(), numbers=(), withheld=None, why=None
    )


def _ways(asked: Asked, words: Words) -> list[tuple[str, str]]:
    """Return the ways out of an empty list: a longer time, and no other filter than the time."""
    ways = []
    if asked.period not in {Period.DAYS_30, Period.DAYS_90, Period.DAYS_365}:
        ways.append((asked.url(period=Period.DAYS_30), words.t("state.empty.wider")))
    elif asked.period is not Period.DAYS_365:
        ways.append((asked.url(period=Period.DAYS_365), words.t("state.empty.year")))
    plain = _plain(asked).url()
    if plain != asked.url(order=CallOrder.NEWEST, why=None):
        ways.append((plain, words.t("state.empty.unfiltered")))
    return ways


def _plain(asked: Asked) -> Asked:
    """Return the question for every call of the same time."""
    return Asked(path=asked.path, period=asked.period, span=asked.span, language=asked.language)
