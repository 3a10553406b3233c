"""How each kind of database writes what views need: instants, lists in JSON, keys made of names.

Nothing here depends on the time zone of a server or session: instants are made of milliseconds by arithmetic.
"""

from dataclasses import dataclass
from typing import Final, Protocol

BYTEWISE: Final = "CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin"
"""How MariaDB keeps texts, so that they compare as on the other databases."""


RESERVED: Final = frozenset({"end", "full", "key"})
"""Columns of ours whose name is a reserved word somewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """The texts of a JSON list as rows: what to join, and the columns of a text and of its place, from 0."""

    joined: str
    text: str
    place: str


class Dialect(Protocol):
    """How one kind of database writes what views need. Arguments and results are expressions."""

    @property
    def name(self) -> str:
        """The kind of database, as commands call it."""
        ...

    def quote(self, name: str) -> str:
        """Return a name, quoted where it must be."""
        ...

    def instant(self, milliseconds: str) -> str:
        """Return an instant from milliseconds since 1970."""
        ...

    def seconds(self, milliseconds: str) -> str:
        """Return seconds as a floating point number."""
        ...

    def now_ms(self) -> str:
        """Return this moment by the database's clock, milliseconds since 1970."""
        ...

    def key(self, text: str) -> str:
        """Return what stands for a text in a filter: its bytes as hexadecimal digits, harmless wherever it is put."""
        ...

    def joined(self, *texts: str) -> str:
        """Return texts as one."""
        ...

    def text(self, content: str) -> str:
        """Return the text that bytes are."""
        ...

    def first(self, array: str) -> str:
        """Return the first text of a JSON list."""
        ...

    def items(self, array: str) -> Items:
        """Return the texts of a JSON list as rows."""
        ...


@dataclass(frozen=True, slots=True)
class Sqlite:
    """SQLite: instants are texts of RFC 3339."""

    name: str = "sqlite"

    def quote(self, name: str) -> str:
        """Return a name, quoted where it must be."""
        return f'"{name}"' if name in RESERVED else name

    def instant(self, milliseconds: str) -> str:
        """Return an instant from milliseconds since 1970."""
        # Whole seconds and the rest apart, so that nothing is rounded.
        whole = f"strftime('%Y-%m-%dT%H:%M:%S', {milliseconds} / 1000, 'unixepoch')"
        return f"{whole} || printf('.%03dZ', {milliseconds} % 1000)"

    def seconds(self, milliseconds: str) -> str:
        """Return seconds as a floating point number."""
        return f"{milliseconds} / 1e3"

    def now_ms(self) -> str:
        """Return this moment by the database's clock, milliseconds since 1970."""
        return "strftime('%s', 'now') * 1000"

    def key(self, text: str) -> str:
        """Return the bytes of a text as hexadecimal digits."""
        return f"lower(hex({text}))"

    def joined(self, *texts: str) -> str:
        """Return texts as one."""
        return " || ".join(texts)

    def text(self, content: str) -> str:
        """Return the text that bytes are."""
        return f"CAST({content} AS TEXT)"

    def first(self, array: str) -> str:
        """Return the first text of a JSON list."""
        return f"json_extract({array}, '$[0]')"

    def items(self, array: str) -> Items:
        """Return the texts of a JSON list as rows."""
        return Items(joined=f"json_each({array}) AS item", text="item.value", place="item.key")


@dataclass(frozen=True, slots=True)
class Postgresql:
    """PostgreSQL: instants are `timestamptz`."""

    name: str = "postgresql"

    def quote(self, name: str) -> str:
        """Return a name, quoted where it must be."""
        return f'"{name}"' if name in RESERVED else name

    def instant(self, milliseconds: str) -> str:
        """Return an instant from milliseconds since 1970."""
        return f"to_timestamp({milliseconds}::float8 / 1000)"

    def seconds(self, milliseconds: str) -> str:
        """Return seconds as a floating point number."""
        return f"{milliseconds}::float8 / 1000"

    def now_ms(self) -> str:
        """Return this moment by the database's clock, milliseconds since 1970."""
        return "(EXTRACT(EPOCH FROM now()) * 1000)::bigint"

    def key(self, text: str) -> str:
        """Return the bytes of a text as hexadecimal digits."""
        return f"encode(convert_to({text}, 'UTF8'), 'hex')"

    def joined(self, *texts: str) -> str:
        """Return texts as one."""
        return " || ".join(texts)

    def text(self, content: str) -> str:
        """Return the text that bytes are."""
        return f"convert_from({content}, 'UTF8')"

    def first(self, array: str) -> str:
        """Return the first text of a JSON list."""
        return f"({array}::json ->> 0)"

    def items(self, array: str) -> Items:
        """Return the texts of a JSON list as rows."""
        rows = f"LATERAL json_array_elements_text({array}::json) WITH ORDINALITY AS item (value, place)"
        return Items(joined=rows, text="item.value", place="item.place - 1")


@dataclass(frozen=True, slots=True)
class Mariadb:
    """MariaDB: instants are `DATETIME(3)` in UTC."""

    name: str = "mariadb"

    def quote(self, name: str) -> str:
        """Return a name, quoted where it must be."""
        return f"`{name}`" if name in RESERVED else name

    def instant(self, milliseconds: str) -> str:
        """Return an instant from milliseconds since 1970."""
        moment = f"TIMESTAMPADD(MICROSECOND, {milliseconds} * 1000, TIMESTAMP'1970-01-01 00:00:00')"
        return f"CAST({moment} AS DATETIME(3))"

    def seconds(self, milliseconds: str) -> str:
        """Return seconds as a floating point number."""
        return f"{milliseconds} / 1e3"

    def now_ms(self) -> str:
        """Return this moment by the database's clock, milliseconds since 1970."""
        return "UNIX_TIMESTAMP() * 1000"

    def key(self, text: str) -> str:
        """Return the bytes of a text as hexadecimal digits."""
        return f"CONVERT(LOWER(HEX({text})) USING utf8mb4) COLLATE utf8mb4_nopad_bin"

    def joined(self, *texts: str) -> str:
        """Return texts as one."""
        return f"CONCAT({', '.join(texts)})"

    def text(self, content: str) -> str:
        """Return the text that bytes are."""
        return f"CONVERT({content} USING utf8mb4)"

    def first(self, array: str) -> str:
        """Return the first text of a JSON list."""
        return f"JSON_VALUE({array}, '$[0]')"

    def items(self, array: str) -> Items:
        """Return the texts of a JSON list as rows."""
        columns = f"place FOR ORDINALITY, value VARCHAR(255) {BYTEWISE} PATH '$'"
        return Items(
            joined=f"JSON_TABLE({array}, '$[*]' COLUMNS ({columns})) AS item", text="item.value", place="item.place - 1"
        )


SQLITE: Final = Sqlite()
POSTGRESQL: Final = Postgresql()
MARIADB: Final = Mariadb()
DIALECTS: Final[dict[str, Dialect]] = {"sqlite": SQLITE, "postgresql": POSTGRESQL, "mysql": MARIADB, "mariadb": MARIADB}
"""By the names that SQLAlchemy gives them."""
