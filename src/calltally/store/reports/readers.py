"""Roles that may read the reporting views and nothing else, for Grafana and other people's tools."""

import re
from collections.abc import Callable, Sequence
from hashlib import sha1
from typing import Final

from sqlalchemy import Connection

from calltally.store.reports.views import VIEWS, are_current
from calltally.store.store import StoreError

Tell = Callable[[str], None]
"""Hears each statement before it is run, without the password."""

NAME: Final = re.compile(r"[a-z_][a-z0-9_]{0,31}")
QUESTION_SECONDS: Final = 60
"""How long one question of a reader may take."""
NO_ROLES: Final = "SQLite knows no roles: whoever may read its file may read everything in it"
_HIDDEN: Final = "'...'"


def grant_reader(connection: Connection, *, name: str, password: str, tell: Tell) -> None:
    """Make a role that may read the views, or give the one that is there its password and rights again.

    Args:
        connection: signed in as one who may make roles.
        name: of the role; small letters, digits and underscores.
        password: goes to the server as a hash only.
        tell: hears what is done.

    Raises:
        StoreError: the database is none that a role can be made in, or the role may do more than read the views.
    """
    if NAME.fullmatch(name) is None:
        raise StoreError(f"{name!r} cannot be the name of a role; expected small letters, digits and underscores")
    kind = connection.dialect.name
    if kind == "sqlite":
        raise StoreError(NO_ROLES)
    if not are_current(connection):
        raise StoreError(
            "the database has no reporting views of this version yet; `calltally database upgrade` makes them, with "
            "the address that the service uses"
        )
    if kind == "postgresql":
        _grant_on_postgresql(connection, name, password, tell)
    else:
        _grant_on_mariadb(connection, name, password, tell)


def _grant_on_postgresql(connection: Connection, name: str, password: str, tell: Tell) -> None:
    database, schema, me, there, mighty = connection.exec_driver_sql(
        "SELECT quote_ident(current_database()), quote_ident(current_schema()), current_user,"
        " (SELECT COUNT(*) FROM pg_roles WHERE rolname = %(name)s),"
        " (SELECT COUNT(*) FROM pg_roles WHERE rolname = %(name)s AND (rolsuper OR rolcreaterole OR rolcreatedb))",
        {"name": name},
    ).one()
    if name == me or mighty:
        raise StoreError(f"the role {name} may do more than read; choose another name")
    secret = _scram(connection, name, password)
    verb = "ALTER" if there else "CREATE"
    _run(connection, f"{verb} ROLE {name} LOGIN PASSWORD '{secret}'", tell, secret=f"'{secret}'")
    views = ", ".join(f"{schema}.{view.name}" for view in VIEWS)
    for statement in (
        f"ALTER ROLE {name} SET default_transaction_read_only = on",
        f"ALTER ROLE {name} SET statement_timeout = '{QUESTION_SECONDS}s'",
        f"ALTER ROLE {name} SET jit = off",
        f"ALTER ROLE {name} IN DATABASE {database} SET search_path = {schema}",
        f"GRANT CONNECT ON DATABASE {database} TO {name}",
        f"GRANT USAGE ON SCHEMA {schema} TO {name}",
        f"GRANT SELECT ON {views} TO {name}",
    ):
        _run(connection, statement, tell)
    further = connection.exec_driver_sql(
        "SELECT c.relname FROM pg_class c WHERE c.relkind IN ('r', 'p', 'v', 'm')"
        " AND c.relnamespace = to_regnamespace(current_schema()::text) AND c.relname <> ALL (%(views)s)"
        " AND has_table_privilege(%(name)s, c.oid, 'SELECT, INSERT, UPDATE, DELETE') ORDER BY 1 LIMIT 3",
        {"name": name, "views": [view.name for view in VIEWS]},
    ).scalars()
    _refuse(name, list(further))


def _grant_on_mariadb(connection: Connection, name: str, password: str, tell: Tell) -> None:
    database, me = connection.exec_driver_sql("SELECT DATABASE(), SUBSTRING_INDEX(CURRENT_USER(), '@', 1)").one()
    if name == me:
        raise StoreError(f"the role {name} may do more than read; choose another name")
    further = connection.exec_driver_sql(
        "SELECT privilege_type FROM information_schema.user_privileges"
        " WHERE grantee = %(grantee)s AND privilege_type <> 'USAGE'"
        " UNION ALL SELECT table_schema FROM information_schema.schema_privileges WHERE grantee = %(grantee)s"
        " UNION ALL SELECT table_name FROM information_schema.table_privileges"
        " WHERE grantee = %(grantee)s AND LEFT(table_name, 7) <> 'report_'",
        {"grantee": f"'{name}'@'%'"},
    ).scalars()
    _refuse(name, list(further)[:3])
    role, secret = f"'{name}'@'%'", _native(password)
    limited = f"WITH MAX_STATEMENT_TIME {QUESTION_SECONDS}"
    quoted = connection.dialect.identifier_preparer.quote_identifier(database)
    for statement in (
        f"CREATE USER IF NOT EXISTS {role}",
        f"ALTER USER {role} IDENTIFIED VIA mysql_native_password USING '{secret}' {limited}",
        *(f"GRANT SELECT ON {quoted}.{view.name} TO {role}" for view in VIEWS),
    ):
        _run(connection, statement, tell, secret=f"'{secret}'")


def _refuse(name: str, further: Sequence[object]) -> None:
    if further:
        raise StoreError(
            f"the role {name} may do more than read the reporting views ({', '.join(map(str, further))}); take that "
            "away from it, or choose another name"
        )


def _run(connection: Connection, statement: str, tell: Tell, *, secret: str | None = None) -> None:
    tell(statement.replace(secret, _HIDDEN) if secret else statement)
    connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


def _scram(connection: Connection, name: str, password: str) -> str:
    """Return the password as PostgreSQL keeps it, so that it appears in no log of the server."""
    driver = connection.connection.driver_connection
    if driver is None:
        raise StoreError("the connection to the database was lost")
    secret: bytes = driver.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256")
    return secret.decode()


def _native(password: str) -> str:
    """Return the password as MariaDB keeps it."""
    twice = sha1(sha1(password.encode()).digest())  # noqa: S324  MariaDB's own form, which every client can use
    return f"*{twice.hexdigest().upper()}"
