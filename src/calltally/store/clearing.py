"""Records that are about to be made again leave in portions, so that whoever stores pushes never waits for long.

First go the records and tokens of every flow whose messages are all in the journal, some flows at a time. The roll-ups
still count them until they are counted again, some days at a time, from the records that are there by then: those that
cannot be made again, and those that came meanwhile. What pruned records had counted cannot be counted again: in the
time before the newest pruned record, cells keep that, and only give back what the records that leave had counted.
"""

from collections.abc import Collection, Sequence
from typing import Final

from calltally.model.instants import DAY_MS, Span
from calltally.store.cells import ROLL_UPS, CellStatements
from calltally.store.recount import Recount, add_part, cells_before, cells_from
from calltally.store.retention import NEVER, pruned_before_ms
from calltally.store.statements import Cursor

PORTION: Final = 2_000
"""So many flows leave at once: some tenths of a second on any database."""

_WITH_FLOWS: Final = ("calls", "legs", "visits", "links")
_HEARD: Final = "SELECT flow_id, COUNT(*) FROM messages WHERE problem IS NULL AND {flows} GROUP BY flow_id"
_CALLS: Final = "SELECT flow_id, messages FROM calls WHERE {flows}"


def clear_flows(cursor: Cursor, recount: Recount, statements: Sequence[CellStatements], flow_ids: range) -> None:
    """Delete records and tokens of those of some flows whose messages are all in the journal.

    Which those are is found out here and not in one statement, because databases take odd ways through such a one.
    """
    recount.dialect.read_widely(cursor)
    flows = f"flow_id >= {flow_ids.start} AND flow_id < {flow_ids.stop}"
    heard = _numbers(cursor, _HEARD.format(flows=flows))
    calls = _numbers(cursor, _CALLS.format(flows=flows))
    whole = {flow_id for flow_id, count in calls.items() if count <= heard.get(flow_id, -1)}
    sealed = calls.keys() - whole
    pruned_ms = pruned_before_ms(cursor)
    if whole and pruned_ms > NEVER:
        # The cell of a day that begins before it is kept whole.
        before = Span(NEVER, pruned_ms + 2 * DAY_MS)
        counted = recount.counted(before, f"{flows} AND flow_id IN ({_listed(whole)})")
        add_part(cursor, statements, cells_before(counted, pruned_ms), sign=-1)
    records = f"{flows} AND flow_id NOT IN ({_listed(sealed)})" if sealed else flows
    for table in ("calls", "legs", "visits"):
        cursor.execute(f"DELETE FROM {table} WHERE {records}")  # noqa: S608  our own names, numbers
    if heard.keys() - sealed:
        cursor.execute(f"DELETE FROM links WHERE {flows} AND flow_id IN ({_listed(heard.keys() - sealed)})")  # noqa: S608  numbers


def _numbers(cursor: Cursor, question: str) -> dict[int, int]:
    """Return rows of two numbers."""
    cursor.execute(question)
    return {int(row[0]): int(row[1]) for row in cursor.fetchall()}


def _listed(flow_ids: Collection[int]) -> str:
    return ", ".join(map(str, sorted(flow_ids)))


def next_flows(cursor: Cursor, since: int, first_new: int) -> range | None:
    """Return the next ids of flows, from one on, of which there may be records or tokens; `None` if there are none."""
    found: list[int] = []
    for table in _WITH_FLOWS:
        cursor.execute(f"SELECT MIN(flow_id) FROM {table} WHERE flow_id >= {since} AND flow_id < {first_new}")  # noqa: S608  our own names, numbers
        found += [int(row[0]) for row in cursor.fetchall() if row[0] is not None]
    return range(min(found), min(min(found) + PORTION, first_new)) if found else None


def count_again(
    cursor: Cursor, recount: Recount, statements: Sequence[CellStatements], since_ms: int | None
) -> int | None:
    """Count the records of the next days at which there is anything, from an instant on (`None`: from the first).

    Return the instant from which on days are left; `None` if none are.
    """
    recount.dialect.read_widely(cursor)
    pruned_ms = pruned_before_ms(cursor)
    first_ms = pruned_ms if since_ms is None else since_ms
    window = next(recount.windows(since_ms=None if first_ms == NEVER else first_ms), None)
    if window is None:
        return None
    counted_from_ms = max(window.since_ms, pruned_ms)
    for table, _, _ in ROLL_UPS:
        cursor.execute(
            f"DELETE FROM {table.name} WHERE bucket_ms >= {counted_from_ms} AND bucket_ms < {window.until_ms}"  # noqa: S608  our own table, numbers
        )
    add_part(cursor, statements, cells_from(recount.counted(window), pruned_ms))
    return window.until_ms
