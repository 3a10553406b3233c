"""The dashboard Overview: how calls develop over weeks and months, and against an earlier time."""

from typing import Final

from calltally.grafana import panels, variables
from calltally.grafana.panels import COUNT, SECONDS, SHARE, Look, Panel
from calltally.grafana.printing import Dashboard, DataSource, Line
from calltally.store.reports import trends
from calltally.store.reports.cells import field, over_time, totals
from calltally.store.reports.dialects import Dialect
from calltally.store.reports.trends import Share

UID: Final = "calltally-trends"
_FILTERS: Final = "Groups and teams filter it."
_DAYS: Final = f"Days are those of the site. {_FILTERS}"
_HEAD: Final = (
    field("Calls", "calls"),
    field("Answer rate", "answer_rate"),
    field("Mean time to answer", "asa"),
    field("Mean talk time", "average_talk_time"),
    field("Voicemail share", "voicemail_share"),
)
_UNITS: Final = {
    "Calls": COUNT,
    "Answer rate": SHARE,
    "Mean time to answer": SECONDS,
    "Mean talk time": SECONDS,
    "Voicemail share": SHARE,
}
_WAITS: Final = (
    Share(name="Half", metric="wait_p50"),
    Share(name="90 %", metric="wait_p90"),
    Share(name="95 %", metric="wait_p95"),
)
_TALKS: Final = (Share(name="Half", metric="talk_p50"), Share(name="90 %", metric="talk_p90"))


def overview(dialect: Dialect, source: DataSource, address: str) -> Dashboard:
    """Return the dashboard for one kind of database; `address` is that of calltally's own pages."""
    return Dashboard(
        uid=UID,
        title="Call Overview with Trends",
        description="How calls develop: 7, 30 and 365 days, weekdays, and one time against another.",
        source=source,
        variables=(
            variables.data_source(source),
            variables.groups(source),
            variables.teams(source),
            variables.time_unit(only_long=True),
            variables.compare(),
            variables.base(address),
        ),
        annotations=(variables.gaps(source, dialect),),
        span="now-30d",
        lines=(
            Line(4, ((24, _head(dialect)),)),
            Line(6, ((24, _spans(dialect)),)),
            "Against an earlier time",
            Line(8, ((12, _compared(dialect, "Calls", "calls", COUNT)), (12, _answer_rate(dialect)))),
            Line(8, ((12, _compared(dialect, "Mean time to answer", "asa", SECONDS)), (12, _talk(dialect)))),
            "Over time",
            Line(8, ((12, _outcomes(dialect)), (12, _shares(dialect)))),
            Line(8, ((12, _waits(dialect)), (12, _talks(dialect)))),
            "Weekdays",
            Line(8, ((12, _weekdays(dialect)), (12, _weekday_rates(dialect)))),
        ),
    )


def _head(dialect: Dialect) -> Panel:
    looks = {name: Look(unit=unit) for name, unit in _UNITS.items()}
    panel = panels.stat(
        "The timespan", f"Everything in the chosen timespan. {_FILTERS}", totals(dialect, _HEAD), unit=COUNT
    )
    return panels.with_looks(panel, looks)


def _spans(dialect: Dialect) -> Panel:
    looks = {f"{name}{when}": Look(unit=unit) for name, unit in _UNITS.items() for when in ("", " before")}
    text = f"Whole days before the end of the timespan, each beside as many days before them. {_DAYS}"
    return panels.table("7, 30 and 365 days", text, trends.spans_compared(dialect, _HEAD), looks=looks)


def _compared(dialect: Dialect, name: str, metric: str, unit: str) -> Panel:
    before = f"{name}, before"
    queries = (
        trends.compared_by_day(dialect, (field(name, metric),), shifted=False),
        trends.compared_by_day(dialect, (field(before, metric),), shifted=True),
    )
    text = f"Day by day, and as many days before as chosen, put at the same day. {_DAYS}"
    return panels.lines(f"{name}, day by day", text, *queries, unit=unit, looks={before: Look(color="text")})


def _answer_rate(dialect: Dialect) -> Panel:
    return _compared(dialect, "Answer rate", "answer_rate", SHARE)


def _talk(dialect: Dialect) -> Panel:
    return _compared(dialect, "Mean talk time", "average_talk_time", SECONDS)


def _outcomes(dialect: Dialect) -> Panel:
    fields = (
        field("Answered", "answered_inbound_calls"),
        field("Mailbox", "voicemail_calls"),
        field("Gave up while it rang", "gave_up_calls"),
    )
    text = f"What came of inbound calls, for each unit of time. {_DAYS}"
    looks = {
        "Answered": Look(color=panels.ANSWERED),
        "Mailbox": Look(color=panels.MAILBOX),
        "Gave up while it rang": Look(color=panels.MISSED),
    }
    return panels.bars("Incoming calls by outcome", text, over_time(dialect, fields), unit=COUNT, looks=looks)


def _shares(dialect: Dialect) -> Panel:
    fields = (
        field("Answer rate", "answer_rate"),
        field("Voicemail share", "voicemail_share"),
        field("Gave up while it rang", "gave_up_rate"),
    )
    text = f"Shares of all inbound calls, for each unit of time; no point where there was no call. {_DAYS}"
    return panels.lines("Shares", text, over_time(dialect, fields), unit=SHARE, looks={})


def _waits(dialect: Dialect) -> Panel:
    text = f"Within which time that share of the answered inbound calls was answered, exact within 2 %. {_DAYS}"
    query = trends.percentiles(dialect, _WAITS, is_split_by_time=True)
    return panels.lines("Time to answer", text, query, unit=SECONDS, looks={})


def _talks(dialect: Dialect) -> Panel:
    text = f"How long that share of the talks lasted at most, exact within 2 %. {_DAYS}"
    query = trends.percentiles(dialect, _TALKS, is_split_by_time=True)
    return panels.lines("Talk time", text, query, unit=SECONDS, looks={})


def _weekdays(dialect: Dialect) -> Panel:
    fields = (field("Incoming", "inbound_calls"), field("Outgoing", "outbound_calls"))
    text = f"Calls of an average day of the week, over the days that begin in the timespan. {_DAYS}"
    query = trends.by_weekday(dialect, fields, ())
    return panels.columns("Calls by weekday", text, query, axis="weekday", unit=COUNT, looks={})


def _weekday_rates(dialect: Dialect) -> Panel:
    fields = (field("Answer rate", "answer_rate"), field("Voicemail share", "voicemail_share"))
    text = f"Shares of all inbound calls by the day of the week. {_DAYS}"
    query = trends.by_weekday(dialect, (), fields)
    return panels.columns("Shares by weekday", text, query, axis="weekday", unit=SHARE, looks={})
