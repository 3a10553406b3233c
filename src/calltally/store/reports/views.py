"""Every reporting view, and how they are made: dropped before tables change, made anew after.

Their names and columns are a promise (docs/views.md). What is only added leaves `VERSION` as it is; what is renamed,
removed or changes meaning makes it higher.
"""

from hashlib import sha256
from typing import Final

from sqlalchemy import Connection, inspect, select
from sqlalchemy.exc import DBAPIError

from calltally.store import tables
from calltally.store.reports.dialects import DIALECTS, Dialect
from calltally.store.reports.figure_views import FIGURE_VIEWS
from calltally.store.reports.place_views import PLACE_VIEWS
from calltally.store.reports.record_views import (
    CALL_MEASURES_OF_EACH,
    CALLS,
    LEGS,
    OPEN_CALLS,
    VISIT_MEASURES_OF_EACH,
    VISITS,
)
from calltally.store.reports.view import View, fixed, made

VERSION: Final = 1
MARK: Final = "store.views"
"""Under this name the store remembers which text its views were made from."""
_ZONE: Final = "SELECT v.content FROM stored_values v WHERE v.name = 'store.zone'"

_VERSION_VIEW: Final = View(
    name="report_version",
    help="One row: which promise these views keep, and the site's time zone.",
    columns=(
        made("version", "Rises when a view or column is renamed, removed or changes its meaning.", str(VERSION)),
        made("time_zone", "The zone of the roll-ups by day.", lambda dialect: dialect.text(f"({_ZONE})")),
    ),
    source=fixed("(SELECT 1 AS one) o"),
)

VIEWS: Final[tuple[View, ...]] = (
    _VERSION_VIEW,
    CALLS,
    LEGS,
    VISITS,
    OPEN_CALLS,
    CALL_MEASURES_OF_EACH,
    VISIT_MEASURES_OF_EACH,
    *FIGURE_VIEWS,
    *PLACE_VIEWS,
)
"""In an order in which each needs only those before it."""


def dialect_of(connection: Connection) -> Dialect:
    """Return how the database of a connection writes views."""
    return DIALECTS[connection.dialect.name]


def are_current(connection: Connection) -> bool:
    """Return whether the views are those of this version."""
    content = connection.execute(select(tables.VALUES.c.content).where(tables.VALUES.c.name == MARK)).scalar()
    return content is not None and bytes(content) == _mark(dialect_of(connection))


def drop(connection: Connection) -> None:
    """Drop every view of this or an earlier version, so that tables can change."""
    there = set(inspect(connection).get_view_names())
    # Those made last may read those made first.
    known = [view.name for view in reversed(VIEWS) if view.name in there]
    for name in (*known, *sorted(name for name in there.difference(known) if name.startswith("report_"))):
        _run(connection, f"DROP VIEW IF EXISTS {name}")


def make(connection: Connection) -> None:
    """Make every view anew; roles that could read them before can read them again.

    On PostgreSQL a view is replaced where this is possible, because views of other people may read it.
    """
    dialect = dialect_of(connection)
    readers = _readers(connection)
    if not _replaced(connection, dialect):
        drop(connection)
        for view in VIEWS:
            _run(connection, view.create(dialect))
    for reader in readers:
        _run(connection, f"GRANT SELECT ON {', '.join(view.name for view in VIEWS)} TO {reader}")
    values = tables.VALUES
    connection.execute(values.delete().where(values.c.name == MARK))
    connection.execute(values.insert().values(name=MARK, content=_mark(dialect)))


def _replaced(connection: Connection, dialect: Dialect) -> bool:
    """Return whether every view could be replaced as it stands; PostgreSQL refuses that if a column goes."""
    if dialect.name != "postgresql":
        return False
    try:
        with connection.begin_nested():
            for view in VIEWS:
                _run(connection, view.create(dialect).replace("CREATE VIEW", "CREATE OR REPLACE VIEW", 1))
    except DBAPIError:
        return False
    return True


def _run(connection: Connection, statement: str) -> None:
    """Run a statement as it is: a percent sign in it is no mark of a value."""
    connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


def _mark(dialect: Dialect) -> bytes:
    return sha256("\n".join(view.create(dialect) for view in VIEWS).encode()).hexdigest().encode()


def _readers(connection: Connection) -> list[str]:
    """Return the quoted names of roles that lose their right when a view is dropped: on PostgreSQL; others keep it."""
    if connection.dialect.name != "postgresql":
        return []
    found = connection.exec_driver_sql(
        "SELECT DISTINCT quote_ident(r.rolname) FROM pg_class c"
        " CROSS JOIN LATERAL aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee"
        " WHERE c.oid = to_regclass('report_version') AND a.privilege_type = 'SELECT' AND a.grantee <> c.relowner"
    )
    return list(found.scalars())
