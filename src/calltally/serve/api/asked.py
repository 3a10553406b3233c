"""Reads the parameters that the questions of the API share; nonsense is 400, what is well formed but impossible 422."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import Query, Request
from fastapi.dependencies.models import Dependant

from calltally.engine.answers import By, ImpossibleQuestionError, Selection, by_asked
from calltally.engine.memberships import UnknownChoiceError
from calltally.metrics.catalog import UnknownMetricError
from calltally.model.asked_times import ImpossibleSpanError, instant_asked, span_asked, unit_asked
from calltally.model.buckets import TooManyBucketsError, Unit, auto_unit
from calltally.model.instants import Span
from calltally.model.words import Direction, Outcome, VisitOutcome
from calltally.serve.problems import ProblemError
from calltally.serve.site import Site

Word = TypeVar("Word", bound=StrEnum)
MOST_VALUES = 200
Sources = Annotated[list[str], Query(max_length=MOST_VALUES, description="Phone systems, `sipgate`")]
Directions = Annotated[
    list[str], Query(max_length=MOST_VALUES, description="`inbound`, `outbound`, `internal`; seen from the site")
]
Groups = Annotated[
    list[str],
    Query(max_length=MOST_VALUES, description="Groups of the phone system by key or name; `Other`: in none of them"),
]
Teams = Annotated[list[str], Query(max_length=MOST_VALUES, description="Teams of the site; `Other`: in none of them")]
Queues = Annotated[list[str], Query(max_length=MOST_VALUES, description="Queues in which callers waited")]
Agents = Annotated[list[str], Query(max_length=MOST_VALUES, description="Who took part, by the id of the phone system")]
Trunks = Annotated[list[str], Query(max_length=MOST_VALUES, description="Lines over which calls came or went")]
Callers = Annotated[list[str], Query(max_length=MOST_VALUES, description="Numbers of callers, `+4930123456`")]
Outcomes = Annotated[
    list[str],
    Query(
        max_length=MOST_VALUES, description=", ".join(f"`{each}`" for each in Outcome if each is not Outcome.FORWARDED)
    ),
]
LegOutcomes = Annotated[
    list[str], Query(max_length=MOST_VALUES, description=", ".join(f"`{each}`" for each in Outcome))
]
VisitOutcomes = Annotated[
    list[str], Query(max_length=MOST_VALUES, description=", ".join(f"`{each}`" for each in VisitOutcome))
]

BAD_REQUEST = 400
UNPROCESSABLE = 422
LONGEST_TEXT = 200
LONGEST_SHOWN = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """The parameters that say which calls, legs or visits count.

    Each may be given several times, values are compared whole. Outcomes are a parameter beside it, for visits have
    words of their own.
    """

    source: Sequence[str]
    direction: Sequence[str]
    group: Sequence[str]
    team: Sequence[str]
    queue: Sequence[str]
    agent: Sequence[str]
    trunk: Sequence[str]
    caller: Sequence[str]


def filters(
    source: Sources = [],  # noqa: B006  FastAPI copies the default
    direction: Directions = [],  # noqa: B006  the same
    group: Groups = [],  # noqa: B006  the same
    team: Teams = [],  # noqa: B006  the same
    queue: Queues = [],  # noqa: B006  the same
    agent: Agents = [],  # noqa: B006  the same
    trunk: Trunks = [],  # noqa: B006  the same
    caller: Callers = [],  # noqa: B006  the same
) -> Filters:
    """Return the filters of a request."""
    return Filters(
        source=source,
        direction=direction,
        group=group,
        team=team,
        queue=queue,
        agent=agent,
        trunk=trunk,
        caller=caller,
    )


def refuse_unknown(request: Request) -> None:
    """Refuse a parameter that the address does not have: a filter with a slip in its name would filter nothing."""
    known = _parameters_of(request.scope["route"].dependant)
    unknown = next((name for name in request.query_params if name not in known), None)
    if unknown is not None:
        shown = unknown[:LONGEST_SHOWN]
        expected = f"expected {', '.join(known)}" if known else "there is none at this address"
        raise ProblemError(BAD_REQUEST, f"There is no parameter {shown!r}; {expected}.", parameter=shown)


def _parameters_of(dependant: Dependant) -> list[str]:
    """Return the names of the parameters that a route and what it depends on read from the address."""
    own = [parameter.alias for parameter in dependant.query_params]
    return own + [name for other in dependant.dependencies for name in _parameters_of(other)]


def selection_of(
    asked: Filters,
    outcomes: Sequence[str],
    kind: type[Outcome] | type[VisitOutcome] = Outcome,
    *,
    text: str | None = None,
) -> Selection:
    """Return which calls, legs or visits count; an absent parameter means every."""
    if text is not None and len(text) > LONGEST_TEXT:
        raise ProblemError(BAD_REQUEST, f"Search for {LONGEST_TEXT} characters at most.", parameter="text")
    return Selection(
        sources=_some(asked.source),
        directions=_words(asked.direction, Direction, "direction"),
        groups=_some(asked.group),
        teams=_some(asked.team),
        queues=_some(asked.queue),
        agents=_some(asked.agent),
        trunks=_some(asked.trunk),
        callers=_some([_number(caller) for caller in asked.caller]),
        outcomes=_words(outcomes, kind, "outcome"),
        text=text or None,
    )


def span_of(site: Site, since: str, until: str, zone: ZoneInfo) -> Span:
    """Return the range asked for."""
    now_ms = site.now_ms()
    for parameter, text in (("since", since), ("until", until)):
        try:
            instant_asked(text, zone=zone, now_ms=now_ms)
        except ValueError as problem:
            raise ProblemError(BAD_REQUEST, f"{parameter}: {problem}", parameter=parameter) from problem
    try:
        return span_asked(since, until, zone=zone, now_ms=now_ms)
    except ImpossibleSpanError as problem:
        raise ProblemError(UNPROCESSABLE, str(problem), parameter="since") from problem


def zone_of(site: Site, name: str | None) -> ZoneInfo:
    """Return the zone asked for, the site's own by default."""
    if not name:
        return site.zone
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, ZoneInfoNotFoundError) as problem:
        detail = f"There is no time zone {name[:60]!r}; expected a name such as Europe/Berlin or UTC."
        raise ProblemError(BAD_REQUEST, detail, parameter="tz") from problem


