"""The write transaction: everything that one batch of messages changes."""

from collections.abc import Collection, Mapping, Sequence
from sys import maxsize
from zoneinfo import ZoneInfo

from calltally.model.buckets import LocalDays
from calltally.model.directory import Directory
from calltally.model.instants import Gap
from calltally.model.messages import RawMessage
from calltally.model.records import Records
from calltally.store import cells, journal, retention, saving, tables
from calltally.store.asked import JournalEntry, PruneCounts, RollUpDeltas
from calltally.store.known import Known
from calltally.store.recount import Recount
from calltally.store.rows import texts_json
from calltally.store.statements import Cursor, Printer, ask_in


class WriteStatements:
    """The statements of the write transaction, printed once for an engine."""

    def __init__(self, printer: Printer) -> None:
        self.printer = printer
        self.journal = journal.JournalStatements(printer)
        self.records = saving.RecordStatements(printer)
        self.cells = cells.roll_up_statements(printer)
        links, line_sets, directory = tables.LINKS, tables.LINE_SETS, (tables.GROUPS, tables.USERS, tables.NUMBERS)
        self.flows_of = printer.select_in(links, ("token", "flow_id"), "token")
        self.link = printer.put(links, ("token", "flow_id"), ("token",))
        self.move = [printer.change(table, ("flow_id",), "flow_id") for table in (links, tables.MESSAGES)]
        self.counter = printer.select_in(tables.COUNTERS, ("next",), "name")
        self.put_counter = printer.put(tables.COUNTERS, ("name", "next"), ("name",))
        self.lines_id = printer.select_in(line_sets, ("lines_id", "numbers"), "numbers")
        self.lines = printer.select_in(line_sets, ("lines_id", "numbers"), "lines_id")
        self.new_lines = printer.insert_new(line_sets, ("numbers",), ("numbers",))
        self.put_value = printer.put(tables.VALUES, ("name", "content"), ("name",))
        self.remove_value = printer.delete(tables.VALUES, ("name",))
        self.put_gap = printer.put(tables.GAPS, tables.GAPS.c.keys(), ("source", "since_ms"))
        self.clear_directory = [printer.clear(table) for table in directory]
        self.fill_directory = [printer.insert(table, table.c.keys()) for table in directory]


