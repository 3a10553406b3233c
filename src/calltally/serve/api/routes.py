"""The routes of the JSON interface."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from time import perf_counter
from typing import Annotated, Any
from uuid import uuid4

import msgspec
from fastapi import APIRouter, Depends, Path, Query
from fastapi.openapi.utils import get_openapi
from starlette.responses import Response

from calltally import __version__
from calltally.engine.answers import By, Question, Selection
from calltally.engine.memberships import UnknownChoiceError
from calltally.engine.questions import CallOrder
from calltally.engine.transfer import told_of
from calltally.metrics.catalog import BY_NAME, METRICS
from calltally.model.buckets import span_before
from calltally.model.instants import Span, rfc3339_ms, rfc3339_us
from calltally.model.words import VisitOutcome
from calltally.render.records import Belonging, call_value, leg_value, visit_value
from calltally.serve.api.answering import answer_value, metric_value
from calltally.serve.api.asked import (
    BAD_REQUEST,
    UNPROCESSABLE,
    Filters,
    LegOutcomes,
    Outcomes,
    VisitOutcomes,
    dimension_of,
    filters,
    problem_of_question,
    refuse_unknown,
    selection_of,
    span_of,
    unit_of,
    zone_of,
)
from calltally.serve.api.pages_of_records import Page, Pages, T, legs_page, visits_page
from calltally.serve.problems import ProblemError
from calltally.serve.site import Site
from calltally.serve.stream import frame_value
from calltally.store.asked import Dimension, Filter, JournalEntry
from calltally.store.store import Store

TITLE = "calltally"
DESCRIPTION = "/api/v1/openapi.json"
"""Where the description of these routes is found."""
MOST_METRICS = 60
MOST_RECORDS = 1_000
LONGEST_ID = 1_024

Filtered = Annotated[Filters, Depends(filters)]
Since = Annotated[str, Query(description="RFC 3339, a date in `tz`, or `-7d`", max_length=40)]
Until = Annotated[str, Query(description="RFC 3339, a date in `tz`, `-1h` or `now`", max_length=40)]
Metrics = Annotated[
    str,
    Query(
        description="Names from the catalog, with commas between",
        max_length=2_000,
        examples=["inbound_calls,answer_rate,asa"],
    ),
]
Every = Annotated[
    str | None,
    Query(description="One row for each `15m`, `hour`, `day`, `week`, `month`, `year`; `auto` fits", max_length=20),
]
SplitBy = Annotated[
    str | None, Query(description="One row for each " + ", ".join(f"`{each}`" for each in By), max_length=20)
]
_MOST_ROWS = "With `by`: only so many rows, those with most of the first metric"
Zone = Annotated[str | None, Query(description="Zone of dates and days, `Europe/Berlin`", max_length=60)]
Cursor = Annotated[str | None, Query(description="`next` of the page before", max_length=500)]
Limit = Annotated[int, Query(description="How many at most", ge=1, le=MOST_RECORDS, examples=[10])]
CallId = Annotated[str, Path(description="Id of a call, or of one of its legs", max_length=LONGEST_ID)]
PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"description": "A parameter is nonsense"},
    401: {"description": "Sign in first, or send a token; only where a password is set"},
    422: {"description": "The parameters are well formed, but ask for something impossible"},
    503: {"description": "The database does not answer at the moment"},
}
_NO_CALL: dict[int | str, dict[str, Any]] = {404: {"description": "There is no such call; retention may have taken it"}}


def json_response(value: object) -> Response:
    """Return a value as JSON that nobody keeps."""
    return Response(msgspec.json.encode(value), media_type="application/json", headers={"cache-control": "no-store"})


def api_description(site: Site) -> dict[str, Any]:
    """Return the OpenAPI description of all routes below `/api/v1`."""
    return get_openapi(title=TITLE, version=__version__, routes=api_routes(site).routes)


def api_routes(site: Site) -> APIRouter:
    """Return all routes below `/api/v1`."""
    router = APIRouter(prefix="/api/v1", responses=PROBLEMS, tags=["calltally"], dependencies=[Depends(refuse_unknown)])
    _add_questions(router, site)
    _add_calls(router, site)
    _add_legs_and_visits(router, site)
    _add_now(router, site)
    return router


def _add_questions(router: APIRouter, site: Site) -> None:
    @router.get("/metrics", summary="The catalog of all metrics")
    def metrics() -> Response:
        return json_response([metric_value(metric) for metric in METRICS])

    @router.get("/query", summary="Any metrics, over time and by a dimension")
    def query(  # noqa: PLR0913, PLR0917  one argument for each parameter of the address
        metrics: Metrics,
        asked: Filtered,
        outcome: Outcomes = [],  # noqa: B006  FastAPI copies the default
        since: Since = "-7d",
        until: Until = "now",
        every: Every = None,
        by: SplitBy = None,
        tz: Zone = None,
        limit: Annotated[int | None, Query(description=_MOST_ROWS, ge=1, le=MOST_RECORDS)] = None,
        compare: Annotated[str | None, Query(description="`previous`: the range before, too", max_length=20)] = None,
    ) -> Response:
        began = perf_counter()
        zone = zone_of(site, tz)
        span = span_of(site, since, until, zone)
        question = Question(
            metrics=_names(metrics),
            span=span,
            zone=zone,
            unit=unit_of(every, span),
            by=dimension_of(by),
            selection=selection_of(asked, outcome),
            limit=limit,
        )
        value = _answer(site, question)
        if compare == "previous":
            value["compared"] = _answer(site, replace(question, span=span_before(span, zone)))
        elif compare:
            raise ProblemError(BAD_REQUEST, "compare can be previous, or be left out.", parameter="compare")
        value["tz"] = zone.key
        value.update(_colophon(site, began))
        return json_response(value)


def _answer(site: Site, question: Question) -> dict[str, object]:
    try:
        return answer_value(site.questions.ask(question))
    except ValueError as error:
        raise problem_of_question(error) from error


def _names(metrics: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in metrics.split(",") if name.strip()))
    if not names or len(names) > MOST_METRICS:
        detail = f"Name between 1 and {MOST_METRICS} metrics; /api/v1/metrics lists them."
        raise ProblemError(BAD_REQUEST, detail, parameter="metrics")
    now = [name for name in names if name in BY_NAME and BY_NAME[name].kind == "now"]
    if now:
        detail = f"{now[0]} has a value at this moment only, not over a range; /api/v1/now has it."
        raise ProblemError(UNPROCESSABLE, detail, parameter="metrics")
    return names


def _colophon(site: Site, began: float) -> dict[str, object]:
    now = rfc3339_ms(site.now_ms())
    return {
        "generated_at": now,
        "as_of": now,
        "took_ms": round((perf_counter() - began) * 1000, 1),
        "request_id": uuid4().hex,
        "version": __version__,
    }


def _add_calls(router: APIRouter, site: Site) -> None:
    @router.get("/calls", summary="Calls, page by page")
    def calls(  # noqa: PLR0913, PLR0917  one argument for each parameter of the address
        asked: Filtered,
        outcome: Outcomes = [],  # noqa: B006  FastAPI copies the default
        since: Since = "-7d",
        until: Until = "now",
        tz: Zone = None,
        text: Annotated[str | None, Query(description="Digits of a number, or part of a name", max_length=200)] = None,
        order: Annotated[CallOrder, Query(description="Which come first")] = CallOrder.NEWEST,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> Response:
        span = span_of(site, since, until, zone_of(site, tz))
        selection = selection_of(asked, outcome, text=text)
        try:
            page = site.questions.calls(span, selection, order=order, limit=limit, after=cursor)
        except UnknownChoiceError as error:
            raise problem_of_question(error) from error
        except ValueError as error:
            raise ProblemError(BAD_REQUEST, str(error), parameter="cursor") from error
        belonging = site.questions.memberships()
        return json_response({"calls": [call_value(call, belonging) for call in page.calls], "next": page.next})

    @router.get(
        "/calls/{call_id:path}", summary="One call with its legs, queue visits and messages", responses=_NO_CALL
    )
    def call(call_id: CallId) -> Response:
        found = site.store.call(call_id)
        if found is None or found[1].call is None:
            raise ProblemError(404, "There is no call of this id; it may be older than the retention.")
        flow_id, records = found
        belonging = site.questions.memberships()
        value = call_value(found[1].call, belonging)
        value["legs"] = [leg_value(leg, belonging) for leg in records.legs]
        value["visits"] = [visit_value(visit) for visit in records.visits]
        value["messages"] = [message_value(entry) for entry in site.store.journal_of(flow_id)]
        return json_response(value)


def _add_legs_and_visits(router: APIRouter, site: Site) -> None:
    @router.get("/legs", summary="Legs in the order of their start, page by page")
    def legs(
        asked: Filtered,
        outcome: LegOutcomes = [],  # noqa: B006  FastAPI copies the default
        since: Since = "-7d",
        until: Until = "now",
        tz: Zone = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> Response:
        span = span_of(site, since, until, zone_of(site, tz))
        where = _where(site, selection_of(asked, outcome))
        found, after = _page(legs_page, site.store, span, where, limit, cursor)
        belonging: Belonging = site.questions.memberships()
        return json_response({"legs": [leg_value(leg, belonging) for leg in found], "next": after})

    @router.get("/visits", summary="Queue visits in the order of their entry, page by page")
    def visits(
        asked: Filtered,
        outcome: VisitOutcomes = [],  # noqa: B006  FastAPI copies the default
        since: Since = "-7d",
        until: Until = "now",
        tz: Zone = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> Response:
        span = span_of(site, since, until, zone_of(site, tz))
        where = _where(site, selection_of(asked, outcome, VisitOutcome))
        found, after = _page(visits_page, site.store, span, where, limit, cursor)
        return json_response({"visits": [visit_value(visit) for visit in found], "next": after})


def _where(site: Site, selection: Selection) -> Filter:
    try:
        return site.questions.where(selection)
    except UnknownChoiceError as error:
        raise problem_of_question(error) from error


def _page(pages: Pages[T], store: Store, span: Span, where: Filter, limit: int, cursor: str | None) -> Page[T]:
    try:
        return pages(store, span, where, limit, cursor)
    except ValueError as error:
        raise ProblemError(BAD_REQUEST, str(error), parameter="cursor") from error


def message_value(entry: JournalEntry) -> dict[str, object]:
    """Return one message of the journal under the names of its line, with when it was stored and what is wrong."""
    return {**told_of(entry.message), "stored_at": rfc3339_us(entry.stored_at_us), "problem": entry.problem}


def _add_now(router: APIRouter, site: Site) -> None:
    @router.get("/now", summary="The state of this moment: who waits, who talks, and the health of each source")
    async def now() -> Response:
        board = site.board
        value = frame_value(board.snapshot(), board, with_calls=True)
        value["degraded"] = site.writer.degraded
        value["backlog"] = site.writer.backlog
        return json_response(value)

    @router.get("/choices", summary="What can be filtered by: sources, groups, teams, queues, agents, trunks")
    def choices() -> Response:
        return json_response(_choices(site))


def _choices(site: Site) -> Mapping[str, Iterable[object]]:
    memberships = site.questions.memberships()
    return {
        "sources": site.store.values_of(Dimension.SOURCE),
        "groups": [{"key": key, "name": name} for key, name in memberships.groups.items()],
        "teams": list(memberships.teams),
        "queues": site.store.values_of(Dimension.QUEUE),
        "agents": site.store.values_of(Dimension.AGENT),
        "trunks": site.store.values_of(Dimension.TRUNK),
    }
