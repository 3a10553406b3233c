"""The dashboard Queues: every stay of a call in a queue."""

from typing import Final

from calltally.grafana import panels, variables
from calltally.grafana.calls import OUTCOMES
from calltally.grafana.panels import ANSWERED, BAD, COUNT, LENGTH, MISSED, SECONDS, SHARE, Look, Panel
from calltally.grafana.printing import Dashboard, DataSource, Line
from calltally.store.reports import questions
from calltally.store.reports.cells import field, over_time, totals
from calltally.store.reports.dialects import Dialect

UID: Final = "calltally-queues"
_FILTERS: Final = "A visit counts where it entered the queue. Queues filter it."
_CALL: Final = ("Open in calltally", f"${{{variables.BASE}}}/calls/${{__data.fields.call_id:percentencode}}")
_TURNED_AWAY: Final = ("full", "closed", "joinempty", "divert_ca_ratio", "divert_waittime")
_OUTCOMES: Final = {
    **OUTCOMES,
    "timeout": ("timed out", MISSED),
    "exit_with_key": ("left by key", "text"),
    "withdrawn": ("withdrawn", "text"),
    "leaveempty": ("nobody left", MISSED),
    **dict.fromkeys(_TURNED_AWAY, ("turned away", BAD)),
}
_HEAD: Final = (
    field("Offered", "offered_visits"),
    field("Answered", "answered_visits"),
    field("Abandoned", "abandoned_visits"),
    field("Answer rate", "visit_answer_rate"),
    field("Abandonment rate", "abandonment_rate"),
    field("Mean wait to answer", "visit_asa"),
    field("Mean talk time", "average_visit_talk_time"),
)
_UNITS: Final = {
    "Answer rate": SHARE,
    "Abandonment rate": SHARE,
    "Mean wait to answer": SECONDS,
    "Mean talk time": SECONDS,
}


def queues(dialect: Dialect, source: DataSource, address: str) -> Dashboard:
    """Return the dashboard for one kind of database; `address` is that of calltally's own pages."""
    return Dashboard(
        uid=UID,
        title="Queues",
        description="Every stay of a call in a queue: how many, how long, and what came of it.",
        source=source,
        variables=(
            variables.data_source(source),
            variables.queues(source),
            variables.time_unit(),
            variables.base(address),
        ),
        annotations=(variables.gaps(source, dialect),),
        refresh="1m",
        lines=(
            Line(4, ((24, _head(dialect)),)),
            Line(8, ((14, _by_queue(dialect)), (10, _waiting(dialect)))),
            Line(8, ((12, _visits(dialect)), (12, _rates(dialect)))),
            Line(8, ((12, _waits(dialect)), (12, _longest(dialect)))),
        ),
    )


def _head(dialect: Dialect) -> Panel:
    panel = panels.stat("The timespan", f"All visits of the timespan. {_FILTERS}", totals(dialect, _HEAD), unit=COUNT)
    return panels.with_looks(panel, {name: Look(unit=unit) for name, unit in _UNITS.items()})


def _by_queue(dialect: Dialect) -> Panel:
    looks = {each.name: Look(unit=_UNITS.get(each.name, COUNT)) for each in _HEAD}
    text = f"Each queue with its figures of the timespan. {_FILTERS}"
    return panels.table("Queues", text, totals(dialect, _HEAD, by="queue"), looks=looks)


def _waiting(dialect: Dialect) -> Panel:
    looks = {"time": Look(unit="dateTimeAsIso", name="entered", link=_CALL), "call_id": Look(hidden=True)}
    text = "Who waits in which queue at this moment, the oldest first. Queues filter it."
    return panels.table("Waiting now", text, questions.waiting_visits(dialect), looks=looks)


def _visits(dialect: Dialect) -> Panel:
    fields = (
        field("Answered", "answered_visits"),
        field("Abandoned", "abandoned_visits"),
        field("Timed out", "timeout_visits"),
        field("Left by key", "exit_with_key_visits"),
    )
    looks = {"Answered": Look(color=ANSWERED), "Abandoned": Look(color=MISSED), "Timed out": Look(color=BAD)}
    text = f"What came of visits, for each unit of time. {_FILTERS}"
    return panels.bars("Visits by outcome", text, over_time(dialect, fields), unit=COUNT, looks=looks, stacked=True)


def _rates(dialect: Dialect) -> Panel:
    fields = (field("Answer rate", "visit_answer_rate"), field("Abandonment rate", "abandonment_rate"))
    text = f"Shares of all offered visits; no point where nothing was offered. {_FILTERS}"
    return panels.lines("Rates", text, over_time(dialect, fields), unit=SHARE, looks={})


def _waits(dialect: Dialect) -> Panel:
    fields = (
        field("Answered", "visit_asa"),
        field("Abandoned", "average_time_to_abandon"),
        field("All", "average_visit_wait"),
    )
    text = f"Mean wait in the queue; no bar where nobody waited. {_FILTERS}"
    looks = {"Answered": Look(color=ANSWERED), "Abandoned": Look(color=MISSED)}
    return panels.bars("Mean waits", text, over_time(dialect, fields), unit=SECONDS, looks=looks)


def _longest(dialect: Dialect) -> Panel:
    looks = {
        "time": Look(unit="dateTimeAsIso", name="entered", link=_CALL),
        "wait": Look(unit=LENGTH),
        "outcome": Look(words=_OUTCOMES),
        "call_id": Look(hidden=True),
    }
    text = f"The visits that waited longest, whatever came of them. {_FILTERS}"
    return panels.table("Longest waits", text, questions.longest_visits(dialect), looks=looks)
