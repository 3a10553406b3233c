"""What other processes have changed since somebody looked, read without disturbing whoever writes."""

import msgspec
from sqlalchemy import Connection, func, select

from calltally.store import tables


def changes_since(connection: Connection, position: int | None, writer: int) -> tuple[int, frozenset[int] | None]:
    """Return the number of the newest commit, and the flows that others changed after a position.

    `None` for the flows: anything may have changed, as what commits changed is kept for some minutes only.

    Args:
        connection: sees one committed state.
        position: the number of the newest commit of the last look, `None` at the first.
        writer: whose commits do not count.
    """
    counters, changes = tables.COUNTERS.c, tables.CHANGES.c
    newest = int(connection.execute(select(counters.next).where(counters.name == "generation")).scalar() or 0)
    if position is None:
        return newest, None
    if newest == position:
        return newest, frozenset()
    oldest = connection.execute(select(func.min(changes.generation))).scalar()
    if oldest is None or oldest > position + 1:
        return newest, None
    rows = connection.execute(select(changes.flow_ids).where(changes.generation > position, changes.writer != writer))
    found: set[int] = set()
    for flow_ids in rows.scalars():
        if flow_ids is None:
            return newest, None
        found.update(msgspec.json.decode(flow_ids, type=list[int]))
    return newest, frozenset(found)