class SqlTransaction:
    """One write transaction on a driver's cursor. What it adds to `Known` is told by `committed`, once it is true."""

    def __init__(
        self, cursor: Cursor, statements: WriteStatements, *, known: Known, zone: ZoneInfo, generation: int
    ) -> None:
        self._cursor = cursor
        self._zone = zone
        self._statements = statements
        self._known = known
        self._generation = generation
        self._first_new = maxsize
        self._prints: dict[str, int] = {}
        self._linked: set[str] = set()
        self._new_lines: dict[tuple[str, ...], int] = {}
        self._new_seen: set[tuple[str, str]] = set()
        self._shapes: dict[int, saving.Shape] = {}
        known.catch_up(generation)

    def committed(self) -> None:
        """Let the store remember what this transaction made."""
        self._known.learn_lines((lines_id, texts_json(numbers)) for numbers, lines_id in self._new_lines.items())
        self._known.learn_shapes(self._shapes)
        if self._new_seen:
            self._known.learn_seen(self._new_seen)

    def generation(self) -> int:
        """Return a number that differs from the last one if another process has written in between."""
        return self._generation

    def append(self, entries: Sequence[JournalEntry]) -> None:
        """Write messages down; a message that is there already (same identity) changes nothing."""
        journal.append(self._cursor, self._statements.journal, entries)

    def forget(self, messages: Sequence[RawMessage]) -> None:
        """Take set-aside messages out of the journal, so that they can be taken in again in the same breath."""
        journal.forget(self._cursor, self._statements.journal, messages)

    def known(self, messages: Sequence[RawMessage]) -> set[tuple[int, str, int]]:
        """Return the identities among these that the journal holds already."""
        return journal.known(self._cursor, self._statements.journal, messages)

    def flows_of(self, tokens: Collection[str]) -> dict[str, int]:
        """Return the flow of each token that is linked to one."""
        self._prints.update((token, saving.fingerprint(token)) for token in tokens)
        by_print = {self._prints[token]: token for token in tokens}
        rows = ask_in(self._cursor, self._statements.flows_of, sorted(by_print))
        found = {by_print[int(row[0])]: int(row[1]) for row in rows}
        self._linked.update(found)
        return found

    def new_flow_ids(self, count: int) -> range:
        """Return ids never used before, rising."""
        rows = list(ask_in(self._cursor, self._statements.counter, ("flow",)))
        first = int(rows[0][0]) if rows else 1
        self._cursor.execute(self._statements.put_counter, ("flow", first + count))
        self._first_new = min(self._first_new, first)
        return range(first, first + count)

    def link(self, flows: Mapping[str, int]) -> None:
        """Link tokens to flows; a token that had another flow moves."""
        prints = self._prints
        rows = [(prints.get(token) or saving.fingerprint(token), flow_id) for token, flow_id in flows.items()]
        rows.sort()
        self._cursor.executemany(self._statements.link, rows)
        self._linked.update(flows)

    def merge_flows(self, into: int, flow_ids: Collection[int]) -> None:
        """Hand the messages and tokens of some flows to another; their records are deleted by `save`, not here."""
        moves = [(into, flow_id) for flow_id in flow_ids if flow_id != into]
        for statement in self._statements.move:
            self._cursor.executemany(statement, moves)

    def place(self, entries: Sequence[JournalEntry]) -> None:
        """Give messages that are in the journal another flow, or set them aside after all."""
        journal.place(self._cursor, self._statements.journal, entries)

    def messages_of(self, flow_ids: Collection[int]) -> dict[int, list[RawMessage]]:
        """Return the understood messages of flows, in the order of receipt; a flow without any has no key."""
        return journal.messages_of(self._cursor, self._statements.journal, flow_ids)

    def message_counts(self, flow_ids: Collection[int]) -> dict[int, int]:
        """Return how many messages each stored record was folded from; fewer in the journal mean that it was pruned."""
        return {row[0]: row[1] for row in ask_in(self._cursor, self._statements.records.counts, flow_ids)}

    def records_of(self, flow_ids: Collection[int]) -> dict[int, Records]:
        """Return the stored records of flows."""
        return saving.records_of(self._cursor, self._statements.records, flow_ids, self._lines)

    def _lines(self, ids: Collection[int]) -> Mapping[int, tuple[str, ...]]:
        mine = {lines_id: numbers for numbers, lines_id in self._new_lines.items()}
        others = [lines_id for lines_id in ids if lines_id not in mine]
        return {**self._known.lines_with(others, lambda: self._ask_lines(others)), **mine}

    def _ask_lines(self, ids: Collection[int]) -> list[Sequence[object]]:
        return list(ask_in(self._cursor, self._statements.lines, ids))

    def lines_id(self, numbers: tuple[str, ...]) -> int:
        """Return the id of an ordered set of own numbers, made on first use."""
        lines_id = self._known.lines_id(numbers) or self._new_lines.get(numbers)
        if lines_id is None:
            text = texts_json(numbers)
            self._cursor.execute(self._statements.new_lines, (text,))
            lines_id = next(int(row[0]) for row in list(ask_in(self._cursor, self._statements.lines_id, (text,))))
            self._new_lines[numbers] = lines_id
        return lines_id

    def save(self, changes: Sequence[tuple[int, int, Records]]) -> None:
        """Write the records of flows as `(flow id, messages folded, records)`.

        `NOTHING` deletes what was stored for a flow.
        """
        rows = saving.Saving(
            lines_id=self.lines_id,
            first_new=self._first_new,
            known=self._known.shapes,
            shapes=self._shapes,
            linked=self._linked,
        )
        for flow_id, messages, records in changes:
            rows.flow(flow_id, messages, records)
        rows.write(self._cursor, self._statements.records, self._known.seen)
        self._new_seen |= rows.seen
        self._first_new = maxsize

    def add(self, deltas: RollUpDeltas) -> None:
        """Add to the roll-ups; cells whose `calls`/`offered` measure falls to zero are deleted."""
        cells.add(self._cursor, self._statements.cells, deltas)

    def save_directory(self, directory: Directory) -> None:
        """Replace groups, users and numbers."""
        for statement in self._statements.clear_directory:
            self._cursor.execute(statement)
        groups, users, numbers = self._statements.fill_directory
        self._cursor.executemany(
            groups,
            [
                (group.source, group.group_id, position, group.name, texts_json(group.numbers))
                for position, group in enumerate(directory.groups)
            ],
        )
        self._cursor.executemany(
            users, [(user.source, user.user_id, position, user.name) for position, user in enumerate(directory.users)]
        )
        self._cursor.executemany(
            numbers,
            [(number, position, label) for position, (number, label) in enumerate(directory.numbers.items())],
        )

    def set_value(self, key: str, value: bytes | None) -> None:
        """Keep a small named value (tokens, hashes, marks); `None` forgets it."""
        if value is None:
            self._cursor.execute(self._statements.remove_value, (key,))
        else:
            self._cursor.execute(self._statements.put_value, (key, value))

    def add_gap(self, gap: Gap) -> None:
        """Note a time in which something could not be heard; one that began at the same time is replaced."""
        self._cursor.execute(self._statements.put_gap, (gap.source or "", gap.since_ms, gap.until_ms, gap.reason))

    def clear_records(self) -> int:
        """Delete roll-ups, and records and tokens of every flow whose messages are all in the journal.

        Return the id from which on flows are new.
        """
        retention.clear_records(self._cursor, self._recount, self._statements.cells)
        self._shapes.clear()
        self._linked.clear()
        self._known.forget_records()
        first_new = self.new_flow_ids(1)[0]
        self.set_value(retention.REBUILD_VALUE, str(first_new).encode())
        return first_new

    def records_made(self) -> None:
        """Note that all records are there again; retention waits for it."""
        self.set_value(retention.REBUILD_VALUE, None)

    def add_rollups_of_sealed(self) -> None:
        """Count the remaining (sealed) records into the roll-ups again; after `clear_records`."""
        retention.add_rollups_of_records(self._cursor, self._recount, self._statements.cells)

    def journal_pruned_before_us(self) -> int:
        """Return the instant before which messages of calls may have left the journal."""
        return retention.journal_pruned_before_us(self._cursor)

    def prune(self, *, messages_before_us: int, records_before_ms: int) -> PruneCounts:
        """Delete whole flows' messages, and records, older than these instants; roll-ups stay."""
        counts = retention.prune(
            self._cursor,
            self._statements.printer,
            messages_before_us=messages_before_us,
            records_before_ms=records_before_ms,
        )
        self._shapes.clear()
        self._known.forget_records()
        return counts

    @property
    def _recount(self) -> Recount:
        return Recount(self._cursor, self._statements.printer, LocalDays(self._zone))
