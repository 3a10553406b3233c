"""Whether a database server keeps what it has acknowledged, and lets calltally do its work; what is wrong in words."""

from typing import Final

from sqlalchemy import Connection

_SET: Final = "or a loss of power there may lose or damage calls that were acknowledged"
_NO_TABLES: Final = "the user of database.url may not make tables; run there: GRANT ALL ON SCHEMA public TO that user;"
_NO_WRITES: Final = "the user of database.url may not write; run there: GRANT ALL ON ALL TABLES IN SCHEMA public TO it;"
_OTHER_OWNER: Final = (
    "the tables belong to another user than that of database.url, so no months can be added to them, and questions get"
    " slower; run there for each table: ALTER TABLE ... OWNER TO that user;"
)
_COPY: Final = "the server is a copy that takes no changes; use the address of the server that it copies"

_MARIADB: Final = (
    (
        "SELECT @@innodb_flush_log_at_trx_commit <> 1",
        f"the server has innodb_flush_log_at_trx_commit other than 1; set it to 1, {_SET}",
    ),
    (
        "SELECT @@log_bin = 1 AND @@sync_binlog <> 1",
        f"the server writes a binary log with sync_binlog other than 1; set it to 1, {_SET}",
    ),
)
_QUESTIONS: Final = {
    "postgresql": (
        ("SELECT current_setting('fsync') = 'off'", f"the server has fsync = off; set it to on, {_SET}"),
        (
            "SELECT current_setting('full_page_writes') = 'off'",
            f"the server has full_page_writes = off; set it to on, {_SET}",
        ),
        ("SELECT pg_is_in_recovery()", _COPY),
        ("SELECT NOT COALESCE(has_schema_privilege(current_schema(), 'CREATE'), false)", _NO_TABLES),
        ("SELECT NOT COALESCE(has_table_privilege(to_regclass('messages'), 'INSERT'), true)", _NO_WRITES),
        (
            (
                "SELECT count(*) > 0 FROM pg_class"
                " WHERE oid = to_regclass('messages') AND NOT pg_has_role(relowner, 'USAGE')"
            ),
            _OTHER_OWNER,
        ),
    ),
    "mysql": _MARIADB,
    "mariadb": _MARIADB,
}


def warnings(connection: Connection) -> list[str]:
    """Return what should be changed at the server, as sentences that begin small; none for a file."""
    return [
        sentence
        for question, sentence in _QUESTIONS.get(connection.dialect.name, ())
        if connection.exec_driver_sql(question).scalar()
    ]
