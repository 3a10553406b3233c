"""The tables of a calltally database, the same on every engine.

Enums are kept as their text, booleans as 0 and 1, instants as integer milliseconds (`_ms`) or microseconds (`_us`)
since 1970, lists and mappings as JSON text. Names avoid the reserved words of SQLite, PostgreSQL and MariaDB where
they can.

Columns of records have the names of `model.records`; columns of roll-ups are their dimensions and the measures of
`metrics.measures`. What each index is for, and what it costs, stands in docs/decisions.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, SmallInteger, Table, Text, text
from sqlalchemy.types import TypeEngine

from calltally.metrics.measures import CALL_MEASURES, VISIT_MEASURES, Measure

METADATA: Final = MetaData()
_ROWID: Final = BigInteger().with_variant(Integer(), "sqlite")


def _key(name: str, kind: type[TypeEngine[Any]]) -> Column[Any]:
    return Column(name, kind, primary_key=True, autoincrement=False)


def _must(name: str, kind: type[TypeEngine[Any]]) -> Column[Any]:
    return Column(name, kind, nullable=False)


def _may(name: str, kind: type[TypeEngine[Any]]) -> Column[Any]:
    return Column(name, kind)


MESSAGES: Final = Table(
    "messages",
    METADATA,
    _key("received_at_us", BigInteger),
    _key("source", Text),
    _key("digest", BigInteger),
    _may("flow_id", BigInteger),
    _must("headers", Text),
    _must("body", LargeBinary),
    _must("stored_at_us", BigInteger),
    _may("problem", Text),
)
"""The journal. `problem` says why a message was set aside."""
Index("messages_flow", MESSAGES.c.flow_id)
Index("messages_problem", MESSAGES.c.received_at_us, sqlite_where=MESSAGES.c.problem.is_not(None))

LINKS: Final = Table(
    "links", METADATA, Column("token", _ROWID, primary_key=True, autoincrement=False), _must("flow_id", BigInteger)
)
"""Which flow a token belongs to; the token's text is kept as its fingerprint of 63 bits."""
Index("links_flow", LINKS.c.flow_id)

CALLS: Final = Table(
    "calls",
    METADATA,
    Column("flow_id", _ROWID, primary_key=True, autoincrement=False),
    _must("source", Text),
    _must("call_id", Text),
    _must("direction", Text),
    _must("lines_id", Integer),
    _must("started_at_ms", BigInteger),
    _may("caller", Text),
    _must("caller_withheld", SmallInteger),
    _must("messages", Integer),
    _must("outcome", Text),
    _may("answered_at_ms", BigInteger),
    _may("ended_at_ms", BigInteger),
    _may("wait_ms", BigInteger),
    _may("talk_ms", BigInteger),
    _may("wait_bin", Integer),
    _may("talk_bin", Integer),
    _must("is_open", SmallInteger),
    _must("crashed", SmallInteger),
    _must("voicemail", SmallInteger),
    _may("callee", Text),
    _may("answered_by", Text),
    _may("queue", Text),
    _may("agent", Text),
    _may("agent_name", Text),
    _may("trunk", Text),
    _must("leg_ids", Text),
    _must("visit_ids", Text),
)
CALL_STEADY: Final = 8
"""So many columns of `CALLS` are the same from the first message of most calls to the last; they come first."""
"""Calls. `messages` is how many messages the record was folded from; own numbers are in `line_sets`."""
CALL_CALLER_COLUMNS: Final = ("caller", "started_at_ms", "direction", "lines_id", "source", "caller_withheld")
"""What can be answered from the index on callers alone. None of it changes while a call goes on."""
CALL_DONE_COLUMNS: Final = ("started_at_ms", "direction", "lines_id", "source", "wait_ms", "talk_ms")
"""What can be answered from the index on ended calls alone; an entry is written once, when a call ends."""
Index("calls_started", CALLS.c.started_at_ms)
Index("calls_caller", *(CALLS.c[name] for name in CALL_CALLER_COLUMNS))
Index("calls_done", *(CALLS.c[name] for name in CALL_DONE_COLUMNS), sqlite_where=CALLS.c.is_open == text("0"))
Index("calls_open", CALLS.c.flow_id, sqlite_where=CALLS.c.is_open == text("1"))

