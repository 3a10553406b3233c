"""Trends, comparisons, percentiles and the dashboard of every number beside what calltally itself says."""

from datetime import timedelta

import pytest

from calltally.metrics.catalog import METRICS
from calltally.metrics.formula import Gauge
from calltally.metrics.metric import Metric
from calltally.model.buckets import Unit, day_start_ms, local_date
from calltally.model.instants import DAY_MS, Span
from tests.grafana.comparing import (
    ALL,
    CHOICES,
    MONTH,
    NUMBERS,
    OVERVIEW,
    Choice,
    asked,
    loaded,
    panel,
    rows,
    same,
)
from tests.grafana.expansion import targets
from tests.grafana.figures import TOTALS
from tests.grafana.odd_site import NOW_MS
from tests.grafana.worlds import World

HEAD = TOTALS[OVERVIEW]["The timespan"]
RANGED = [metric for metric in METRICS if not isinstance(metric.formula, Gauge)]
SOME = ("everything", "two teams that overlap", "in no group", "a team without calls")


def days_before(grafana: World, instant_ms: int, days: int) -> int:
    """Return when the local day begins that lies some days before that of an instant."""
    zone = grafana.parts.zone
    return day_start_ms(local_date(instant_ms, zone) - timedelta(days=days), zone)


@pytest.mark.parametrize("name", SOME)
def test_every_number_of_the_catalog_is_that_of_the_api(grafana: World, name: str) -> None:
    chosen = CHOICES[name]
    span = Span(days_before(grafana, NOW_MS, 30), days_before(grafana, NOW_MS, 0))
    dashboard = loaded(grafana, NUMBERS, span, chosen)
    seen: set[str] = set()
    for target in targets(dashboard.dashboard):
        if target.panel.startswith("annotation"):
            continue
        (found,) = rows(grafana, dashboard, target.panel)
        columns = {column: metric_of(column, target.panel).name for column in found}
        choice = ALL if "visits" in target.panel else chosen  # queues are chosen by their own filter
        _, (expected, *_) = asked(grafana, columns, span, choice)
        different = {name: (value, expected[name]) for name, value in found.items() if not same(value, expected[name])}
        assert not different, target.panel
        seen |= set(columns.values())
    assert seen == {metric.name for metric in RANGED}


def metric_of(title: str, panel_title: str) -> Metric:
    """Return the number of the catalog with a title; where two have it, that of the panel's unit."""
    unit = {"Counts": "count", "Shares": "ratio"}.get(panel_title.split(maxsplit=1)[0], "seconds")
    (found,) = (metric for metric in RANGED if metric.title == title and metric.unit == unit)
    return found


@pytest.mark.parametrize("name", SOME)
def test_spans_of_days_stand_beside_those_before_them(grafana: World, name: str) -> None:
    found = rows(grafana, loaded(grafana, OVERVIEW, MONTH, CHOICES[name]), "7, 30 and 365 days")
    assert [row["span"] for row in found] == ["7 days", "30 days", "365 days"]
    for row, days in zip(found, (7, 30, 365), strict=True):
        edges = [days_before(grafana, NOW_MS, back) for back in (2 * days, days, 0)]
        _, (before, *_) = asked(grafana, HEAD, Span(edges[0], edges[1]), CHOICES[name])
        _, (now, *_) = asked(grafana, HEAD, Span(edges[1], edges[2]), CHOICES[name])
        for column in HEAD:
            assert same(row[column], now[column]), (days, column)
            assert same(row[f"{column} before"], before[column]), (days, column)


COMPARED = {
    "Calls, day by day": ("Calls", "calls"),
    "Answer rate, day by day": ("Answer rate", "answer_rate"),
    "Mean time to answer, day by day": ("Mean time to answer", "asa"),
    "Mean talk time, day by day": ("Mean talk time", "average_talk_time"),
}


