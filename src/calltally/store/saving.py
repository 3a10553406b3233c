"""Writing records: calls, legs and visits of flows, with the tokens and values by which they are found."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from hashlib import blake2b

from calltally.model.records import Call, Leg, QueueVisit, Records
from calltally.store import tables
from calltally.store.rows import Row, call_of, call_row, leg_of, leg_row, visit_of, visit_row
from calltally.store.statements import Cursor, Printer, Put, ask_in

Shape = tuple[object, ...]
"""What indexes and the number of rows depend on: records of the same shape are written over the old ones cheaply."""
LinesOf = Callable[[Collection[int]], Mapping[int, tuple[str, ...]]]


def fingerprint(token: str) -> bytes:
    """Return what stands for a token in `links`."""
    return blake2b(token.encode(), digest_size=16).digest()


def id_tokens(source: str, record_id: str) -> tuple[str, str, str]:
    """Return the tokens by which a record may be linked: as a leg, as the source's own flow, and by its id alone."""
    return (f"{source}|c:{record_id}", f"{source}|x:{record_id}", f"{source}|i:{record_id}")


class RecordStatements:
    """The statements of this file, printed once for an engine."""

    def __init__(self, printer: Printer) -> None:
        calls, legs, visits = tables.CALLS, tables.LEGS, tables.VISITS
        self.calls = printer.select_in(calls, calls.c.keys(), "flow_id")
        self.legs = printer.select_in(legs, legs.c.keys(), "flow_id")
        self.visits = printer.select_in(visits, visits.c.keys(), "flow_id")
        self.counts = printer.select_in(calls, ("flow_id", "messages"), "flow_id")
        self.put = (
            Put(printer, calls, ("flow_id",)),
            Put(printer, legs, ("flow_id", "leg_no")),
            Put(printer, visits, ("flow_id", "visit_no")),
        )
        self.put_alike = (
            Put(printer, calls, ("flow_id",), but=tables.CALL_CALLER_COLUMNS),
            Put(printer, legs, ("flow_id", "leg_no"), but=("started_at_ms",)),
            Put(printer, visits, ("flow_id", "visit_no"), but=("entered_at_ms",)),
        )
        self.remove_call = printer.delete(calls, ("flow_id",))
        self.cut_legs = printer.delete(legs, ("flow_id",), f"leg_no >= {printer.mark}")
        self.cut_visits = printer.delete(visits, ("flow_id",), f"visit_no >= {printer.mark}")
        self.see = printer.insert_new(tables.SEEN, ("dimension", "value"), ("dimension", "value"))
        self.link_new = printer.insert_new(tables.LINKS, ("token", "flow_id"), ("token",))


class _Rows:
    """Rows of the three tables of records."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []
        self.legs: list[tuple[object, ...]] = []
        self.visits: list[tuple[object, ...]] = []

    def write(self, cursor: Cursor, puts: tuple[Put, Put, Put]) -> None:
        for put, rows in zip(puts, (self.calls, self.legs, self.visits), strict=True):
            put.write(cursor, rows)


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
        self._other = _Rows()
        self._alike = _Rows()
        self._removed: list[tuple[int]] = []
        self._cut_legs: list[tuple[int, int]] = []
        self._cut_visits: list[tuple[int, int]] = []
        self._links: list[tuple[bytes, int]] = []
        self.seen: set[tuple[str, str]] = set()

    def flow(self, flow_id: int, messages: int, records: Records) -> None:
        """Take the records of one flow."""
        call, legs, visits = records.call, records.legs, records.visits
        lines_id = 0 if call is None else self._lines_id(call.own_numbers)
        shape = _shape(call, lines_id, legs, visits)
        before = self._shapes.get(flow_id) or self._known.get(flow_id)
        rows = self._alike if before == shape else self._other
        self._shapes[flow_id] = shape
        if call is not None:
            rows.calls.append(call_row(flow_id, messages, call, lines_id))
            self._note(flow_id, call, legs, visits)
        for number, leg in enumerate(legs):
            rows.legs.append(leg_row(flow_id, number, leg))
        for number, visit in enumerate(visits):
            rows.visits.append(visit_row(flow_id, number, visit))
        if rows is self._other and flow_id < self._first_new:
            if call is None:
                self._removed.append((flow_id,))
            self._cut_legs.append((flow_id, len(legs)))
            self._cut_visits.append((flow_id, len(visits)))

    def _note(self, flow_id: int, call: Call, legs: Sequence[Leg], visits: Sequence[QueueVisit]) -> None:
        """Remember what a call names, and link ids that are not linked yet."""
        source, linked = call.source, self._linked
        seen = self.seen
        seen.add(("source", source))
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
        found = False
        for leg in legs:
            token = f"{source}|c:{leg.leg_id}"
            if token not in linked:
                self._links.append((fingerprint(token), flow_id))
            found = found or leg.leg_id == call.call_id
        if not found and not any(token in linked for token in id_tokens(source, call.call_id)):
            self._links.append((fingerprint(id_tokens(source, call.call_id)[2]), flow_id))

    def write(self, cursor: Cursor, statements: RecordStatements, seen: Collection[tuple[str, str]]) -> None:
        """Write everything; `seen` are the values that are stored already."""
        self.seen.difference_update(seen)
        for statement, rows in (
            (statements.remove_call, self._removed),
            (statements.cut_legs, self._cut_legs),
            (statements.cut_visits, self._cut_visits),
            (statements.link_new, self._links),
            (statements.see, sorted(self.seen)),
        ):
            if rows:
                cursor.executemany(statement, rows)
        self._other.write(cursor, statements.put)
        self._alike.write(cursor, statements.put_alike)


def _shape(call: Call | None, lines_id: int, legs: Sequence[Leg], visits: Sequence[QueueVisit]) -> Shape:
    """Return the values of `tables.CALL_CALLER_COLUMNS`, and when legs and visits began."""
    static = None
    if call is not None:
        static = (call.caller, call.started_at_ms, call.direction, lines_id, call.source, call.caller_withheld)
    return (static, *[leg.started_at_ms for leg in legs], "visits", *[visit.entered_at_ms for visit in visits])


def records_in(
    calls: Iterable[Row], legs: Iterable[Row], visits: Iterable[Row], lines_of: LinesOf
) -> dict[int, Records]:
    """Return the records of flows from their rows; a flow without any has no key."""
    call_rows = list(calls)
    lines = lines_of({row[6] for row in call_rows})
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
        list(ask_in(cursor, statements.calls, flow_ids)),
        list(ask_in(cursor, statements.legs, flow_ids)),
        list(ask_in(cursor, statements.visits, flow_ids)),
        lines_of,
    )


def _number(row: Row) -> tuple[int, int]:
    return (row[0], row[1])