LEGS: Final = Table(
    "legs",
    METADATA,
    _key("flow_id", BigInteger),
    _key("leg_no", Integer),
    _must("source", Text),
    _must("leg_id", Text),
    _must("call_id", Text),
    _must("direction", Text),
    _may("caller", Text),
    _must("caller_withheld", SmallInteger),
    _may("callee", Text),
    _must("started_at_ms", BigInteger),
    _may("answering_number", Text),
    _may("diversion", Text),
    _must("own_numbers", Text),
    _must("users", Text),
    _may("answered_by_user", Text),
    _may("agent", Text),
    _may("answered_by", Text),
    _may("trunk", Text),
    _may("room", Text),
    _may("queue", Text),
    _may("network_answered_at_ms", BigInteger),
    _may("answered_at_ms", BigInteger),
    _may("ended_at_ms", BigInteger),
    _may("ring_ms", BigInteger),
    _may("queue_wait_ms", BigInteger),
    _may("talk_ms", BigInteger),
    _must("outcome", Text),
    _may("hangup_cause", Text),
    _may("hangup_cause_raw", Text),
    _may("sip_code", Integer),
    _must("voicemail", SmallInteger),
    _must("crashed", SmallInteger),
    _must("end", Text),
    _must("answer_source", Text),
    _may("transfer_type", Text),
    _may("transfer_target", Text),
    _must("recording_urls", Text),
    _may("linked_leg_id", Text),
    _must("metadata", Text),
    sqlite_with_rowid=False,
)
"""Legs, in the order of their flow's records."""
LEG_STEADY: Final = 10
"""So many columns of `LEGS` are the same from the first message of most legs to the last; they come first."""
Index("legs_started", LEGS.c.started_at_ms)

VISITS: Final = Table(
    "visits",
    METADATA,
    _key("flow_id", BigInteger),
    _key("visit_no", Integer),
    _must("source", Text),
    _must("visit_id", Text),
    _must("call_id", Text),
    _must("source_call_id", Text),
    _must("queue", Text),
    _must("entered_at_ms", BigInteger),
    _may("agent", Text),
    _may("answered_at_ms", BigInteger),
    _may("left_at_ms", BigInteger),
    _must("outcome", Text),
    _may("wait_ms", BigInteger),
    _may("ring_ms", BigInteger),
    _may("talk_ms", BigInteger),
    _may("ended_by", Text),
    _must("no_answer_rings", Integer),
    _may("entered_position", Integer),
    _may("left_position", Integer),
    _may("key", Text),
    sqlite_with_rowid=False,
)
"""Queue visits, in the order of their flow's records."""
VISIT_STEADY: Final = 8
"""So many columns of `VISITS` are the same from the first message of most visits to the last; they come first."""
Index("visits_entered", VISITS.c.entered_at_ms)

LINE_SETS: Final = Table(
    "line_sets",
    METADATA,
    Column("lines_id", Integer, primary_key=True, autoincrement=False),
    _must("fingerprint", BigInteger),
    _must("numbers", Text),
)
"""Every ordered set of own numbers that took part in a call, found by the fingerprint of its text."""
Index("line_sets_fingerprint", LINE_SETS.c.fingerprint, unique=True)

LINE_NUMBERS: Final = Table(
    "line_numbers",
    METADATA,
    _key("lines_id", Integer),
    _key("position", Integer),
    _must("number", Text),
    sqlite_with_rowid=False,
)
"""The numbers of every set of own numbers one by one, for SQL that looks for members of groups and teams."""
Index("line_numbers_number", LINE_NUMBERS.c.number)

SEEN: Final = Table("seen_values", METADATA, _key("dimension", Text), _key("value", Text), sqlite_with_rowid=False)
"""The sources, queues, agents and trunks that records have named."""


def _roll_up(name: str, dimensions: Sequence[tuple[str, type[TypeEngine[Any]]]], measures: Sequence[Measure]) -> Table:
    return Table(
        name,
        METADATA,
        _key("bucket_ms", BigInteger),
        *(_key(dimension, kind) for dimension, kind in dimensions),
        *(_must(measure.name, BigInteger) for measure in measures),
        sqlite_with_rowid=False,
    )


