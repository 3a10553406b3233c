"""What leaves the database: old messages and records."""

from typing import Final

from calltally.store import tables
from calltally.store.asked import REBUILD_BEGAN, RECORDS_PRUNED, PruneCounts
from calltally.store.statements import Cursor, Dialect

PRUNED_VALUE: Final = RECORDS_PRUNED
JOURNAL_VALUE: Final = "store.journal_pruned_before_us"
"""Under this name the store remembers before which instant messages have been pruned."""
REBUILD_VALUE: Final = REBUILD_BEGAN
"""The same while records are made again; what is not placed yet has no record, and must not go uncounted."""
NEVER: Final = -(2**62)

_COUNTS: Final = (
    "SELECT COUNT(*) FROM messages WHERE {old_messages}",
    "SELECT COUNT(*) FROM calls WHERE {old_calls}",
    "SELECT COUNT(*) FROM legs WHERE {of_old_calls}",
    "SELECT COUNT(*) FROM visits WHERE {of_old_calls}",
)
_NEWEST_VISIT: Final = "SELECT COALESCE(MAX(entered_at_ms) + 1, 0) FROM visits WHERE {of_old_calls}"
_WITHOUT_CALL: Final = (
    "SELECT flow_id FROM messages"
    " WHERE {old_messages} AND problem IS NULL AND flow_id IS NOT NULL"
    " AND NOT EXISTS (SELECT 1 FROM calls WHERE calls.flow_id = messages.flow_id)"
)
"""Flows that never became a call; one whose call was pruned has no understood messages any more."""
_DELETIONS: Final = (
    "DELETE FROM links WHERE flow_id IN ({without_call})",
    "DELETE FROM legs WHERE {of_old_calls}",
    "DELETE FROM visits WHERE {of_old_calls}",
    "DELETE FROM calls WHERE {old_calls}",
    "DELETE FROM messages WHERE {old_messages}",
)
_AGENTS: Final = "SELECT 'agent', agent FROM {table} WHERE agent IS NOT NULL"
_QUEUES: Final = "SELECT 'queue', queue FROM {table} WHERE queue IS NOT NULL"
_SEEN: Final = (
    "DELETE FROM seen_values",
    "INSERT INTO seen_values SELECT DISTINCT 'source', source FROM calls",
    "INSERT INTO seen_values SELECT DISTINCT 'trunk', trunk FROM calls WHERE trunk IS NOT NULL",
    *(
        f"INSERT INTO seen_values {of.format(table='calls')} UNION {of.format(table='visits')}"
        for of in (_AGENTS, _QUEUES)
    ),
)


def count_prunable(cursor: Cursor, *, messages_before_us: int, records_before_ms: int) -> PruneCounts:
    """Return what `prune` would delete.

    A flow's messages go together, when its newest is old enough; its record stays at least as long as its messages.
    Of an open call nothing goes: sealed, it could never end. Nothing at all goes while records are made again.
    """
    if _kept(cursor, REBUILD_VALUE) != NEVER:
        return PruneCounts(messages=0, calls=0, legs=0, visits=0)
    messages, calls, legs, visits = (
        _number(cursor, _limited(sql, messages_before_us, records_before_ms)) for sql in _COUNTS
    )
    return PruneCounts(messages=messages, calls=calls, legs=legs, visits=visits)


def prune(cursor: Cursor, dialect: Dialect, *, messages_before_us: int, records_before_ms: int) -> PruneCounts:
    """Delete old messages and records, and the tokens of flows that counted nothing.

    The tokens of a call stay, as its figures do: by them its messages are known when they are imported again.
    """
    dialect.read_widely(cursor)
    counts = count_prunable(cursor, messages_before_us=messages_before_us, records_before_ms=records_before_ms)
    if _kept(cursor, REBUILD_VALUE) != NEVER:
        return counts
    if counts.messages:
        until_us = max(messages_before_us, journal_pruned_before_us(cursor))
        _keep(cursor, dialect, JOURNAL_VALUE, until_us)
    if counts.calls:
        visits_before_ms = _number(cursor, _limited(_NEWEST_VISIT, messages_before_us, records_before_ms))
        until_ms = max(records_before_ms, visits_before_ms, pruned_before_ms(cursor))
        _keep(cursor, dialect, PRUNED_VALUE, until_ms)
    for sql in _DELETIONS:
        cursor.execute(_limited(sql, messages_before_us, records_before_ms))
    if counts.calls:
        see_again(cursor)
    return counts


def pruned_before_ms(cursor: Cursor) -> int:
    """Return the instant before which roll-ups may count records that are no longer there."""
    return _kept(cursor, PRUNED_VALUE)


def journal_pruned_before_us(cursor: Cursor) -> int:
    """Return the instant before which messages of calls may have left the journal."""
    return _kept(cursor, JOURNAL_VALUE)


def see_again(cursor: Cursor) -> None:
    """List the sources, trunks, agents and queues that are seen in records again."""
    for sql in _SEEN:
        cursor.execute(sql)


def _limited(sql: str, messages_before_us: int, records_before_ms: int) -> str:
    """Return a statement with its limits; both are numbers of ours."""
    old_messages = f"received_at_us < {messages_before_us:d} AND {_not_kept('messages', messages_before_us)}"
    old_calls = f"started_at_ms < {records_before_ms:d} AND {_not_kept('calls', messages_before_us)}"
    return sql.format(
        old_messages=old_messages,
        old_calls=old_calls,
        of_old_calls=f"flow_id IN (SELECT flow_id FROM calls WHERE {old_calls})",  # noqa: S608  our own numbers
        without_call=_WITHOUT_CALL.format(old_messages=old_messages),
    )


def _not_kept(table: str, messages_before_us: int) -> str:
    """Return the condition that nothing newer belongs to the flow of a row, and that its call is not open."""
    newer = f"later.flow_id = {table}.flow_id AND later.received_at_us >= {messages_before_us:d}"
    still = f"still.flow_id = {table}.flow_id AND still.is_open = 1"
    return (
        f"NOT EXISTS (SELECT 1 FROM messages later WHERE {newer})"  # noqa: S608  our own names, a number
        f" AND NOT EXISTS (SELECT 1 FROM calls still WHERE {still})"
    )


def _keep(cursor: Cursor, dialect: Dialect, name: str, instant: int) -> None:
    put = dialect.put(tables.VALUES, ("name", "content"), ("name",))
    put.write(cursor, [(name, str(instant).encode())])


def _kept(cursor: Cursor, name: str) -> int:
    cursor.execute(f"SELECT content FROM stored_values WHERE name = '{name}'")  # noqa: S608  a fixed text
    rows = cursor.fetchall()
    return int(bytes(rows[0][0])) if rows else NEVER


def _number(cursor: Cursor, sql: str) -> int:
    cursor.execute(sql)
    return int(cursor.fetchall()[0][0])
