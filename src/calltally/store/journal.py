"""The writing side of the journal: messages as they came, what was heard of each source, and how messages leave."""

from collections.abc import Collection, Iterable, Sequence
from operator import attrgetter

from calltally.model.messages import RawMessage
from calltally.store import tables
from calltally.store.asked import JournalEntry, SourceHealth
from calltally.store.rows import Row, entry_row, message_of
from calltally.store.statements import Cursor, Dialect

_received_at = attrgetter("message.received_at_us")

MESSAGE_COLUMNS = tuple(tables.MESSAGES.c.keys())
"""The columns of `rows.entry_row`."""
_IDENTITY = ("received_at_us", "source", "digest")
_HEALTH_COLUMNS = tuple(column.name for column in tables.HEALTH.c)


class JournalStatements:
    """The statements of this file, printed once for an engine."""

    def __init__(self, dialect: Dialect) -> None:
        messages = tables.MESSAGES
        self.append = dialect.insert_new(messages, MESSAGE_COLUMNS, _IDENTITY)
        self.append_understood = dialect.insert_new(messages, MESSAGE_COLUMNS[:-1], _IDENTITY)
        self.place = dialect.change(messages, ("flow_id", "problem"), _IDENTITY)
        self.forget = dialect.delete(messages, _IDENTITY, "problem IS NOT NULL")
        self.known = dialect.ask(messages, _IDENTITY, "received_at_us")
        self.of_flows = dialect.ask(messages, MESSAGE_COLUMNS, "flow_id", "problem IS NULL")
        self.health = dialect.ask(tables.HEALTH, _HEALTH_COLUMNS, "source")
        self.put_health = dialect.put(tables.HEALTH, _HEALTH_COLUMNS, ("source",))


def append(cursor: Cursor, statements: JournalStatements, entries: Sequence[JournalEntry]) -> None:
    """Write messages down, and count those that are new to their source's health."""
    kinds: dict[tuple[str, bool], list[JournalEntry]] = {}
    for entry in entries:
        kinds.setdefault((entry.message.source, entry.problem is not None), []).append(entry)
    health = _health(cursor, statements, {source for source, _ in kinds})
    for (source, is_bad), members in kinds.items():
        rows = {row[:3]: row for row in map(entry_row, reversed(members))}
        if is_bad:
            stored = statements.append.write(cursor, list(reversed(rows.values())))
        else:
            stored = statements.append_understood.write(cursor, [row[:-1] for row in reversed(rows.values())])
        if stored > 0:
            newest = max(members, key=_received_at)
            health[source] = _heard(health[source], stored, newest, is_bad=is_bad)
    _save_health(cursor, statements, health)


def place(cursor: Cursor, statements: JournalStatements, entries: Sequence[JournalEntry]) -> None:
    """Give understood messages another flow, or set them aside after all, which counts in their source's totals."""
    rows = [(entry.flow_id, entry.problem, *entry.message.identity) for entry in entries]
    statements.place.write(cursor, rows)
    bad = [entry for entry in entries if entry.problem is not None]
    health = _health(cursor, statements, {entry.message.source for entry in bad})
    for entry in bad:
        received, *rest = _heard(health[entry.message.source], 1, entry, is_bad=True)
        health[entry.message.source] = (received - 1, *rest)
    _save_health(cursor, statements, health)


def forget(cursor: Cursor, statements: JournalStatements, messages: Sequence[RawMessage]) -> None:
    """Take set-aside messages out of the journal, and out of their source's totals."""
    health = _health(cursor, statements, {message.source for message in messages})
    for source, (received, set_aside, *rest) in health.items():
        identities = {message.identity for message in messages if message.source == source}
        gone = statements.forget.write(cursor, sorted(identities))
        health[source] = (received - gone, set_aside - gone, *rest)
    _save_health(cursor, statements, health)


def known(cursor: Cursor, statements: JournalStatements, messages: Sequence[RawMessage]) -> set[tuple[int, str, int]]:
    """Return the identities among these that the journal holds."""
    asked = {message.identity for message in messages}
    found = statements.known.ask(cursor, sorted({identity[0] for identity in asked}))
    return asked.intersection((row[0], row[1], row[2]) for row in found)


def messages_of(
    cursor: Cursor, statements: JournalStatements, flow_ids: Collection[int]
) -> dict[int, list[RawMessage]]:
    """Return the understood messages of flows, in the order of receipt."""
    messages: dict[int, list[RawMessage]] = {}
    for row in statements.of_flows.ask(cursor, flow_ids):
        messages.setdefault(row[3], []).append(message_of(row))
    for flow in messages.values():
        flow.sort(key=lambda message: message.identity)
    return messages


def health_of(row: Row) -> SourceHealth:
    """Return the health in a row of `source_health`."""
    return SourceHealth(
        source=row[0],
        received=row[1],
        set_aside=row[2],
        last_received_at_us=row[3],
        last_problem=row[4],
        last_problem_at_us=row[5],
    )


def _health(cursor: Cursor, statements: JournalStatements, sources: Iterable[str]) -> dict[str, Row]:
    """Return the rows of sources without their key; a source never heard of has a row of nothing."""
    rows: dict[str, Row] = dict.fromkeys(sources, (0, 0, None, None, None))
    rows.update((row[0], row[1:]) for row in statements.health.ask(cursor, sorted(rows)))
    return rows


def _heard(row: Row, count: int, newest: JournalEntry, *, is_bad: bool) -> Row:
    received, set_aside, last_us, problem, problem_us = row
    at_us = newest.message.received_at_us
    if is_bad:
        set_aside += count
        if problem_us is None or at_us >= problem_us:
            problem, problem_us = newest.problem, at_us
    return (received + count, set_aside, at_us if last_us is None else max(last_us, at_us), problem, problem_us)


def _save_health(cursor: Cursor, statements: JournalStatements, health: dict[str, Row]) -> None:
    statements.put_health.write(cursor, [(source, *row) for source, row in sorted(health.items())])