_CALL_CELL: Final[tuple[tuple[str, type[TypeEngine[Any]]], ...]] = (
    ("source", Text),
    ("direction", Text),
    ("lines_id", Integer),
)
_VISIT_CELL: Final[tuple[tuple[str, type[TypeEngine[Any]]], ...]] = (("source", Text), ("queue", Text))


def _spread(name: str) -> Table:
    """Return a table of bins, clustered so that the bins of one bucket and spread lie together."""
    return Table(
        name,
        METADATA,
        _key("bucket_ms", BigInteger),
        _key("spread", Text),
        _key("bin", Integer),
        *(_key(dimension, kind) for dimension, kind in _CALL_CELL),
        _must("count", BigInteger),
        sqlite_with_rowid=False,
    )


CALL_QUARTER: Final = _roll_up("call_quarter", _CALL_CELL, CALL_MEASURES)
CALL_DAY: Final = _roll_up("call_day", _CALL_CELL, CALL_MEASURES)
VISIT_QUARTER: Final = _roll_up("visit_quarter", _VISIT_CELL, VISIT_MEASURES)
VISIT_DAY: Final = _roll_up("visit_day", _VISIT_CELL, VISIT_MEASURES)
SPREAD_QUARTER: Final = _spread("spread_quarter")
SPREAD_DAY: Final = _spread("spread_day")

DAYS: Final = Table(
    "days",
    METADATA,
    Column("day_ms", _ROWID, primary_key=True, autoincrement=False),
    _must("local_on", Text),
    _must("weekday", SmallInteger),
    _must("week_ms", BigInteger),
    _must("month_ms", BigInteger),
    _must("half_year_ms", BigInteger),
    _must("year_ms", BigInteger),
)
"""The site's calendar: where its local days begin, and the week (from Monday, weekday 1), month, half year and year.

Whole years, as soon as a cell lies in one; so SQL needs no time zones of the database server.
"""

GROUPS: Final = Table(
    "directory_groups",
    METADATA,
    _key("source", Text),
    _key("group_id", Text),
    _must("position", Integer),
    _must("name", Text),
    _must("numbers", Text),
)
USERS: Final = Table(
    "directory_users",
    METADATA,
    _key("source", Text),
    _key("user_id", Text),
    _must("position", Integer),
    _must("name", Text),
)
NUMBERS: Final = Table(
    "directory_numbers", METADATA, _key("number", Text), _must("position", Integer), _must("label", Text)
)

VALUES: Final = Table("stored_values", METADATA, _key("name", Text), _must("content", LargeBinary))
"""Small named values: tokens, hashes, marks."""

COUNTERS: Final = Table("counters", METADATA, _key("name", Text), _must("next", BigInteger))
"""The next free id of what is numbered; on database servers also the number of the commit that is going on."""

CHANGES: Final = Table(
    "changes",
    METADATA,
    Column("generation", _ROWID, primary_key=True, autoincrement=False),
    _must("writer", BigInteger),
    _may("flow_ids", Text),
    _must("at_ms", BigInteger),
)
"""What each commit of the last minutes changed, on database servers: the flows, or NULL for anything at all."""

TEAMS: Final = Table(
    "teams",
    METADATA,
    Column("position", Integer, primary_key=True, autoincrement=False),
    _must("name", Text),
    _must("numbers", Text),
)
"""The teams of today as the settings have them, so that SQL can filter by them."""

GAPS: Final = Table(
    "gaps",
    METADATA,
    _key("source", Text),
    _key("since_ms", BigInteger),
    _must("until_ms", BigInteger),
    _must("reason", Text),
)
"""Times in which something could not be heard; an empty source is calltally itself."""

HEALTH: Final = Table(
    "source_health",
    METADATA,
    _key("source", Text),
    _must("received", BigInteger),
    _must("set_aside", BigInteger),
    _may("last_received_at_us", BigInteger),
    _may("last_problem", Text),
    _may("last_problem_at_us", BigInteger),
)
"""What was heard of each source."""

DISTRIBUTED_BY: Final = {
    "messages": "digest",
    "links": "token",
    "calls": "flow_id",
    "legs": "flow_id",
    "visits": "flow_id",
    "call_quarter": "lines_id",
    "call_day": "lines_id",
    "visit_quarter": "queue",
    "visit_day": "queue",
    "spread_quarter": "lines_id",
    "spread_day": "lines_id",
}
"""By what each big table can be spread over several machines, a part of each of its keys; the others are small."""
