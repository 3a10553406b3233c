"""A dashboard as a browser loads it: its variables one after the other, each with its options and what is chosen."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.grafana.expansion import Query, Target, expanded, options_of, targets, variable_query
from tests.grafana.frames import Table, filled, series_of, table_of
from tests.grafana.interpolation import ALL, Variable
from tests.grafana.macros import Kind
from tests.grafana.reader import Reader

DEPLOYED: Final = Path(__file__).resolve().parents[2] / "deploy" / "grafana"
_FOLDERS: Final = {Kind.POSTGRESQL: "postgresql", Kind.MYSQL: "mariadb"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A dashboard over a range, with everything chosen."""

    dashboard: Mapping[str, Any]
    kind: Kind
    from_ms: int
    to_ms: int
    variables: Mapping[str, Variable]

    def queries(self) -> list[Query]:
        """Return what the database gets for every panel."""
        return [self.query(target) for target in targets(self.dashboard)]

    def query(self, target: Target) -> Query:
        """Return what the database gets for a query of a panel."""
        return expanded(target, self.kind, from_ms=self.from_ms, to_ms=self.to_ms, variables=self.variables)


def dashboards(kind: Kind) -> list[tuple[str, Mapping[str, Any]]]:
    """Return every shipped dashboard for a data source that has SQL queries, with its name."""
    files = sorted((DEPLOYED / _FOLDERS[kind]).glob("dashboards/**/*.json"))
    found = [(file.stem, json.loads(file.read_text(encoding="utf-8"))) for file in files]
    return [(name, dashboard) for name, dashboard in found if any(True for _ in targets(dashboard))]


def load(
    dashboard: Mapping[str, Any],
    reader: Reader,
    *,
    from_ms: int,
    to_ms: int,
    chosen: Mapping[str, Sequence[str]] | None = None,
) -> Loaded:
    """Return a dashboard with its variables.

    Args:
        dashboard: as shipped.
        reader: who asks for the options.
        from_ms: where the range begins.
        to_ms: where it ends.
        chosen: the texts of options that are chosen, by variable; of others all, or what the dashboard says.
    """
    known: dict[str, Variable] = {}
    for variable in dashboard.get("templating", {}).get("list", ()):
        options = _options(variable, reader, from_ms, to_ms, known)
        known[variable["name"]] = _variable(variable, options, (chosen or {}).get(variable["name"]))
    return Loaded(dashboard=dashboard, kind=reader.kind, from_ms=from_ms, to_ms=to_ms, variables=known)


def _options(
    variable: Mapping[str, Any], reader: Reader, from_ms: int, to_ms: int, known: Mapping[str, Variable]
) -> dict[str, str]:
    target = variable_query(variable)
    if target is not None:
        result = reader.ask(expanded(target, reader.kind, from_ms=from_ms, to_ms=to_ms, variables=known).sql)
        return options_of(result.columns, tuple(result.rows))
    if variable["type"] in {"custom", "interval"}:
        pairs = [item.strip().partition(" : ") for item in str(variable["query"]).split(",")]
        return {text: value or text for text, _, value in pairs}
    return {}


def _variable(variable: Mapping[str, Any], options: Mapping[str, str], chosen: Sequence[str] | None) -> Variable:
    is_multi, has_all = bool(variable.get("multi")), bool(variable.get("includeAll"))
    value: str | list[str]
    if chosen is not None:
        values = [options[text] for text in chosen]
        value = values if is_multi else values[0]
    elif has_all:
        value = [ALL] if is_multi else ALL
    else:
        current = variable.get("current", {}).get("value") or next(iter(options.values()), "")
        value = list(current) if isinstance(current, list) else str(current)
    return Variable(
        value=value,
        multi=is_multi,
        include_all=has_all,
        all_value=variable.get("allValue"),
        options=tuple(options.values()),
    )


def shown(query: Query, reader: Reader) -> Table | Mapping[Any, Any]:
    """Return what a panel shows: a table, or its series with every bucket.

    Raises:
        ShapeError: Grafana could not use the result.
    """
    result = reader.ask(query.sql)
    if query.target.format != "time_series":
        return table_of(result.columns, result.rows, query.asked.kind)
    series = series_of(result.columns, result.rows, query.asked.kind)
    if query.fill is None:
        return series
    fill = query.fill
    return {name: filled(points, fill, query.asked.from_ms, query.asked.to_ms) for name, points in series.items()}
