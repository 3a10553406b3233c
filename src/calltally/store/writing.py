"""The write transaction: everything that one batch of messages changes."""

from collections.abc import Collection, Mapping, Sequence
from sys import maxsize
from zoneinfo import ZoneInfo

from sqlalchemy import Table

from calltally.model.buckets import LocalDays
from calltally.model.directory import Directory
from calltally.model.instants import Gap
from calltally.model.messages import RawMessage
from calltally.model.records import Records
from calltally.store import cells, clearing, journal, retention, saving, tables
from calltally.store.asked import REBUILD_BEFORE, JournalEntry, PruneCounts, RollUpDeltas
from calltally.store.calendar import Calendar
from calltally.store.following import Batch, Follower
from calltally.store.known import Known
from calltally.store.recount import Recount
from calltally.store.rows import texts_json
from calltally.store.statements import Dialect, Fields


class WriteStatements:
    """The statements of the write transaction, printed once for an engine."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.journal = journal.JournalStatements(dialect)
        self.records = saving.RecordStatements(dialect)
        self.cells = cells.roll_up_statements(dialect)
        self.calendar = Calendar(dialect)
        links, line_sets = tables.LINKS, tables.LINE_SETS
        self.flows_of = dialect.ask(links, ("token", "flow_id"), "token")
        self.link = dialect.put(links, ("token", "flow_id"), ("token",))
        self.move = [dialect.change(table, ("flow_id",), ("flow_id",)) for table in (links, tables.MESSAGES)]
        self.counter = dialect.ask(tables.COUNTERS, ("next",), "name")
        self.put_counter = dialect.put(tables.COUNTERS, ("name", "next"), ("name",))
        self.lines_ids = dialect.ask(line_sets, ("lines_id", "numbers"), "fingerprint")
        self.lines = dialect.ask(line_sets, ("lines_id", "numbers"), "lines_id")
        self.new_lines = dialect.insert(line_sets, line_sets.c.keys())
        self.new_numbers = dialect.insert(tables.LINE_NUMBERS, tables.LINE_NUMBERS.c.keys())
        self.put_value = dialect.put(tables.VALUES, ("name", "content"), ("name",))
        self.remove_value = dialect.delete(tables.VALUES, ("name",))
        self.put_gap = dialect.put(tables.GAPS, tables.GAPS.c.keys(), ("source", "since_ms"))
        self.fill = {
            table: dialect.insert(table, table.c.keys())
            for table in (tables.GROUPS, tables.USERS, tables.NUMBERS, tables.TEAMS)
        }


class SqlTransaction:
    """One write transaction on a driver's cursor. What it adds to `Known` is told by `committed`, once it is true."""

    def __init__(
        self, batch: Batch, statements: WriteStatements, *, known: Known, asked: Follower, zone: ZoneInfo
    ) -> None:
        self._batch = batch
        self._cursor = batch.cursor
        self._zone = zone
        self._statements = statements
        self._known = known
        self._asked = asked
        self._was_asked = False
        self._first_new = maxsize
        self._prints: dict[str, int] = {}
        self._linked: set[str] = set()
        self._new_lines: dict[tuple[str, ...], int] = {}
        self._new_seen: set[tuple[str, str]] = set()
        self._shapes: dict[int, saving.Shape] = {}
        self._new_days: set[int] = set()
        known.catch_up(batch)

    def committed(self) -> None:
        """Let the store remember what this transaction made."""
        self._known.learn_lines((lines_id, texts_json(numbers)) for numbers, lines_id in self._new_lines.items())
        self._known.learn_shapes(self._shapes)
        self._known.learn_days(self._new_days)
        if self._new_seen:
            self._known.learn_seen(self._new_seen)
        if self._was_asked:
            self._asked.follow(self._batch)

    def generation(self) -> int:
        """Return a number that differs from the last one if another process has written in between."""
        return self._batch.generation

    def changed_flows(self) -> frozenset[int] | None:
        """Return the flows that other processes changed since the last committed transaction that asked this."""
        self._was_asked = True
        return self._asked.changed(self._batch)

    def append(self, entries: Sequence[JournalEntry]) -> None:
        """Write messages down; a message that is there already (same identity) changes nothing."""
        journal.append(self._cursor, self._statements.journal, entries)
        self._batch.tell({entry.flow_id for entry in entries if entry.flow_id is not None})

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
        rows = self._statements.flows_of.ask(self._cursor, sorted(by_print))
        found = {by_print[int(row[0])]: int(row[1]) for row in rows}
        self._linked.update(found)
        return found

    def new_flow_ids(self, count: int) -> range:
        """Return ids never used before, rising."""
        flow_ids = self._new_ids("flow", count)
        self._first_new = min(self._first_new, flow_ids.start)
        return flow_ids

    def _new_ids(self, name: str, count: int) -> range:
        rows = list(self._statements.counter.ask(self._cursor, (name,)))
        first = int(rows[0][0]) if rows else 1
        self._statements.put_counter.write(self._cursor, [(name, first + count)])
        return range(first, first + count)

    def link(self, flows: Mapping[str, int]) -> None:
        """Link tokens to flows; a token that had another flow moves."""
        prints = self._prints
        rows = {prints.get(token) or saving.fingerprint(token): flow_id for token, flow_id in flows.items()}
        self._statements.link.write(self._cursor, sorted(rows.items()))
        self._linked.update(flows)
        self._batch.tell(rows.values())

    def merge_flows(self, into: int, flow_ids: Collection[int]) -> None:
        """Hand the messages and tokens of some flows to another; their records are deleted by `save`, not here."""
        moves = [(into, flow_id) for flow_id in flow_ids if flow_id != into]
        for statement in self._statements.move:
            statement.write(self._cursor, moves)
        self._batch.tell({into, *flow_ids})

    def place(self, entries: Sequence[JournalEntry]) -> None:
        """Give messages that are in the journal another flow, or set them aside after all."""
        journal.place(self._cursor, self._statements.journal, entries)
        self._batch.tell({entry.flow_id for entry in entries if entry.flow_id is not None})

    def messages_of(self, flow_ids: Collection[int]) -> dict[int, list[RawMessage]]:
        """Return the understood messages of flows, in the order of receipt; a flow without any has no key."""
        return journal.messages_of(self._cursor, self._statements.journal, flow_ids)

    def message_counts(self, flow_ids: Collection[int]) -> dict[int, int]:
        """Return how many messages each stored record was folded from; fewer in the journal mean that it was pruned."""
        return {row[0]: row[1] for row in self._statements.records.counts.ask(self._cursor, flow_ids)}

    def records_of(self, flow_ids: Collection[int]) -> dict[int, Records]:
        """Return the stored records of flows."""
        return saving.records_of(self._cursor, self._statements.records, flow_ids, self._lines)

    def _lines(self, ids: Collection[int]) -> Mapping[int, tuple[str, ...]]:
        mine = {lines_id: numbers for numbers, lines_id in self._new_lines.items()}
        others = [lines_id for lines_id in ids if lines_id not in mine]
        return {**self._known.lines_with(others, lambda: self._ask_lines(others)), **mine}

    def _ask_lines(self, ids: Collection[int]) -> list[Sequence[object]]:
        return list(self._statements.lines.ask(self._cursor, ids))

    def lines_id(self, numbers: tuple[str, ...]) -> int:
        """Return the id of an ordered set of own numbers, made on first use."""
        lines_id = self._known.lines_id(numbers) or self._new_lines.get(numbers)
        if lines_id is None:
            self._make_lines({numbers})
            lines_id = self._new_lines[numbers]
        return lines_id

    def _make_lines(self, sets: Collection[tuple[str, ...]]) -> None:
        """Find the ids of sets of own numbers that are not known, and make those that are not there."""
        texts = {texts_json(numbers): numbers for numbers in sorted(sets)}
        prints = {saving.fingerprint(text): text for text in texts}
        for lines_id, text in list(self._statements.lines_ids.ask(self._cursor, sorted(prints))):
            self._new_lines[texts.pop(text)] = int(lines_id)
        if not texts:
            return
        new_ids = self._new_ids("lines", len(texts))
        sets_rows: list[Fields] = []
        rows: list[Fields] = []
        for lines_id, (text, numbers) in zip(new_ids, texts.items(), strict=True):
            self._new_lines[numbers] = lines_id
            sets_rows.append((lines_id, saving.fingerprint(text), text))
            rows += [(lines_id, position, number) for position, number in enumerate(numbers)]
        self._statements.new_lines.write(self._cursor, sets_rows)
        self._statements.new_numbers.write(self._cursor, rows)

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
        own = {records.call.own_numbers for _, _, records in changes if records.call is not None}
        unknown = {numbers for numbers in own if self._known.lines_id(numbers) is None} - self._new_lines.keys()
        if unknown:
            self._make_lines(unknown)
        for flow_id, messages, records in changes:
            rows.flow(flow_id, messages, records)
        rows.write(self._cursor, self._statements.records, self._known.seen)
        self._new_seen |= rows.seen
        self._first_new = maxsize
        self._batch.tell([flow_id for flow_id, _, _ in changes])

    def add(self, deltas: RollUpDeltas) -> None:
        """Add to the roll-ups; cells whose `calls`/`offered` measure falls to zero are deleted."""
        cells.add(self._cursor, self._statements.cells, deltas)
        new = cells.days_in(deltas) - self._known.days - self._new_days
        if new:
            self._new_days.update(self._statements.calendar.cover(self._cursor, new, self._zone))

    def save_directory(self, directory: Directory) -> None:
        """Replace groups, users and numbers."""
        groups, users = directory.groups, directory.users
        self._fill(
            tables.GROUPS,
            [
                (group.source, group.group_id, position, group.name, texts_json(group.numbers))
                for position, group in enumerate(groups)
            ],
        )
        self._fill(
            tables.USERS, [(user.source, user.user_id, position, user.name) for position, user in enumerate(users)]
        )
        self._fill(
            tables.NUMBERS,
            [(number, position, label) for position, (number, label) in enumerate(directory.numbers.items())],
        )

    def save_teams(self, teams: Sequence[tuple[str, tuple[str, ...]]]) -> None:
        """Replace the teams, as `(name, numbers)`."""
        rows = [(position, name, texts_json(numbers)) for position, (name, numbers) in enumerate(teams)]
        self._fill(tables.TEAMS, rows)

    def _fill(self, table: Table, rows: Sequence[Fields]) -> None:
        """Replace everything in a small table; NUL, which not every database keeps, becomes U+FFFD in all of them."""
        self._cursor.execute(f"DELETE FROM {table.name}")  # noqa: S608  a name of our own
        plain = [[each.replace("\0", "\ufffd") if isinstance(each, str) else each for each in row] for row in rows]
        self._statements.fill[table].write(self._cursor, plain)

    def set_value(self, key: str, value: bytes | None) -> None:
        """Keep a small named value (tokens, hashes, marks); `None` forgets it."""
        if value is None:
            self._statements.remove_value.write(self._cursor, [(key,)])
        else:
            self._statements.put_value.write(self._cursor, [(key, value)])

    def add_gap(self, gap: Gap) -> None:
        """Note a time in which something could not be heard; one that began at the same time is replaced."""
        row = (gap.source or "", gap.since_ms, gap.until_ms, gap.reason)
        # It marks calls as crashed, whoever folds them.
        self._batch.tell(None)
        self._statements.put_gap.write(self._cursor, [row])

    def begin_rebuild(self) -> int:
        """Begin to make all records again, and return the id from which on flows are new."""
        first_new = self.new_flow_ids(1)[0]
        self.set_value(retention.REBUILD_VALUE, str(first_new).encode())
        return first_new

    def clear_records(self, first_new: int, since: int) -> int | None:
        """Delete records and tokens of some flows before `first_new` whose messages are all in the journal.

        Args:
            first_new: what `begin_rebuild` returned.
            since: 0 at first, then what this returned last; `None` means that all have left.
        """
        flow_ids = clearing.next_flows(self._cursor, since, first_new)
        if flow_ids is None:
            retention.see_again(self._cursor)
            self._batch.tell(None)
        else:
            clearing.clear_flows(self._cursor, self._recount, self._statements.cells, flow_ids)
            self._batch.tell(flow_ids)
        self._shapes.clear()
        self._linked.clear()
        self._known.forget_records()
        return None if flow_ids is None else flow_ids.stop

    def count_again(self, since_ms: int | None) -> int | None:
        """Count the records of some days into the roll-ups again; after `clear_records`.

        Args:
            since_ms: `None` at first, then what this returned last; `None` means that all days are counted.
        """
        return clearing.count_again(self._cursor, self._recount, self._statements.cells, since_ms)

    def records_made(self) -> None:
        """Note that all records are there again; retention waits for it."""
        for name in (retention.REBUILD_VALUE, REBUILD_BEFORE):
            self.set_value(name, None)

    def journal_pruned_before_us(self) -> int:
        """Return the instant before which messages of calls may have left the journal."""
        return retention.journal_pruned_before_us(self._cursor)

    def prune(self, *, messages_before_us: int, records_before_ms: int) -> PruneCounts:
        """Delete whole flows' messages, and records, older than these instants; roll-ups stay."""
        counts = retention.prune(
            self._cursor,
            self._statements.dialect,
            messages_before_us=messages_before_us,
            records_before_ms=records_before_ms,
        )
        self._shapes.clear()
        self._known.forget_records()
        self._batch.tell(None)
        return counts

    @property
    def _recount(self) -> Recount:
        return Recount(self._cursor, self._statements.dialect, LocalDays(self._zone))
