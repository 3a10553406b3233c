"""Writing records: calls, legs and visits of flows, with the tokens and values by which they are found."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from hashlib import blake2b

from calltally.model.records import Call, Leg, QueueVisit, Records
from calltally.store import tables
from calltally.store.rows import Row, call_of, call_row, leg_of, leg_row, lines_in, visit_of, visit_row
from calltally.store.statements import Cursor, Dialect, Writes

Fields = tuple[object, ...]
Shape = tuple[object, ...]
"""What indexes and the number of rows depend on: of records of the same shape only the other columns are written."""
LinesOf = Callable[[Collection[int]], Mapping[int, tuple[str, ...]]]


def fingerprint(token: str) -> int:
    """Return what stands for a token in `links`.

    With 63 bits, two of ten million tokens are alike on one site of 180,000.
    """
    return int.from_bytes(blake2b(token.encode(), digest_size=8).digest(), "big") >> 1


def id_tokens(source: str, record_id: str) -> tuple[str, str, str]:
    """Return the tokens by which a record may be linked: as a leg, as the source's own flow, and by its id alone."""
    return (f"{source}|c:{record_id}", f"{source}|x:{record_id}", f"{source}|i:{record_id}")


class RecordStatements:
    """The statements of this file, printed once for an engine."""

    def __init__(self, dialect: Dialect) -> None:
        calls, legs, visits = tables.CALLS, tables.LEGS, tables.VISITS
        self.calls = dialect.ask(calls, calls.c.keys(), "flow_id")
        self.legs = dialect.ask(legs, legs.c.keys(), "flow_id")
        self.visits = dialect.ask(visits, visits.c.keys(), "flow_id")
        self.counts = dialect.ask(calls, ("flow_id", "messages"), "flow_id")
        self.insert = tuple(dialect.insert(table, table.c.keys()) for table in (calls, legs, visits))
        self.put = (
            dialect.put(calls, calls.c.keys(), ("flow_id",)),
            dialect.put(legs, legs.c.keys(), ("flow_id", "leg_no")),
            dialect.put(visits, visits.c.keys(), ("flow_id", "visit_no")),
        )
        self.renew = (
            dialect.renew(calls, key=1, steady=tables.CALL_STEADY),
            dialect.renew(legs, key=2, steady=tables.LEG_STEADY),
            dialect.renew(visits, key=2, steady=tables.VISIT_STEADY),
        )
        self.remove_call = dialect.delete(calls, ("flow_id",))
        self.cut_legs = dialect.cut(legs, "flow_id", "leg_no")
        self.cut_visits = dialect.cut(visits, "flow_id", "visit_no")
        self.see = dialect.insert_new(tables.SEEN, ("dimension", "value"), ("dimension", "value"))
        self.link_new = dialect.insert_new(tables.LINKS, ("token", "flow_id"), ("token",))


class _Rows:
    """Rows of the three tables of records."""

    def __init__(self) -> None:
        self.calls: list[Fields] = []
        self.legs: list[Fields] = []
        self.visits: list[Fields] = []

    def write(self, cursor: Cursor, writers: Sequence[Writes]) -> None:
        for writer, rows in zip(writers, (self.calls, self.legs, self.visits), strict=True):
            writer.write(cursor, rows)


