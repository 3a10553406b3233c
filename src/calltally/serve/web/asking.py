"""What a page is asked: the address as a value, and back.

The address is the whole state of a page: timespan, time unit, filters, comparison, open explanation. `Asked.url` leaves
out what is as it is by default, so that the same question always has the same address on every page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import Final, Self, TypeVar
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from starlette.datastructures import QueryParams

from calltally.engine.answers import Selection
from calltally.engine.questions import CallOrder
from calltally.metrics.measures import UNANSWERED_OUTCOMES
from calltally.model.asked_times import ImpossibleSpanError, span_asked, unit_asked
from calltally.model.buckets import Unit, auto_unit, day_start_ms, local_date
from calltally.model.instants import Span, rfc3339_ms
from calltally.model.words import Direction, Outcome
from calltally.render.words import Language
from calltally.serve.problems import Mistake, ProblemError

BAD_REQUEST: Final = 400
UNPROCESSABLE: Final = 422
LONGEST_TEXT: Final = 200
LONGEST_CURSOR: Final = 500
MOST_VALUES: Final = 200
UNANSWERED: Final = "unanswered"
OUTCOMES: Final = (Outcome.ANSWERED.value, UNANSWERED, *UNANSWERED_OUTCOMES, Outcome.IN_PROGRESS.value)

Choice = TypeVar("Choice")


class Period(StrEnum):
    """The timespans that have a name; they move with the clock."""

    TODAY = "today"
    YESTERDAY = "yesterday"
    DAYS_7 = "7d"
    DAYS_30 = "30d"
    DAYS_90 = "90d"
    DAYS_365 = "365d"


DEFAULT_PERIOD: Final = Period.DAYS_7
DAYS: Final = {
    Period.TODAY: 1,
    Period.YESTERDAY: 1,
    Period.DAYS_7: 7,
    Period.DAYS_30: 30,
    Period.DAYS_90: 90,
    Period.DAYS_365: 365,
}
"""How many local days a named timespan touches."""


@dataclass(frozen=True, slots=True)
class Range:
    """A timespan of the reader's own, its ends as they wrote them."""

    since: str
    until: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question to a page.

    Attributes:
        span: what the timespan means at this moment; days up to now include today.
        unit: how a chart is cut; `None` chooses one that fits.
        groups: keys of groups, or `Other`; empty: all. So with teams (names), queues, sources and directions.
        outcomes: of `OUTCOMES`; empty: every.
        numbers: telephone numbers; a call counts if one of them is its caller or callee.
        search: digits or letters that the reader looks for.
        withheld: only calls with (`True`) or without (`False`) a withheld number.
        order, after: of a list of calls, and the cursor of the page before.
        compares: whether the figures are compared with the time before.
        why: the metric whose explanation is open.
        language: the reader's choice in the address.
    """

    path: str
    period: Period | Range = DEFAULT_PERIOD
    span: Span = field(compare=False)
    unit: Unit | None = None
    groups: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    directions: tuple[Direction, ...] = ()
    outcomes: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    search: str = ""
    withheld: bool | None = None
    order: CallOrder = CallOrder.NEWEST
    after: str | None = None
    compares: bool = True
    why: str | None = None
    language: Language | None = None

    @property
    def ends_now(self) -> bool:
        """Whether the timespan goes on while the reader looks."""
        is_running = self.period in set(Period) - {Period.YESTERDAY}
        return is_running or (isinstance(self.period, Range) and self.period.until == "now")

    def buckets(self) -> Unit:
        """Return the time unit, the fitting one if none is chosen."""
        return self.unit or auto_unit(self.span)

    def selection(self) -> Selection:
        """Return which calls count."""
        return Selection(
            sources=self.sources or None,
            directions=self.directions or None,
            groups=self.groups or None,
            teams=self.teams or None,
            queues=self.queues or None,
            outcomes=_outcomes(self.outcomes),
            parties=self.numbers or None,
            text=self.search or None,
            caller_withheld=self.withheld,
        )

    def but(self, **changes: object) -> Self:
        """Return the question with some of it changed; a page further on in a list belongs to the list as it was."""
        changes.setdefault("after", None)
        return replace(self, **changes)  # type: ignore[arg-type]  # the names are those of the fields

    def url(self, **changes: object) -> str:
        """Return the one address of this question, with changes; what is as by default is left out."""
        asked = self.but(**changes) if changes else self
        query = urlencode(asked.parameters(), quote_via=quote, safe="/:")
        return f"{asked.path}?{query}" if query else asked.path

    def parameters(self) -> list[tuple[str, str]]:
        """Return the parameters of the address, in the order in which they always stand."""
        found: list[tuple[str, str]] = []
        if isinstance(self.period, Range):
            found += [("since", self.period.since), ("until", self.period.until)]
        elif self.period is not DEFAULT_PERIOD:
            found.append(("span", self.period.value))
        if self.unit is not None:
            found.append(("unit", self.unit.value))
        for name, values in self._lists():
            found += [(name, value) for value in values]
        singles = {
            "q": self.search,
            "withheld": {True: "yes", False: "no", None: ""}[self.withheld],
            "order": "" if self.order is CallOrder.NEWEST else self.order.value,
            "compare": "" if self.compares else "none",
            "why": self.why or "",
            "lang": self.language or "",
            "after": self.after or "",
        }
        return [*found, *((name, value) for name, value in singles.items() if value)]

    def _lists(self) -> tuple[tuple[str, Sequence[str]], ...]:
        return (
            ("team", self.teams),
            ("group", self.groups),
            ("queue", self.queues),
            ("source", self.sources),
            ("direction", [direction.value for direction in self.directions]),
            ("outcome", self.outcomes),
            ("number", self.numbers),
        )

    def within(self, span: Span, zone: ZoneInfo) -> Self:
        """Return the same question about another stretch of time."""
        period = Range(instant_text(span.since_ms, zone), instant_text(span.until_ms, zone))
        return self.but(period=period, span=span)


def instant_text(instant_ms: int, zone: ZoneInfo) -> str:
    """Return an instant as an address says it: a local midnight as its date, else RFC 3339."""
    day = local_date(instant_ms, zone)
    return day.isoformat() if day_start_ms(day, zone) == instant_ms else rfc3339_ms(instant_ms)


def asked_of(path: str, query: QueryParams, *, zone: ZoneInfo, now_ms: int) -> Asked:
    """Return what an address asks.

    Args:
        path: of the page.
        query: the parameters; names that nobody knows are left alone.
        zone: the site's.
        now_ms: this moment.

    Raises:
        ProblemError: 400 for nonsense, 422 for what is well formed but impossible.
    """
    period, span = _time(query, zone, now_ms)
    language = _one(query, "lang")
    return Asked(
        path=path,
        period=period,
        span=span,
        unit=_unit(_one(query, "unit")),
        groups=_names(query, "group"),
        teams=_names(query, "team"),
        queues=_names(query, "queue"),
        sources=_names(query, "source"),
        directions=_directions(query),
        outcomes=_known(_names(query, "outcome"), OUTCOMES, "outcome"),
        numbers=_names(query, "number"),
        search=_one(query, "q").strip(),
        withheld=_choice(query, "withheld", {"": None, "yes": True, "no": False}),
        order=CallOrder(_known((_one(query, "order") or CallOrder.NEWEST.value,), tuple(CallOrder), "order")[0]),
        after=_one(query, "after", LONGEST_CURSOR) or None,
        compares=_choice(query, "compare", {"": True, "previous": True, "none": False}),
        why=_one(query, "why") or None,
        language=Language(_known((language,), tuple(Language), "lang")[0]) if language else None,
    )


def span_of(period: Period, *, zone: ZoneInfo, now_ms: int) -> Span:
    """Return what a named timespan means at this moment: whole local days, the last of them up to now."""
    today = local_date(now_ms, zone)
    if period is Period.YESTERDAY:
        return Span(day_start_ms(today - timedelta(days=1), zone), day_start_ms(today, zone))
    since = day_start_ms(today - timedelta(days=DAYS[period] - 1), zone)
    return Span(since, max(now_ms, since + 1))


def _time(query: QueryParams, zone: ZoneInfo, now_ms: int) -> tuple[Period | Range, Span]:
    chosen, since, until = (_one(query, name) for name in ("span", "since", "until"))
    if "/" in chosen:
        since, _, until = chosen.partition("/")
        chosen = ""
    if chosen:
        period = Period(_known((chosen,), tuple(Period), "span")[0])
        return period, span_of(period, zone=zone, now_ms=now_ms)
    if not since and not until:
        return DEFAULT_PERIOD, span_of(DEFAULT_PERIOD, zone=zone, now_ms=now_ms)
    if not since:
        raise ProblemError(
            BAD_REQUEST,
            "The timespan has an end but no beginning; add since.",
            parameter="since",
            mistake=Mistake.RANGE_OPEN,
        )
    own = Range(since.strip(), until.strip() or "now")
    try:
        return own, span_asked(own.since, own.until, zone=zone, now_ms=now_ms)
    except ImpossibleSpanError as problem:
        raise ProblemError(UNPROCESSABLE, str(problem), parameter="since", mistake=Mistake.RANGE_REVERSED) from problem
    except ValueError as problem:
        raise ProblemError(BAD_REQUEST, str(problem), parameter="since", mistake=Mistake.NO_TIME) from problem


def _unit(text: str) -> Unit | None:
    try:
        return unit_asked(text) if text else None
    except ValueError as problem:
        raise ProblemError(BAD_REQUEST, str(problem), parameter="unit", mistake=Mistake.NO_UNIT) from problem


def _directions(query: QueryParams) -> tuple[Direction, ...]:
    written = [part for text in _names(query, "direction") for part in text.split(",") if part]
    known = set(_known(tuple(written), tuple(Direction), "direction"))
    # All directions are the same question as none in particular.
    return () if len(known) == len(Direction) else tuple(each for each in Direction if each.value in known)


def _outcomes(words: Sequence[str]) -> tuple[Outcome, ...] | None:
    found = [each for word in words for each in (UNANSWERED_OUTCOMES if word == UNANSWERED else (Outcome(word),))]
    return tuple(dict.fromkeys(found)) if found else None


def _one(query: QueryParams, name: str, longest: int = LONGEST_TEXT) -> str:
    value = query.get(name, "")
    _require_text(value, name, longest)
    return value


def _names(query: QueryParams, name: str) -> tuple[str, ...]:
    values = tuple(dict.fromkeys(value for value in query.getlist(name) if value))
    if len(values) > MOST_VALUES:
        raise ProblemError(
            BAD_REQUEST, f"Choose {MOST_VALUES} values at most.", parameter=name, mistake=Mistake.TOO_MANY
        )
    for value in values:
        _require_text(value, name)
    return values


def _require_text(value: str, name: str, longest: int = LONGEST_TEXT) -> None:
    if len(value) > longest or "\0" in value:
        detail = f"{name} is longer than {longest} characters, or no text."
        raise ProblemError(BAD_REQUEST, detail, parameter=name, mistake=Mistake.TOO_LONG)


def _known(values: tuple[str, ...], known: Sequence[str], name: str) -> tuple[str, ...]:
    for value in values:
        if value not in known:
            detail = f"{name} cannot be {value!r}; expected {', '.join(known)}."
            raise ProblemError(BAD_REQUEST, detail, parameter=name, mistake=Mistake.NO_VALUE)
    return values


def _choice(query: QueryParams, name: str, choices: Mapping[str, Choice]) -> Choice:
    value = _one(query, name)
    if value not in choices:
        raise ProblemError(
            BAD_REQUEST,
            f"{name} cannot be {value!r}; expected {', '.join(filter(None, choices))}.",
            parameter=name,
            mistake=Mistake.NO_VALUE,
        )
    return choices[value]
