"""The dashboard Every Number: all numbers of the catalog that have a value over a range, so that none is missed."""

from typing import Final

from calltally.grafana import panels, variables
from calltally.grafana.panels import COUNT, SECONDS, SHARE, Panel
from calltally.grafana.printing import Dashboard, DataSource, Line
from calltally.metrics.catalog import METRICS
from calltally.metrics.formula import Gauge, Maximum, Percentile, sums_of
from calltally.metrics.metric import Metric, Unit
from calltally.store.reports import trends
from calltally.store.reports.cells import field, totals
from calltally.store.reports.dialects import Dialect
from calltally.store.reports.trends import Share

UID: Final = "calltally-numbers"
_UNITS: Final[dict[Unit, tuple[str, str]]] = {
    "count": ("Counts", COUNT),
    "ratio": ("Shares", SHARE),
    "seconds": ("Durations", SECONDS),
}
_SUBJECTS: Final = {"call": "calls", "visit": "queue visits"}
_FILTERS: Final = "Groups and teams filter calls, queues filter queue visits. docs/metrics.md defines each number."


def every_number(dialect: Dialect, source: DataSource, address: str) -> Dashboard:
    """Return the dashboard for one kind of database; `address` is that of calltally's own pages."""
    summed = [(12, _summed(dialect, subject, unit)) for unit in ("count", "ratio") for subject in _SUBJECTS]
    return Dashboard(
        uid=UID,
        title="Every Number",
        description="All numbers of the catalog over the chosen timespan.",
        source=source,
        variables=(
            variables.data_source(source),
            variables.groups(source),
            variables.teams(source),
            variables.queues(source),
            variables.base(address),
        ),
        annotations=(variables.gaps(source, dialect),),
        lines=(
            Line(9, tuple(summed[:2])),
            Line(6, tuple(summed[2:])),
            Line(6, ((12, _summed(dialect, "call", "seconds")), (12, _summed(dialect, "visit", "seconds")))),
            Line(5, ((9, _waits(dialect)), (6, _talks(dialect)), (9, _greatest(dialect)))),
        ),
    )


def _summed(dialect: Dialect, subject: str, unit: Unit) -> Panel:
    word, shown = _UNITS[unit]
    fields = [field(each.title, each.name) for each in METRICS if each.unit == unit and _subject(each) == subject]
    text = f"{word} of {_SUBJECTS[subject]} in the timespan. {_FILTERS}"
    return panels.stat(f"{word} of {_SUBJECTS[subject]}", text, totals(dialect, fields), unit=shown)


def _waits(dialect: Dialect) -> Panel:
    query = trends.percentiles(dialect, _shares("answered_wait"), is_split_by_time=False)
    text = f"Percentiles over the local days that begin in the timespan, exact within 2 %. {_FILTERS}"
    return panels.stat("Time to answer", text, query, unit=SECONDS)


def _talks(dialect: Dialect) -> Panel:
    query = trends.percentiles(dialect, _shares("talk"), is_split_by_time=False)
    text = f"Percentiles over the local days that begin in the timespan, exact within 2 %. {_FILTERS}"
    return panels.stat("Talk time", text, query, unit=SECONDS)


def _greatest(dialect: Dialect) -> Panel:
    found = [Share(name=each.title, metric=each.name) for each in METRICS if isinstance(each.formula, Maximum)]
    text = f"The longest of the timespan. {_FILTERS}"
    return panels.stat("Greatest", text, trends.greatest(dialect, found), unit=SECONDS)


def _shares(spread: str) -> list[Share]:
    return [
        Share(name=each.title, metric=each.name)
        for each in METRICS
        if isinstance(each.formula, Percentile) and each.formula.spread == spread
    ]


def _subject(metric: Metric) -> str | None:
    """Return what a number is made of, `None` if it is not made of sums."""
    formula = metric.formula
    if isinstance(formula, Maximum | Percentile | Gauge):
        return None
    return sums_of(formula)[0].subject