def unit_of(every: str | None, span: Span) -> Unit | None:
    """Return the time unit asked for; `None` where the range is not to be cut."""
    if not every:
        return None
    try:
        return unit_asked(every) or auto_unit(span)
    except ValueError as problem:
        raise ProblemError(BAD_REQUEST, str(problem), parameter="every") from problem


def dimension_of(by: str | None) -> By | None:
    """Return the dimension asked for."""
    if not by:
        return None
    try:
        return by_asked(by)
    except ValueError as problem:
        raise ProblemError(BAD_REQUEST, str(problem), parameter="by") from problem


def problem_of_question(error: ValueError) -> ProblemError:
    """Return the problem of a question that the engine refused."""
    if isinstance(error, UnknownMetricError):
        return ProblemError(BAD_REQUEST, str(error), parameter="metrics")
    if isinstance(error, UnknownChoiceError):
        return ProblemError(UNPROCESSABLE, str(error), parameter=error.choice)
    if isinstance(error, ImpossibleQuestionError):
        parameter = "since" if error.part == "span" else error.part
        return ProblemError(UNPROCESSABLE, str(error), parameter=parameter)
    if isinstance(error, TooManyBucketsError):
        return ProblemError(UNPROCESSABLE, str(error), parameter="every")
    return ProblemError(BAD_REQUEST, str(error))


def _number(written: str) -> str:
    """Return a number with the plus that an address turns into a blank unless it is written as %2B."""
    return f"+{written[1:]}" if written.startswith(" ") and written[1:].isdigit() else written


def _some(values: Sequence[str]) -> tuple[str, ...] | None:
    return tuple(values) if values else None


def _words(values: Sequence[str], kind: type[Word], parameter: str) -> tuple[Word, ...] | None:
    if not values:
        return None
    try:
        return tuple(kind(value) for value in values)
    except ValueError as problem:
        known = [each.value for each in kind]
        wrong = next(value for value in values if value not in known)
        sentence = f"{parameter} cannot be {wrong[:LONGEST_SHOWN]!r}; expected {', '.join(known)}."
        raise ProblemError(BAD_REQUEST, sentence, parameter=parameter) from problem
