"""Grafana's five steps from a panel to a query, case by case as its documentation and front end have them."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.grafana.expansion import Target, expanded, options_of, targets
from tests.grafana.frames import filled, instant_ms, series_of, table_of
from tests.grafana.interpolation import ALL, Variable, interpolated
from tests.grafana.intervals import duration_ms, rounded_ms, step_of, step_text
from tests.grafana.macros import Asked, Fill, Kind, with_globals, with_macros
from tests.grafana.refusals import ExpansionError, ShapeError

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
FROM_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z
TO_MS = FROM_MS + DAY + 250

STEPS = [
    # raw ms       step ms
    (0.5, 1),
    (9.99, 1),
    (10, 10),
    (14.9, 10),
    (15, 20),
    (74, 50),
    (75, 100),
    (1_499, 1_000),
    (1_500, 2_000),
    (44_999, 30_000),
    (45_000, 60_000),
    (210_000, 300_000),
    (5_400_000, 7_200_000),
    (32_400_000, 43_200_000),
    (86_399_999, 43_200_000),
    (86_400_000, 86_400_000),
    (604_800_000, 604_800_000),
    (3_628_800_000, 31_536_000_000),
]


@pytest.mark.parametrize(("raw_ms", "step_ms"), STEPS)
def test_a_raw_step_is_rounded_by_the_ladder(raw_ms: float, step_ms: int) -> None:
    assert rounded_ms(raw_ms) == step_ms


@given(st.floats(min_value=0, max_value=1e12), st.floats(min_value=0, max_value=1e12))
def test_a_longer_range_never_has_a_shorter_step(one: float, other: float) -> None:
    assert rounded_ms(min(one, other)) <= rounded_ms(max(one, other))


RANGES = [
    # range      points  least   step
    (HOUR, None, None, MINUTE),  # 7.2 s by the ladder, but a minute at least for SQL
    (HOUR, None, "5s", 5_000),
    (30 * DAY, None, None, HOUR),  # 86 minutes by points
    (30 * DAY, 30, "1d", DAY),
    (30 * DAY, 1_000, "15m", 30 * MINUTE),  # 43 minutes by points
    (365 * DAY, None, "1d", DAY),
    (6 * HOUR, 24, ">30m", 30 * MINUTE),
]


@pytest.mark.parametrize(("span_ms", "points", "least", "step_ms"), RANGES)
def test_a_step_follows_range_points_and_the_least_interval(
    span_ms: int, points: int | None, least: str | None, step_ms: int
) -> None:
    assert step_of(span_ms, points=points, least=least) == step_ms


WORDS = [
    (90 * MINUTE, "1h"),
    (30 * DAY, "30d"),
    (7 * DAY, "7d"),
    (365 * DAY, "1y"),
    (15 * MINUTE, "15m"),
    (1_500, "1s"),
    (200, "200ms"),
]


@pytest.mark.parametrize(("step_ms", "text"), WORDS)
def test_a_step_in_words_has_its_largest_unit_only(step_ms: int, text: str) -> None:
    assert step_text(step_ms) == text


@pytest.mark.parametrize(
    ("text", "length_ms"),
    [("15m", 15 * MINUTE), ("1h30m", 90 * MINUTE), ("1d", DAY), ("2w", 14 * DAY), ("500ms", 500), ("0.5s", 500)],
)
def test_an_interval_argument_has_a_length(text: str, length_ms: int) -> None:
    assert duration_ms(text) == length_ms


@pytest.mark.parametrize("text", ["1M", "1y", "", "day", "1h 30m", "-1h"])
def test_an_interval_of_no_fixed_length_is_refused(text: str) -> None:
    with pytest.raises(ExpansionError):
        duration_ms(text)


SENTINEL = "'__all__'"
NASTY = "O'Brien"
VARIABLES = {
    "plain": Variable(value=NASTY),
    "number": Variable(value=15),
    "one": Variable(value="g'1", multi=True),
    "many": Variable(value=["g'1", 'g"2', "g\\3"], multi=True),
    "every": Variable(value=ALL, include_all=True, multi=True, all_value=SENTINEL, options=("a", "b")),
    "listed": Variable(value=[ALL], include_all=True, multi=True, options=("a", "b")),
    "empty": Variable(value=ALL, include_all=True, multi=True, options=()),
    "zone": Variable(value=ALL, all_value="${plain}"),
    "sure": Variable(value="v1", text="The first"),
}
FILLED = [
    # written                        the database gets
    ("a = '$plain'", "a = 'O''Brien'"),
    ("a = '${plain}'", "a = 'O''Brien'"),
    ("a = '[[plain]]'", "a = 'O''Brien'"),
    ("x / $number", "x / 15"),
    ("a IN ($one)", "a IN ('g''1')"),
    ("a IN ($many)", "a IN ('g''1','g\"2','g\\3')"),
    ("a IN (${many})", "a IN ('g''1','g\"2','g\\3')"),
    ("a IN ($every)", "a IN ('__all__')"),
    ("a IN (${every:raw})", "a IN ('__all__')"),  # the text for All goes in whatever the format
    ("${every:text}", "All"),
    ("a IN ($listed)", "a IN ('a','b')"),
    ("a IN ($empty)", "a IN ()"),  # why a sentinel is needed
    ("'$zone'", "'O''Brien'"),  # the text for All is filled in itself
    ("${many:csv}", "g'1,g\"2,g\\3"),
    ("${many:pipe}", "g'1|g\"2|g\\3"),
    ("${many:glob}", "{g'1,g\"2,g\\3}"),
    ("${many:nonsense}", "{g'1,g\"2,g\\3}"),
    ("${many:json}", '["g\'1","g\\"2","g\\\\3"]'),
    ("${many:singlequote}", "'g\\'1','g\"2','g\\3'"),
    ("${many:doublequote}", '"g\'1","g\\"2","g\\3"'),
    ("${many:sqlstring}", "'g''1','g\\\"2','g\\3'"),
    ("${many:join:;}", "g'1;g\"2;g\\3"),
    ("${sure:text}", "The first"),
    ("$unknown and ${unknown:csv}", "$unknown and ${unknown:csv}"),
    ("$__timeFilter(x)", "$__timeFilter(x)"),  # how macros survive
    ("$plainer", "$plainer"),  # a name is all its letters
]


@pytest.mark.parametrize(("written", "got"), FILLED)
def test_a_variable_is_filled_in_as_the_data_source_does(written: str, got: str) -> None:
    assert interpolated(written, VARIABLES) == got


@pytest.mark.parametrize("text", ["${many:regex}", "${many:html}", "${many:lucene}"])
def test_a_format_that_makes_no_sql_is_refused(text: str) -> None:
    with pytest.raises(ExpansionError):
        interpolated(text, VARIABLES)


def test_values_that_name_each_other_without_end_are_refused() -> None:
    circle = {"a": Variable(value=ALL, all_value="$b"), "b": Variable(value=ALL, all_value="$a")}
    with pytest.raises(ExpansionError):
        interpolated("$a", circle)


def asked(kind: Kind, step_ms: int = 15 * MINUTE) -> Asked:
    return Asked(kind=kind, from_ms=FROM_MS, to_ms=TO_MS, step_ms=step_ms)


PG, MY = Kind.POSTGRESQL, Kind.MYSQL
MACROS = [
    # kind, written, the database gets
    (PG, "$__time(c)", 'c AS "time"'),
    (MY, "$__time(c)", "UNIX_TIMESTAMP(c) as time_sec"),
    (PG, "$__timeEpoch(c)", 'extract(epoch from c) as "time"'),
    (MY, "$__timeEpoch(c)", "UNIX_TIMESTAMP(c) as time_sec"),
    (PG, "$__timeFilter(c)", "c BETWEEN '2026-01-01T00:00:00Z' AND '2026-01-02T00:00:00.25Z'"),
    (MY, "$__timeFilter(c)", "c BETWEEN FROM_UNIXTIME(1767225600) AND FROM_UNIXTIME(1767312000)"),
    (PG, "c >= $__timeFrom() AND c < $__timeTo()", "c >= '2026-01-01T00:00:00Z' AND c < '2026-01-02T00:00:00.25Z'"),
    (MY, "$__timeFrom() $__timeTo()", "FROM_UNIXTIME(1767225600) FROM_UNIXTIME(1767312000)"),
    (PG, "$__timeGroup(c, '15m')", "floor(extract(epoch from c)/900)*900"),
    (PG, "SELECT $__timeGroup(c,15m), 1", 'SELECT floor(extract(epoch from c)/900)*900 AS "time", 1'),
    (PG, "$__timeGroup(c,200ms)", "floor(extract(epoch from c)/0.2)*0.2"),
    (MY, "SELECT $__timeGroup(c,15m), 1", "SELECT UNIX_TIMESTAMP(c) DIV 900 * 900, 1"),
    (MY, "$__timeGroupAlias(c,$__interval)", 'UNIX_TIMESTAMP(c) DIV 900 * 900 AS "time"'),
    (PG, "$__timeGroupAlias(c,$__interval)", 'floor(extract(epoch from c)/900)*900 AS "time"'),
    (PG, "$__unixEpochFilter(c)", "c >= 1767225600 AND c <= 1767312000"),
    (MY, "$__unixEpochFilter(c)", "c >= 1767225600 AND c <= 1767312000"),
    (MY, "$__unixEpochFrom() $__unixEpochTo()", "1767225600 1767312000"),
    (PG, "$__unixEpochNanoFrom()", "1767225600000000000"),
    (MY, "$__unixEpochNanoTo()", "1767312000250000000"),
    (PG, "$__unixEpochNanoFilter(c)", "c >= 1767225600000000000 AND c <= 1767312000250000000"),
    (PG, "$__unixEpochGroup(c,1h)", "floor((c)/3600)*3600"),
    (MY, "$__unixEpochGroupAlias(c,1h)", 'c DIV 3600 * 3600 AS "time"'),
    (PG, "$__interval_ms", "900000"),
    (MY, "'$__interval'", "'15m'"),
]


@pytest.mark.parametrize(("kind", "written", "got"), MACROS)
def test_a_macro_is_what_the_data_source_makes_of_it(kind: Kind, written: str, got: str) -> None:
    question = asked(kind)
    assert with_macros(with_globals(written, question), question)[0] == got


REFUSED = [
    (PG, "$__nonsense(c)", "unknown macro"),
    (PG, "-- $__since()", "unknown macro"),  # in comments, too
    (MY, "'$cost(1)'", "unknown macro"),  # and in texts
    (PG, "$__timeGroup(c)", "needs a column and an interval"),
    (PG, "$__timeFilter()", "needs the name of a column"),
    (PG, "$__timeGroup(c,1M)", "no interval of a fixed length"),
    (PG, "$__timeGroupAlias(c,1h,zero)", "fills nothing"),
    (MY, "SHOW GRANTS", "refuses"),
    (MY, "SELECT user()", "refuses"),
    (MY, "SELECT CURRENT_USER", "refuses"),
    (PG, "$__timeTo", "left as it was written"),
]


@pytest.mark.parametrize(("kind", "written", "reason"), REFUSED)
def test_a_query_that_grafana_refuses_is_refused(kind: Kind, written: str, reason: str) -> None:
    with pytest.raises(ExpansionError, match=reason):
        with_macros(written, asked(kind))


def test_a_parenthesis_inside_an_argument_ends_the_macro() -> None:
    sql, _ = with_macros("$__timeFilter(coalesce(a,b))", asked(PG))
    assert sql.startswith("coalesce(a BETWEEN ")
    assert sql.endswith(")")


@pytest.mark.parametrize(("word", "mode"), [("NULL", None), ("0", 0.0), ("previous", "previous")])
def test_the_third_argument_of_a_group_fills_empty_buckets(word: str, mode: float | str | None) -> None:
    _, fill = with_macros(f"$__timeGroupAlias(c,1h,{word})", asked(PG))
    assert fill == Fill(step_ms=HOUR, mode=mode)


INSTANTS = [
    (1_767_225_600, FROM_MS),  # seconds, by their magnitude
    (FROM_MS, FROM_MS),
    (FROM_MS * 1_000_000, FROM_MS),
    (Decimal(1767225600), FROM_MS),
    (datetime(2026, 1, 1, tzinfo=UTC), FROM_MS),
    (datetime(2026, 1, 1), FROM_MS),  # noqa: DTZ001  a database's time without a zone counts as UTC
    (None, None),
]


@pytest.mark.parametrize(("value", "at_ms"), INSTANTS)
def test_a_time_is_read_by_its_magnitude(value: object, at_ms: int | None) -> None:
    assert instant_ms(value) == at_ms


def test_a_text_column_makes_a_series_of_each_of_its_values() -> None:
    rows = [(1_767_225_600, "in", 1), (1_767_225_600, "out", 2), (1_767_226_500, "in", Decimal(3))]
    assert series_of(("time", "direction", "calls"), rows, PG) == {
        (("calls", ""), ("direction", "in")): [(FROM_MS, 1.0), (FROM_MS + 900_000, 3.0)],
        (("calls", ""), ("direction", "out")): [(FROM_MS, 2.0)],
    }


def test_a_column_called_metric_names_the_series() -> None:
    assert series_of(("time", "metric", "value"), [(FROM_MS, "in", 1)], MY) == {(("in", ""),): [(FROM_MS, 1.0)]}


BAD_SHAPES = [
    # columns                 rows                                   what is wrong
    (("at", "calls"), [(FROM_MS, 1)], "called time"),
    (("time", "calls"), [(FROM_MS + 1, 1), (FROM_MS, 1)], "do not rise"),
    (("time", "calls"), [(None, 1)], "empty"),
    (("time", "name"), [(FROM_MS, "a")], "no column of numbers"),
    (("time", "time"), [(FROM_MS, 1)], "share a name"),
    (("time", "calls"), [("today", 1)], "a time column holds str"),
]


@pytest.mark.parametrize(("columns", "rows", "reason"), BAD_SHAPES)
def test_rows_that_grafana_cannot_use_are_refused(
    columns: tuple[str, ...], rows: list[tuple[object, ...]], reason: str
) -> None:
    with pytest.raises(ShapeError, match=reason):
        series_of(columns, rows, PG)


def test_a_seconds_column_is_a_time_on_mysql_alone() -> None:
    assert series_of(("time_sec", "calls"), [(1_767_225_600, 1)], MY)
    with pytest.raises(ShapeError):
        series_of(("time_sec", "calls"), [(1_767_225_600, 1)], PG)


def test_no_rows_are_no_series_and_an_empty_table() -> None:
    assert series_of((), [], PG) == {}
    assert table_of(("time",), [], PG).rows == ()


FILLS = [
    (0.0, [2.0, 0.0, 4.0, 0.0]),
    (None, [2.0, None, 4.0, None]),
    ("previous", [2.0, 2.0, 4.0, 4.0]),
]


@pytest.mark.parametrize(("mode", "values"), FILLS)
def test_empty_buckets_of_the_whole_range_are_filled(mode: float | str | None, values: list[float | None]) -> None:
    points = [(FROM_MS, 2.0), (FROM_MS + 2 * HOUR, 4.0)]
    whole = filled(points, Fill(step_ms=HOUR, mode=mode), FROM_MS + 5, FROM_MS + 3 * HOUR + 5)
    assert [value for _, value in whole] == values
    assert whole[0][0] == FROM_MS


def test_a_row_off_the_grid_is_refused_as_its_value_would_be_lost() -> None:
    with pytest.raises(ShapeError, match="off the grid"):
        filled([(FROM_MS + 1, 1.0)], Fill(step_ms=HOUR, mode=0.0), FROM_MS, TO_MS)


def test_a_whole_query_goes_through_all_steps() -> None:
    target = Target(
        panel="Calls",
        ref_id="A",
        format="time_series",
        least="1h",
        sql="SELECT $__timeGroupAlias(at,$__interval,0), count(*) FROM c WHERE $__timeFilter(at) AND q IN ($many)",
    )
    query = expanded(target, MY, from_ms=FROM_MS, to_ms=FROM_MS + DAY, variables=VARIABLES)
    assert query.sql == (
        'SELECT UNIX_TIMESTAMP(at) DIV 3600 * 3600 AS "time", count(*) FROM c'
        " WHERE at BETWEEN FROM_UNIXTIME(1767225600) AND FROM_UNIXTIME(1767312000) AND q IN ('g''1','g\"2','g\\3')"
    )
    assert query.fill == Fill(step_ms=HOUR, mode=0.0)


def test_queries_of_closed_rows_and_annotations_count_too() -> None:
    query = {"refId": "A", "rawSql": "SELECT 1", "format": "table"}
    dashboard = {
        "panels": [
            {"type": "row", "title": "More", "panels": [{"type": "stat", "title": "Inside", "targets": [query]}]},
            {"type": "stat", "title": "Outside", "targets": [query]},
        ],
        "annotations": {"list": [{"name": "Gaps", "rawQuery": "SELECT 2"}, {"name": "built-in"}]},
    }
    assert [target.panel for target in targets(dashboard)] == ["Inside", "Outside", "annotation Gaps"]


def test_options_are_pairs_or_every_value_of_every_column() -> None:
    assert options_of(("__text", "__value"), (("Sales", "g1"), ("Sales", "g2"))) == {"Sales": "g1"}
    assert options_of(("a", "b"), (("x", 1), ("y", 2))) == {"x": "x", "y": "y", "1": "1", "2": "2"}
