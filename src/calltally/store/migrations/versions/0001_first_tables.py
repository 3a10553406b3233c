"""The first tables."""

from typing import Any, Final

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, SmallInteger, Text, text
from sqlalchemy.types import TypeEngine

from calltally.store.migrations import mariadb_tables, postgresql_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_KINDS: Final[dict[str, TypeEngine[Any]]] = {
    "id": BigInteger().with_variant(Integer(), "sqlite"),
    "big": BigInteger(),
    "int": Integer(),
    "small": SmallInteger(),
    "text": Text(),
    "blob": LargeBinary(),
}

_TABLES: Final[dict[str, str]] = {
    "call_day": """
        bucket_ms big key, source text key, direction text key, lines_id int key, calls big, in_progress big,
        answered big, voicemail big, abandoned big, no_answer big, busy big, failed big, unknown big,
        answered_by_software big, withheld big, answered_waits big, answered_wait_ms big, unanswered_waits big,
        unanswered_wait_ms big, talks big, talk_ms big, open_calls big, gave_up big
    """,
    "call_quarter": """
        bucket_ms big key, source text key, direction text key, lines_id int key, calls big, in_progress big,
        answered big, voicemail big, abandoned big, no_answer big, busy big, failed big, unknown big,
        answered_by_software big, withheld big, answered_waits big, answered_wait_ms big, unanswered_waits big,
        unanswered_wait_ms big, talks big, talk_ms big, open_calls big, gave_up big
    """,
    "calls": """
        flow_id id key, source text, call_id text, direction text, lines_id int, started_at_ms big,
        caller text null, caller_withheld small, messages int, outcome text, answered_at_ms big null,
        ended_at_ms big null, wait_ms big null, talk_ms big null, wait_bin int null, talk_bin int null,
        is_open small, crashed small, voicemail small, callee text null, answered_by text null, queue text null,
        agent text null, agent_name text null, trunk text null, leg_ids text, visit_ids text
    """,
    "changes": """
        generation id key, writer big, flow_ids text null, at_ms big
    """,
    "counters": """
        name text key, next big
    """,
    "days": """
        day_ms id key, local_on text, weekday small, week_ms big, month_ms big, half_year_ms big, year_ms big
    """,
    "directory_groups": """
        source text key, group_id text key, position int, name text, numbers text
    """,
    "directory_numbers": """
        number text key, position int, label text
    """,
    "directory_users": """
        source text key, user_id text key, position int, name text
    """,
    "gaps": """
        source text key, since_ms big key, until_ms big, reason text
    """,
    "legs": """
        flow_id big key, leg_no int key, source text, leg_id text, call_id text, direction text,
        caller text null, caller_withheld small, callee text null, started_at_ms big,
        answering_number text null, diversion text null, own_numbers text, users text,
        answered_by_user text null, agent text null, answered_by text null, trunk text null, room text null,
        queue text null, network_answered_at_ms big null, answered_at_ms big null, ended_at_ms big null,
        ring_ms big null, queue_wait_ms big null, talk_ms big null, outcome text, hangup_cause text null,
        hangup_cause_raw text null, sip_code int null, voicemail small, crashed small, end text,
        answer_source text, transfer_type text null, transfer_target text null, recording_urls text,
        linked_leg_id text null, metadata text
    """,
    "line_numbers": """
        lines_id int key, position int key, number text
    """,
    "line_sets": """
        lines_id int key, fingerprint big, numbers text
    """,
    "links": """
        token id key, flow_id big
    """,
    "messages": """
        received_at_us big key, source text key, digest big key, flow_id big null, headers text,
        body blob, stored_at_us big, problem text null
    """,
    "seen_values": """
        dimension text key, value text key
    """,
    "source_health": """
        source text key, received big, set_aside big, last_received_at_us big null, last_problem text null,
        last_problem_at_us big null
    """,
    "spread_day": """
        bucket_ms big key, spread text key, bin int key, source text key, direction text key, lines_id int key,
        count big
    """,
    "spread_quarter": """
        bucket_ms big key, spread text key, bin int key, source text key, direction text key, lines_id int key,
        count big
    """,
    "stored_values": """
        name text key, content blob
    """,
    "teams": """
        position int key, name text, numbers text
    """,
    "visit_day": """
        bucket_ms big key, source text key, queue text key, offered big, answered big, abandoned big,
        timeout big, full big, closed big, joinempty big, leaveempty big, divert_ca_ratio big,
        divert_waittime big, exit_with_key big, withdrawn big, in_progress big, unknown big,
        answered_waits big, answered_wait_ms big, abandoned_waits big, abandoned_wait_ms big, waits big,
        wait_ms big, ring_ms big, talks big, talk_ms big, no_answer_rings big
    """,
    "visit_quarter": """
        bucket_ms big key, source text key, queue text key, offered big, answered big, abandoned big,
        timeout big, full big, closed big, joinempty big, leaveempty big, divert_ca_ratio big,
        divert_waittime big, exit_with_key big, withdrawn big, in_progress big, unknown big,
        answered_waits big, answered_wait_ms big, abandoned_waits big, abandoned_wait_ms big, waits big,
        wait_ms big, ring_ms big, talks big, talk_ms big, no_answer_rings big
    """,
    "visits": """
        flow_id big key, visit_no int key, source text, visit_id text, call_id text, source_call_id text,
        queue text, entered_at_ms big, agent text null, answered_at_ms big null, left_at_ms big null,
        outcome text, wait_ms big null, ring_ms big null, talk_ms big null, ended_by text null,
        no_answer_rings int, entered_position int null, left_position int null, key text null
    """,
}
"""Table -> its columns: name, kind, `key` in the primary key, `null` where there may be no value."""

