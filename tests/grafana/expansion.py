"""Grafana's way from a panel to the SQL that a database gets, without Grafana: the five steps in one place.

The steps are those of the documentation and of the published front end; each has its own module beside this one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tests.grafana.interpolation import Variable, built_in, interpolated
from tests.grafana.intervals import step_of, step_text
from tests.grafana.macros import Asked, Fill, Kind, with_globals, with_macros
from tests.grafana.refusals import ExpansionError

_OPTION_COLUMNS: Final = ("__text", "__value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One query of one panel."""

    panel: str
    ref_id: str
    sql: str
    format: str
    points: int | None = None
    least: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What a database gets for a target."""

    target: Target
    sql: str
    fill: Fill | None
    asked: Asked


def targets(dashboard: Mapping[str, Any]) -> Iterator[Target]:
    """Yield every SQL query of every panel of a dashboard, those in closed rows and annotations included."""
    for panel in _panels(dashboard["panels"]):
        for target in panel.get("targets", ()):
            if "rawSql" in target:
                yield Target(
                    panel=panel["title"],
                    ref_id=target["refId"],
                    sql=target["rawSql"],
                    format=target.get("format", "time_series"),
                    points=panel.get("maxDataPoints"),
                    least=panel.get("interval"),
                )
    for annotation in dashboard.get("annotations", {}).get("list", ()):
        sql = annotation.get("rawQuery") or annotation.get("target", {}).get("rawSql")
        if isinstance(sql, str):
            yield Target(panel=f"annotation {annotation['name']}", ref_id="Anno", sql=sql, format="table")


def _panels(panels: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for panel in panels:
        if panel["type"] == "row":
            yield from _panels(panel.get("panels", []))
        else:
            yield panel


def expanded(
    target: Target, kind: Kind, *, from_ms: int, to_ms: int, variables: Mapping[str, Variable] | None = None
) -> Query:
    """Return what the database gets for a target, over a range and with chosen variables.

    Raises:
        ExpansionError: Grafana would refuse it.
    """
    step_ms = step_of(to_ms - from_ms, points=target.points, least=target.least)
    known = {**built_in(from_ms, to_ms, step_ms=step_ms, step=step_text(step_ms)), **(variables or {})}
    asked = Asked(kind=kind, from_ms=from_ms, to_ms=to_ms, step_ms=step_ms)
    sql, fill = with_macros(with_globals(interpolated(target.sql, known), asked), asked)
    if fill is not None and target.format != "time_series":
        raise ExpansionError("empty buckets are filled in time series only")
    return Query(target=target, sql=sql, fill=fill, asked=asked)


def variable_query(variable: Mapping[str, Any]) -> Target | None:
    """Return the query of a query variable, `None` for variables that ask nothing."""
    if variable["type"] != "query":
        return None
    query = variable["query"]
    sql = query if isinstance(query, str) else query["rawSql"]
    return Target(panel=f"variable {variable['name']}", ref_id="variable", sql=sql, format="table")


def options_of(columns: tuple[str, ...], rows: tuple[tuple[object, ...], ...]) -> dict[str, str]:
    """Return the options that a query variable makes of a result: value by text, unique by text."""
    found: dict[str, str] = {}
    if set(_OPTION_COLUMNS) <= set(columns):
        text, value = (columns.index(name) for name in _OPTION_COLUMNS)
        pairs = [(str(row[text]), str(row[value])) for row in rows]
    else:
        pairs = [(str(each), str(each)) for place in range(len(columns)) for each in (row[place] for row in rows)]
    for name, each in pairs:
        found.setdefault(name, each)
    return found
