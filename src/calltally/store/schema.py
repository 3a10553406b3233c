"""Brings the tables and views of a database up to date when it is opened."""

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect

from calltally.store.reports import views
from calltally.store.store import StoreError

NEWEST: Final = "0001"
"""The newest step in `migrations/versions`; a test holds the two together."""
MIGRATIONS: Final = Path(__file__).parent / "migrations"


def is_current(connection: Connection) -> bool:
    """Return whether the tables and views are those of this version."""
    return _version(connection) == NEWEST and views.are_current(connection)


def upgrade(connection: Connection) -> None:
    """Make or change tables and views as far as needed, in the transaction that is open on the connection.

    Raises:
        StoreError: the database was written by a newer calltally.
    """
    if _version(connection) != NEWEST:
        _upgrade_tables(connection)
    if not views.are_current(connection):
        views.make(connection)


def _upgrade_tables(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415  takes a fifth of a second, and is needed once per version
    from alembic.config import Config  # noqa: PLC0415  the same
    from alembic.script import ScriptDirectory  # noqa: PLC0415  the same

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    version = _version(connection)
    steps = {step.revision for step in ScriptDirectory.from_config(config).walk_revisions()}
    if version is not None and version not in steps:
        raise StoreError(
            f"the database was written by a newer calltally (its tables are at step {version}, this program knows "
            f"up to {NEWEST}); install that version again, or restore a backup from before the upgrade"
        )
    if version is not None:
        views.drop(connection)
    command.upgrade(config, "head")


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
