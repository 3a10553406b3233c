"""What a dashboard shows beside what calltally itself says: ranges, choices, and how both are asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isclose
from typing import Any, Final

from calltally.engine.answers import Answer, Question, Selection
from calltally.model.buckets import Unit
from calltally.model.instants import DAY_MS, HOUR_MS, MINUTE_MS, Span
from tests.grafana.expansion import targets
from tests.grafana.frames import Table
from tests.grafana.loading import Loaded, dashboards, load, shown
from tests.grafana.odd_site import NOW_MS, ODD_NAMES
from tests.grafana.worlds import World

CALL_STATISTICS: Final = "calltally-calls"
OVERVIEW: Final = "calltally-trends"
QUEUES: Final = "calltally-queues"
NUMBERS: Final = "calltally-numbers"
MONTH: Final = Span(NOW_MS - 30 * DAY_MS, NOW_MS)
RANGES: Final = {
    "30 days": MONTH,
    "60 days": Span(NOW_MS - 60 * DAY_MS, NOW_MS + 1),
    "a day and two hours, with odd ends": Span(NOW_MS - 26 * HOUR_MS + 123, NOW_MS - 7 * MINUTE_MS + 7),
    "the day the clocks go back": Span(1_792_800_000_000, 1_793_059_200_000),  # 2026-10-24 to 27, UTC midnights
    "eight minutes within a quarter hour": Span(NOW_MS - 3 * DAY_MS, NOW_MS - 3 * DAY_MS + 8 * MINUTE_MS),
    "minutes on both sides of a quarter": Span(NOW_MS - 20 * MINUTE_MS, NOW_MS),
    "before anything was heard": Span(1_580_000_000_000, 1_582_000_000_000),
}
NORTH, SOUTH, HOTLINE, DROP, SILENT = ODD_NAMES[:5]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a viewer has chosen, and the same for the API."""

    variables: Mapping[str, tuple[str, ...]]
    selection: Selection


def choice(*, team: tuple[str, ...] | None = None, group: tuple[str, ...] | None = None) -> Choice:
    """Return a choice of teams and groups; `None` is All."""
    chosen = {"team": team, "group": group}
    return Choice(
        variables={name: texts for name, texts in chosen.items() if texts is not None},
        selection=Selection(teams=team, groups=group),
    )


ALL: Final = choice()
CHOICES: Final = {
    "everything": ALL,
    "one team": choice(team=(NORTH,)),
    "two teams that overlap": choice(team=(NORTH, HOTLINE)),
    "a team without calls": choice(team=(SILENT,)),
    "in no team": choice(team=("Other",)),
    "a team, and in none": choice(team=(DROP, "Other")),
    "every team by name": choice(team=(*ODD_NAMES[:5], "Other")),
    "one group": choice(group=(SOUTH,)),
    "two groups": choice(group=(HOTLINE, DROP)),
    "a group and a team": choice(group=(SOUTH,), team=(HOTLINE, NORTH)),
    "in no group": choice(group=("Other",)),
}

REST: Final = {
    "in_progress_inbound": ("inbound_calls", "answered_inbound_calls", "unanswered_inbound_calls"),
    "in_progress_outbound": ("outbound_calls", "answered_outbound_calls", "unanswered_outbound_calls"),
}
"""What is left of the first when the others are taken away."""


def loaded(grafana: World, uid: str, span: Span, chosen: Choice = ALL, *, unit: str | None = None) -> Loaded:
    """Return a dashboard over a range, with what is chosen of the variables that it has."""
    dashboard = next(each for _, each in dashboards(grafana.reader.kind) if each["uid"] == uid)
    names = {variable["name"] for variable in dashboard["templating"]["list"]}
    wanted = {**chosen.variables, **({"unit": (unit,)} if unit else {})}
    return load(
        dashboard,
        grafana.reader,
        from_ms=span.since_ms,
        to_ms=span.until_ms,
        chosen={name: texts for name, texts in wanted.items() if name in names},
    )


def panel(grafana: World, dashboard: Loaded, title: str) -> list[Any]:
    """Return what each query of a panel shows."""
    found = [target for target in targets(dashboard.dashboard) if target.panel == title]
    assert found, title
    return [shown(dashboard.query(target), grafana.reader) for target in found]


def rows(grafana: World, dashboard: Loaded, title: str) -> list[dict[str, object]]:
    """Return the rows of a panel with one query."""
    (table,) = panel(grafana, dashboard, title)
    assert isinstance(table, Table)
    return list(table.dictionaries())


def same(found: object, expected: float | None) -> bool:
    """Return whether a figure of Grafana is that of the API: whole numbers exactly, ratios as far as floats go."""
    if found is None or expected is None:
        return found is expected
    assert isinstance(found, (int, float))
    return isclose(found, expected, rel_tol=1e-9, abs_tol=1e-9)


def metrics_of(columns: Mapping[str, str]) -> tuple[str, ...]:
    """Return the numbers of the catalog that some columns need."""
    return tuple(dict.fromkeys(name for column in columns.values() for name in REST.get(column, (column,))))


def asked(
    grafana: World, columns: Mapping[str, str], span: Span, chosen: Choice = ALL, unit: Unit | None = None
) -> tuple[Answer, list[dict[str, float | None]]]:
    """Return the API's answer, and what it says for each column of each of its rows, the whole range first."""
    parts = grafana.parts
    names = metrics_of(columns)
    question = Question(metrics=names, span=span, zone=parts.zone, unit=unit, selection=chosen.selection)
    answer = parts.questions.ask(question)
    said: list[dict[str, float | None]] = []
    for row in (answer.total, *answer.rows):
        values = {name: value.value for name, value in zip(names, row.values, strict=True)}
        said.append({column: _said(values, name) for column, name in columns.items()})
    return answer, said


def _said(values: Mapping[str, float | None], name: str) -> float | None:
    if name not in REST:
        return values[name]
    first, *others = (values[each] or 0 for each in REST[name])
    return first - sum(others)
