"""What the Statistics page knows: its few questions, each asked once for all panels, and only when a panel needs it."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, Generic, TypeVar

from calltally.engine.answers import Answer, By, Question, Selection, Value
from calltally.engine.questions import CallOrder
from calltally.engine.usual import Earlier, comparable_spans, earlier_span, known_from_ms
from calltally.model.buckets import Unit, edges
from calltally.model.instants import QUARTER_MS, Gap, Span
from calltally.model.records import Call
from calltally.model.words import Direction
from calltally.serve.site import Site
from calltally.serve.web.asking import Asked
from calltally.serve.web.names import Names, names_of
from calltally.store.store import StoreError

Found = TypeVar("Found")

MOST_BUCKETS: Final = 2_000
"""More columns than any screen has pixels for; a table of them could not be read either."""

TOP: Final = 20

FIGURES: Final = ("calls", "inbound_calls", "outbound_calls", "answer_rate", "asa", "voicemail_calls")
"""The key figures, in their order; all are made of sums, so that earlier spans are quickly asked."""

METRICS: Final = (
    *FIGURES,
    "internal_calls",
    "answered_inbound_calls",
    "unanswered_inbound_calls",
    "answered_outbound_calls",
    "unanswered_outbound_calls",
    "outbound_answer_rate",
    "wait_p90",
    "average_talk_time",
    "voicemail_share",
    "in_progress_calls",
    "open_calls",
    "withheld_calls",
)


FIGURES_OF_CALLS: Final = (
    "calls",
    "answer_rate",
    "abandoned_inbound_calls",
    "voicemail_calls",
    "average_wait",
    "average_talk_time",
)
"""The key figures above a list of calls."""

METRICS_OF_CALLS: Final = (
    *FIGURES_OF_CALLS,
    "inbound_calls",
    "outbound_calls",
    "internal_calls",
    "unanswered_inbound_calls",
    "voicemail_share",
    "open_calls",
)

OF_THE_WHOLE: Final = ("talk_p50",)
"""Metrics whose course is not drawn; a histogram of the whole is read in a fraction of the time of one for each day."""


class Once(Generic[Found]):
    """Something that is looked up once, also if that fails; when it is first wanted, or beforehand beside others."""

    def __init__(self, look_up: Callable[[], Found]) -> None:
        self._look_up = look_up
        self._found: Future[Found] | None = None

    def begin(self, pool: Executor) -> None:
        """Look it up in another thread."""
        self._found = pool.submit(self._look_up)

    def __call__(self) -> Found:
        """Return what was found.

        Raises:
            StoreError: the database did not answer.
        """
        if self._found is None:
            found: Future[Found] = Future()
            try:
                found.set_result(self._look_up())
            except StoreError as failure:
                found.set_exception(failure)
            self._found = found
        return self._found.result()


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What earlier spans had: the key figures of the one to compare with, and of those that tell what is usual.

    Attributes:
        compared: one value for each key figure; `None` if nothing is compared.
        usual: the values of each comparable span.
        known_from_ms: about when there will be enough of those; `None` if there are, or nothing was ever heard.
    """

    compared: Sequence[Value] | None
    usual: Sequence[Sequence[Value]]
    known_from_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A number and how often it called."""

    number: str
    calls: int


class Statistics:
    """The answers of one page.

    Attributes:
        figures: the metrics that are compared with earlier times.
    """

    def __init__(self, site: Site, asked: Asked, *, is_of_calls: bool = False) -> None:
        """Take what is asked, for the Statistics page or for the figures above calls; nothing is looked up yet.

        Raises:
            TooManyBucketsError: the timespan would be cut into more pieces than can be read.
        """
        self.site = site
        self.asked = asked
        self.figures = FIGURES_OF_CALLS if is_of_calls else FIGURES
        self._metrics = METRICS_OF_CALLS if is_of_calls else METRICS
        self.unit: Unit = asked.buckets()
        self._cut = None if is_of_calls else self.unit
        self.now_ms = site.now_ms()
        self.span = whole_quarter(asked.span) if asked.ends_now else asked.span
        self._passed = Span(asked.span.since_ms, max(asked.span.since_ms + 1, min(asked.span.until_ms, self.now_ms)))
        self.earlier: Earlier = earlier_span(self._passed, site.zone)
        if self._cut is not None:
            edges(self.span, self._cut, site.zone, MOST_BUCKETS)
        self._selection = asked.selection()
        self.over_time = Once(self._over_time)
        self.whole = Once(self._whole)
        self.before = Once(self._before)
        self.longest_waits = Once(self._longest_waits)
        self.longest_calls = Once(self._longest_calls)
        self.callers = Once(self._callers)
        self._single: dict[str, Value] = {}

    def begin(self, pool: Executor) -> None:
        """Ask everything at once: the database reads for several while others add up."""
        every: tuple[Once[Any], ...] = (
            self.over_time,
            self.whole,
            self.callers,
            self.before,
            self.longest_waits,
            self.longest_calls,
        )
        for each in every:
            each.begin(pool)

    def _question(self, metrics: tuple[str, ...], span: Span, unit: Unit | None = None) -> Question:
        return Question(metrics=metrics, span=span, zone=self.site.zone, unit=unit, selection=self._selection)

    def _over_time(self) -> Answer:
        return self.site.questions.ask(self._question(self._metrics, self.span, self._cut))

    def _whole(self) -> Answer:
        return self.site.questions.ask(self._question(OF_THE_WHOLE, self.span))

    def _before(self) -> Before:
        first = self.site.store.first_and_last()
        zone, span = self.site.zone, self._passed
        if first is None:
            return Before(compared=None, usual=(), known_from_ms=None)
        spans = comparable_spans(span, zone, first_ms=first.since_ms)
        usual = [self._figures(each) for each in spans]
        is_known = self.asked.compares and self.earlier.span.until_ms > first.since_ms
        compared = None
        if is_known:
            compared = (
                usual[spans.index(self.earlier.span)]
                if self.earlier.span in spans
                else self._figures(self.earlier.span)
            )
        known_from = known_from_ms(span, zone, first_ms=first.since_ms)
        return Before(compared=compared, usual=usual, known_from_ms=known_from if known_from > self.now_ms else None)

    def _figures(self, span: Span) -> Sequence[Value]:
        return self.site.questions.ask(self._question(self.figures, span)).total.values

    def _longest_waits(self) -> tuple[Call, ...]:
        selection = _inbound(self._selection)
        if selection is None:
            return ()
        page = self.site.questions.calls(self.span, selection, order=CallOrder.LONGEST_WAIT, limit=TOP)
        return tuple(call for call in page.calls if call.wait_ms)

    def _longest_calls(self) -> tuple[Call, ...]:
        page = self.site.questions.calls(self.span, self._selection, order=CallOrder.LONGEST_TALK, limit=TOP)
        return tuple(call for call in page.calls if call.talk_ms)

    def _callers(self) -> tuple[Caller, ...]:
        question = replace(self._question(("inbound_calls",), self.span), by=By.CALLER, limit=TOP)
        rows = self.site.questions.ask(question).rows
        found = ((row.key, round(row.values[0].value or 0)) for row in rows)
        return tuple(Caller(number=number, calls=calls) for number, calls in found if number and calls)

    @cached_property
    def names(self) -> Names:
        """The names of this moment."""
        return names_of(self.site)

    def total(self, metric: str) -> Value:
        """Return a metric over the whole timespan."""
        if metric in OF_THE_WHOLE:
            return self.whole().total.values[OF_THE_WHOLE.index(metric)]
        if metric in self._metrics:
            return self.over_time().total.values[self._metrics.index(metric)]
        if metric not in self._single:
            self._single[metric] = self.site.questions.ask(self._question((metric,), self.span)).total.values[0]
        return self._single[metric]

    def count(self, metric: str) -> int:
        """Return a count over the whole timespan."""
        return round(self.total(metric).value or 0)

    def column(self, metric: str) -> tuple[float | None, ...]:
        """Return a metric over time."""
        place = self._metrics.index(metric)
        return tuple(row.values[place].value for row in self.over_time().rows)

    def starts_ms(self) -> tuple[int, ...]:
        """Return where each bucket begins."""
        return tuple(row.span.since_ms for row in self.over_time().rows)

    @property
    def shown_span(self) -> Span:
        """The timespan as it is named: up to now at most."""
        until = min(self.span.until_ms, max(self.now_ms, self.span.since_ms + 1))
        return Span(self.span.since_ms, until)

    def gaps(self) -> tuple[Gap, ...]:
        """Return when a source that counts could not be heard."""
        return self.over_time().gaps

    def completeness(self) -> float:
        """Return the share of the time so far in which every source could be heard."""
        span = self.shown_span
        return max(0.0, 1 - self.over_time().total.missing_ms / (span.until_ms - span.since_ms))


def whole_quarter(span: Span) -> Span:
    """Return a range that ends now as one up to the end of this quarter hour: the same calls, quicker to add up."""
    return Span(span.since_ms, -(-span.until_ms // QUARTER_MS) * QUARTER_MS)


def _inbound(selection: Selection) -> Selection | None:
    if selection.directions is not None and Direction.INBOUND not in selection.directions:
        return None
    return replace(selection, directions=(Direction.INBOUND,))
