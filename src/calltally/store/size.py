"""How large a database is, as each of them says itself."""

from typing import Final

from sqlalchemy import Connection, text

_QUESTIONS: Final = {
    "sqlite": "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
    "postgresql": "SELECT pg_database_size(current_database())",
    "mysql": "SELECT SUM(data_length + index_length) FROM information_schema.tables WHERE table_schema = DATABASE()",
    "mariadb": "SELECT SUM(data_length + index_length) FROM information_schema.tables WHERE table_schema = DATABASE()",
}


def size_bytes(connection: Connection) -> int:
    """Return the bytes of all tables and indexes."""
    return int(connection.execute(text(_QUESTIONS[connection.dialect.name])).scalar() or 0)
