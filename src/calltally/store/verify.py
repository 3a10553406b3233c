"""Proves that what is shown is what is stored: every roll-up, link and record against a recount."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Final

from calltally.metrics.measures import CALL_OUTCOMES, VISIT_OUTCOMES
from calltally.metrics.spread import bin_of
from calltally.model.instants import rfc3339_ms
from calltally.store.asked import Difference
from calltally.store.cells import ROLL_UPS
from calltally.store.recount import Cells, Recount, cells_from
from calltally.store.retention import NEVER, pruned_before_ms
from calltally.store.rows import Row, texts_of
from calltally.store.statements import Cursor

MOST: Final = 100
"""How many findings of one kind are told; more of the same do not help."""
BATCH: Final = 1_000


def _none(table: str, of: str, column: str = "flow_id") -> str:
    """Return the condition that a table has no row for a row of another."""
    return f"NOT EXISTS (SELECT 1 FROM {table} WHERE {table}.{column} = {of}.{column})"  # noqa: S608  our own names


_HEARD: Final = (
    "SELECT flow_id, COUNT(*) AS number FROM messages WHERE problem IS NULL AND flow_id IS NOT NULL GROUP BY flow_id"
)
_ORPHANS: Final = (
    ("legs", "a call", f"legs WHERE {_none('calls', 'legs')}"),
    ("visits", "a call", f"visits WHERE {_none('calls', 'visits')}"),
    ("links", "a flow", "links WHERE flow_id >= (SELECT COALESCE(MAX(next), 1) FROM counters WHERE name = 'flow')"),
    (
        "messages",
        "a link",
        f"messages WHERE problem IS NULL AND flow_id IS NOT NULL AND {_none('links', 'messages')}",
    ),
    ("calls", "a link", f"calls WHERE {_none('links', 'calls')}"),
    ("calls", "known own numbers", f"calls WHERE {_none('line_sets', 'calls', 'lines_id')}"),
    (
        "calls",
        "all messages folded",
        f"calls JOIN ({_HEARD}) heard ON heard.flow_id = calls.flow_id WHERE calls.messages < heard.number",
    ),
)
_LOST_CALL: Final = (
    "links",
    "a call or messages",
    f"links WHERE {_none('calls', 'links')} AND {_none('messages', 'links')}",
)
"""Tokens outlive the records that retention took, so this can only be asked before it took any."""
_TWICE: Final = f"SELECT source, call_id, COUNT(*) FROM calls GROUP BY source, call_id HAVING COUNT(*) > 1 LIMIT {MOST}"  # noqa: S608  a number
_SUMS: Final = {
    "call": ("calls", tuple(word.value for word in CALL_OUTCOMES)),
    "visit": ("offered", tuple(word.value for word in VISIT_OUTCOMES)),
}


def differences(cursor: Cursor, recount: Recount, progress: Callable[[str], None]) -> list[Difference]:
    """Return everything that disagrees; nothing means that all figures are right."""
    recount.dialect.read_widely(cursor)
    progress("records")
    found = list(islice(_calls(cursor), MOST))
    cursor.execute(_TWICE)
    found += [Difference(f"calls of {row[0]} with the id {row[1]}", "1", str(row[2])) for row in cursor.fetchall()]
    progress("journal and links")
    pruned_ms = pruned_before_ms(cursor)
    found += _orphans(cursor, _ORPHANS if pruned_ms > NEVER else (*_ORPHANS, _LOST_CALL))
    for window in recount.windows():
        progress(f"roll-ups from {rfc3339_ms(window.since_ms)}")
        counted = cells_from(recount.counted(window), pruned_ms)
        stored = recount.stored(window)
        kept = cells_from(stored, pruned_ms)
        for (table, _, measures), expected, actual, whole in zip(ROLL_UPS, counted, kept, stored, strict=True):
            found += islice(chain(_cells(table.name, expected, actual), _outcomes(table.name, measures, whole)), MOST)
        if len(found) > MOST * len(ROLL_UPS):
            break
    return found


def _cells(table: str, expected: Cells, actual: Cells) -> Iterator[Difference]:
    for cell in sorted(expected.keys() | actual.keys(), key=repr):
        if expected.get(cell) != actual.get(cell):
            yield Difference(f"{table} {cell}", str(expected.get(cell)), str(actual.get(cell)))


def _outcomes(table: str, measures: tuple[str, ...], cells: Cells) -> Iterator[Difference]:
    """Yield cells whose outcomes do not add up to all that is counted."""
    whole, parts = _SUMS.get(table.partition("_")[0], ("", ()))
    if not parts:
        return
    places = [measures.index(part) for part in parts]
    first = measures.index(whole)
    for cell, sums in cells.items():
        total = sum(sums[place] for place in places)
        if total != sums[first]:
            yield Difference(f"{table} {cell}: sum of outcomes", str(sums[first]), str(total))


def _orphans(cursor: Cursor, kinds: Sequence[tuple[str, str, str]]) -> list[Difference]:
    found: list[Difference] = []
    for table, lacking, sql in kinds:
        cursor.execute(f"SELECT DISTINCT {table}.flow_id FROM {sql} LIMIT {MOST}")  # noqa: S608  fixed texts
        found += [Difference(f"{table} of flow {row[0]}", lacking, "none") for row in cursor.fetchall()]
    return found


def _calls(cursor: Cursor) -> Iterator[Difference]:
    """Yield calls whose legs, visits or bins are not what the call says, some flows at a time."""
    after = -1
    while True:
        cursor.execute(
            "SELECT flow_id, leg_ids, visit_ids, wait_ms, wait_bin, talk_ms, talk_bin FROM calls"  # noqa: S608  a number
            f" WHERE flow_id > {after} ORDER BY flow_id LIMIT {BATCH}"
        )
        calls = cursor.fetchall()
        if not calls:
            return
        last = int(calls[-1][0])
        legs = _ids(cursor, "legs", "leg_id", after, last)
        visits = _ids(cursor, "visits", "visit_id", after, last)
        for row in calls:
            yield from _call(row, legs, visits)
        after = last


def _call(row: Row, legs: Mapping[int, set[str]], visits: Mapping[int, set[str]]) -> Iterator[Difference]:
    flow_id, leg_ids, visit_ids, wait_ms, wait_bin, talk_ms, talk_bin = row
    where = f"call of flow {flow_id}"
    for name, said, there in (("legs", leg_ids, legs), ("visits", visit_ids, visits)):
        expected, actual = set(texts_of(said)), there.get(flow_id, set())
        if expected != actual:
            yield Difference(f"{name} of the {where}", str(sorted(expected)), str(sorted(actual)))
    for name, duration_ms, number in (("wait", wait_ms, wait_bin), ("talk", talk_ms, talk_bin)):
        expected_bin = None if duration_ms is None else bin_of(duration_ms)
        if expected_bin != number:
            yield Difference(f"{name} bin of the {where}", str(expected_bin), str(number))


def _ids(cursor: Cursor, table: str, column: str, after: int, last: int) -> dict[int, set[str]]:
    cursor.execute(f"SELECT flow_id, {column} FROM {table} WHERE flow_id > {after} AND flow_id <= {last}")  # noqa: S608  fixed texts, numbers
    found: dict[int, set[str]] = {}
    for flow_id, record_id in cursor.fetchall():
        found.setdefault(flow_id, set()).add(record_id)
    return found
