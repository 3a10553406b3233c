"""Every query of every shipped dashboard, run as Grafana runs it on real servers, says what calltally itself says."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from calltally.app.granting import grant
from calltally.model.buckets import Unit
from calltally.model.instants import DAY_MS, HOUR_MS, Span
from tests.engine.whole_site import opened
from tests.grafana.comparing import (
    ALL,
    CALL_STATISTICS,
    CHOICES,
    MONTH,
    NUMBERS,
    OVERVIEW,
    QUEUES,
    RANGES,
    Choice,
    asked,
    loaded,
    panel,
    rows,
    same,
)
from tests.grafana.expansion import targets
from tests.grafana.figures import OTHERS, OVER_TIME, TOTALS
from tests.grafana.loading import Loaded, dashboards, load, shown
from tests.grafana.odd_site import NOW_MS
from tests.grafana.reader import NAME, PASSWORD, Reader
from tests.grafana.worlds import World


def test_every_panel_of_every_dashboard_is_compared(grafana: World) -> None:
    found = {each["uid"]: {target.panel for target in targets(each)} for _, each in dashboards(grafana.reader.kind)}
    every = found.pop(NUMBERS)
    assert "Counts of calls" in every  # compared as a whole in test_trends.py
    compared = {uid: {*TOTALS[uid], *OVER_TIME[uid], *OTHERS[uid], "annotation Not heard"} for uid in found}
    assert found == compared


@pytest.mark.parametrize("chosen", CHOICES.values(), ids=CHOICES)
@pytest.mark.parametrize("uid", TOTALS)
def test_totals_of_a_month_are_those_of_the_api_whatever_is_chosen(grafana: World, uid: str, chosen: Choice) -> None:
    compare_totals(grafana, uid, MONTH, chosen if uid != QUEUES else ALL)


@pytest.mark.parametrize("span", RANGES.values(), ids=RANGES)
@pytest.mark.parametrize("uid", TOTALS)
def test_totals_of_any_range_are_those_of_the_api(grafana: World, uid: str, span: Span) -> None:
    compare_totals(grafana, uid, span, ALL if uid == QUEUES else CHOICES["two teams that overlap"])


def compare_totals(grafana: World, uid: str, span: Span, chosen: Choice) -> None:
    """Compare every panel of one row."""
    dashboard = loaded(grafana, uid, span, chosen)
    for title, columns in TOTALS[uid].items():
        (found,) = rows(grafana, dashboard, title)
        _, (expected, *_) = asked(grafana, columns, span, chosen)
        assert found.keys() == expected.keys()
        different = {name: (value, expected[name]) for name, value in found.items() if not same(value, expected[name])}
        assert not different, title


UNITS: Final = {
    "15 minutes": Unit.QUARTER,
    "1 hour": Unit.HOUR,
    "1 day": Unit.DAY,
    "1 week": Unit.WEEK,
    "1 month": Unit.MONTH,
    "1 year": Unit.YEAR,
}


@pytest.mark.parametrize("text", UNITS)
@pytest.mark.parametrize("name", ["30 days", "the day the clocks go back", "a day and two hours, with odd ends"])
def test_figures_over_time_are_those_of_the_api(grafana: World, name: str, text: str) -> None:
    for uid, panels in OVER_TIME.items():
        if uid == OVERVIEW and text in {"15 minutes", "1 hour"}:
            continue  # its units begin with days
        dashboard = loaded(grafana, uid, RANGES[name], CHOICES["a team, and in none"], unit=text)
        chosen = ALL if uid == QUEUES else CHOICES["a team, and in none"]
        for title, columns in panels.items():
            compare_series(grafana, dashboard, title, columns, chosen, UNITS[text])


def test_figures_by_the_minute_are_those_of_the_api(grafana: World) -> None:
    span = Span(NOW_MS - 3 * HOUR_MS - 10_000, NOW_MS)
    for uid in (CALL_STATISTICS, QUEUES):
        dashboard = loaded(grafana, uid, span, unit="1 minute")
        for title, columns in OVER_TIME[uid].items():
            compare_series(grafana, dashboard, title, columns, ALL, Unit.MINUTE)


def compare_series(
    grafana: World, dashboard: Loaded, title: str, columns: Mapping[str, str], chosen: Choice, unit: Unit
) -> None:
    """Compare a panel over time: each bucket that is shown, and that nothing happened in those that are not."""
    span = Span(dashboard.from_ms, dashboard.to_ms)
    (series,) = panel(grafana, dashboard, title)
    answer, (_, *expected) = asked(grafana, columns, span, chosen, unit)
    shown_at: dict[int, dict[str, float | None]] = {}
    for name, points in series.items():
        for at, value in points:
            shown_at.setdefault(at, {})[name[0][0]] = value
    starts = [max(row.span.since_ms, span.since_ms) for row in answer.rows]
    assert shown_at.keys() <= set(starts), title
    for start, said in zip(starts, expected, strict=True):
        found = shown_at.get(start)
        if found is None:
            assert not any(said.values()), (title, start)
        else:
            assert all(same(found[name], value) for name, value in said.items()), (title, start, found, said)


def test_half_years_add_up_to_the_range(grafana: World) -> None:
    dashboard = loaded(grafana, CALL_STATISTICS, RANGES["60 days"], unit="6 months")
    (series,) = panel(grafana, dashboard, "Total calls")
    _, (expected, *_) = asked(grafana, {"All": "calls"}, RANGES["60 days"])
    (points,) = (points for name, points in series.items() if name[0][0] == "All")
    assert [at for at, _ in points] == [RANGES["60 days"].since_ms]  # July to December 2026
    assert sum(value for _, value in points) == expected["All"]


def test_a_range_of_days_reads_no_large_table_whole(grafana: World) -> None:
    span = Span(NOW_MS - 4 * DAY_MS, NOW_MS)
    for _, dashboard in dashboards(grafana.reader.kind):
        known = load(dashboard, grafana.reader, from_ms=span.since_ms, to_ms=span.until_ms)
        for query in known.queries():
            assert grafana.reader.read_whole(query.sql) == [], query.target.panel


def test_the_role_of_grafana_may_read_views_and_nothing_else(grafana: World) -> None:
    for statement in (
        "SELECT * FROM calls",
        "SELECT * FROM stored_values",
        "SELECT * FROM messages",
        "DELETE FROM report_calls",
        "DROP VIEW report_calls",
        "CREATE TABLE mine (id INTEGER)",
    ):
        with pytest.raises(Exception, match=r"(?i)denied|read-only"):
            grafana.reader.ask(statement)


def test_a_site_that_has_heard_nothing_shows_dashboards_without_an_error(grafana: World, tmp_path: Path) -> None:
    url = grafana.reader.server.fresh_database()
    with opened(tmp_path, url):
        grant(url, name=NAME, password=PASSWORD, tell=lambda _statement: None)
        reader = Reader(kind=grafana.reader.kind, server=grafana.reader.server, url=url)
        reader.open()
        try:
            for _, dashboard in dashboards(reader.kind):
                known = load(dashboard, reader, from_ms=MONTH.since_ms, to_ms=MONTH.until_ms)
                for query in known.queries():
                    shown(query, reader)
        finally:
            reader.close()
