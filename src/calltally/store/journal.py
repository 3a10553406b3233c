"""The writing side of the journal: messages as they came, what was heard of each source, and how messages leave."""

from collections.abc import Collection, Iterable, Sequence

from calltally.model.messages import RawMessage
from calltally.store import tables
from calltally.store.asked import JournalEntry, SourceHealth
from calltally.store.rows import Row, entry_row, message_of
from calltally.store.statements import Cursor, Printer, ask_in

MESSAGE_COLUMNS = tuple(column.name for column in tables.MESSAGES.c if column.name != "message_id")
"""The columns of `rows.entry_row`, and `problem`."""
_IDENTITY = ("received_at_us", "source", "digest")
_HEALTH_COLUMNS = tuple(column.name for column in tables.HEALTH.c)


class JournalStatements:
    """The statements of this file, printed once for an engine."""

    def __init__(self, printer: Printer) -> None:
        messages = tables.MESSAGES
        understood = [name for name in MESSAGE_COLUMNS if name != "problem"]
        self.append = printer.insert_new(messages, understood, _IDENTITY)
        self.append_bad = printer.insert_new(messages, MESSAGE_COLUMNS, _IDENTITY)
        self.place = (
            f"UPDATE messages SET flow_id = {printer.mark}, problem = {printer.mark} WHERE {printer.where(_IDENTITY)}"  # noqa: S608  names of our own tables
        )
        self.forget = printer.delete(messages, _IDENTITY, "problem IS NOT NULL")
        self.known = printer.select_in(messages, _IDENTITY, "received_at_us")
        self.of_flows = printer.select_in(messages, MESSAGE_COLUMNS, "flow_id", "problem IS NULL")
        self.health = printer.select_in(tables.HEALTH, _HEALTH_COLUMNS, "source")
        self.put_health = printer.put(tables.HEALTH, _HEALTH_COLUMNS, ("source",))


def append(cursor: Cursor, statements: JournalStatements, entries: Sequence[JournalEntry]) -> None:
    """Write messages down, and count those that are new to their source's health."""
    kinds: dict[tuple[str, bool], list[JournalEntry]] = {}
    for entry in entries:
        kinds.setdefault((entry.message.source, entry.problem is not None), []).append(entry)
    health = _health(cursor, statements, {source for source, _ in kinds})
    for (source, is_bad), members in kinds.items():
        rows = list(map(entry_row, members))
        if is_bad:
            rows = [(*row, entry.problem) for row, entry in zip(rows, members, strict=True)]
        cursor.executemany(statements.append_bad if is_bad else statements.append, rows)
        stored = cursor.rowcount
        if stored > 0:
            newest = max(members, key=lambda entry: entry.message.received_at_us)
            health[source] = _heard(health[source], stored, newest, is_bad=is_bad)
    _save_health(cursor, statements, health)


def place(cursor: Cursor, statements: JournalStatements, entries: Sequence[JournalEntry]) -> None:
    """Give understood messages another flow, or set them aside after all, which counts in their source's totals."""
    cursor.executemany(statements.place, [(entry.flow_id, entry.problem, *entry.message.identity) for entry in entries])
    bad = [entry for entry in entries if entry.problem is not None]
    health = _health(cursor, statements, {entry.message.source for entry in bad})
    for entry in bad:
        received, *rest = _heard(health[entry.message.source], 1, entry, is_bad=True)
        health[entry.message.source] = (received - 1, *rest)
    _save_health(cursor, statements, health)


def forget(cursor: Cursor, statements: JournalStatements, messages: Sequence[RawMessage]) -> None:
    """Take set-aside messages out of the journal, and out of their source's totals."""
    health = _health(cursor, statements, {message.source for message in messages})
    for message in messages:
        cursor.execute(statements.forget, message.identity)
        if cursor.rowcount > 0:
            received, set_aside, *rest = health[message.source]
            health[message.source] = (received - 1, set_aside - 1, *rest)
    _save_health(cursor, statements, health)


def known(cursor: Cursor, statements: JournalStatements, messages: Sequence[RawMessage]) -> set[tuple[int, str, int]]:
    """Return the identities among these that the journal holds."""
    asked = {message.identity for message in messages}
    found = ask_in(cursor, statements.known, sorted({identity[0] for identity in asked}))
    return asked.intersection((row[0], row[1], row[2]) for row in found)


def messages_of(
    cursor: Cursor, statements: JournalStatements, flow_ids: Collection[int]
) -> dict[int, list[RawMessage]]:
    """Return the understood messages of flows, in the order of receipt."""
    messages: dict[int, list[RawMessage]] = {}
    for row in ask_in(cursor, statements.of_flows, flow_ids):
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
    rows.update((row[0], row[1:]) for row in ask_in(cursor, statements.health, sorted(rows)))
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
    cursor.executemany(statements.put_health, [(source, *row) for source, row in health.items()])
