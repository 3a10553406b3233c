"""Views of roll-ups and of the calendar that cuts them."""

from typing import Final

from calltally.metrics.measures import CALL_MEASURES, VISIT_MEASURES, Measure
from calltally.metrics.spread import RATIO
from calltally.store.reports.dialects import Dialect
from calltally.store.reports.view import Column, View, fixed, made, plain, renamed

_CALL_CELL: Final = {
    "source": "The phone system.",
    "direction": "inbound, outbound or internal.",
    "lines_id": "The set of own numbers that took part.",
}
_VISIT_CELL: Final = {"source": "The phone system.", "queue": "The queue."}
_QUARTER: Final = "a quarter hour"
_DAY: Final = "a local day of the site"


def _bucket(what: str) -> tuple[Column, Column]:
    return (
        made("bucket_at", f"When {what} begins.", lambda dialect: dialect.instant("r.bucket_ms")),
        made("bucket_ms", "The same, milliseconds since 1970.", "r.bucket_ms"),
    )


def _sums(measures: tuple[Measure, ...]) -> tuple[Column, ...]:
    return tuple(renamed("r.", measure.name, measure.name, f"Sum: {measure.help}.") for measure in measures)


def _of_calls(name: str, table: str, what: str) -> View:
    return View(
        name=name,
        help=f"Sums of calls for {what}, source, direction and set of own numbers. Add them up before you divide.",
        columns=(*_bucket(what), *plain("r.", **_CALL_CELL), *_sums(CALL_MEASURES)),
        source=fixed(f"{table} r"),
    )


def _of_visits(name: str, table: str, what: str) -> View:
    return View(
        name=name,
        help=f"Sums of queue visits for {what}, source and queue.",
        columns=(*_bucket(what), *plain("r.", **_VISIT_CELL), *_sums(VISIT_MEASURES)),
        source=fixed(f"{table} r"),
    )


def _spread(name: str, table: str, what: str) -> View:
    return View(
        name=name,
        help=f"How many durations of calls fall into each bin, for {what}; for percentiles (metrics/spread.py).",
        columns=(
            *_bucket(what),
            *plain("r.", spread="answered_wait, unanswered_wait or talk.",
                   bin=f"The bin; each is {RATIO - 1:.0%} longer than the one before.", **_CALL_CELL),
            made("seconds", "The duration that stands for the bin.", _bin_seconds),
            renamed("r.", "count", "durations", "How many durations fall into the bin."),
        ),
        source=fixed(f"{table} r"),
    )  # fmt: skip


def _bin_seconds(dialect: Dialect) -> str:
    """Return `metrics.spread.value_of` in seconds."""
    ratio = dialect.seconds(str(round(RATIO * 1000)))
    middle = f"(POWER({ratio}, r.bin - 1) + POWER({ratio}, r.bin)) / 2"
    return f"CASE WHEN r.bin > 0 THEN ROUND({middle}) / 1e3 ELSE 0 END"


DAYS: Final = View(
    name="report_days",
    help="The site's calendar: local days with the instants at which their weeks, months and years begin.",
    columns=(
        made("day_at", "When the day begins.", lambda dialect: dialect.instant("d.day_ms")),
        *plain("d.", day_ms="The same, milliseconds since 1970.", local_on="Its date, YYYY-MM-DD.",
               weekday="1 for Monday to 7 for Sunday.", week_ms="When its week begins (Monday).",
               month_ms="When its month begins.", half_year_ms="When its half year begins.",
               year_ms="When its year begins."),
    ),
    source=fixed("days d"),
)  # fmt: skip

FIGURE_VIEWS: Final = (
    _of_calls("report_rollup_quarter_hour", "call_quarter", _QUARTER),
    _of_calls("report_rollup_day", "call_day", _DAY),
    _of_visits("report_visit_rollup_quarter_hour", "visit_quarter", _QUARTER),
    _of_visits("report_visit_rollup_day", "visit_day", _DAY),
    _spread("report_spread_quarter_hour", "spread_quarter", _QUARTER),
    _spread("report_spread_day", "spread_day", _DAY),
    DAYS,
)
