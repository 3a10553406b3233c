"""Which index a question takes: fixed by what is asked, so that no plan changes by itself."""

from typing import Any

from sqlalchemy import Select, Table

from calltally.store import tables

_BY_TIME = {tables.CALLS: "calls_started", tables.LEGS: "legs_started", tables.VISITS: "visits_entered"}


def in_time(found: Select[Any], table: Table) -> Select[Any]:
    """Return a question that reads records through the index on their time; roll-ups are in its order anyway."""
    index = _BY_TIME.get(table)
    return found if index is None else found.with_hint(table, f"INDEXED BY {index}", "sqlite")