@pytest.mark.parametrize(("text", "days"), [("7 days before", 7), ("28 days before", 28), ("364 days before", 364)])
@pytest.mark.parametrize("title", COMPARED)
def test_each_day_stands_beside_an_earlier_one(grafana: World, title: str, text: str, days: int) -> None:
    column, metric = COMPARED[title]
    chosen = Choice(variables={"compare": (text,)}, selection=ALL.selection)
    # The clocks go back on the 25th of October, so days meet that begin at different hours of UTC.
    now, before = panel(grafana, loaded(grafana, OVERVIEW, MONTH, chosen), title)
    zone = grafana.parts.zone
    first, last = local_date(MONTH.since_ms, zone), local_date(MONTH.until_ms - 1, zone)
    for series, back, name in ((now, 0, column), (before, days, f"{column}, before")):
        points = dict(series.get(((name, ""),), ()))
        whole = [day_start_ms(day - timedelta(days=back), zone) for day in (first, last + timedelta(days=1))]
        answer, (_, *expected) = asked(grafana, {name: metric}, Span(whole[0], whole[1]), unit=Unit.DAY)
        for row, said in zip(answer.rows, expected, strict=True):
            day = local_date(row.span.since_ms, zone) + timedelta(days=back)
            found = points.pop(day_start_ms(day, zone), None)
            assert same(found, said[name]) or (found is None and not said[name]), (day, back)
        assert not points


def test_a_range_that_begins_before_the_calendar_shows_its_days(grafana: World) -> None:
    span = Span(NOW_MS - 800 * DAY_MS, NOW_MS)
    now, _ = panel(grafana, loaded(grafana, OVERVIEW, span), "Calls, day by day")
    _, (expected, *_) = asked(grafana, {"Calls": "calls"}, span)
    assert sum(value or 0 for _, value in now[(("Calls", ""),)]) == expected["Calls"]


PERCENTILES = {
    "Time to answer": {"Half": "wait_p50", "90 %": "wait_p90", "95 %": "wait_p95"},
    "Talk time": {"Half": "talk_p50", "90 %": "talk_p90"},
}


@pytest.mark.parametrize("name", SOME)
@pytest.mark.parametrize(("text", "unit"), [("1 day", Unit.DAY), ("1 week", Unit.WEEK), ("1 month", Unit.MONTH)])
@pytest.mark.parametrize("title", PERCENTILES)
def test_percentiles_of_whole_days_are_those_of_the_api(
    grafana: World, title: str, text: str, unit: Unit, name: str
) -> None:
    span = Span(days_before(grafana, NOW_MS, 28), days_before(grafana, NOW_MS, 0))
    (series,) = panel(grafana, loaded(grafana, OVERVIEW, span, CHOICES[name], unit=text), title)
    columns = PERCENTILES[title]
    answer, (_, *expected) = asked(grafana, columns, span, CHOICES[name], unit)
    found = {column: dict(series.get(((column, ""),), ())) for column in columns}
    starts = [row.span.since_ms for row in answer.rows]
    first_unit = min((at for points in found.values() for at in points), default=starts[0])
    for start, said in zip(starts, expected, strict=True):
        at = first_unit if start == starts[0] else start  # the first week or month may begin before the range
        for column in columns:
            assert same(found[column].get(at), said[column]), (start, column)


@pytest.mark.parametrize("name", SOME)
def test_a_weekday_is_an_average_of_its_days(grafana: World, name: str) -> None:
    zone, chosen = grafana.parts.zone, CHOICES[name]
    span = Span(days_before(grafana, NOW_MS, 25), days_before(grafana, NOW_MS, 0))
    dashboard = loaded(grafana, OVERVIEW, span, chosen)
    columns = {"Incoming": "inbound_calls", "Outgoing": "outbound_calls"}
    rates = {"Answer rate": ("answered_inbound_calls", "inbound_calls")}
    answer, (_, *days) = asked(grafana, {**columns, "answered": rates["Answer rate"][0]}, span, chosen, Unit.DAY)
    by_weekday: dict[str, list[dict[str, float | None]]] = {}
    for row, said in zip(answer.rows, days, strict=True):
        by_weekday.setdefault(f"{local_date(row.span.since_ms, zone):%A}", []).append(said)
    for found in rows(grafana, dashboard, "Calls by weekday"):
        said_of_days = by_weekday[str(found["weekday"])]
        for column in columns:
            assert same(found[column], sum(said[column] or 0 for said in said_of_days) / len(said_of_days))
    for found in rows(grafana, dashboard, "Shares by weekday"):
        said_of_days = by_weekday[str(found["weekday"])]
        answered = sum(said["answered"] or 0 for said in said_of_days)
        inbound = sum(said["Incoming"] or 0 for said in said_of_days)
        assert same(found["Answer rate"], answered / inbound if inbound else None)
