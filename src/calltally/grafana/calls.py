"""The dashboard Call Statistics: what a team sees of its calls, by group, team, time unit and timespan."""

from typing import Final

from calltally.grafana import panels, variables
from calltally.grafana.panels import (
    ANSWERED,
    BAD,
    COUNT,
    LATE,
    LENGTH,
    MAILBOX,
    MISSED,
    OPEN,
    SECONDS,
    SHARE,
    Look,
    Panel,
)
from calltally.grafana.printing import Dashboard, DataSource, Line
from calltally.metrics.formula import Minus
from calltally.metrics.now_sql import NowState
from calltally.store.reports import questions
from calltally.store.reports.cells import Field, additive, field, over_time, totals
from calltally.store.reports.dialects import Dialect

UID: Final = "calltally-calls"
_FILTERS: Final = "Groups and teams filter it."
_BY_START: Final = f"A call counts where it began. {_FILTERS}"
_NOW: Final = f"This moment, whatever the timespan is. {_FILTERS}"
_CALL: Final = ("Open in calltally", f"${{{variables.BASE}}}/calls/${{__data.fields.call_id:percentencode}}")

OUTCOMES: Final = {
    "answered": ("answered", ANSWERED),
    "voicemail": ("mailbox", MAILBOX),
    "abandoned": ("gave up", MISSED),
    "no_answer": ("not picked up", MISSED),
    "busy": ("busy", MISSED),
    "failed": ("failed", BAD),
    "unknown": ("unknown", "text"),
    "in_progress": ("goes on", OPEN),
}
_TIME: Final = Look(unit="dateTimeAsIso", name="began", link=_CALL)
_HIDDEN: Final = Look(hidden=True)
_PARTS: Final = {
    "Answered": Look(color=ANSWERED),
    "Not answered": Look(color=MISSED),
    "Goes on": Look(color=OPEN),
}


def call_statistics(dialect: Dialect, source: DataSource, address: str) -> Dashboard:
    """Return the dashboard for one kind of database; `address` is that of calltally's own pages."""
    return Dashboard(
        uid=UID,
        title="Call Statistics",
        description="Calls of the site: now, and over the chosen timespan. Every figure is defined in docs/metrics.md.",
        source=source,
        variables=(
            variables.data_source(source),
            variables.groups(source),
            variables.teams(source),
            variables.time_unit(),
            variables.base(address),
        ),
        annotations=(variables.gaps(source, dialect),),
        refresh="1m",
        lines=(
            Line(5, ((4, _waiting(dialect)), (4, _oldest(dialect)), (4, _active(dialect)), *_pies(dialect))),
            Line(6, ((24, _active_calls(dialect)),)),
            Line(8, ((12, _incoming(dialect)), (12, _outgoing(dialect)))),
            Line(8, ((12, _answer_time(dialect)), (12, _duration(dialect)))),
            Line(8, ((12, _volume(dialect)), (12, _voicemail(dialect)))),
            Line(10, ((9, _longest_waits(dialect)), (9, _longest_calls(dialect)), (6, _callers()))),
            Line(4, ((24, _withheld(dialect)),)),
        ),
    )


def _waiting(dialect: Dialect) -> Panel:
    text = f"Callers who wait in a queue or hear it ring. {_NOW}"
    query = questions.now_count(dialect, NowState.WAITING, "Waiting")
    return panels.stat("Waiting in queue", text, query, unit=COUNT, steps=((None, ANSWERED), (1, LATE), (5, BAD)))


def _oldest(dialect: Dialect) -> Panel:
    text = f"How long the caller has waited who waits longest. {_NOW}"
    query = questions.oldest_waiting(dialect, "Waits")
    return panels.stat(
        "Longest waiting now", text, query, unit=SECONDS, steps=((None, ANSWERED), (20, LATE), (60, BAD))
    )


def _active(dialect: Dialect) -> Panel:
    text = f"Calls that a person or a software agent has answered and that go on. {_NOW}"
    return panels.stat("Active calls", text, questions.now_count(dialect, NowState.ACTIVE, "Active"), unit=COUNT)


def _active_calls(dialect: Dialect) -> Panel:
    looks = {
        "time": _TIME,
        "state": Look(words={"active": ("talks", ANSWERED), "ringing": ("rings", OPEN)}),
        "for": Look(unit=LENGTH),
        "call_id": _HIDDEN,
    }
    text = f"Calls that go on, the oldest first: talks, and outbound calls that ring. {_NOW}"
    return panels.table("Active calls, one by one", text, questions.calls_now(dialect), looks=looks)


