"""What dashboards ask over longer times: whole days compared with those before, weekdays, percentiles, maxima."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from calltally.metrics.catalog import metric
from calltally.metrics.formula import Maximum, Percentile
from calltally.metrics.spread_sql import percentile_sql
from calltally.metrics.sql import formula_sql, literal_sql
from calltally.model.instants import DAY_MS
from calltally.store.reports.cells import (
    HALF_YEAR,
    LINES_CHOSEN,
    SINCE,
    UNIT,
    UNTIL,
    Field,
    alias,
)
from calltally.store.reports.dialects import Dialect

LONG_SPANS: Final = (7, 30, 365)
"""In days."""
COMPARED: Final = (7, 28, 364)
"""So many days before the other line of a comparison can be: whole weeks, so that weekdays meet."""

_COMPARED_MS: Final = (
    "CASE '$compare' "
    + " ".join(f"WHEN '{days}' THEN {days * DAY_MS}" for days in COMPARED)
    + f" ELSE {7 * DAY_MS} END"
)

_CHOSEN: Final = "\n    AND ".join(LINES_CHOSEN)
_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_UNIT_MS: Final = (
    f"CASE {UNIT} "
    + " ".join(f"WHEN {literal_sql(unit)} THEN d.{unit}_ms" for unit in ("week", "month", HALF_YEAR, "year"))
    + " ELSE d.day_ms END"
)


def day_before(instant: str, earlier_ms: int | str = 0) -> str:
    """Return when the local day began that an instant lies in, or one that lies some days of milliseconds before.

    A day may be an hour longer or shorter than others, so the day is looked for around the same time of day. Before
    the calendar begins there is nothing to count, so everything is after what is returned then.
    """
    last = f"(SELECT MAX(day_ms) FROM report_days WHERE day_ms <= {instant})"  # noqa: S608  our own names
    if earlier_ms != 0:
        about = f"{last} - {earlier_ms} + {DAY_MS // 2}"
        last = f"(SELECT MAX(day_ms) FROM report_days WHERE day_ms <= {about})"  # noqa: S608  our own names
    return f"COALESCE({last}, 0)"


def spans_compared(dialect: Dialect, fields: Sequence[Field]) -> str:
    """Return a row for each of the long spans of whole days before the end of the range, beside the same before it."""
    rows = []
    for days in LONG_SPANS:
        now, before = (
            _days(
                dialect,
                fields,
                since=day_before(UNTIL, (later + 1) * days * DAY_MS),
                until=day_before(UNTIL, later * days * DAY_MS),
            )
            for later in (0, 1)
        )
        shown = ", ".join(
            f"n.{alias(dialect, each.name)}, b.{alias(dialect, each.name)} AS {alias(dialect, each.name + ' before')}"
            for each in fields
        )
        rows.append(
            f"SELECT '{days} days' AS {alias(dialect, 'span')}, {shown}\nFROM (\n{now}\n) n CROSS JOIN (\n{before}\n) b"
        )
    return "\nUNION ALL\n".join(rows)


def compared_by_day(dialect: Dialect, fields: Sequence[Field], *, shifted: bool) -> str:
    """Return a row for each local day of the range, or the same some days before, put at the time of the day now."""
    since, until = day_before(SINCE), UNTIL
    start = "r.bucket_ms"
    if shifted:
        since, until = day_before(SINCE, _COMPARED_MS), f"{UNTIL} - {_COMPARED_MS}"
        about = f"r.bucket_ms + {_COMPARED_MS} + {DAY_MS // 2}"
        start = f"(SELECT MAX(day_ms) FROM report_days WHERE day_ms <= {about})"  # noqa: S608  our own names
    columns = ", ".join(_columns(dialect, fields))
    return (
        f"SELECT {start} AS {alias(dialect, 'time')}, {columns}\nFROM report_rollup_day r\n"
        f"WHERE r.bucket_ms >= {since} AND r.bucket_ms < {until}\n    AND {_CHOSEN}\n"
        f"GROUP BY r.bucket_ms\nORDER BY r.bucket_ms"
    )


def by_weekday(dialect: Dialect, counts: Sequence[Field], others: Sequence[Field]) -> str:
    """Return a row for each weekday: counts of an average day of it in the range, and ratios over all of them."""
    names = " ".join(f"WHEN {number} THEN '{name}'" for number, name in enumerate(_WEEKDAYS, 1))
    within = f"d.day_ms >= {SINCE} AND d.day_ms < {UNTIL}"
    shown = [
        *(f"{formula_sql(each.formula, 'r.')} * 1e0 / MAX(w.days) AS {alias(dialect, each.name)}" for each in counts),
        *_columns(dialect, others),
    ]
    return (
        f"SELECT CASE w.weekday {names} END AS {alias(dialect, 'weekday')}, {', '.join(shown)}\n"  # noqa: S608  our own names
        f"FROM (SELECT d.weekday, COUNT(*) AS days FROM report_days d WHERE {within} GROUP BY d.weekday) w\n"
        f"JOIN report_days d ON d.weekday = w.weekday AND {within}\n"
        f"JOIN report_rollup_day r ON r.bucket_ms = d.day_ms\nWHERE {_CHOSEN}\n"
        "GROUP BY w.weekday\nORDER BY w.weekday"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A column that is a percentile of the catalog."""

    name: str
    metric: str


