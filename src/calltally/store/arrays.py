"""Columns of values as PostgreSQL's array texts, so that one bound value carries a whole column of a batch.

The driver's own arrays take a microsecond for each value; these are made by functions that take a whole column.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, SmallInteger, Text

_json: Final = msgspec.json.Encoder().encode


def numbers(column: Sequence[int | None]) -> str:
    """Return whole numbers."""
    return "{" + repr(list(column))[1:-1].replace("None", "NULL") + "}"


def texts(column: Sequence[str | None]) -> str:
    """Return texts, whatever is in them but NUL, which PostgreSQL cannot keep."""
    # JSON quotes quotes and backslashes as arrays do; only control characters are different.
    json = _json(column).decode()
    if "\\" in json and "\\" in json.replace("\\\\", "").replace('\\"', ""):
        return "{" + ",".join(map(_text, column)) + "}"
    return "{" + json[1:-1] + "}"


def blobs(column: Sequence[bytes]) -> str:
    """Return bytes."""
    return "{" + ",".join([f'"\\\\x{blob.hex()}"' for blob in column]) + "}"


def _text(value: str | None) -> str:
    if value is None:
        return "NULL"
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


_KINDS: Final[tuple[tuple[type[Any], str, Callable[[Any], str]], ...]] = (
    (BigInteger, "bigint", numbers),
    (SmallInteger, "smallint", numbers),
    (Integer, "integer", numbers),
    (Text, "text", texts),
    (LargeBinary, "bytea", blobs),
)


def kind_of(column: Column[Any]) -> tuple[str, Callable[[Any], str]]:
    """Return the name of a column's type in PostgreSQL, and what makes arrays of its values."""
    return next((name, make) for kind, name, make in _KINDS if isinstance(column.type, kind))
