"""Reading the journal and the small things beside the records: directory, values, gaps, health."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Select, and_, exists, func, or_, select

from calltally.model.directory import Directory, Group, User
from calltally.model.instants import Gap, Span
from calltally.model.messages import RawMessage
from calltally.store import tables
from calltally.store.asked import Dimension, JournalEntry, SourceHealth
from calltally.store.journal import health_of
from calltally.store.plans import with_problem
from calltally.store.rows import entry_of, message_of, texts_of

BATCH = 1_000
_MESSAGES = tables.MESSAGES.c
_COLUMNS = list(_MESSAGES)
_IDENTITY = (_MESSAGES.received_at_us, _MESSAGES.source, _MESSAGES.digest)


def journal_of(connection: Connection, flow_id: int) -> list[JournalEntry]:
    """Return the journal rows of one flow, in the order of receipt."""
    found = select(*_COLUMNS).where(_MESSAGES.flow_id == flow_id)
    return sorted(map(entry_of, connection.execute(found)), key=lambda entry: entry.message.identity)


def journal(
    connection: Connection, *, since_us: int | None, until_us: int | None, source: str | None
) -> Iterator[JournalEntry]:
    """Yield the journal in the order `(received_at_us, source, digest)`."""
    found = select(*_COLUMNS).order_by(*_IDENTITY)
    if since_us is not None:
        found = found.where(_MESSAGES.received_at_us >= since_us)
    if until_us is not None:
        found = found.where(_MESSAGES.received_at_us < until_us)
    if source is not None:
        found = found.where(_MESSAGES.source == source)
    for rows in connection.execution_options(yield_per=BATCH).execute(found).partitions():
        yield from map(entry_of, rows)


def set_aside(connection: Connection, limit: int) -> list[JournalEntry]:
    """Return the newest messages that were set aside, newest first."""
    found = with_problem(select(*_COLUMNS))
    found = found.order_by(*(column.desc() for column in _IDENTITY)).limit(limit)
    return list(map(entry_of, connection.execute(found)))


def set_aside_after(connection: Connection, after: tuple[int, str, int] | None, limit: int) -> list[RawMessage]:
    """Return the next messages that were set aside, in the order of receipt."""
    found = with_problem(select(*_COLUMNS))
    return list(map(message_of, connection.execute(_after(found, after, limit))))


def unplaced_after(
    connection: Connection, after: tuple[int, str, int] | None, first_new: int, limit: int
) -> list[JournalEntry]:
    """Return the next understood messages without a flow, or of one before `first_new` that has no record."""
    recorded = select(1).where(tables.CALLS.c.flow_id == _MESSAGES.flow_id).correlate(tables.MESSAGES)
    left = and_(_MESSAGES.flow_id < first_new, ~exists(recorded))
    found = select(*_COLUMNS).where(_MESSAGES.problem.is_(None), or_(_MESSAGES.flow_id.is_(None), left))
    return list(map(entry_of, connection.execute(_after(found, after, limit))))


def _after(found: Select[Any], after: tuple[int, str, int] | None, limit: int) -> Select[Any]:
    """Return the next rows of a selection, in the order of receipt."""
    found = found.order_by(*_IDENTITY).limit(limit)
    if after is None:
        return found
    received, source, digest = after
    same = and_(_MESSAGES.source == source, _MESSAGES.digest > digest)
    at_once = and_(_MESSAGES.received_at_us == received, or_(_MESSAGES.source > source, same))
    return found.where(_MESSAGES.received_at_us >= received, or_(_MESSAGES.received_at_us > received, at_once))


def values_of(connection: Connection, dimension: Dimension) -> list[str]:
    """Return the distinct sources, queues, agents or trunks seen in records, sorted."""
    found = select(tables.SEEN.c.value).where(tables.SEEN.c.dimension == dimension.value)
    return sorted(connection.execute(found).scalars())


def directory(connection: Connection) -> Directory:
    """Return groups, users and numbers as imported last."""
    groups, users, numbers = tables.GROUPS, tables.USERS, tables.NUMBERS
    return Directory(
        groups=tuple(
            Group(source=row.source, group_id=row.group_id, name=row.name, numbers=texts_of(row.numbers))
            for row in connection.execute(select(groups).order_by(groups.c.position))
        ),
        users=tuple(
            User(source=row.source, user_id=row.user_id, name=row.name)
            for row in connection.execute(select(users).order_by(users.c.position))
        ),
        numbers={row.number: row.label for row in connection.execute(select(numbers).order_by(numbers.c.position))},
    )


def teams(connection: Connection) -> list[tuple[str, tuple[str, ...]]]:
    """Return the teams as saved last, as `(name, numbers)`."""
    found = select(tables.TEAMS.c.name, tables.TEAMS.c.numbers).order_by(tables.TEAMS.c.position)
    return [(name, texts_of(numbers)) for name, numbers in connection.execute(found)]


def value(connection: Connection, key: str) -> bytes | None:
    """Return a small named value."""
    found = connection.execute(select(tables.VALUES.c.content).where(tables.VALUES.c.name == key)).scalar()
    return None if found is None else bytes(found)


def values(connection: Connection, prefix: str) -> dict[str, bytes]:
    """Return all small named values whose key begins with the prefix."""
    name = tables.VALUES.c.name
    found = select(name, tables.VALUES.c.content).where(func.substr(name, 1, len(prefix)) == prefix).order_by(name)
    return {row[0]: bytes(row[1]) for row in connection.execute(found)}


def gaps(connection: Connection, span: Span) -> list[Gap]:
    """Return the gaps that touch a range, oldest first."""
    columns = tables.GAPS.c
    found = select(tables.GAPS).where(columns.since_ms < span.until_ms, columns.until_ms > span.since_ms)
    rows = connection.execute(found.order_by(columns.since_ms, columns.source))
    return [
        Gap(source=row.source or None, since_ms=row.since_ms, until_ms=row.until_ms, reason=row.reason) for row in rows
    ]


def health(connection: Connection) -> list[SourceHealth]:
    """Return what was heard of each source."""
    return list(map(health_of, connection.execute(select(tables.HEALTH).order_by(tables.HEALTH.c.source))))