def percentiles(dialect: Dialect, shares: Sequence[Share], *, is_split_by_time: bool) -> str:
    """Return percentiles of one duration over the local days that begin in the range, for each unit or in one row."""
    leaves = {each.name: _percentile(each.metric) for each in shares}
    first = next(iter(leaves.values()))
    if any((leaf.spread, leaf.direction) != (first.spread, first.direction) for leaf in leaves.values()):
        raise ValueError("percentiles of one question are those of one duration")
    direction = "" if first.direction is None else f" AND s.direction = {literal_sql(first.direction.value)}"
    unit = _UNIT_MS if is_split_by_time else "0"
    shown = ", ".join(
        f"{percentile_sql(leaf.share, reached='reached', total='total', value='seconds')} AS {alias(dialect, name)}"
        for name, leaf in leaves.items()
    )
    head = f"start_ms AS {alias(dialect, 'time')}, " if is_split_by_time else ""
    tail = "\nGROUP BY start_ms\nORDER BY start_ms" if is_split_by_time else ""
    keys = "start_ms, s.bin" if is_split_by_time else "s.bin"
    return (
        f"WITH bins AS (\n  SELECT {unit} AS start_ms, s.bin, MIN(s.seconds) AS seconds, SUM(s.durations) AS durations\n"  # noqa: S608, E501  our own names
        "  FROM report_spread_day s JOIN report_days d ON d.day_ms = s.bucket_ms\n"
        f"  WHERE s.bucket_ms >= {SINCE} AND s.bucket_ms < {UNTIL}\n"
        f"    AND s.spread = {literal_sql(first.spread)}{direction}\n    AND {_CHOSEN}\n"
        f"  GROUP BY {keys}\n), running AS (\n"
        "  SELECT start_ms, seconds, SUM(durations) OVER (PARTITION BY start_ms ORDER BY bin) AS reached,\n"
        "    SUM(durations) OVER (PARTITION BY start_ms) AS total\n  FROM bins\n)\n"
        f"SELECT {head}{shown}\nFROM running{tail}"
    )


def greatest(dialect: Dialect, names: Sequence[Share]) -> str:
    """Return the greatest durations of the range in one row."""
    shown = []
    for each in names:
        formula = metric(each.metric).formula
        if not isinstance(formula, Maximum):
            raise TypeError(f"{each.metric} is no greatest value")
        value: str = formula.column
        if formula.direction is not None:
            value = f"CASE WHEN direction = {literal_sql(formula.direction.value)} THEN {value} END"
        shown.append(f"{dialect.seconds(f'MAX({value})')} AS {alias(dialect, each.name)}")
    return (
        f"SELECT {', '.join(shown)}\nFROM report_calls\n"
        f"WHERE is_open IN (0, 1) AND started_at_ms >= {SINCE} AND started_at_ms < {UNTIL}\n    AND {_CHOSEN}"
    )


def _percentile(name: str) -> Percentile:
    formula = metric(name).formula
    if not isinstance(formula, Percentile):
        raise TypeError(f"{name} is no percentile")
    return formula


def _days(dialect: Dialect, fields: Sequence[Field], *, since: str, until: str) -> str:
    return (
        f"SELECT {', '.join(_columns(dialect, fields))}\nFROM report_rollup_day r\n"
        f"WHERE r.bucket_ms >= {since} AND r.bucket_ms < {until}\n    AND {_CHOSEN}"
    )


def _columns(dialect: Dialect, fields: Sequence[Field]) -> list[str]:
    return [f"{formula_sql(each.formula, 'r.')} AS {alias(dialect, each.name)}" for each in fields]
