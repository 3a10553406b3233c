"""The sums that dashboards ask for, over any range: whole days, quarter hours beside them, records at its ends.

This is `engine.plan` in SQL: a range is cut where roll-ups begin and end, so that every figure is that of the API and
nearly all of it is read from roll-ups. Ranges are half-open. Grafana puts the ends of the range and the choice of
the reader into the text: `$__from` and `$__to` are milliseconds since 1970, `$unit` is a word of `UNITS`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from calltally.metrics.catalog import metric
from calltally.metrics.formula import Additive, Gauge, Maximum, Percentile, Ratio, Sum, Summed, sums_of
from calltally.metrics.measures import SubjectWord
from calltally.metrics.sql import formula_sql, literal_sql
from calltally.model.buckets import STEPS, Unit
from calltally.model.instants import QUARTER_MS
from calltally.store.reports.dialects import Dialect

SINCE: Final = "$__from"
UNTIL: Final = "$__to"
UNIT: Final = "'$unit'"
ALL: Final = "'__all__'"
"""What a filter holds if nothing is chosen, quotes included."""

HALF_YEAR: Final = "half_year"
UNITS: Final = (*(unit.value for unit in Unit), HALF_YEAR)
_IN_DAYS: Final = (Unit.DAY.value, Unit.WEEK.value, Unit.MONTH.value, HALF_YEAR, Unit.YEAR.value)
_HOUR_MS: Final = STEPS[Unit.HOUR]
_MINUTE_MS: Final = STEPS[Unit.MINUTE]
_MINUTE: Final = literal_sql(Unit.MINUTE.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One column of an answer."""

    name: str
    formula: Summed


def field(name: str, metric_name: str) -> Field:
    """Return a column that is a number of the catalog.

    Raises:
        ValueError: it cannot be computed from sums.
    """
    formula = metric(metric_name).formula
    if isinstance(formula, Maximum | Percentile | Gauge):
        raise ValueError(f"{metric_name} cannot be computed from sums")  # noqa: TRY004  the value is wrong, not its type
    return Field(name=name, formula=formula)