def _pies(dialect: Dialect) -> tuple[tuple[int, Panel], ...]:
    return tuple(
        (6, panels.pie(f"Pick-up ratio, {word}", f"{text} {_BY_START}", totals(dialect, _answered(name)), looks=_PARTS))
        for word, name, text in (
            ("incoming", "inbound", "Inbound calls that were answered, and those that were not."),
            ("outgoing", "outbound", "Outbound calls that somebody picked up, and those that nobody did."),
        )
    )


def _incoming(dialect: Dialect) -> Panel:
    text = f"Inbound calls for each unit of time, answered or not. {_BY_START}"
    query = over_time(dialect, _answered("inbound"))
    return panels.bars("Incoming calls", text, query, unit=COUNT, looks=_PARTS, stacked=True)


def _outgoing(dialect: Dialect) -> Panel:
    text = f"Outbound calls for each unit of time, picked up or not. {_BY_START}"
    query = over_time(dialect, _answered("outbound"))
    return panels.bars("Outgoing calls", text, query, unit=COUNT, looks=_PARTS, stacked=True)


def _answer_time(dialect: Dialect) -> Panel:
    text = f"From the start of an inbound call to its answer; no bar where nothing was answered. {_BY_START}"
    query = over_time(dialect, (field("Mean time to answer", "asa"),))
    return panels.bars("Mean call answer time", text, query, unit=SECONDS, looks={})


def _duration(dialect: Dialect) -> Panel:
    text = f"From answer to end of answered calls of every direction; no bar where nobody talked. {_BY_START}"
    query = over_time(dialect, (field("Mean talk time", "average_talk_time"),))
    return panels.bars("Average call duration", text, query, unit=SECONDS, looks={})


def _volume(dialect: Dialect) -> Panel:
    text = f"Every call once, whatever number of legs, groups and teams it has. {_BY_START}"
    fields = (
        field("All", "calls"),
        field("Incoming", "inbound_calls"),
        field("Outgoing", "outbound_calls"),
        field("Internal", "internal_calls"),
    )
    return panels.bars("Total calls", text, over_time(dialect, fields), unit=COUNT, looks={})


def _voicemail(dialect: Dialect) -> Panel:
    text = f"Inbound calls that ended in a mailbox, and their share of all inbound calls. {_BY_START}"
    fields = (field("Voicemail calls", "voicemail_calls"), field("Share", "voicemail_share"))
    looks = {"Voicemail calls": Look(color=MAILBOX), "Share": Look(unit=SHARE, color="text", right=True)}
    return panels.bars("Voicemail calls", text, over_time(dialect, fields), unit=COUNT, looks=looks)


def _longest_waits(dialect: Dialect) -> Panel:
    looks = {"time": _TIME, "wait": Look(unit=LENGTH), "outcome": Look(words=OUTCOMES), "call_id": _HIDDEN}
    text = f"The inbound calls that waited longest, also those whose caller gave up. {_BY_START}"
    return panels.table("Longest waiting times", text, questions.longest_waits(dialect), looks=looks)


def _longest_calls(dialect: Dialect) -> Panel:
    looks = {"time": _TIME, "talk": Look(unit=LENGTH), "outcome": Look(words=OUTCOMES), "call_id": _HIDDEN}
    text = f"The longest talks of every direction. {_BY_START}"
    return panels.table("Longest calls", text, questions.longest_calls(dialect), looks=looks)


def _callers() -> Panel:
    text = f"The numbers that called most; withheld numbers are counted below, not here. {_BY_START}"
    return panels.table("Most calling numbers", text, questions.callers(), looks={"calls": Look(unit=COUNT, width=90)})


def _withheld(dialect: Dialect) -> Panel:
    text = f"Inbound calls whose caller did not show a number, and their share of all inbound calls. {_BY_START}"
    query = totals(dialect, (field("Withheld", "withheld_calls"), field("Share", "withheld_share")))
    panel = panels.stat("Withheld numbers", text, query, unit=COUNT)
    return panels.with_looks(panel, {"Share": Look(unit=SHARE)})


def _answered(direction: str) -> tuple[Field, ...]:
    """Return answered calls, those that were not, and what is left: calls that still ring."""
    every, answered, missed = (f"{direction}_calls", f"answered_{direction}_calls", f"unanswered_{direction}_calls")
    rest = Minus(Minus(additive(every), additive(answered)), additive(missed))
    return (field("Answered", answered), field("Not answered", missed), Field(name="Goes on", formula=rest))
