"""What a reporting view is: a name, documented columns, and where they come from, printed for each kind of database."""

from collections.abc import Callable
from dataclasses import dataclass

from calltally.store.reports.dialects import Dialect

Printed = Callable[[Dialect], str]
"""A part of a statement, as one kind of database reads it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a view."""

    name: str
    help: str
    printed: Printed


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One view.

    Attributes:
        source: what follows FROM.
        is_distinct: each row once; then MariaDB also makes the rows once and finds them by a key, which it does not for
            lists in JSON that are joined as they are.
    """

    name: str
    help: str
    columns: tuple[Column, ...]
    source: Printed
    is_distinct: bool = False

    def create(self, dialect: Dialect) -> str:
        """Return the statement that makes the view."""
        columns = ",\n  ".join(f"{each.printed(dialect)} AS {dialect.quote(each.name)}" for each in self.columns)
        select = "SELECT DISTINCT" if self.is_distinct else "SELECT"
        return f"CREATE VIEW {self.name} AS {select}\n  {columns}\nFROM {self.source(dialect)}"


def fixed(text: str) -> Printed:
    """Return what every database reads alike."""
    return lambda _dialect: text


def plain(prefix: str, **columns: str) -> tuple[Column, ...]:
    """Return columns that are taken as they are, from `name=help`."""
    return tuple(
        Column(name=name, help=explanation, printed=_quoted(prefix, name)) for name, explanation in columns.items()
    )


def renamed(prefix: str, column: str, name: str, explanation: str) -> Column:
    """Return a column under another name, because its own is a reserved word somewhere."""
    return Column(name=name, help=explanation, printed=_quoted(prefix, column))


def made(name: str, explanation: str, printed: Printed | str) -> Column:
    """Return a column that is computed."""
    return Column(name=name, help=explanation, printed=fixed(printed) if isinstance(printed, str) else printed)


def moment(prefix: str, name: str, explanation: str) -> tuple[Column, Column]:
    """Return an instant as a time with zone (`_at`), and as milliseconds since 1970 (`_at_ms`), which has the index."""
    milliseconds = f"{prefix}{name}_ms"
    return (
        Column(name=name, help=explanation, printed=lambda dialect: dialect.instant(milliseconds)),
        Column(name=f"{name}_ms", help="The same, milliseconds since 1970.", printed=fixed(milliseconds)),
    )


def duration(prefix: str, name: str, explanation: str) -> tuple[Column, Column]:
    """Return a duration in seconds, and in milliseconds."""
    milliseconds = f"{prefix}{name}_ms"
    return (
        Column(name=f"{name}_seconds", help=explanation, printed=lambda dialect: dialect.seconds(milliseconds)),
        Column(name=f"{name}_ms", help="The same in milliseconds.", printed=fixed(milliseconds)),
    )


def _quoted(prefix: str, name: str) -> Printed:
    return lambda dialect: f"{prefix}{dialect.quote(name)}"