def additive(metric_name: str) -> Additive:
    """Return the formula of a number that adds up.

    Raises:
        ValueError: it does not.
    """
    formula = field(metric_name, metric_name).formula
    if isinstance(formula, Ratio):
        raise ValueError(f"{metric_name} does not add up")  # noqa: TRY004  the value is wrong, not its type
    return formula


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What sums are read from.

    Attributes:
        day, quarter, record: views with the same measures.
        dimensions: columns that formulas, filters or answers tell apart.
        filters: conditions of the dashboard's variables.
    """

    day: str
    quarter: str
    record: str
    dimensions: tuple[str, ...]
    filters: tuple[str, ...]


def chosen(variable: str, column: str, view: str, key: str) -> str:
    """Return the condition that a column is among what a variable of several values names, by its keys.

    The column is looked for in a list, never joined: a call is counted once, however many of its teams are chosen.
    """
    return f"({ALL} IN (${variable}) OR {column} IN (SELECT {column} FROM {view} WHERE {key} IN (${variable})))"  # noqa: S608  our own names


LINES_CHOSEN: Final = (
    chosen("group", "lines_id", "report_line_groups", "group_key"),
    chosen("team", "lines_id", "report_line_teams", "team_key"),
)
QUEUE_CHOSEN: Final = chosen("queue", "queue", "report_queues", "queue_key")

GROUNDS: Final[dict[SubjectWord, Ground]] = {
    "call": Ground(
        day="report_rollup_day",
        quarter="report_rollup_quarter_hour",
        record="report_call_measures",
        dimensions=("direction", "lines_id"),
        filters=LINES_CHOSEN,
    ),
    "visit": Ground(
        day="report_visit_rollup_day",
        quarter="report_visit_rollup_quarter_hour",
        record="report_visit_measures",
        dimensions=("queue",),
        filters=(QUEUE_CHOSEN,),
    ),
}


def totals(dialect: Dialect, fields: Sequence[Field], *, by: str | None = None) -> str:
    """Return the question for one row over the whole range, or one for each value of a dimension."""
    ground = _ground(fields)
    parts = _parts(dialect, ground, _measures(fields))
    columns = [*([by] if by else []), *_columns(dialect, fields)]
    tail = f"\nGROUP BY {by}\nORDER BY {by}" if by else ""
    return f"WITH cells AS (\n{parts}\n)\nSELECT {_listed(columns)}\nFROM cells{_where(ground)}{tail}"


def over_time(dialect: Dialect, fields: Sequence[Field]) -> str:
    """Return the question for a row for each unit of time in which there is anything; the first begins with the range.

    Cells are added up by their own time before they are put into units, because finding a unit takes longer.
    """
    ground = _ground(fields)
    measures = _measures(fields)
    sums = ", ".join(f"SUM({dialect.quote(name)}) AS {dialect.quote(name)}" for name in measures)
    parts = _parts(dialect, ground, measures, bucket_of_record=_step())
    keys = f"bucket_ms, {ground.dimensions[0]}"
    columns = [f"GREATEST(start_ms, {SINCE}) AS {alias(dialect, 'time')}", *_columns(dialect, fields)]
    return (
        f"WITH parts AS (\n{parts}\n), sums AS (\n  SELECT {keys}, {sums}\n  FROM parts{_where(ground)}\n"  # noqa: S608  our own names
        f"  GROUP BY {keys}\n), cells AS (\n  SELECT sums.*, {_start()} AS start_ms\n  FROM sums\n)\n"
        f"SELECT {_listed(columns)}\nFROM cells\nGROUP BY start_ms\nORDER BY start_ms"
    )


def alias(dialect: Dialect, name: str) -> str:
    """Return the name of a column of an answer, always quoted."""
    mark = "`" if dialect.name == "mariadb" else '"'
    return f"{mark}{name}{mark}"


def edges(unit: str | None = None) -> tuple[str, str, str, str]:
    """Return where quarter hours begin and end, and whole days among them.

    Without a whole day in the range both ends of the days are the end of the quarter hours. So it is also for units
    that days are too long for; minutes are read from records alone.
    """
    first = f"{SINCE} + MOD({QUARTER_MS} - MOD({SINCE}, {QUARTER_MS}), {QUARTER_MS})"
    last = f"{UNTIL} - MOD({UNTIL}, {QUARTER_MS})"
    among = ""
    if unit is not None:
        first, last = (f"CASE {unit} WHEN {_MINUTE} THEN {UNTIL} ELSE {edge} END" for edge in (first, last))
        among = f" AND {unit} IN ({', '.join(map(literal_sql, _IN_DAYS))})"
    days = f"FROM report_days WHERE day_ms >= {first} AND day_ms <= {last}{among}"
    first_day, last_day = (f"COALESCE((SELECT {edge}(day_ms) {days}), {last})" for edge in ("MIN", "MAX"))
    return first, last, first_day, last_day


def _ground(fields: Sequence[Field]) -> Ground:
    subjects = {leaf.subject for leaf in _leaves(fields)}
    if len(subjects) != 1:
        raise ValueError(f"one answer is about calls or about visits, not both: {[each.name for each in fields]}")
    return GROUNDS[subjects.pop()]


def _leaves(fields: Iterable[Field]) -> list[Sum]:
    return [leaf for each in fields for leaf in sums_of(each.formula)]


def _measures(fields: Iterable[Field]) -> list[str]:
    return list(dict.fromkeys(leaf.measure for leaf in _leaves(fields)))


def _columns(dialect: Dialect, fields: Sequence[Field]) -> list[str]:
    return [f"{formula_sql(each.formula, 'cells.')} AS {alias(dialect, each.name)}" for each in fields]


def _parts(dialect: Dialect, ground: Ground, measures: Sequence[str], *, bucket_of_record: str | None = None) -> str:
    """Return the cells of days, of quarter hours and of single records in the range.

    Args:
        dialect: what they are written for.
        ground: where they are.
        measures: what is needed of them.
        bucket_of_record: the time that stands for a record, if the answer is cut by time.
    """
    first, last, first_day, last_day = edges(UNIT if bucket_of_record else None)
    parts = (
        (ground.day, "bucket_ms", ((first_day, last_day),)),
        (ground.quarter, "bucket_ms", ((first, first_day), (last_day, last))),
        (
            ground.record,
            f"{bucket_of_record} AS bucket_ms",
            ((SINCE, f"LEAST({first}, {UNTIL})"), (f"GREATEST({last}, {SINCE})", UNTIL)),
        ),
    )
    texts = []
    for view, bucket, spans in parts:
        columns = [*([bucket] if bucket_of_record else []), *ground.dimensions, *map(dialect.quote, measures)]
        within = "\n    OR ".join(f"(bucket_ms >= {since} AND bucket_ms < {until})" for since, until in spans)
        texts.append(f"  SELECT {', '.join(columns)}\n  FROM {view}\n  WHERE {within}")  # noqa: S608  our own names
    return "\n  UNION ALL\n".join(texts)


def _where(ground: Ground) -> str:
    return "\n  WHERE " + "\n    AND ".join(ground.filters)


def _step() -> str:
    """Return the minute or quarter hour of a record."""
    return f"bucket_ms - MOD(bucket_ms, CASE {UNIT} WHEN {_MINUTE} THEN {_MINUTE_MS} ELSE {QUARTER_MS} END)"


def _start() -> str:
    """Return when the unit of a cell begins; hours are counted from a local midnight, as zones may be apart by less."""
    midnight = f"COALESCE((SELECT MAX(day_ms) FROM report_days WHERE day_ms <= {SINCE}), 0)"  # noqa: S608  our own names
    hour = f"sums.bucket_ms - MOD(sums.bucket_ms - {midnight}, {_HOUR_MS})"
    longer = " ".join(f"WHEN {literal_sql(unit)} THEN d.{unit}_ms" for unit in _IN_DAYS[1:])
    day = (
        f"(SELECT CASE {UNIT} {longer} ELSE d.day_ms END FROM report_days d"  # noqa: S608  our own names
        " WHERE d.day_ms <= sums.bucket_ms ORDER BY d.day_ms DESC LIMIT 1)"
    )
    short = f"{_MINUTE}, {literal_sql(Unit.QUARTER.value)}"
    return (
        f"CASE WHEN {UNIT} IN ({short}) THEN sums.bucket_ms"
        f" WHEN {UNIT} = {literal_sql(Unit.HOUR.value)} THEN {hour} ELSE {day} END"
    )


def _listed(columns: Iterable[str]) -> str:
    return ",\n  ".join(columns)
