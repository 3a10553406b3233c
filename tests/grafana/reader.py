"""Asks a database server as Grafana's data source does: as a role that may only read, in a session like Grafana's."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from urllib.parse import unquote, urlsplit

import psycopg
import pymysql

from tests.grafana.macros import Kind
from tests.servers import Server

NAME: Final = "grafana"
PASSWORD: Final = 'reader\'s "secret" \\ 100%'
LARGE: Final = ("messages", "links", "calls", "legs", "visits", "call_quarter", "spread_quarter", "visit_quarter")
"""Tables of which no query over some days may read every row."""

Rows = Sequence[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Result:
    """Columns and rows as the driver gives them."""

    columns: tuple[str, ...]
    rows: Rows


class Cursor(Protocol):
    """What is used of both drivers' cursors."""

    @property
    def description(self) -> Sequence[Sequence[Any]] | None:
        """The columns of the result."""
        ...

    def fetchall(self) -> Any:  # noqa: ANN401  rows as a driver gives them
        """Return all rows."""
        ...


@dataclass(slots=True, kw_only=True)
class Reader:
    """A connection of a role that may only read the reporting views."""

    kind: Kind
    server: Server
    url: str
    _sizes: dict[str, int] = field(default_factory=dict)
    _connection: Any = None

    @property
    def database(self) -> str:
        """The name of the database."""
        return unquote(urlsplit(self.url).path.removeprefix("/"))

    def open(self) -> None:
        """Connect as Grafana does."""
        if self.kind is Kind.POSTGRESQL:
            address = self.server.url(self.database, user=NAME, password=PASSWORD)
            self._connection = psycopg.connect(address, autocommit=True)
            return
        self._connection = pymysql.connect(
            host="127.0.0.1",
            port=self.server.port,
            user=NAME,
            password=PASSWORD.encode(),
            database=self.database,
            charset="utf8mb4",
            autocommit=True,
            init_command="SET time_zone = '+00:00'",  # as the provisioned data source says
        )

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def ask(self, sql: str) -> Result:
        """Run one query."""
        with self._connection.cursor() as cursor:
            cursor.execute(sql.encode() if self.kind is Kind.POSTGRESQL else sql)
            columns = tuple(str(column[0]) for column in cursor.description or ())
            return Result(columns, [tuple(row) for row in cursor.fetchall()] if columns else [])

    def read_whole(self, sql: str) -> list[str]:
        """Return the large tables of which a query over a few days has to read most rows, or most months."""
        if self.kind is Kind.POSTGRESQL:
            return _read_whole_by(self._plan(sql))
        if not self._sizes:
            self.server.ask("SET GLOBAL userstat = ON")
            self._sizes = {table: self._rows_of(table) for table in LARGE}
        return sorted(table for table, rows in self._rows_read(sql).items() if rows > self._sizes[table] / 2)

    def _plan(self, sql: str) -> dict[str, Any]:
        # A test's tables are so small that reading all of them is cheapest; whether it can be avoided is the question.
        with psycopg.connect(self.url, autocommit=True, options="-c enable_seqscan=off") as connection:
            explained = connection.execute(f"EXPLAIN (FORMAT JSON) {sql}".encode()).fetchone()
        assert explained is not None
        plan: dict[str, Any] = explained[0][0]["Plan"]
        return plan

    def _rows_read(self, sql: str) -> dict[str, int]:
        """Return how many rows of each large table a query reads; MariaDB's plans tell only the aliases of tables."""
        self.server.ask("FLUSH TABLE_STATISTICS")
        self.ask(sql)
        read = self.server.ask(
            f"SELECT table_name, rows_read FROM information_schema.table_statistics WHERE table_schema = '{self.database}'"  # noqa: S608, E501  a name of ours
        )
        return {str(table): int(str(rows)) for table, rows in read if table in LARGE}

    def _rows_of(self, table: str) -> int:
        return int(str(self.server.ask(f"SELECT COUNT(*) FROM {table}", self.database)[0][0]))  # noqa: S608  the same


def _read_whole_by(plan: dict[str, Any]) -> list[str]:
    """Return the large tables that a plan of PostgreSQL reads whole; a few days lie in two months at most."""
    read = set(_read_from_end_to_end(plan))
    months = Counter(name.rpartition("_y")[0] for name in read if "_y" in name)
    return sorted(table for table in LARGE if table in read or months[table] > 2)


def _read_from_end_to_end(node: dict[str, Any]) -> Iterator[str]:
    if node["Node Type"] == "Seq Scan":
        yield str(node["Relation Name"])
    for below in node.get("Plans", ()):
        yield from _read_from_end_to_end(below)