class Saving:
    """Gathers the rows of several flows, then writes each table at once.

    Args:
        first_new: flows from this id on have nothing stored yet.
        known: the shapes of flows as they were committed, as far as they are known.
        shapes: the same for flows that this transaction has saved; those saved now are added.
        linked: tokens that are known to be linked; the ids of records are linked by `save` if they are not among them.
    """

    def __init__(
        self,
        *,
        lines_id: Callable[[tuple[str, ...]], int],
        first_new: int,
        known: Mapping[int, Shape],
        shapes: dict[int, Shape],
        linked: Collection[str],
    ) -> None:
        self._lines_id = lines_id
        self._first_new = first_new
        self._known = known
        self._shapes = shapes
        self._linked = linked
        self._new = _Rows()
        self._other = _Rows()
        self._alike = _Rows()
        self._removed: list[tuple[int]] = []
        self._cut_legs: list[tuple[int, int]] = []
        self._cut_visits: list[tuple[int, int]] = []
        self._links: dict[int, int] = {}
        self.seen: set[tuple[str, str]] = set()

    def flow(self, flow_id: int, messages: int, records: Records) -> None:
        """Take the records of one flow."""
        call, legs, visits = records.call, records.legs, records.visits
        call_rows: list[Fields] = []
        if call is not None:
            call_rows.append(call_row(flow_id, messages, call, self._lines_id(call.own_numbers)))
            self._see(call, visits)
        leg_rows: list[Fields] = []
        for leg in legs:
            leg_rows.append(leg_row(flow_id, len(leg_rows), leg))
        visit_rows = [visit_row(flow_id, number, visit) for number, visit in enumerate(visits)] if visits else []
        shape = _shape(call_rows, leg_rows, visit_rows)
        rows = self._alike
        if (self._shapes.get(flow_id) or self._known.get(flow_id)) != shape:
            rows = self._new
            self._shapes[flow_id] = shape
            if call is not None:
                self._link(flow_id, call, legs)
            if flow_id < self._first_new:
                rows = self._other
                self._cut(flow_id, records)
        rows.calls += call_rows
        rows.legs += leg_rows
        rows.visits += visit_rows

    def _cut(self, flow_id: int, records: Records) -> None:
        """Delete what was stored beyond the records of now."""
        if records.call is None:
            self._removed.append((flow_id,))
        self._cut_legs.append((flow_id, len(records.legs)))
        self._cut_visits.append((flow_id, len(records.visits)))

    def _see(self, call: Call, visits: Sequence[QueueVisit]) -> None:
        """Remember what a call names."""
        seen = self.seen
        seen.add(("source", call.source))
        if call.agent is not None:
            seen.add(("agent", call.agent))
        if call.trunk is not None:
            seen.add(("trunk", call.trunk))
        if call.queue is not None:
            seen.add(("queue", call.queue))
        for visit in visits:
            seen.add(("queue", visit.queue))
            if visit.agent is not None:
                seen.add(("agent", visit.agent))

    def _link(self, flow_id: int, call: Call, legs: Sequence[Leg]) -> None:
        """Link ids that are not linked yet."""
        source, linked = call.source, self._linked
        found = False
        for leg in legs:
            leg_id = leg.leg_id
            token = f"{source}|c:{leg_id}"
            if token not in linked:
                self._links.setdefault(fingerprint(token), flow_id)
            found = found or leg_id == call.call_id
        if not found:
            as_leg, as_flow, as_id = id_tokens(source, call.call_id)
            if as_leg not in linked and as_flow not in linked and as_id not in linked:
                self._links.setdefault(fingerprint(as_id), flow_id)

    def write(self, cursor: Cursor, statements: RecordStatements, seen: Collection[tuple[str, str]]) -> None:
        """Write everything; `seen` are the values that are stored already."""
        self.seen.difference_update(seen)
        statements.remove_call.write(cursor, self._removed)
        statements.cut_legs.write(cursor, self._cut_legs)
        statements.cut_visits.write(cursor, self._cut_visits)
        statements.link_new.write(cursor, sorted(self._links.items()))
        statements.see.write(cursor, sorted(self.seen))
        self._new.write(cursor, statements.insert)
        self._other.write(cursor, statements.put)
        self._alike.write(cursor, statements.renew)


def _shape(calls: Sequence[Fields], legs: Sequence[Fields], visits: Sequence[Fields]) -> Shape:
    """Return how many rows a flow has, and their steady columns one after another."""
    shape: list[object] = [len(calls), len(legs), len(visits)]
    for row in calls:
        shape += row[1 : tables.CALL_STEADY]
    for row in legs:
        shape += row[2 : tables.LEG_STEADY]
    for row in visits:
        shape += row[2 : tables.VISIT_STEADY]
    return tuple(shape)


def records_in(
    calls: Iterable[Row], legs: Iterable[Row], visits: Iterable[Row], lines_of: LinesOf
) -> dict[int, Records]:
    """Return the records of flows from their rows; a flow without any has no key."""
    call_rows = list(calls)
    lines = lines_of(set(map(lines_in, call_rows)))
    found = {row[0]: call_of(row, lines) for row in call_rows}
    found_legs: dict[int, list[Leg]] = {}
    found_visits: dict[int, list[QueueVisit]] = {}
    for row in sorted(legs, key=_number):
        found_legs.setdefault(row[0], []).append(leg_of(row))
    for row in sorted(visits, key=_number):
        found_visits.setdefault(row[0], []).append(visit_of(row))
    return {
        flow_id: Records(
            call=found.get(flow_id),
            legs=tuple(found_legs.get(flow_id, ())),
            visits=tuple(found_visits.get(flow_id, ())),
        )
        for flow_id in found | found_legs | found_visits
    }


def records_of(
    cursor: Cursor, statements: RecordStatements, flow_ids: Collection[int], lines_of: LinesOf
) -> dict[int, Records]:
    """Return the stored records of flows."""
    return records_in(
        list(statements.calls.ask(cursor, flow_ids)),
        list(statements.legs.ask(cursor, flow_ids)),
        list(statements.visits.ask(cursor, flow_ids)),
        lines_of,
    )


def _number(row: Row) -> tuple[int, int]:
    return (row[0], row[1])
