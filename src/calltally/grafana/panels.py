"""Panels as small functions, in the words of Grafana's Classic JSON (schema 41, Grafana 11.6 and later)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

Json: TypeAlias = dict[str, Any]
"""A part of a dashboard: the encode boundary of this room."""

Steps: TypeAlias = Sequence[tuple[float | None, str]]
"""From which value on which colour; the first has none."""

SOURCE: Final = "${ds}"
"""Every query goes to the data source that the reader has chosen."""
NO_VALUE: Final = "–"  # noqa: RUF001  the dash that pages show where there is nothing

COUNT: Final = "short"
SHARE: Final = "percentunit"
SECONDS: Final = "s"
LENGTH: Final = "dthms"
"""Hours, minutes and seconds."""

ANSWERED: Final = "green"
MISSED: Final = "orange"
OPEN: Final = "blue"
MAILBOX: Final = "purple"
PLAIN: Final = "text"
LATE: Final = "yellow"
BAD: Final = "red"


_LEGEND: Final[Json] = {"showLegend": True, "displayMode": "list", "placement": "bottom", "calcs": []}


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A question to the data source.

    Attributes:
        series: whether the answer is one over time.
        name: of the series, where the data source does not name it.
    """

    text: str
    series: bool = False
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How one column of an answer looks, where it is not as the panel says."""

    unit: str | None = None
    color: str | None = None
    name: str | None = None
    hidden: bool = False
    link: tuple[str, str] | None = None
    """Title and address."""
    words: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Value -> what to show for it, and its colour."""
    right: bool = False
    """Whether the column has an axis of its own, at the right, and is drawn as a line."""
    width: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A panel without its place.

    Attributes:
        unit: of every column that has none of its own.
        looks: by the name of the column.
        further: fields of the panel beside the usual ones.
    """

    kind: str
    title: str
    description: str
    unit: str
    queries: tuple[Query, ...]
    options: Json
    custom: Json = field(default_factory=dict)
    defaults: Json = field(default_factory=dict)
    looks: Mapping[str, Look] = field(default_factory=dict)
    further: Json = field(default_factory=dict)


def stat(
    title: str,
    description: str,
    *queries: Query | str,
    unit: str,
    steps: Sequence[tuple[float | None, str]] = ((None, PLAIN),),
) -> Panel:
    """Return a panel with one number for each column."""
    return Panel(
        kind="stat",
        title=title,
        description=description,
        unit=unit,
        queries=_asked(queries, series=False),
        options={
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            "orientation": "auto",
            "textMode": "auto",
            "wideLayout": True,
            "colorMode": "value",
            "graphMode": "none",
            "justifyMode": "auto",
            "showPercentChange": False,
            "percentChangeColorMode": "standard",
        },
        defaults={
            "color": {"mode": "thresholds"},
            "thresholds": {"mode": "absolute", "steps": [{"value": value, "color": color} for value, color in steps]},
        },
    )


def with_looks(panel: Panel, looks: Mapping[str, Look]) -> Panel:
    """Return a panel some of whose columns look otherwise."""
    return replace(panel, looks={**panel.looks, **looks})


def with_defaults(panel: Panel, defaults: Json) -> Panel:
    """Return a panel with further defaults of its columns."""
    return replace(panel, defaults={**panel.defaults, **defaults})


def pie(title: str, description: str, query: str, *, looks: Mapping[str, Look]) -> Panel:
    """Return the columns of one row as parts of a whole, with counts and shares."""
    return Panel(
        kind="piechart",
        title=title,
        description=description,
        unit=COUNT,
        queries=(Query(text=query),),
        options={
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            "pieType": "donut",
            "displayLabels": ["percent"],
            "legend": {
                "showLegend": True,
                "displayMode": "table",
                "placement": "right",
                "values": ["value", "percent"],
            },
            "tooltip": {"mode": "single", "sort": "none"},
        },
        defaults={"color": {"mode": "palette-classic"}},
        looks=looks,
    )


def bars(
    title: str, description: str, *queries: Query | str, unit: str, looks: Mapping[str, Look], stacked: bool = False
) -> Panel:
    """Return bars over time; where there is no bar, nothing was counted, and a mean without calls has none."""
    return _over_time(
        title,
        description,
        queries,
        unit=unit,
        looks=looks,
        custom={
            "drawStyle": "bars",
            "barAlignment": 0,
            "fillOpacity": 70,
            "lineWidth": 0,
            "showPoints": "never",
            "stacking": {"mode": "normal" if stacked else "none", "group": "A"},
        },
    )


def lines(title: str, description: str, *queries: Query | str, unit: str, looks: Mapping[str, Look]) -> Panel:
    """Return lines over time, broken where there is no value."""
    return _over_time(
        title,
        description,
        queries,
        unit=unit,
        looks=looks,
        custom={
            "drawStyle": "line",
            "lineInterpolation": "linear",
            "lineWidth": 2,
            "fillOpacity": 0,
            "showPoints": "auto",
            "stacking": {"mode": "none", "group": "A"},
        },
    )


def table(title: str, description: str, query: str, *, looks: Mapping[str, Look], unit: str = "none") -> Panel:
    """Return a table in the order of its rows."""
    return Panel(
        kind="table",
        title=title,
        description=description,
        unit=unit,
        queries=(Query(text=query),),
        options={"showHeader": True, "cellHeight": "sm", "footer": {"show": False, "reducer": ["sum"], "fields": ""}},
        custom={"align": "auto", "cellOptions": {"type": "auto"}, "inspect": False},
        looks=looks,
    )


def columns(title: str, description: str, query: str, *, axis: str, unit: str, looks: Mapping[str, Look]) -> Panel:
    """Return bars beside each other, one group for each row, named by the column `axis`."""
    return Panel(
        kind="barchart",
        title=title,
        description=description,
        unit=unit,
        queries=(Query(text=query),),
        options={
            "xField": axis,
            "orientation": "auto",
            "showValue": "auto",
            "stacking": "none",
            "groupWidth": 0.7,
            "barWidth": 0.9,
            "xTickLabelRotation": 0,
            "legend": _LEGEND,
            "tooltip": {"mode": "multi", "sort": "none"},
        },
        custom={"fillOpacity": 70, "lineWidth": 0},
        looks=looks,
        further={"maxDataPoints": 100},
    )


def _over_time(
    title: str, description: str, queries: Sequence[Query | str], *, unit: str, looks: Mapping[str, Look], custom: Json
) -> Panel:
    return Panel(
        kind="timeseries",
        title=title,
        description=description,
        unit=unit,
        queries=_asked(queries, series=True),
        options={
            "legend": _LEGEND,
            "tooltip": {"mode": "multi", "sort": "none"},
        },
        custom={"axisSoftMin": 0, "spanNulls": False, **custom},
        defaults={"color": {"mode": "palette-classic"}},
        looks=looks,
        further={"interval": "1m", "maxDataPoints": 2000},
    )


def _asked(queries: Sequence[Query | str], *, series: bool) -> tuple[Query, ...]:
    return tuple(Query(text=each, series=series) if isinstance(each, str) else each for each in queries)