_CLUSTERED: Final = (
    "call_day",
    "call_quarter",
    "legs",
    "line_numbers",
    "seen_values",
    "spread_day",
    "spread_quarter",
    "visit_day",
    "visit_quarter",
    "visits",
)
"""Tables that are kept in the order of their key."""

_INDEXES: Final[tuple[tuple[str, str, str], ...]] = (
    ("calls_caller", "calls", "caller started_at_ms direction lines_id source caller_withheld"),
    ("calls_done", "calls", "started_at_ms direction lines_id source wait_ms talk_ms"),
    ("calls_open", "calls", "flow_id"),
    ("calls_started", "calls", "started_at_ms"),
    ("legs_started", "legs", "started_at_ms"),
    ("line_numbers_number", "line_numbers", "number"),
    ("line_sets_fingerprint", "line_sets", "fingerprint"),
    ("links_flow", "links", "flow_id"),
    ("messages_flow", "messages", "flow_id"),
    ("messages_problem", "messages", "received_at_us"),
    ("visits_entered", "visits", "entered_at_ms"),
)
_UNIQUE: Final = ("line_sets_fingerprint",)
_PARTIAL: Final = {"calls_done": "is_open = 0", "calls_open": "is_open = 1", "messages_problem": "problem IS NOT NULL"}


def upgrade() -> None:
    """Make the tables and their indexes."""
    connection = op.get_bind()
    if connection.dialect.name == "mysql":
        for statement in mariadb_tables.statements(_TABLES, _INDEXES, _UNIQUE):
            connection.exec_driver_sql(statement)
        return
    if connection.dialect.name == "postgresql":
        for statement in postgresql_tables.statements(_TABLES, _INDEXES, unique=_UNIQUE, partial=_PARTIAL):
            connection.exec_driver_sql(statement)
        return
    for table, columns in _TABLES.items():
        clustered: dict[str, Any] = {"sqlite_with_rowid": False} if table in _CLUSTERED else {}
        op.create_table(table, *(_column(*column.split()) for column in columns.split(",")), **clustered)
    for index, table, names in _INDEXES:
        where: dict[str, Any] = {"sqlite_where": text(_PARTIAL[index])} if index in _PARTIAL else {}
        op.create_index(index, table, names.split(), unique=index in _UNIQUE, **where)


def _column(name: str, kind: str, mark: str = "") -> Column[Any]:
    return Column(
        name,
        _KINDS[kind],
        primary_key=mark == "key",
        autoincrement=False,
        nullable=mark == "null",
    )
