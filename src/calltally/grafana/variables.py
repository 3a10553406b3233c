"""Variables of dashboards, and the marks of times in which something was not heard."""

from collections.abc import Sequence
from typing import Final

from calltally.grafana.panels import SOURCE, Json
from calltally.grafana.printing import DataSource
from calltally.store.reports import questions
from calltally.store.reports.cells import ALL, HALF_YEAR
from calltally.store.reports.dialects import Dialect
from calltally.store.reports.trends import COMPARED

BASE: Final = "calltally"
"""Holds the address of calltally's own pages, for links."""
_UNITS: Final = (
    ("1 minute", "minute"),
    ("15 minutes", "quarter"),
    ("1 hour", "hour"),
    ("1 day", "day"),
    ("1 week", "week"),
    ("1 month", "month"),
    ("6 months", HALF_YEAR),
    ("1 year", "year"),
)
_LONG_UNITS: Final = tuple(unit for unit in _UNITS if unit[1] in {"day", "week", "month", HALF_YEAR, "year"})


def data_source(source: DataSource) -> Json:
    """Return the choice of the data source."""
    return {
        "name": "ds",
        "label": "Data source",
        "description": "Where the figures come from.",
        "type": "datasource",
        "query": source.kind,
        "refresh": 1,
        "sort": 0,
        "multi": False,
        "includeAll": False,
        "hide": 0,
        "options": [],
        "regex": "",
        "skipUrlSync": False,
    }


def groups(source: DataSource) -> Json:
    """Return the filter for groups."""
    return _choices(
        source, "group", "Groups", "Groups of the phone system; Other is what is in none.", questions.groups()
    )


def teams(source: DataSource) -> Json:
    """Return the filter for teams."""
    text = "Teams of the site; a call belongs to every team one of whose numbers took part. Other is what is in none."
    return _choices(source, "team", "Teams", text, questions.teams())


def queues(source: DataSource) -> Json:
    """Return the filter for queues."""
    return _choices(source, "queue", "Queues", "Queues that have been heard of.", questions.queues())


def time_unit(*, only_long: bool = False) -> Json:
    """Return the choice of how long a bar is."""
    if only_long:
        return _words("unit", "Time unit", "How long each bar is.", _LONG_UNITS, "day")
    return _words("unit", "Time unit", "How long each bar is; days and longer are those of the site.", _UNITS, "hour")


def compare() -> Json:
    """Return the choice of what to compare with."""
    choices = [(f"{days} days before", str(days)) for days in COMPARED]
    return _words("compare", "Compare with", "The other line of a comparison.", choices, str(COMPARED[0]))


def base(address: str) -> Json:
    """Return the address of calltally's pages, which readers cannot change."""
    return {
        "name": BASE,
        "label": "calltally",
        "description": "Address of calltally's own pages, for links.",
        "type": "constant",
        "query": address,
        "current": {"text": address, "value": address},
        "hide": 2,
        "options": [],
        "skipUrlSync": True,
    }


def gaps(source: DataSource, dialect: Dialect) -> Json:
    """Return the marks of times in which something could not be heard."""
    reference = {"type": source.kind, "uid": SOURCE}
    return {
        "name": "Not heard",
        "datasource": reference,
        "enable": True,
        "hide": False,
        "iconColor": "red",
        "target": {
            "refId": "Anno",
            "datasource": reference,
            "rawSql": questions.gaps(dialect),
            "format": "table",
            "rawQuery": True,
            "editorMode": "code",
            # Grafana's schema knows only the marks of its own database, which have these.
            "limit": 100,
            "matchAny": False,
            "tags": [],
            "type": "dashboard",
        },
    }


def _choices(source: DataSource, name: str, label: str, explanation: str, query: str) -> Json:
    """Return a filter of several values.

    The values are keys made of hexadecimal digits, so names may hold anything. All is a word of its own: it also lets
    through what is in no list, and holds while the list is empty.
    """
    return several(source, name, label, explanation, query, every=ALL, refresh=1, sort=0)


def several(
    source: DataSource, name: str, label: str, explanation: str, query: str, *, every: str, refresh: int, sort: int
) -> Json:
    """Return a filter of several values that the data source is asked for.

    Args:
        source: which data source.
        name: of the variable.
        label: before the filter.
        explanation: what is chosen.
        query: gives the values.
        every: what stands for all of them.
        refresh: when the values are asked for anew: 1 when the dashboard is opened, 2 also when the time changes.
        sort: 0 as they come, 1 by the alphabet.
    """
    return {
        "name": name,
        "label": label,
        "description": explanation,
        "type": "query",
        "datasource": {"type": source.kind, "uid": SOURCE},
        "query": query,
        "definition": query,
        "refresh": refresh,
        "sort": sort,
        "multi": True,
        "includeAll": True,
        "allValue": every,
        "allowCustomValue": False,
        "current": {"text": ["All"], "value": ["$__all"]},
        "hide": 0,
        "options": [],
        "regex": "",
        "skipUrlSync": False,
    }


def _words(name: str, label: str, explanation: str, choices: Sequence[tuple[str, str]], first: str) -> Json:
    return {
        "name": name,
        "label": label,
        "description": explanation,
        "type": "custom",
        "query": ",".join(f"{text} : {value}" for text, value in choices),
        "multi": False,
        "includeAll": False,
        "allowCustomValue": False,
        "current": next({"text": text, "value": value} for text, value in choices if value == first),
        "hide": 0,
        "options": [{"text": text, "value": value, "selected": value == first} for text, value in choices],
        "skipUrlSync": False,
    }
