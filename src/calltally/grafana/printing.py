"""From panels and variables to a dashboard in Classic JSON: ids, places, overrides."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final

from calltally.grafana.panels import NO_VALUE, SHARE, SOURCE, Json, Look, Panel, Query

SCHEMA_VERSION: Final = 41
WIDTH: Final = 24
TAG: Final = "calltally"
LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSource:
    """The kind of data source of a dashboard, and what one of its queries is in JSON beside its text."""

    kind: str
    query_key: str = "rawSql"


@dataclass(frozen=True, slots=True)
class Line:
    """Panels beside each other, each with its width of 24, and their height."""

    height: int
    panels: tuple[tuple[int, Panel], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """A dashboard.

    Attributes:
        uid: chosen by us and never changed, for it is part of addresses.
        span: the range that it opens with, up to now.
        refresh: how often it asks anew; empty for never.
        lines: from top to bottom; a text among them is a heading.
    """

    uid: str
    title: str
    description: str
    source: DataSource
    variables: tuple[Json, ...]
    lines: tuple[Line | str, ...]
    annotations: tuple[Json, ...] = ()
    span: str = "now-7d"
    refresh: str = ""


def printed(dashboard: Dashboard) -> Json:
    """Return a dashboard as Grafana reads it from a file."""
    return {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "description": dashboard.description,
        "tags": [TAG],
        "schemaVersion": SCHEMA_VERSION,
        "timezone": "browser",
        "editable": False,
        "graphTooltip": 1,
        "refresh": dashboard.refresh,
        "time": {"from": dashboard.span, "to": "now"},
        "timepicker": {},
        "links": [_siblings()],
        "annotations": {"list": [_built_in(), *dashboard.annotations]},
        "templating": {"list": list(dashboard.variables)},
        "panels": list(_panels(dashboard)),
    }


def _panels(dashboard: Dashboard) -> Iterable[Json]:
    ids = count(1)
    y = 0
    for line in dashboard.lines:
        if isinstance(line, str):
            place = {"x": 0, "y": y, "w": WIDTH, "h": 1}
            yield {"id": next(ids), "type": "row", "title": line, "collapsed": False, "gridPos": place, "panels": []}
            y += 1
            continue
        x = 0
        for width, panel in line.panels:
            place = {"x": x, "y": y, "w": width, "h": line.height}
            yield _panel(panel, next(ids), place, dashboard.source)
            x += width
        y += line.height


def _panel(panel: Panel, number: int, place: Json, source: DataSource) -> Json:
    reference = {"type": source.kind, "uid": SOURCE}
    defaults = {"unit": panel.unit, "noValue": NO_VALUE, **_limits(panel.unit), **panel.defaults}
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "gridPos": place,
        "datasource": reference,
        "targets": [
            _target(letter, query, reference, source) for letter, query in zip(LETTERS, panel.queries, strict=False)
        ],
        "fieldConfig": {
            "defaults": {**defaults, "custom": panel.custom},
            "overrides": [_override(name, look) for name, look in panel.looks.items()],
        },
        "options": panel.options,
        **panel.further,
    }


def _target(letter: str, query: Query, reference: Json, source: DataSource) -> Json:
    target: Json = {"refId": letter, "datasource": reference, source.query_key: query.text, "editorMode": "code"}
    if source.query_key == "expr":
        name = query.name or "__auto"
        return target | {"range": query.series, "instant": not query.series, "legendFormat": name}
    return target | {"format": "time_series" if query.series else "table", "rawQuery": True}


def _limits(unit: str) -> Json:
    """Return where values of a unit lie: counts are whole, shares between 0 and 1."""
    if unit == SHARE:
        return {"min": 0, "max": 1, "decimals": 1}
    return {"decimals": 0} if unit in {"short", "none"} else {}


def _override(name: str, look: Look) -> Json:
    properties: list[tuple[str, object]] = []
    if look.unit is not None:
        properties += [("unit", look.unit), *_limits(look.unit).items()]
    if look.color is not None:
        properties.append(("color", {"mode": "fixed", "fixedColor": look.color}))
    if look.name is not None:
        properties.append(("displayName", look.name))
    if look.hidden:
        properties.append(("custom.hidden", True))
    if look.link is not None:
        title, address = look.link
        properties.append(("links", [{"title": title, "url": address, "targetBlank": True}]))
    if look.words:
        options = {
            value: {"index": place, "text": text, "color": color}
            for place, (value, (text, color)) in enumerate(look.words.items())
        }
        properties += [("mappings", [{"type": "value", "options": options}]), *_COLOURED_TEXT]
    if look.right:
        properties += _LINE_AT_THE_RIGHT
    if look.width is not None:
        properties.append(("custom.width", look.width))
    return {
        "matcher": {"id": "byName", "options": name},
        "properties": [{"id": key, "value": value} for key, value in properties],
    }


_COLOURED_TEXT: Final[Sequence[tuple[str, object]]] = (("custom.cellOptions", {"type": "color-text"}),)
_LINE_AT_THE_RIGHT: Final[Sequence[tuple[str, object]]] = (
    ("custom.axisPlacement", "right"),
    ("custom.drawStyle", "line"),
    ("custom.lineWidth", 2),
    ("custom.fillOpacity", 0),
    ("custom.showPoints", "always"),
    ("custom.stacking", {"mode": "none", "group": "B"}),
)


def _siblings() -> Json:
    """Return the link to the other dashboards of calltally, with the range and the choices of this one."""
    return {
        "type": "dashboards",
        "title": "calltally",
        "tags": [TAG],
        "asDropdown": True,
        "icon": "external link",
        "includeVars": True,
        "keepTime": True,
        "targetBlank": False,
        "tooltip": "",
        "url": "",
    }


def _built_in() -> Json:
    return {
        "builtIn": 1,
        "datasource": {"type": "grafana", "uid": "-- Grafana --"},
        "enable": True,
        "hide": True,
        "iconColor": "rgba(0, 211, 255, 1)",
        "name": "Annotations & Alerts",
        "type": "dashboard",
    }
